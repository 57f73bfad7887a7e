"""A load against an earlier one: columns, units, numbers of rows, costs (SCH-003, SCH-006, SCH-008, PRC-007)."""

from pathlib import Path

import pytest

from basestock.data.dataset import load
from basestock.data.dataset_folder import FolderError
from tests.data.clean_export import Export, of_code
from tests.data.dirt import many_items
from tests.data.rule_case import SMALL, Case, held_for, verify

TWELVE = many_items(12)


def _scaled(factor: float) -> Export:
    """Stock counted in another unit."""
    changed = TWELVE
    for index, row in enumerate(TWELVE.tables["inventory"]):
        changed = changed.put("inventory", index, on_hand=row["on_hand"] * factor)
    return changed


def _without(num_items: int) -> Export:
    """The first items are missing from the stock."""
    return TWELVE.table("inventory", *TWELVE.tables["inventory"][num_items:])


def _gone(num_items: int) -> Export:
    """The first items are missing from every table."""
    names = {f"I{index:02d}" for index in range(num_items)}
    kept = {
        table: [row for row in rows if row["item_id"] not in names] for table, rows in TWELVE.tables.items()
    }
    return Export(kept)


CASES = [
    Case("SCH-003", SMALL.each("item", Color="red"), SMALL, "item", None, "Color", "Color",
         rule="`Color` is new", previous=SMALL),
    Case("SCH-006", _scaled(12), _scaled(1.5), "inventory", 2, "on_hand", "12",
         rule="12 of 12 items have 12 times them, as another unit would (dozens)", previous=TWELVE),
    Case("SCH-008", _without(4), _without(3), "inventory", None, "", "-33%", rule="8 against 12", previous=TWELVE),
    Case("PRC-007", SMALL.put("item", 0, unit_cost=6.5), SMALL.put("item", 0, unit_cost=5.5), "item", 2, "unit_cost",
         "6.5", rule="1.625 times", previous=SMALL),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def _earlier(export: Export, folder: Path) -> Path:
    return export.load(folder / "before").write(folder / "earlier")


def test_an_equal_load_has_no_finding(tmp_path: Path) -> None:
    data = SMALL.load(tmp_path, previous=_earlier(SMALL, tmp_path))
    assert data.issues.height == 0
    assert data.rows_read["item"] == (2, 2)


def test_a_column_in_use_that_is_dropped_holds_everything(tmp_path: Path) -> None:
    earlier = _earlier(SMALL, tmp_path)
    bare = SMALL.table(
        "item", *[{k: v for k, v in row.items() if k != "unit_price"} for row in SMALL.tables["item"]]
    )
    data = bare.load(tmp_path, previous=earlier)
    (found,) = of_code(data, "SCH-003")
    assert (found["column"], found["severity"], found["action"]) == ("unit_price", "error", "hold")
    assert held_for(data, "SCH-003") == "A@MAIN B@MAIN"
    (tmp_path / "map.toml").write_text('source = {repairs = ["SCH-003"]}', encoding="utf-8")
    confirmed = load(tmp_path / "export", map=tmp_path / "map.toml", previous=earlier)
    assert of_code(confirmed, "SCH-003")[0]["severity"] == "warning"
    assert confirmed.held.height == 0


def test_a_renamed_column_names_the_new_one(tmp_path: Path) -> None:
    earlier = _earlier(SMALL.each("item", Color="red"), tmp_path)
    data = SMALL.each("item", Colour="red").load(tmp_path, previous=earlier)
    assert "`Color` is gone; did you mean `Colour`?" in of_code(data, "SCH-003")[0]["rule"]


def test_items_that_vanish_are_held_not_forgotten(tmp_path: Path) -> None:
    data = _gone(4).load(tmp_path, previous=_earlier(TWELVE, tmp_path))
    assert {row["file"] for row in of_code(data, "SCH-008")} >= {"item.csv", "inventory.csv"}
    assert held_for(data, "SCH-008") == "I00@MAIN I01@MAIN I02@MAIN I03@MAIN"


def test_row_counts_are_compared_with_the_last_five_loads(tmp_path: Path) -> None:
    folder = _earlier(TWELVE, tmp_path / "0")
    for index, export in enumerate((TWELVE, TWELVE, _without(4))):
        data = export.load(tmp_path / str(index + 1), previous=folder)
        folder = data.write(tmp_path / str(index + 1) / "earlier")
    assert data.rows_read["inventory"] == (12, 12, 12, 8)
    again = _without(4).load(tmp_path / "again", previous=folder)
    assert [row["rule"].split("; ")[1] for row in of_code(again, "SCH-008")] == ["8 against 12"]


def test_the_earlier_load_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="the layout is `None`"):
        SMALL.load(tmp_path, previous=tmp_path)
