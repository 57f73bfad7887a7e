"""load, check, template, schema, doctor: documents, files and exit codes."""

import csv
import io
import json
import shutil
from pathlib import Path

import fastexcel
import polars as pl
import pytest
import xlsxwriter

from basestock.data.tables import OUTPUT_TABLES, TABLES
from tests.cli.conftest import Run, document


def _dirty(export: Path, folder: Path) -> Path:
    """The export with an item that is sold but not listed, and a negative stock."""
    shutil.copytree(export, folder)
    with (folder / "inventory.csv").open("a") as file:
        file.write("2026-03-02,GHOST,4\n2026-03-02,D-4,-3\n")
    return folder


def test_check_prints_one_document_and_nothing_else_on_standard_output(run: Run, export: Path) -> None:
    result = run("check", export, "--format", "json")
    found = document(result)
    assert result.exit_code == 0
    assert found["schema"] == "basestock.check/1"
    assert {"tables", "counts", "coverage", "held", "exposure"} <= set(found)
    assert set(found["tables"]["item"]) == {
        "read",
        "accepted",
        "repaired",
        "quarantined",
        "folded",
        "ignored",
    }
    assert found["tables"]["demand_history"]["read"] == 160
    assert "load: " in result.stderr
    assert run("check", export, "--format", "json", "--quiet").stderr == ""


@pytest.mark.parametrize("format_", ["table", "json", "csv"])
def test_the_same_command_prints_the_same_bytes(run: Run, export: Path, format_: str) -> None:
    outputs = [run("check", export, "--format", format_).stdout_bytes for _ in range(2)]
    assert outputs[0] == outputs[1] != b""


def test_findings_as_rows(run: Run, export: Path, tmp_path: Path) -> None:
    source = _dirty(export, tmp_path / "dirty")
    rows = list(csv.DictReader(io.StringIO(run("check", source, "--format", "csv").stdout)))
    assert "GHOST" in {row["value"] for row in rows} or any("GHOST" in row["key"] for row in rows)
    frame = pl.read_parquet(io.BytesIO(run("check", source, "--format", "parquet").stdout_bytes))
    assert frame.height == len(rows) > 0


@pytest.mark.parametrize("ending", ["csv", "json", "parquet", "txt"])
def test_the_ending_of_a_file_names_its_format(run: Run, export: Path, tmp_path: Path, ending: str) -> None:
    source = _dirty(export, tmp_path / "dirty")
    target = Path("found") / f"issues.{ending}"
    result = run("check", source, "--out", target)
    content = target.read_bytes()
    assert str(target) in result.stderr
    if ending == "csv":
        assert content.startswith(b"code,severity")
    elif ending == "json":
        assert json.loads(content)["schema"] == "basestock.check/1"
    elif ending == "parquet":
        assert pl.read_parquet(io.BytesIO(content)).height > 0
    else:
        assert content.decode() == result.stdout
    assert run("check", source, "--out", target).exit_code == result.exit_code, (
        "the same again is no conflict"
    )


def test_strict_makes_warnings_stop(run: Run, export: Path, tmp_path: Path) -> None:
    source = shutil.copytree(export, tmp_path / "doubtful")  # nobody says whether lead times are working days
    assert run("check", source).exit_code == 0
    strict = run("check", source, "--strict")
    assert strict.exit_code == 3
    assert strict.stdout != ""


@pytest.mark.parametrize("command", ["check", "load", "plan", "backtest"])
@pytest.mark.parametrize(
    "left", [[], ["item.csv"], ["item.csv", "inventory.csv"]], ids=["nothing", "items", "stock"]
)
def test_an_export_without_usable_rows_is_code_3_and_says_what_is_missing(
    run: Run, export: Path, tmp_path: Path, command: str, left: list[str]
) -> None:
    source = tmp_path / "part"
    source.mkdir()
    for name in left:
        shutil.copy(export / name, source)
    result = run(command, source)
    assert result.exit_code == 3
    assert "demand_history" in result.output or "item" in result.output


def test_load_writes_a_dataset_that_commands_read_again(run: Run, export: Path) -> None:
    result = run("load", export, "--currency", "EUR", "--format", "json")
    found = document(result)
    assert (found["schema"], found["dataset"]) == ("basestock.load/1", "dataset")
    assert {path.name for path in Path("dataset").iterdir()} >= {
        "dataset", "issues.csv", "manifest.json", "quarantine",
    }  # fmt: skip
    again = document(run("check", "dataset", "--format", "json"))
    assert again["currency"] == "EUR"
    assert again["tables"] == found["tables"]


def test_load_replaces_its_own_result_and_no_other(run: Run, export: Path, tmp_path: Path) -> None:
    assert run("load", export).exit_code == 0
    before = (Path("dataset") / "manifest.json").read_bytes()
    assert run("load", export).exit_code == 0
    assert (Path("dataset") / "manifest.json").read_bytes() == before
    other = run("load", _dirty(export, tmp_path / "dirty"))
    assert other.exit_code == 2
    assert "holds the load of other files" in other.stderr
    assert (Path("dataset") / "manifest.json").read_bytes() == before


def test_an_interrupted_load_leaves_nothing(run: Run, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("basestock.data.dataset_folder._hashes", interrupt)
    result = run("load", export)
    assert result.exit_code == 1
    assert "interrupted. Finished: load. Written: nothing" in result.stderr
    assert list(Path().iterdir()) == []


def test_the_difference_to_an_earlier_load_is_told(run: Run, export: Path, tmp_path: Path) -> None:
    run("load", export)
    source = _dirty(export, tmp_path / "dirty")
    found = document(run("check", source, "--previous", "dataset", "--format", "json"))
    assert sum(found["difference"]["new"].values()) > 0
    assert found["difference"]["rows"]["inventory"] == 2


def test_the_last_load_of_the_same_source_is_found_and_findings_have_their_days(
    run: Run, export: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(export, tmp_path / "weekly")
    alone = document(run("check", source, "--format", "json"))
    assert alone["difference"] is None
    run("load", source, "--out", "first")
    assert document(run("check", source, "--format", "json"))["difference"] is None, "nothing has changed"
    with (source / "inventory.csv").open("a") as file:
        file.write("2026-03-09,GHOST,4\n")
    later = ("--as-of", "2026-03-09")
    result = run("load", source, "--out", "second", *later, "--format", "json")
    found = document(result)
    assert found["difference"]["since"] == "2026-03-02"
    assert found["difference"]["new"]["IDN-014"] == 1
    assert "compared with the load in" in result.stderr
    rows = list(csv.DictReader(io.StringIO(run("check", "second", "--format", "csv").stdout)))
    days = {row["code"]: (row["first_seen"], row["last_seen"]) for row in rows}
    assert days["IDN-014"] == ("2026-03-09", "2026-03-09")
    assert days["SRC-007"] == ("2026-03-02", "2026-03-09")


def test_corrected_rows_of_the_fix_sheet_beside_the_export_are_as_if_they_had_been_right(
    run: Run, export: Path, tmp_path: Path
) -> None:
    source = _dirty(export, tmp_path / "dirty")
    result = run("check", source, "--fix-sheet", "issues.xlsx")
    assert result.exit_code == 3
    assert "rows to correct: issues.xlsx" in result.stderr
    sheets = _sheets(Path("issues.xlsx"))
    assert list(sheets) == ["findings", "inventory"]
    rows = sheets["inventory"]
    assert rows.columns[:3] == ["_codes", "_rule", "_remedy"]
    assert sorted(rows["item_id"]) == ["D-4", "D-4", "GHOST"]
    right = {"D-4": "15", "GHOST": "0"}
    sheets["inventory"] = rows.with_columns(
        pl.col("item_id").replace_strict(right, return_dtype=pl.String).alias("on_hand"),
        pl.col("item_id").replace({"GHOST": "A-1"}),
    )
    _write_sheets(sheets, source / "issues.xlsx")
    found = document(run("check", source, "--format", "json"))
    assert (found["exit_code"], found["held"]) == (0, [])
    clean = document(run("check", export, "--format", "json"))
    assert found["exposure"]["total"] == clean["exposure"]["total"]
    assert found["tables"]["inventory"] == {
        "read": 6, "accepted": 4, "repaired": 0, "quarantined": 0, "folded": 2, "ignored": 0,
    }  # fmt: skip


def test_a_fix_sheet_is_not_written_over(run: Run, export: Path, tmp_path: Path) -> None:
    source = _dirty(export, tmp_path / "dirty")
    run("check", source, "--fix-sheet", "issues.xlsx")
    before = Path("issues.xlsx").read_bytes()
    assert run("check", source, "--fix-sheet", "issues.xlsx").exit_code == 3, "the same again is no conflict"
    (source / "inventory.csv").write_text("as_of,item_id,on_hand\n2026-03-02,GHOST,4\n")
    result = run("check", source, "--fix-sheet", "issues.xlsx")
    assert result.exit_code == 2
    assert "--fix-sheet issues.xlsx exists" in result.stderr
    assert Path("issues.xlsx").read_bytes() == before


def _sheets(path: Path) -> dict[str, pl.DataFrame]:
    book = fastexcel.read_excel(path)
    return {name: pl.DataFrame(book.load_sheet(name, dtypes="string")) for name in book.sheet_names}


def _write_sheets(sheets: dict[str, pl.DataFrame], path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        for name, frame in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate([frame.columns, *frame.iter_rows()]):
                sheet.write_row(place, 0, row)


def test_the_template_loads_back_clean(run: Run) -> None:
    assert run("template").exit_code == 0
    found = document(run("check", "basestock-template.xlsx", "--format", "json"))
    assert found["exit_code"] == 0
    assert all(counts["quarantined"] == 0 for counts in found["tables"].values())
    assert found["held"] == []
    before = Path("basestock-template.xlsx").read_bytes()
    assert run("template").exit_code == 0
    assert Path("basestock-template.xlsx").read_bytes() == before


def test_every_table_has_a_schema(run: Run) -> None:
    found = document(run("schema", "export"))
    assert found["schema"] == "basestock.tables/1"
    assert set(found["tables"]) == {*TABLES, *OUTPUT_TABLES}
    one = document(run("schema", "export", "item", "--format", "json"))
    assert one["tables"] == {"item": found["tables"]["item"]}


def test_columns_as_rows(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("schema", "export", "inventory", "--format", "csv").stdout)))
    assert [row["name"] for row in rows] == list(TABLES["inventory"].names)


def test_doctor_names_versions_and_says_that_nothing_is_sent(run: Run) -> None:
    found = document(run("doctor", "--format", "json"))
    assert found["schema"] == "basestock.doctor/1"
    assert found["network"] == "nothing is ever sent anywhere"
    assert found["jax"].count(".") == 2
    assert "polars" in run("doctor").stdout
