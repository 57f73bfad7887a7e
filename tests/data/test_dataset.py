"""A load as a whole: round trip of corrections, order, idempotence, identities, neighbors, folders."""

from __future__ import annotations

import json
import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from basestock.data.codes import catalogue
from basestock.data.dataset import Dataset, LoadError, load
from basestock.data.dataset_folder import FolderError
from tests.data.clean_export import AS_OF, Export, of_code, write_rows
from tests.data.dirt import DIRT, many_items, many_tables, plant
from tests.data.rule_case import FULL, SMALL

BAD = (
    SMALL.put("item_supplier", 0, lead_time_days=-1)
    .put("demand_history", 4, qty="x")
    .put("inventory", 1, on_hand="=2")
)
FIXES = {
    "item_supplier": ("lead_time_days", "7"),
    "demand_history": ("qty", "26"),
    "inventory": ("on_hand", "100"),
}


def assert_same_tables(first: Dataset, second: Dataset) -> None:
    assert list(first.tables) == list(second.tables)
    for name, frame in first.tables.items():
        assert frame.equals(second.tables[name]), name


def correct(folder: Path) -> None:
    """Correct every quarantine file of a folder in place."""
    for path in folder.glob("*.csv"):
        column, value = FIXES[path.stem]
        frame = pl.read_csv(path, infer_schema=False)
        frame.with_columns(pl.lit(value).alias(column)).write_csv(path)


def test_an_unmapped_clean_export_has_no_finding(tmp_path: Path) -> None:
    data = SMALL.load(tmp_path)
    assert data.issues.height == 0
    assert data.held.height == data.flagged.height == 0
    assert data.quarantine == {}


def test_tables_are_typed_and_complete(tmp_path: Path) -> None:
    demand = FULL.load(tmp_path).tables["demand_history"]
    assert demand.schema["bucket_start"] == pl.Date
    assert demand.schema["qty"] == pl.Float64
    assert demand.schema["updated_at"] == pl.Datetime("us", "UTC")
    assert demand["bucket_start"].is_sorted()
    assert not [name for name in demand.columns if name.startswith("_")]


def test_unknown_columns_are_kept_as_attributes(tmp_path: Path) -> None:
    data = SMALL.each("item", Color="red").load(tmp_path)
    assert data.tables["item"]["attr.Color"].to_list() == ["red", "red"]


def test_defaults_are_filled_and_listed_with_their_effect(tmp_path: Path) -> None:
    data = SMALL.load(tmp_path)
    listed = {row["what"]: row for row in data.assumptions.iter_rows(named=True)}
    assert data.tables["inventory"]["location_id"].to_list() == ["MAIN", "MAIN"]
    assert listed["inventory.location_id"]["value"] == "MAIN"
    assert listed["item.holding_cost_rate"]["value"] == "0.25"
    assert listed["item_location.review_days"]["value"] == "7"
    assert listed["item_supplier.priority"]["value"] == "1"
    assert listed["item_location.unmet"]["value"] == "lost"
    assert listed["purchase_order"]["effect"] == "an order already on its way would be proposed again"
    assert all(row["effect"] and row["scope"] for row in listed.values())
    assert (data.currency, data.bucket, data.gaps, data.review_days) == ("XXX", "week", None, 7.0)


def test_service_mode_is_listed_when_nothing_has_a_price(tmp_path: Path) -> None:
    data = SMALL.each("item", unit_price="").load(tmp_path)
    effects = dict(data.assumptions.select("what", "effect").iter_rows())
    assert "h t / (1 - t)" in effects["item.stockout_cost"]


def test_the_newest_snapshot_is_the_day_of_the_load(tmp_path: Path) -> None:
    assert SMALL.load(tmp_path / "a").as_of == AS_OF
    assert SMALL.load(tmp_path / "b", as_of=date(2026, 3, 4)).as_of == date(2026, 3, 4)


def test_rows_and_quantities_balance_whatever_happens(tmp_path: Path) -> None:
    data = BAD.add("item", 1).add("demand_history", 0, qty=-3).load(tmp_path)
    for counts in data.counts.values():
        assert (
            counts.read
            == counts.accepted + counts.repaired + counts.quarantined + counts.folded + counts.ignored
        )
    assert all(each.balanced for columns in data.quantities.values() for each in columns.values())
    assert data.counts["demand_history"].read == 33
    assert "RUN-003" not in data.issues["code"]


def test_quarantine_holds_original_text_lineage_and_reason(tmp_path: Path) -> None:
    data = BAD.load(tmp_path)
    frame = data.quarantine["item_supplier"]
    original = list(SMALL.tables["item_supplier"][0])
    assert frame.columns == [
        *original,
        "_file",
        "_sheet",
        "_row",
        "_sha256",
        "_codes",
        "_rule",
        "_remedy",
        "_load",
    ]
    row = frame.row(0, named=True)
    assert (row["lead_time_days"], row["_file"], row["_row"], row["_codes"]) == (
        "-1",
        "item_supplier.csv",
        2,
        "SRC-004",
    )


def test_several_reasons_of_one_row_are_all_kept(tmp_path: Path) -> None:
    data = SMALL.put("item_supplier", 0, lead_time_days=-1, order_minimum="5 kg").load(tmp_path)
    assert data.quarantine["item_supplier"]["_codes"].to_list() == ["NUM-005;SRC-004"]


def test_corrected_rows_beside_the_export_give_the_clean_load(tmp_path: Path) -> None:
    bad = BAD.load(tmp_path)
    bad.write(tmp_path / "out")
    correct(tmp_path / "out" / "quarantine")
    for path in (tmp_path / "out" / "quarantine").glob("*.csv"):
        shutil.copy(path, tmp_path / "export" / f"{path.stem}.corrected.csv")
    again = load(tmp_path / "export")
    assert_same_tables(again, SMALL.load(tmp_path / "clean"))
    assert again.issues.height == 0
    assert again.inputs_sha != bad.inputs_sha
    assert again.counts["item_supplier"].read == 2


def test_corrected_rows_in_the_written_folder_give_the_clean_load(tmp_path: Path) -> None:
    BAD.load(tmp_path).write(tmp_path / "out")
    correct(tmp_path / "out" / "quarantine")
    again = load(tmp_path / "out")
    assert_same_tables(again, SMALL.load(tmp_path / "clean"))
    assert again.issues.height == 0
    assert all(each.balanced for columns in again.quantities.values() for each in columns.values())


def test_corrected_rows_of_a_mapped_export_give_the_clean_load(tmp_path: Path) -> None:
    mapping = '[[table.demand_history]]\nfrom = "Lines.csv"\nreduce = {qty = "sum"}\n[table.demand_history.columns]\n'
    mapping += 'bucket_start = "Week"\nitem_id = "Article"\nqty = "Pieces"\nqty_kind = {const = "ordered"}\n'
    lines = [
        {"Week": row["bucket_start"], "Article": row["item_id"], "Pieces": row["qty"]}
        for row in SMALL.tables["demand_history"]
    ]
    for name, pieces in (("bad", "many"), ("clean", lines[3]["Pieces"])):
        folder = SMALL.drop("demand_history").write(tmp_path / name)
        write_rows(
            folder / "Lines.csv",
            [{**row, "Pieces": pieces} if index == 3 else row for index, row in enumerate(lines)],
        )
    (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
    bad = load(tmp_path / "bad", map=tmp_path / "map.toml")
    fixed = bad.quarantine["demand_history"].with_columns(pl.lit(str(lines[3]["Pieces"])).alias("Pieces"))
    fixed.write_csv(tmp_path / "bad" / "demand_history.csv")
    again = load(tmp_path / "bad", map=tmp_path / "map.toml")
    assert_same_tables(again, load(tmp_path / "clean", map=tmp_path / "map.toml"))


def test_rows_of_a_mapped_export_are_not_corrected_in_the_written_folder(tmp_path: Path) -> None:
    BAD.map('source = {name = "x"}').load(tmp_path).write(tmp_path / "out")
    correct(tmp_path / "out" / "quarantine")
    with pytest.raises(FolderError, match="copy the file there, load that again"):
        load(tmp_path / "out")


def test_corrections_of_another_file_are_rows_of_their_own(tmp_path: Path) -> None:
    bad = BAD.load(tmp_path)
    folder = SMALL.drop("item_supplier", 0).write(tmp_path / "rest")
    fixed = bad.quarantine["item_supplier"].with_columns(pl.lit("7").alias("lead_time_days"))
    fixed.write_csv(folder / "item_supplier.rest.csv")
    assert_same_tables(load(folder), SMALL.load(tmp_path / "clean"))


def test_a_written_dataset_loads_as_it_was(tmp_path: Path) -> None:
    data = BAD.load(tmp_path)
    again = load(data.write(tmp_path / "out"))
    assert_same_tables(data, again)
    for name in ("issues", "held", "flagged", "assumptions", "pairs"):
        assert getattr(data, name).equals(getattr(again, name)), name
    assert (again.counts, again.inputs_sha, again.info) == (data.counts, data.inputs_sha, data.info)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (BAD.load(tmp_path / name).write(tmp_path / name / "out") for name in ("a", "b"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_a_written_folder_has_its_parts(tmp_path: Path) -> None:
    out = BAD.load(tmp_path).write(tmp_path / "out")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["schema"] == "basestock.dataset/1"
    assert manifest["tables"]["item_supplier"]["quarantined"] == 1
    assert pl.read_parquet(out / "dataset" / "item.parquet").height == 2
    assert {path.stem for path in (out / "quarantine").glob("*.csv")} == set(FIXES)
    assert str(tmp_path) not in (out / "manifest.json").read_text(encoding="utf-8")
    assert "'=2" in (out / "quarantine" / "inventory.csv").read_text(encoding="utf-8")
    assert "'=2" in (out / "issues.csv").read_text(encoding="utf-8")


def test_a_dataset_folder_is_replaced_and_other_folders_are_not(tmp_path: Path) -> None:
    data = SMALL.load(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(FolderError, match="not empty and no dataset"):
        data.write(tmp_path / "mine")
    BAD.load(tmp_path / "bad").write(tmp_path / "out")
    data.write(tmp_path / "out")
    assert list((tmp_path / "out" / "quarantine").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "export", "mine", "out"]


def test_what_is_said_later_wins_over_what_was_said_at_loading(tmp_path: Path) -> None:
    SMALL.drop("demand_history", 6).load(tmp_path, gaps="zero").write(tmp_path / "out")
    assert load(tmp_path / "out").gaps == "zero"
    again = load(tmp_path / "out", gaps="closed", currency="EUR", rules={"INV-001": "E"})
    assert (again.gaps, again.currency, again.rules) == ("closed", "EUR", {"INV-001": "E"})


def test_flags_of_reading_do_not_apply_to_a_loaded_dataset(tmp_path: Path) -> None:
    SMALL.load(tmp_path).write(tmp_path / "out")
    with pytest.raises(LoadError, match="load the export again"):
        load(tmp_path / "out", since=date(2026, 1, 1))


@pytest.mark.parametrize("name", ["000.frame.parquet", "findings.parquet"])
def test_a_changed_source_part_is_refused(name: str, tmp_path: Path) -> None:
    out = SMALL.load(tmp_path).write(tmp_path / "out")
    path = out / "source" / name
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(FolderError, match="must be as it was written"):
        load(out)


def test_a_dataset_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"schema": "basestock.dataset/9"}', encoding="utf-8")
    with pytest.raises(FolderError, match=r"must be `basestock\.dataset/1`; load the export again"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"rows": 32}'])
def test_an_export_may_have_a_manifest_of_its_own(text: str, tmp_path: Path) -> None:
    folder = SMALL.write(tmp_path / "export")
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    assert load(folder).issues.height == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gaps": "none"}, "gaps is `none`; must be one of zero, closed, missing"),
        ({"assume_factor": 0.0}, "assume_factor is 0.0; must be a number > 0"),
        ({"assume_factor": float("nan")}, "assume_factor is nan"),
        ({"currency": "EURO"}, "currency is `EURO`; must be an ISO 4217 code"),
    ],
)
def test_impossible_arguments_are_refused(arguments: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=message):
        SMALL.load(tmp_path, **arguments)


def test_a_wrong_mapping_is_reported_not_raised(tmp_path: Path) -> None:
    data = SMALL.map("[[table.itm]]").load(tmp_path)
    assert "SCH-009" in data.issues["code"]
    assert data.check().exit_code == 3
    assert data.tables.keys() <= {"location", "supplier"}


def test_a_raised_rule_takes_rows_out(tmp_path: Path) -> None:
    reserved = SMALL.put("inventory", 0, reserved=500)
    data = reserved.load(tmp_path, rules={"INV-003": "E"})
    assert [(row["severity"], row["action"]) for row in of_code(data, "INV-003")] == [("error", "quarantine")]
    assert data.tables["inventory"].height == 1
    assert data.held["codes"].to_list() == ["INV-003"]


def test_acknowledged_repairs_are_not_flagged(tmp_path: Path) -> None:
    spaced = SMALL.put("item", 0, item_id=" A")
    assert spaced.load(tmp_path / "silent").flagged["codes"].to_list() == ["IDN-005"]
    declared = spaced.map('source = {repairs = ["IDN-005"]}')
    assert declared.load(tmp_path / "declared").flagged.height == 0


def test_history_before_since_is_ignored(tmp_path: Path) -> None:
    data = SMALL.load(tmp_path, since=AS_OF - timedelta(weeks=10))
    assert data.counts["demand_history"].ignored == 12
    assert data.quantities["demand_history"]["qty"].balanced


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_files_and_columns_is_no_matter(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    shuffled = Export({})
    for name, rows in BAD.tables.items():
        order = chance.sample(list(rows[0]), len(rows[0]))
        shuffled.tables[name] = [
            {column: row.get(column, "") for column in order} for row in chance.sample(rows, len(rows))
        ]
    first, second = BAD.load(tmp_path / "a"), shuffled.load(tmp_path / "b")
    assert_same_tables(first, second)
    told = ["code", "key", "column", "value", "rule", "exposure"]
    assert first.issues.select(told).sort(told).equals(second.issues.select(told).sort(told))
    assert first.held.equals(second.held)


def test_parts_of_a_table_are_one_table(tmp_path: Path) -> None:
    rows = SMALL.tables["demand_history"]
    folder = SMALL.write(tmp_path / "parts")
    (folder / "demand_history.csv").unlink()
    write_rows(folder / "demand_history.part1.csv", rows[:10])
    write_rows(folder / "demand_history.part2.csv", rows[10:])
    assert_same_tables(load(folder), SMALL.load(tmp_path / "whole"))


MANY = many_tables(40)
"""Items `000` to `039`, and kits made of them."""


def _untouched(data: Dataset, touched: set[str]) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows, holds and flags of items that share nothing with those that were touched."""
    names = {*touched, *(f"K{name}" for name in touched)}
    lines = {f"{kind}-{name}" for name in touched for kind in "CO"} | {"TWIN"}
    found: dict[str, list[tuple[object, ...]]] = {}
    for name, frame in data.tables.items():
        mask = pl.lit(True)
        for column in ("item_id", "parent_id", "component_id"):
            mask = mask & ~pl.col(column).is_in(names) if column in frame.columns else mask
        mask = mask & ~pl.col("po_id").is_in(lines) if "po_id" in frame.columns else mask
        found[name] = frame.filter(mask).rows()
    for name, frame in (("held", data.held), ("flagged", data.flagged)):
        found[name] = frame.filter(~pl.col("item_id").is_in([*names, "ZZZ"])).rows()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_planted_dirt_is_found_where_it_is_and_touches_no_other_item(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    codes = sorted(DIRT)
    chance.shuffle(codes)
    touched = {f"{index:03d}" for index in range(len(DIRT))}
    dirty, planted = plant(MANY, seed, codes, touched)
    before, after = MANY.load(tmp_path / "clean"), dirty.load(tmp_path / "dirty")
    assert before.issues.height == 0
    found = [(row["code"], row["row"], row["key"]) for row in after.issues.iter_rows(named=True)]
    for each in planted:
        where = [
            row for code, row, key in found if code == each.code and (each.row is None or row == each.row)
        ]
        assert where, each
        assert each.row is not None or any(
            code == each.code and f"item={each.item}" in key for code, _, key in found
        )
    assert _untouched(before, touched) == _untouched(after, touched)
    assert all(counts.balanced for counts in after.counts.values())
    assert all(each.balanced for columns in after.quantities.values() for each in columns.values())


def test_every_quarantined_row_corrected_gives_the_clean_load_byte_for_byte(tmp_path: Path) -> None:
    codes = [
        code for code in sorted(DIRT)
        if DIRT[code].how == "change" and catalogue()[code].action == "quarantine" and code not in FLAGGED
    ]  # fmt: skip
    dirty, planted = plant(MANY, 7, codes, {f"{index:03d}" for index in range(len(codes))})
    bad = dirty.load(tmp_path)
    out = bad.write(tmp_path / "out")
    assert sum(frame.height for frame in bad.quarantine.values()) >= len(planted)
    for path in (out / "quarantine").glob("*.csv"):
        frame = pl.read_csv(path, infer_schema=False)
        clean = [MANY.tables[path.stem][int(row) - 2] for row in frame["_row"]]
        own = [name for name in frame.columns if not name.startswith("_")]
        texts = {name: [str(row[name]) for row in clean] for name in own}
        frame.with_columns(pl.Series(name, cells) for name, cells in texts.items()).write_csv(path)
        shutil.copy(path, tmp_path / "export" / f"{path.stem}.corrected.csv")
    wanted = MANY.load(tmp_path / "clean").write(tmp_path / "wanted") / "dataset"
    for name, source in (("in place", out), ("beside", tmp_path / "export")):
        again = load(source).write(tmp_path / name) / "dataset"
        files = sorted(path.name for path in wanted.iterdir())
        assert files == sorted(path.name for path in again.iterdir())
        assert [each for each in files if (again / each).read_bytes() != (wanted / each).read_bytes()] == []


FLAGGED = frozenset(("IDN-017", "PRC-001"))
"""Codes of optional cells: the row stays, without the cell."""


def test_no_finding_is_invented_beside_the_planted_ones(tmp_path: Path) -> None:
    dirty, planted = plant(many_items(12), 0, ["SRC-004", "DEM-001", "INV-001"], {"I03", "I05", "I09"})
    data = dirty.load(tmp_path)
    assert sorted(data.issues["code"]) == sorted(each.code for each in planted)
