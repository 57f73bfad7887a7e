"""Commands about an export: load, check, template, schema."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError, require_known
from basestock.cli.options import Reading, Source
from basestock.cli.output import Answer, as_json, give, require_file, require_free, write_file
from basestock.cli.reading import read

if TYPE_CHECKING:
    import polars as pl

    from basestock.data.check import CheckReport
    from basestock.data.dataset import Dataset

Strict = Annotated[bool, typer.Option("--strict", help="Warnings stop too.")]
Previous = Annotated[
    Path | None,
    typer.Option(
        "--previous",
        metavar="FOLDER",
        help="Dataset to compare with; the last load of this source beside SOURCE or --out, or here, if not given.",
        show_default=False,
    ),
]
FixSheet = Annotated[
    Path | None,
    typer.Option(
        "--fix-sheet",
        metavar="FILE.xlsx",
        help="Workbook with the quarantined rows, to correct and put beside the export.",
        show_default=False,
    ),
]

schema = typer.Typer(help="The tables as JSON Schema.", no_args_is_help=True, rich_markup_mode=None)


@command
def load(
    source: Source, reading: Reading, common: Common, strict: Strict = False, previous: Previous = None
) -> None:
    """Read an export, check it, and keep the checked tables in a folder that every command can read.

    Writes dataset/*.parquet, issues.csv, quarantine/ and manifest.json into --out (dataset).
    """
    target = common.out or Path("dataset")
    require_free(target, "manifest.json", "basestock.dataset/")
    data, report = _checked(source, reading, common, previous, strict=strict)
    _require_same_load(target, data)
    target.parent.mkdir(parents=True, exist_ok=True)
    data.write(target, report.previous)
    common.wrote(target, "dataset")
    document = {**report.to_dict(), "schema": "basestock.load/1", "dataset": str(target)}
    answer = Answer(document, report.summary, lambda: _table_rows(document))
    common.out = None
    give(answer, common)
    if report.exit_code:
        raise SystemExit(report.exit_code)


@command
def check(
    source: Source,
    reading: Reading,
    common: Common,
    strict: Strict = False,
    previous: Previous = None,
    fix_sheet: FixSheet = None,
) -> None:
    """List everything that is wrong with an export, most money first, and what would unlock more.

    --out FILE.csv keeps the findings; FILE.json the whole document.
    """
    if fix_sheet is not None:
        require_file(fix_sheet, "--fix-sheet", (".xlsx",))
    data, report = _checked(source, reading, common, previous, strict=strict)
    if fix_sheet is not None:
        _write_fix_sheet(data, fix_sheet, common)
    give(Answer(report.to_dict(), report.summary, report.findings), common)
    if report.exit_code:
        raise SystemExit(report.exit_code)


def _checked(
    source: str, reading: Reading, common: Common, previous: Path | None, *, strict: bool
) -> "tuple[Dataset, CheckReport]":
    """Read a source, and compare it with the load that is named, else with the last one of the same source."""
    from basestock.data.load_history import last_load

    if previous is not None and not (previous / "manifest.json").is_file():
        raise CommandError(
            f"--previous {previous}: there is no dataset; name a folder that load wrote.", USAGE
        )
    data = read(source, reading, common, strict=strict)
    near = [Path(), Path(source).resolve().parent, *([] if common.out is None else [common.out.parent])]
    earlier = previous or last_load(data, near)
    if earlier is not None:
        data = data.compared_with(earlier)
        common.say(f"compared with the load in {earlier}")
    return data, data.check(earlier)


def _write_fix_sheet(data: "Dataset", path: Path, common: Common) -> None:
    import tempfile

    from basestock.data.fix_sheet import write_fix_sheet

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "issues.xlsx"
        write_fix_sheet(data, made)
        write_file(path, made.read_bytes(), "--fix-sheet")
    common.wrote(path, "rows to correct")


def _require_same_load(target: Path, data: "Dataset") -> None:
    """Refuse to replace the dataset of other inputs."""
    import json

    if (target / "manifest.json").is_file():
        found = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        if found.get("inputs_sha") != data.inputs_sha:
            message = (
                f"--out {target} holds the load of other files; choose another folder, or remove it first."
            )
            raise CommandError(message, USAGE)


def _table_rows(document: dict[str, Any]) -> "pl.DataFrame":
    import polars as pl

    return pl.DataFrame([{"table": name, **counts} for name, counts in document["tables"].items()])


@command
def template(common: Common) -> None:
    """Write an example workbook: a sheet per table, headings with units, rows to replace by your own."""
    import tempfile

    from basestock.data.template import write_template

    path = common.out or Path("basestock-template.xlsx")
    require_file(path)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "template.xlsx"
        write_template(made)
        write_file(path, made.read_bytes())
    common.wrote(path, "template")


@schema.command("export")
@command
def export_schema(
    common: Common,
    table_name: Annotated[
        str | None, typer.Argument(metavar="[TABLE]", help="One table; all of them if not given.")
    ] = None,
) -> None:
    """Print the JSON Schema of the tables that are read and of those that are written."""
    from basestock.data.tables import OUTPUT_TABLES, TABLES, schema_json

    known = [*TABLES, *OUTPUT_TABLES]
    chosen = [require_known("table", table_name, known)] if table_name else known
    document = {"schema": "basestock.tables/1", "tables": {name: schema_json(name) for name in chosen}}
    # The table for a person of a schema is the schema.
    give(Answer(document, lambda: as_json(document), lambda: _column_rows(chosen)), common)


def _column_rows(chosen: list[str]) -> "pl.DataFrame":
    import polars as pl

    from basestock.data.tables import OUTPUT_TABLES, TABLES

    tables = {**TABLES, **OUTPUT_TABLES}
    fields = ("name", "type", "unit", "requirement", "default", "description")
    rows = [
        {"table": name, **{field: getattr(column, field) for field in fields}}
        for name in chosen
        for column in tables[name].columns
    ]
    return pl.DataFrame(rows, schema={"table": pl.String, **dict.fromkeys(fields, pl.String)})
