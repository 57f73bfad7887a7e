"""The fix sheet and the last load: what a person corrects, and what a load is compared with."""

from pathlib import Path

import fastexcel
import polars as pl
import pytest
import xlsxwriter

from basestock.data.dataset import Dataset, load
from basestock.data.fix_sheet import FINDINGS, TooLongError, write_fix_sheet
from basestock.data.load_history import last_load
from tests.cli.export import write_export


def _export(folder: Path, *more: str) -> Path:
    """The tiny export, with more rows of stock."""
    write_export(folder)
    with (folder / "inventory.csv").open("a") as file:
        file.writelines(f"{row}\n" for row in more)
    return folder


def _correct(book: Path, target: Path, table: str, cells: dict[str, str]) -> None:
    """Write a fix sheet anew with cells of all its rows replaced."""
    read = fastexcel.read_excel(book)
    frames = {name: pl.DataFrame(read.load_sheet(name, dtypes="string")) for name in read.sheet_names}
    frames[table] = frames[table].with_columns(pl.lit(text).alias(name) for name, text in cells.items())
    with xlsxwriter.Workbook(str(target)) as workbook:
        for name, frame in frames.items():
            sheet = workbook.add_worksheet(name)
            for place, row in enumerate([frame.columns, *frame.iter_rows()]):
                sheet.write_row(place, 0, row)


def test_every_cell_is_text_and_nothing_can_run(tmp_path: Path) -> None:
    data = load(_export(tmp_path / "x", "2026-03-02,=1+1,00420"))
    write_fix_sheet(data, tmp_path / "issues.xlsx")
    book = fastexcel.read_excel(tmp_path / "issues.xlsx")
    assert book.sheet_names == [FINDINGS, "inventory"]
    rows = pl.DataFrame(book.load_sheet("inventory"))
    assert rows.select("item_id", "on_hand", "_row").row(0) == ("=1+1", "00420", "6")


def test_a_clean_load_has_a_list_of_findings_alone(tmp_path: Path) -> None:
    write_fix_sheet(load(_export(tmp_path / "x")), tmp_path / "issues.xlsx")
    assert fastexcel.read_excel(tmp_path / "issues.xlsx").sheet_names == [FINDINGS]


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = load(_export(tmp_path / "x", "2026-03-02,GHOST,4"))
    monkeypatch.setattr("basestock.data.fix_sheet._LAST_ROW", 1)
    with pytest.raises(TooLongError, match="inventory: 1 rows are quarantined; a sheet holds 1"):
        write_fix_sheet(data, tmp_path / "issues.xlsx")
    assert not (tmp_path / "issues.xlsx").exists()


def test_corrected_rows_give_the_tables_of_an_export_that_was_right(tmp_path: Path) -> None:
    right = load(_export(tmp_path / "right", "2026-03-01,A-1,4"))
    wrong = _export(tmp_path / "wrong", "2026-03-01,GHOST,four")
    write_fix_sheet(load(wrong), tmp_path / "issues.xlsx")
    _correct(tmp_path / "issues.xlsx", wrong / "issues.xlsx", "inventory", {"item_id": "A-1", "on_hand": "4"})
    found = load(wrong)
    assert found.quarantine == {}
    for name, table in right.tables.items():
        assert found.tables[name].equals(table), name
    assert [(file.name, file.sheet, file.status) for file in found.info.files if file.sheet] == [
        ("issues.xlsx", "inventory", "read")
    ]


def test_a_fix_sheet_of_other_files_is_not_used(tmp_path: Path) -> None:
    wrong = _export(tmp_path / "wrong", "2026-03-02,GHOST,4")
    write_fix_sheet(load(wrong), tmp_path / "issues.xlsx")
    other = _export(tmp_path / "other", "2026-03-02,GHOST,5")
    _correct(tmp_path / "issues.xlsx", other / "issues.xlsx", "inventory", {"item_id": "A-1"})
    assert load(other).quarantine["inventory"].height >= 1


def _kept(data: Dataset, folder: Path) -> Path:
    data.write(folder)
    return folder.resolve()


def test_the_last_load_is_the_newest_of_the_same_source_that_is_not_later(tmp_path: Path) -> None:
    first = load(_export(tmp_path / "weekly"))
    assert last_load(first, [tmp_path]) is None
    kept = _kept(first, tmp_path / "one")
    assert last_load(first, [tmp_path]) is None, "the same load is not an earlier one"
    second = load(_export(tmp_path / "weekly", "2026-03-09,A-1,4"))
    assert last_load(second, [tmp_path]) == kept
    newer = _kept(second, tmp_path / "two")
    third = load(_export(tmp_path / "weekly", "2026-03-10,A-1,4"))
    assert last_load(third, [tmp_path, tmp_path]) == newer
    assert last_load(first, [tmp_path]) is None, "a later load is no earlier one"
    assert last_load(load(_export(tmp_path / "other")), [tmp_path]) is None


def test_a_folder_with_a_manifest_of_something_else_is_no_load(tmp_path: Path) -> None:
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "manifest.json").write_text('{"schema": 3}')
    assert last_load(load(_export(tmp_path / "weekly")), [tmp_path]) is None


def test_what_changed_since_an_earlier_load_is_found_without_reading_again(tmp_path: Path) -> None:
    _kept(load(_export(tmp_path / "weekly")), tmp_path / "one")
    dear = tmp_path / "weekly" / "item.csv"
    dear.write_text(dear.read_text().replace("EA,4,7", "EA,40,70"))
    data = load(tmp_path / "weekly")
    codes = set(data.compared_with(tmp_path / "one").issues["code"]) - set(data.issues["code"])
    assert "PRC-007" in codes
