"""The example profiles, read by the engine and compared with counts made by plain polars on the same files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from basestock.data.dataset import load
from basestock.data.frames import FeedFrame, SourceInfo
from basestock.data.issues import IssueLog
from basestock.data.mapping import Mapping, builtin_maps, load_mapping
from basestock.data.sources import read_source

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "examples" / "profiles"
DATA = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Read:
    feeds: list[FeedFrame]
    info: SourceInfo
    log: IssueLog

    def all(self, table: str) -> list[FeedFrame]:
        return [feed for feed in self.feeds if feed.table == table]

    def feed(self, table: str) -> FeedFrame:
        (only,) = self.all(table)
        return only

    def frame(self, table: str) -> pl.DataFrame:
        return self.feed(table).frame


def folder(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the data set {name} is not beside the repository")
    return path


@cache
def read(name: str, choice: str) -> Read:
    log = IssueLog()
    mapping = load_mapping(choice, log)
    assert mapping is not None
    feeds, info = read_source(folder(name), mapping=mapping, log=log)
    return Read(feeds, info, log)


def number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64)


def checked(choice: str) -> Mapping:
    log = IssueLog()
    mapping = load_mapping(choice, log)
    assert log.to_frame().height == 0
    assert mapping is not None
    return mapping


# --- without data -----------------------------------------------------------------------------------------


TABLES = {"item", "location", "demand_history", "item_supplier"}
MORE_TABLES = {"freshretail": {"item_location"}}
"""Tables of one profile alone: stores that order every day say so for each item."""


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.stem)
def test_retail_profiles_are_sound_and_say_what_is_assumed(path: Path) -> None:
    mapping = checked(str(path))
    tables = {feed.table for feed in mapping.feeds}
    assert tables == TABLES | MORE_TABLES.get(path.stem, set())
    assert mapping.assume == {"inventory": "reference"}
    (source,) = [feed for feed in mapping.feeds if feed.table == "item_supplier"]
    (item,) = [feed for feed in mapping.feeds if feed.table == "item"]
    assert source.assumed
    assert item.columns["base_uom"].assumed
    assert item.columns["unit_cost"].assumed
    assert mapping.source.lead_time == "stated"
    assert mapping.source.gaps is not None
    assert mapping.source.as_of is not None


def test_adventureworks_is_built_in_and_covers_the_erp() -> None:
    assert "adventureworks" in builtin_maps()
    assert not (PROFILES / "adventureworks.toml").exists()
    assert {feed.table for feed in checked("adventureworks").feeds} == {
        "item", "location", "supplier", "item_supplier", "item_location", "inventory", "purchase_order",
        "receipt", "demand_history", "bom", "production_order", "operation", "resource", "price", "event",
    }  # fmt: skip


def test_readme_names_every_profile() -> None:
    text = (PROFILES / "README.md").read_text(encoding="utf-8")
    for path in PROFILES.glob("*.toml"):
        assert f"({path.name})" in text
    assert "--map adventureworks" in text


# --- favorita_weekly --------------------------------------------------------------------------------------

FAVORITA = str(PROFILES / "favorita_weekly.toml")


def test_favorita_counts() -> None:
    found = read("favorita_weekly", FAVORITA)
    assert found.log.to_frame().height == 0
    assert found.frame("item").height == 230
    assert found.frame("location").height == 21
    assert found.frame("item_supplier").height == 230
    history = found.feed("demand_history")
    assert (history.read, history.frame.height) == (4830 * 141, 4830 * 141)
    assert (history.ignored, history.folded, history.bad.height) == (0, 0, 0)


def test_favorita_cells_are_those_of_the_file() -> None:
    wide = pl.read_parquet(folder("favorita_weekly") / "weekly_sales.parquet")
    weeks = [name for name in wide.columns if name.startswith("w")]
    long = wide.unpivot(weeks, index=["product", "store"], variable_name="label", value_name="sales")
    first = pl.lit(date(2012, 12, 31))
    shift = pl.col("label").str.slice(1).cast(pl.Int64) * 7
    expected = long.select(
        pl.col("product").cast(pl.String).alias("item_id"),
        pl.col("store").cast(pl.String).alias("location_id"),
        (first + pl.duration(days=shift)).cast(pl.String).alias("bucket_start"),
        pl.col("sales").cast(pl.Float64).alias("qty"),
    )
    found = read("favorita_weekly", FAVORITA).frame("demand_history")
    key = ["item_id", "location_id", "bucket_start"]
    assert found.select(*key, number("qty")).sort(key).equals(expected.sort(key))
    assert number_sum(found, "qty") == 58_583_516
    assert found.filter(number("qty") < 0).height == 6


def number_sum(frame: pl.DataFrame, column: str) -> float:
    return float(frame.select(number(column).sum()).item())


def test_favorita_weeks_are_mondays_before_the_snapshot() -> None:
    found = read("favorita_weekly", FAVORITA)
    weeks = found.frame("demand_history")["bucket_start"].unique().str.to_date().sort()
    assert weeks.dt.weekday().unique().to_list() == [1]
    assert (weeks[0], weeks[-1]) == (date(2012, 12, 31), date(2015, 9, 7))
    assert found.info.as_of == date(2015, 9, 14)


def test_favorita_marks_its_guesses() -> None:
    found = read("favorita_weekly", FAVORITA)
    assert found.frame("item_supplier")["_assumed"].unique().to_list() == ["*"]
    assert found.frame("item")["_assumed"].unique().to_list() == ["base_uom,unit_cost,unit_price"]
    assert found.frame("demand_history")["_assumed"].unique().to_list() == [""]


# --- online_retail ----------------------------------------------------------------------------------------

ONLINE = str(PROFILES / "online_retail.toml")


def priced_lines() -> pl.DataFrame:
    lines = pl.read_parquet(folder("online_retail") / "lines.parquet")
    return lines.filter(pl.col("unit_price") > 0)


@pytest.mark.slow
def test_online_retail_lines_are_all_accounted_for() -> None:
    found = read("online_retail", ONLINE)
    history = found.feed("demand_history")
    assert (history.read, history.ignored, history.bad.height) == (311_055, 1_668, 0)
    assert history.frame.height == 171_976
    assert history.folded == 311_055 - 1_668 - 171_976
    assert found.frame("item").height == found.frame("item_supplier").height == 3_198
    assert found.frame("location")["location_id"].to_list() == ["MAIN"]


@pytest.mark.slow
def test_online_retail_days_are_sums_of_lines() -> None:
    expected = (
        priced_lines()
        .group_by(pl.col("stock_code").alias("item_id"), pl.col("ts").dt.date().alias("bucket_start"))
        .agg(
            pl.col("quantity").sum().cast(pl.Float64).alias("qty"),
            pl.col("unit_price").max().alias("net_price"),
        )
    )
    key = ["item_id", "bucket_start"]
    found = read("online_retail", ONLINE).frame("demand_history")
    typed = found.select(
        "item_id", pl.col("bucket_start").str.to_date(), number("qty"), number("net_price")
    )  # fmt: skip
    assert typed.sort(key).equals(expected.sort(key))
    assert number_sum(found, "qty") == 3_162_003
    assert found.filter(number("qty") < 0).height == 2_247


@pytest.mark.slow
def test_online_retail_prices_are_the_last_ones_and_costs_a_share_of_them() -> None:
    last = priced_lines().group_by("stock_code").agg(pl.col("unit_price").last().alias("last"))
    items = read("online_retail", ONLINE).frame("item").join(
        last, left_on="item_id", right_on="stock_code"
    )  # fmt: skip
    assert items.height == 3_198
    assert items.filter((number("unit_price") - pl.col("last")).abs() > 1e-9).height == 0
    ratio = items.select(number("unit_cost") / number("unit_price")).to_series()
    assert ((ratio - 0.55).abs() < 1e-9).all()
    assert items["_assumed"].unique().to_list() == ["base_uom,unit_cost"]


@pytest.mark.slow
def test_online_retail_declares_every_code_that_is_no_product() -> None:
    declared = set(read("online_retail", ONLINE).info.declarations.non_stock)
    codes = priced_lines()["stock_code"].unique()
    odd = set(codes.filter(~codes.str.contains(r"^\d{5}[A-Za-z]*$")))
    # Codes of goods that were made for one shop, and pads that were sold, are products.
    products = {code for code in odd if code.startswith("DCGS")} | {"PADS"}
    assert odd - products <= declared
    assert not products & declared


# --- freshretail ------------------------------------------------------------------------------------------

FRESH = str(PROFILES / "freshretail.toml")
HOURS = [f"s{hour:02d}" for hour in range(6, 22)]


@pytest.mark.slow
def test_freshretail_counts() -> None:
    found = read("freshretail", FRESH)
    assert found.log.to_frame().height == 0
    assert found.frame("item").height == 386
    assert [feed.frame.height for feed in found.all("location")] == [134, 6]
    history = found.feed("demand_history")
    assert (history.read, history.frame.height) == (425_400, 425_400)
    series = history.frame.select("item_id", "location_id").unique().height
    assert series == 5_672


@pytest.mark.slow
def test_freshretail_quantities_and_stock_shares_are_those_of_the_opening_hours() -> None:
    hourly = pl.read_parquet(folder("freshretail") / "hourly.parquet")
    clear = [((pl.col("stockout_mask").cast(pl.Int64) // 2**hour) % 2 == 0) for hour in range(6, 22)]
    expected = hourly.select(
        pl.sum_horizontal([pl.col(name).cast(pl.Int64) for name in HOURS]).alias("hundredths"),
        (pl.sum_horizontal(clear) / 16).alias("in_stock"),
        pl.format("S{}", "store_id").alias("location_id"),
    )
    found = read("freshretail", FRESH).frame("demand_history")
    assert (found["location_id"] == expected["location_id"]).all()
    hundredths = found.select((number("qty") * 100).round().cast(pl.Int64)).to_series()
    assert (hundredths == expected["hundredths"]).all()
    assert (found["in_stock_fraction"].cast(pl.Float64) == expected["in_stock"]).all()
    assert hundredths.sum() == 42_536_393


@pytest.mark.slow
def test_freshretail_discounts_are_shares_off_and_zero_is_unknown() -> None:
    hourly = pl.read_parquet(folder("freshretail") / "hourly.parquet", columns=["discount"])["discount"]
    found = read("freshretail", FRESH).frame("demand_history")["discount"].cast(pl.Float64)
    assert found.null_count() == (hourly == 0).sum() == 4_873
    known = hourly.filter(hourly != 0).cast(pl.Float64)
    assert ((found.drop_nulls() - (1 - known)).abs() < 1e-6).all()
    assert (found < 0).sum() == 2


@pytest.mark.slow
def test_freshretail_stores_belong_to_cities() -> None:
    stores, cities = (feed.frame for feed in read("freshretail", FRESH).all("location"))
    assert set(stores["parent_id"]) == set(cities["location_id"])
    assert set(cities["type"]) == {"dc"}
    assert set(stores["type"]) == {"store"}


# --- adventureworks ---------------------------------------------------------------------------------------


def works() -> Read:
    return read("adventureworks_erp", "adventureworks")


def erp(file: str) -> pl.DataFrame:
    return pl.read_csv(folder("adventureworks_erp") / file, infer_schema=False)


@pytest.mark.parametrize(
    ("table", "read_rows", "kept", "ignored"),
    [
        ("item", 504, 504, 0),
        ("supplier", 104, 104, 0),
        ("item_supplier", 460, 460, 0),
        ("item_location", 504, 504, 0),
        ("inventory", 1_069, 432, 0),
        ("purchase_order", 3_567, 3_567, 0),
        ("receipt", 3_567, 3_558, 9),
        ("demand_history", 48_482, 7_664, 15_730),
        ("bom", 2_679, 2_679, 0),
        ("production_order", 56_502, 56_502, 0),
        ("operation", 50_876, 213, 0),
        ("resource", 14, 7, 7),
        ("price", 395, 395, 0),
        ("event", 538, 58, 480),
    ],
)
def test_adventureworks_counts(table: str, read_rows: int, kept: int, ignored: int) -> None:
    feed = works().feed(table)
    assert (feed.read, feed.frame.height, feed.ignored, feed.bad.height) == (read_rows, kept, ignored, 0)
    assert feed.folded == read_rows - kept - ignored
    assert works().log.to_frame().height == 0


def test_adventureworks_items() -> None:
    items = works().frame("item")
    assert items["base_uom"].value_counts().sort("base_uom").rows() == [("EA", 496), ("IN", 3), ("OZ", 5)]
    assert items.filter(number("unit_cost") == 0).height == 200
    assert items["lifecycle"].value_counts().sort("lifecycle", nulls_last=True).rows() == [
        ("ended", 98),
        (None, 406),
    ]
    bike = items.filter(pl.col("item_id") == "997").row(0, named=True)
    assert bike["category"] == "Bikes/Road Bikes"
    assert float(bike["weight_kg"]) == pytest.approx(19.77 * 0.45359237)
    frame = items.filter(pl.col("attr.ProductNumber").str.starts_with("CR-")).row(0, named=True)
    assert bike["attr.ProductNumber"] == "BK-R19B-44"
    assert frame["base_uom"] == "EA"


def test_adventureworks_units_of_components_agree_with_the_bill_of_material() -> None:
    lines = works().frame("bom").filter(pl.col("parent_id").is_not_null())
    units = dict(works().frame("item").select("item_id", "base_uom").iter_rows())
    assert [
        line for line in lines.select("component_id", "uom").iter_rows() if units[line[0]] != line[1]
    ] == []


def test_adventureworks_bill_of_material_keeps_its_roots() -> None:
    lines = works().frame("bom")
    assert lines["parent_id"].null_count() == 103
    active = lines.filter(pl.col("parent_id").is_not_null() & pl.col("valid_to").is_null())
    assert active.height == 2_383
    assert set(lines["parent_id"].drop_nulls()) <= set(works().frame("item")["item_id"])


def test_adventureworks_stock_is_the_sum_over_places() -> None:
    expected = erp("ProductInventory.csv").group_by("ProductID").agg(number("Quantity").sum())
    found = works().frame("inventory").join(expected, left_on="item_id", right_on="ProductID")
    assert found.filter(number("on_hand") != pl.col("Quantity")).height == 0
    assert number_sum(found, "on_hand") == 335_974
    assert 504 - found.height == 72


def test_adventureworks_terms_of_vendors() -> None:
    terms = works().frame("item_supplier")
    assert terms.filter(pl.col("order_uom") != "EA").height == 306
    vendors = erp("Vendor.csv")
    inactive = vendors.filter(pl.col("ActiveFlag") == "False")["BusinessEntityID"].to_list()
    never = terms.filter(number("priority") == 0)
    assert set(never["supplier_id"]) <= set(inactive)
    assert terms.filter(pl.col("supplier_id").is_in(inactive) & (number("priority") > 0)).height == 0
    preferred = vendors.filter(pl.col("PreferredVendorStatus") == "True")["BusinessEntityID"].to_list()
    assert terms.filter(pl.col("supplier_id").is_in(preferred) & (number("priority") > 5)).height == 0


def test_adventureworks_orders() -> None:
    lines = works().frame("purchase_order")
    assert lines["status"].value_counts().sort("status").rows() == [
        ("cancelled", 104),
        ("closed", 3_452),
        ("open", 11),
    ]
    done = lines.filter(pl.col("status") == "open", number("qty_received") >= number("qty_ordered"))
    assert done.height == 11
    receipts = works().frame("receipt").select("po_id", "line_id")
    assert receipts.join(lines, on=["po_id", "line_id"], how="anti").height == 0
    assert (works().frame("receipt")["receipt_date"].max() or "") <= "2014-01-08"


def test_adventureworks_demand_is_what_was_sold() -> None:
    sold = erp("TransactionHistory.csv.gz").filter(pl.col("TransactionType") == "S")
    found = works().frame("demand_history")
    assert found["item_id"].n_unique() == sold["ProductID"].n_unique() == 197
    assert number_sum(found, "qty") == number_sum(sold, "Quantity") == 67_924
    money = sold.select((number("Quantity") * number("ActualCost")).sum()).item()
    assert found.select((number("qty") * number("net_price")).sum()).item() == pytest.approx(money, rel=1e-9)


def test_adventureworks_routing_has_its_days_once() -> None:
    days = works().frame("operation").group_by("item_id").agg(number("duration_days").sum())
    products = erp("Product.csv").select("ProductID", number("DaysToManufacture"))
    both = days.join(products, left_on="item_id", right_on="ProductID")
    assert both.height == 149
    assert both.filter(pl.col("duration_days") != pl.col("DaysToManufacture")).height == 0
    assert set(works().frame("operation")["resource_id"]) <= set(works().frame("resource")["resource_id"])


def test_adventureworks_production_orders_add_up() -> None:
    orders = works().frame("production_order")
    assert orders["status"].unique().to_list() == ["closed"]
    made = number("qty_received") + number("scrapped_qty")
    assert orders.filter(made != number("qty_ordered")).height == 0


# --- what `check` says ------------------------------------------------------------------------------------


def found_codes(name: str, choice: str, as_of: date) -> dict[tuple[str, str], int]:
    issues = load(folder(name), map=choice, as_of=as_of).issues
    return {
        (code, severity): count for code, severity, count in issues.group_by("code", "severity").len().rows()
    }


def test_adventureworks_has_the_known_findings() -> None:
    found = found_codes("adventureworks_erp", "adventureworks", date(2014, 1, 8))
    known = {
        ("UOM-001", "error"): 306,
        ("PRC-005", "repair"): 182,
        ("PRC-005", "warning"): 18,
        ("INV-002", "error"): 72,
        ("BOM-009", "warning"): 103,
        ("PUR-001", "warning"): 11,
    }
    assert {key: found.get(key) for key in known} == known
    assert found["SRC-006", "warning"] > 400
    assert {code for code, severity in found if severity == "error"} == {"UOM-001", "INV-002", "RUN-002"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "as_of", "known"),
    [
        ("favorita_weekly", date(2015, 9, 14), {("DEM-001", "warning"): 6}),
        ("online_retail", date(2011, 10, 1), {("IDN-008", "warning"): 122}),
        ("freshretail", date(2024, 6, 11), {("NUM-010", "error"): 2}),
    ],
)
def test_retailers_load_with_hardly_any_error(
    name: str, as_of: date, known: dict[tuple[str, str], int]
) -> None:
    found = found_codes(name, str(PROFILES / f"{name}.toml"), as_of)
    assert {key: found.get(key) for key in known} == known
    assert {key for key in found if key[1] == "error"} == {key for key in known if key[1] == "error"}
