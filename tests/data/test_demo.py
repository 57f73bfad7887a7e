"""The sample export: realistic, complete, reproducible, and dirty exactly where the manifest says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basestock.data.codes import catalogue
from basestock.data.dataset import Dataset, load
from basestock.data.demo import PlantedFinding, demo_dirt_manifest, write_demo
from basestock.data.demo.company import Company, build_company
from basestock.data.demo.export import all_tables
from basestock.data.tables import TABLES

Tables = Mapping[str, pl.DataFrame]

FOUR = ("demand_history", "inventory", "item", "item_supplier")
AS_OF = date(2026, 3, 2)
SMALL = {"num_items": 120, "days": 200}


def read(folder: Path) -> dict[str, pl.DataFrame]:
    return {path.stem: pl.read_csv(path, infer_schema=False) for path in sorted(folder.glob("*.csv"))}


def number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64)


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("four")
    write_demo(folder)
    return read(folder)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    write_demo(folder, full=True, **SMALL)
    return folder


@pytest.fixture(scope="module")
def company() -> Company:
    return build_company(full=True, seed=7, as_of=AS_OF, **SMALL)


@pytest.fixture(scope="module")
def clean(company: Company) -> Tables:
    return {name: table.cast(pl.String) for name, table in all_tables(company).items()}


@pytest.fixture(scope="module")
def planted() -> list[PlantedFinding]:
    return demo_dirt_manifest(**SMALL)


# --- the four files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("item", ["item_id", "description", "base_uom", "unit_cost", "unit_price"]),
        ("inventory", ["as_of", "item_id", "on_hand"]),
        ("demand_history", ["bucket_start", "item_id", "qty", "qty_kind"]),
        (
            "item_supplier",
            ["item_id", "supplier_id", "lead_time_days", "order_minimum", "order_multiple", "unit_cost"],
        ),
    ],
)
def test_quick_start_columns_are_there(four: Tables, table: str, columns: list[str]) -> None:
    assert tuple(four) == FOUR
    assert set(columns) <= set(four[table].columns)


def test_every_column_is_canonical(four: Tables, clean: Tables) -> None:
    for tables in (four, clean):
        for name, frame in tables.items():
            assert [column for column in frame.columns if column not in TABLES[name]] == []


def test_every_item_has_stock_history_and_a_first_source(four: Tables) -> None:
    items = set(four["item"]["item_id"])
    assert len(items) == four["item"].height == 300
    assert set(four["inventory"]["item_id"]) == items
    assert set(four["demand_history"]["item_id"]) == items
    assert set(four["item_supplier"].filter(pl.col("priority") == "1")["item_id"]) == items


def test_history_is_a_complete_grid_that_ends_before_the_snapshot(four: Tables) -> None:
    days = pl.col("bucket_start").str.to_date()
    spans = (
        four["demand_history"]
        .group_by("item_id")
        .agg(days.min().alias("first"), days.max().alias("last"), pl.len(), days.n_unique().alias("distinct"))
    )
    assert spans["last"].unique().to_list() == [date(2026, 3, 1)]
    assert spans["first"].min() == date(2024, 3, 2)
    length = (pl.col("last") - pl.col("first")).dt.total_days() + 1
    assert spans.filter((length != pl.col("len")) | (pl.col("len") != pl.col("distinct"))).height == 0


def test_new_items_begin_on_their_first_day_of_sale(four: Tables) -> None:
    first = four["demand_history"].group_by("item_id").agg(pl.col("bucket_start").min().alias("first"))
    new = four["item"].filter(pl.col("intro_date").is_not_null()).join(first, on="item_id")
    assert new.height == 36
    assert new.filter(pl.col("first") != pl.col("intro_date")).height == 0


def test_life_stages_agree_with_their_dates(four: Tables) -> None:
    items = four["item"]
    assert items["lifecycle"].value_counts().sort("lifecycle").rows() == [
        ("active", 276),
        ("new", 12),
        ("phase_out", 12),
    ]
    leaving = items.filter(pl.col("end_date").is_not_null())
    assert leaving["lifecycle"].unique().to_list() == ["phase_out"]
    assert (leaving["end_date"] > "2026-03-02").all()


def test_sales_never_exceed_stock_and_stockouts_show(four: Tables) -> None:
    history = four["demand_history"].with_columns(number("qty"), number("in_stock_fraction"))
    fraction = history["in_stock_fraction"]
    assert fraction.is_between(0.0, 1.0).all()
    assert history.filter((pl.col("in_stock_fraction") == 0.0) & (pl.col("qty") > 0)).height == 0
    assert 0.02 < (fraction < 1.0).mean() < 0.08  # type: ignore[operator]
    assert (history["qty"] >= 0).all()
    assert history["qty_kind"].unique().to_list() == ["sold"]


def test_fifth_of_the_items_earns_most_of_the_money(four: Tables) -> None:
    sold = four["demand_history"].group_by("item_id").agg(number("qty").sum())
    revenue = sold.join(four["item"], on="item_id").select(number("qty") * number("unit_price")).to_series()
    top = revenue.sort(descending=True).head(60).sum()
    assert 0.65 < top / revenue.sum() < 0.9


def test_demand_has_a_week_and_a_year(four: Tables) -> None:
    history = four["demand_history"].with_columns(pl.col("bucket_start").str.to_date(), number("qty"))
    weekday = history.group_by(pl.col("bucket_start").dt.weekday().alias("day")).agg(pl.col("qty").mean())
    by_day = dict(weekday.iter_rows())
    assert by_day[7] < 0.5 * by_day[5]
    hoses = history.filter(pl.col("item_id").str.starts_with("HOS"))
    month = dict(hoses.group_by(pl.col("bucket_start").dt.month()).agg(pl.col("qty").mean()).iter_rows())
    assert month[6] > 2.0 * month[12]


def test_promotions_raise_sales(four: Tables) -> None:
    history = four["demand_history"].with_columns(number("qty"), number("discount"))
    promoted = history.filter(pl.col("discount") > 0)["item_id"].unique()
    mean = dict(
        history.filter(pl.col("item_id").is_in(promoted.to_list()))
        .group_by((pl.col("discount") > 0).alias("promotion"))
        .agg(pl.col("qty").mean())
        .iter_rows()
    )
    assert 20 < len(promoted) < 150
    assert mean[True] > 1.3 * mean[False]


def test_some_items_sell_seldom_and_some_in_lumps(four: Tables) -> None:
    per_item = (
        four["demand_history"]
        .with_columns(number("qty"))
        .group_by("item_id")
        .agg(
            (pl.col("qty") > 0).mean().alias("share"),
            (pl.col("qty").filter(pl.col("qty") > 0).std() / pl.col("qty").filter(pl.col("qty") > 0).mean())
            .pow(2)
            .alias("cv2"),
        )
    )
    seldom = pl.col("share") < 1 / 1.32
    lumpy = pl.col("cv2") > 0.49
    assert per_item.filter(seldom & ~lumpy).height > 30
    assert per_item.filter(seldom & lumpy).height > 30
    assert per_item.filter(~seldom & ~lumpy).height > 30


def test_terms_are_feasible(four: Tables) -> None:
    terms = four["item_supplier"].with_columns(
        number("lead_time_days"), number("order_minimum"), number("order_multiple"), number("unit_cost")
    )
    assert (terms["lead_time_days"].min(), terms["lead_time_days"].max()) == (3.0, 45.0)
    assert (terms["order_multiple"] >= 1).all()
    assert terms.filter(pl.col("order_minimum") % pl.col("order_multiple") != 0).height == 0
    prices = terms.join(four["item"], on="item_id", suffix="_item")
    assert prices.filter(pl.col("unit_cost") >= number("unit_price")).height == 0


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_demo(tmp_path / name, num_items=20, days=60, seed=seed)
    files = {name: [path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in "abc"}
    assert files["a"] == files["b"]
    assert all(one != other for one, other in zip(files["a"], files["c"], strict=True))


def test_size_and_day_are_the_callers(tmp_path: Path) -> None:
    write_demo(tmp_path, num_items=7, days=56, as_of=date(2025, 1, 1))
    tables = read(tmp_path)
    assert tables["item"].height == 7
    assert tables["inventory"]["as_of"].unique().to_list() == ["2025-01-01"]
    history = tables["demand_history"]["bucket_start"]
    assert (history.min(), history.max()) == ("2024-11-06", "2024-12-31")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_items": 0}, r"num_items is 0; must be at least 1"),
        ({"num_items": 99, "full": True}, r"num_items is 99; must be at least 100"),
        ({"days": 55}, r"days is 55; the history must have at least 56 days"),
    ],
)
def test_too_small_a_company_is_refused(tmp_path: Path, changes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_demo(tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_smallest_sizes_are_accepted(tmp_path: Path) -> None:
    write_demo(tmp_path / "one", num_items=1, days=56)
    assert read(tmp_path / "one")["inventory"].height == 1
    write_demo(tmp_path / "full", num_items=100, days=56, full=True)
    assert len(read(tmp_path / "full")) == 11


# --- the full export --------------------------------------------------------------------------------------


def test_full_export_has_the_tables_of_the_next_tier(full: Path) -> None:
    assert {path.stem for path in full.iterdir()} == {
        *FOUR, "location", "supplier", "item_location", "purchase_order", "receipt", "calendar_bucket",
        "uom_conversion",
    }  # fmt: skip


def test_references_resolve(clean: Tables) -> None:
    masters = {name: set(clean[name][f"{name}_id"]) for name in ("item", "location", "supplier")}
    for name, frame in clean.items():
        for column in ("item_id", "location_id", "supplier_id"):
            if column in frame.columns:
                assert set(frame[column]) <= masters[column.removesuffix("_id")], (name, column)


def test_keys_are_unique(clean: Tables) -> None:
    for name, frame in clean.items():
        key = [column for column in TABLES[name].key if column in frame.columns]
        assert not frame.select(key).is_duplicated().any(), name


def test_stock_targets_and_history_are_of_the_same_item_locations(clean: Tables) -> None:
    key = ["item_id", "location_id"]
    stocked = clean["inventory"].select(key).sort(key)
    assert stocked.equals(clean["item_location"].select(key).sort(key))
    assert stocked.equals(clean["demand_history"].select(key).unique().sort(key))
    places = clean["inventory"].group_by("item_id").len()["len"]
    assert set(places) == {1, 2, 3}


def test_orders_and_receipts_agree(clean: Tables) -> None:
    received = clean["receipt"].group_by("po_id", "line_id").agg(number("qty").sum().alias("received"))
    lines = clean["purchase_order"].join(received, on=["po_id", "line_id"], how="left")
    lines = lines.with_columns(
        pl.col("received").fill_null(0.0), number("qty_received"), number("qty_ordered")
    )
    assert lines.filter(pl.col("received") != pl.col("qty_received")).height == 0
    is_open = pl.col("qty_received") < pl.col("qty_ordered")
    assert lines.filter(is_open != (pl.col("status") == "open")).height == 0
    assert lines.filter(pl.col("status") == "open").height > 20
    assert clean["receipt"].join(lines, on=["po_id", "line_id"], how="anti").height == 0


def test_deliveries_follow_orders_by_about_the_stated_lead_time(clean: Tables) -> None:
    first = clean["receipt"].group_by("po_id", "line_id").agg(pl.col("receipt_date").min())
    lines = clean["purchase_order"].join(first, on=["po_id", "line_id"])
    lines = lines.join(clean["item_supplier"], on=["item_id", "supplier_id"])
    taken = pl.col("receipt_date").str.to_date() - pl.col("order_date").str.to_date()
    ratio = (taken.dt.total_days() / number("lead_time_days")).alias("ratio")
    by_supplier = lines.group_by("supplier_id").agg(ratio.median())
    assert by_supplier["ratio"].is_between(0.8, 1.2).all()
    assert (clean["receipt"]["receipt_date"] < "2026-03-02").all()


def test_orders_never_overtake_each_other(clean: Tables) -> None:
    first = clean["receipt"].group_by("po_id", "line_id").agg(pl.col("receipt_date").min())
    lines = clean["purchase_order"].join(first, on=["po_id", "line_id"])
    ordered = lines.sort("supplier_id", "order_date")
    step = pl.col("receipt_date").str.to_date().diff().dt.total_days().over("supplier_id")
    assert ordered.select((step < 0).sum()).item() == 0


def test_stock_of_new_items_is_received_minus_sold(company: Company) -> None:
    item, orders = company.places.item, company.orders
    num_days = len(company.sales)
    new = company.catalog.intro_day[item] > 75
    first = np.where(orders.arrival < num_days, orders.quantity - orders.later_quantity - orders.rejected, 0)
    later = np.where(orders.later_arrival < num_days, orders.later_quantity, 0)
    received = np.bincount(orders.entry, weights=first + later, minlength=len(item))
    expected = received - company.sales.sum(axis=0)
    assert new.sum() > 5
    np.testing.assert_array_equal(company.on_hand[new], expected[new])


def test_case_terms_convert_to_the_price_of_a_unit(clean: Tables) -> None:
    cases = clean["item_supplier"].filter(pl.col("order_uom") == "CS")
    assert cases.height > 5
    priced = cases.join(clean["uom_conversion"], on="item_id").join(
        clean["item"], on="item_id", suffix="_item"
    )
    assert priced.height == cases.height
    ratio = priced.select(number("unit_cost") / number("factor") / number("unit_cost_item")).to_series()
    assert ratio.is_between(0.999, 1.09).all()


def test_no_order_is_placed_in_the_suppliers_holidays(clean: Tables) -> None:
    for start, end in clean["calendar_bucket"].select("start", "end").iter_rows():
        assert (
            not clean["purchase_order"]["order_date"]
            .is_between(pl.lit(start), pl.lit(end), closed="left")
            .any()
        )
    assert (clean["calendar_bucket"]["start"] > "2026-03-02").any()


# --- the dirt ---------------------------------------------------------------------------------------------


def test_manifest_names_known_codes_and_enough_of_them(planted: list[PlantedFinding]) -> None:
    codes = {finding.code for finding in planted}
    assert len(planted) >= 25
    assert len(codes) >= 15
    assert codes <= set(catalogue())


def test_manifest_points_at_the_rows(full: Path, planted: list[PlantedFinding]) -> None:
    tables = read(full)
    for finding in planted:
        row = tables[finding.table].row(finding.row - 2, named=True)
        if finding.column:
            assert (row[finding.column] or "") == finding.value
        column, _, word = finding.key.partition("=")
        named = row[{"item": "item_id", "po": "po_id"}[column]]
        assert named.strip(" \u00a0") == word


def test_nothing_else_is_changed(full: Path, clean: Tables, planted: list[PlantedFinding]) -> None:
    tables = read(full)
    for name, table in clean.items():
        bad_rows = [finding.row - 2 for finding in planted if finding.table == name]
        num_added = tables[name].height - table.height
        rest = tables[name].with_row_index("row").filter(~pl.col("row").is_in(bad_rows)).drop("row")
        assert rest.join(table, on=table.columns, how="anti", nulls_equal=True).height == 0, name
        lost = table.join(rest, on=table.columns, how="anti", nulls_equal=True)
        assert lost.height == len(bad_rows) - num_added, name


def test_victims_are_few_and_small(full: Path, clean: Tables, planted: list[PlantedFinding]) -> None:
    sold = clean["demand_history"].group_by("item_id").agg(number("qty").sum())
    revenue = sold.join(clean["item"], on="item_id").select(
        "item_id", money=number("qty") * number("unit_price")
    )
    words = [finding.key.partition("=") for finding in planted]
    orders = [word for column, _, word in words if column == "po"]
    victims = {word for column, _, word in words if column == "item"}
    victims |= set(read(full)["purchase_order"].filter(pl.col("po_id").is_in(orders))["item_id"])
    touched = revenue.filter(pl.col("item_id").is_in(list(victims)))["money"].sum()
    assert touched / revenue["money"].sum() < 0.05


def test_manifest_follows_the_arguments() -> None:
    small = demo_dirt_manifest(num_items=100, days=60)
    assert [finding.code for finding in small] != []
    assert small != demo_dirt_manifest(num_items=100, days=60, seed=1)
    assert small == demo_dirt_manifest(num_items=100, days=60)


# --- what `check` says ------------------------------------------------------------------------------------

INTENDED = {"DEM-003", "DEM-006", "DEM-007", "ITM-003"}
"""Stockouts, promotions without an event, new items, items near their end."""


def codes_of(dataset: Dataset, severity: str) -> set[str]:
    return set(dataset.issues.filter(pl.col("severity") == severity)["code"])


def test_four_files_are_clean(tmp_path: Path) -> None:
    write_demo(tmp_path, **SMALL)
    dataset = load(tmp_path, as_of=AS_OF)
    assert codes_of(dataset, "error") == codes_of(dataset, "repair") == set()
    assert codes_of(dataset, "warning") <= INTENDED
    assert "DEM-003" in codes_of(dataset, "warning")
    assert dataset.check().exit_code == 0


def test_full_export_is_clean_before_the_dirt(company: Company, tmp_path: Path) -> None:
    for name, table in all_tables(company).items():
        table.write_csv(tmp_path / f"{name}.csv")
    dataset = load(tmp_path, as_of=AS_OF)
    assert codes_of(dataset, "error") == set()
    assert codes_of(dataset, "repair") == {
        "RCP-005"
    }  # its suppliers deliver some orders in parts, as they do
    assert codes_of(dataset, "warning") <= INTENDED


def test_check_finds_every_planted_fault(full: Path, planted: list[PlantedFinding]) -> None:
    issues = load(full, as_of=AS_OF).issues
    for finding in planted:
        same = issues.filter(
            pl.col("code") == finding.code,
            pl.col("file") == f"{finding.table}.csv",
            pl.col("key").str.contains(finding.key, literal=True),
        )
        if finding.code != "INV-004":
            same = same.filter(pl.col("row") == finding.row)
        assert same.height > 0, finding


def test_every_error_is_a_planted_fault(full: Path, planted: list[PlantedFinding]) -> None:
    dataset = load(full, as_of=AS_OF)
    errors = dataset.issues.filter(pl.col("severity") == "error")
    known = {(finding.code, f"{finding.table}.csv") for finding in planted}
    assert set(errors.select("code", "file").iter_rows()) <= known
    assert dataset.check().exit_code == 0
