"""Write the pages of docs/generated from the code that they describe, so that the two cannot differ."""

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from basestock.data.codes import Code, catalogue
from basestock.data.tables import OUTPUT_TABLES, TABLES, Column, Table
from basestock.learning.registry import ALGORITHMS
from tools.learner_pages import learner_page
from tools.markdown import markdown_table

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "basestock"
GENERATED = ROOT / "docs" / "generated"

SUBJECTS = {
    "BOM": "Bills of materials",
    "CAL": "Calendars",
    "CON": "Limits",
    "DAT": "Dates and times",
    "DEM": "Demand history",
    "FCT": "Forecasts",
    "FIL": "Files",
    "IDN": "Identifiers",
    "INV": "Stock",
    "ITM": "Items",
    "LAN": "Lanes between locations",
    "LEK": "Knowledge of the future",
    "LOC": "Locations",
    "LOT": "Lots",
    "NUM": "Numbers",
    "OVR": "Overrides",
    "PRC": "Prices and currencies",
    "PUR": "Purchase orders",
    "RCP": "Receipts",
    "RUN": "The whole run",
    "SCH": "Columns and mappings",
    "SRC": "Sources of supply",
    "UOM": "Units",
}
"""What the letters of a code stand for; a code with other letters stops the build here."""

REQUIREMENTS = {"R": "required", "C": "for one feature", "O": "optional"}
PACKAGES = (
    *("network", "uncertainty", "dynamics", "economics", "decision", "policies", "optimal"),
    *("forecasting", "problems", "evaluation", "learning", "data", "operations"),
)
"""Those with a page of their own, as in the navigation of zensical.toml."""


def code_page() -> Iterator[str]:
    """Yield the page of findings, one section a family of codes."""
    codes = list(catalogue().values())
    yield "# Findings and their codes"
    yield (
        "What `basestock check` can find in an export. Each finding names file, row, value, rule and remedy. "
        "An *error* keeps something out of the plan, a *warning* is shown beside what it "
        "touches, a *repair* has been made and stands in the list of issues. `--rule CODE=E` raises a "
        "severity; none can be lowered by a flag, and those marked *fixed* nowhere at all."
    )
    families = dict.fromkeys(code.code.split("-")[0] for code in codes)
    for family in families:
        members = [code for code in codes if code.code.startswith(f"{family}-")]
        yield f"## {family}: {SUBJECTS[family]}"
        yield "\n".join(_code_rows(members))


def _code_rows(codes: Iterable[Code]) -> Iterator[str]:
    rows = (
        [
            f"`{code.code}`",
            code.severity + (", fixed" if code.floor else ""),
            code.scope,
            code.action,
            code.rule,
            code.remedy,
        ]
        for code in codes
    )
    return markdown_table(["code", "severity", "concerns", "what happens", "rule", "remedy"], rows)


def table_page() -> Iterator[str]:
    """Yield the page of canonical tables."""
    yield "# Tables"
    yield (
        "Every export is turned into these tables before anything is computed, and what basestock writes has "
        "the form of the last ones. A file with the name of a table is read as that table; another system's "
        "columns are mapped by a mapping file. `basestock template` writes an empty workbook of them."
    )
    yield "## What basestock reads"
    for table in TABLES.values():
        yield from _table_section(table)
    yield "## What basestock writes"
    for table in OUTPUT_TABLES.values():
        yield from _table_section(table)


def _table_section(table: Table) -> Iterator[str]:
    yield f"### `{table.name}`"
    unlocks = f" It is needed for: {table.unlocks}." if table.unlocks else ""
    key = ", ".join(f"`{name}`" for name in table.key)
    yield f"{table.title.rstrip('.')}. One row for each {key}.{unlocks}"
    header = ["column", "type", "unit", "required", "default", "legal values", "meaning"]
    yield "\n".join(markdown_table(header, (_column_row(column) for column in table.columns)))


def _column_row(column: Column) -> list[str]:
    also = f" Also read from: {', '.join(column.aliases)}." if column.aliases else ""
    refers = f" Must exist in `{column.refers}`." if column.refers else ""
    return [
        f"`{column.name}`" + (" (key)" if column.key else ""),
        column.type,
        column.unit,
        REQUIREMENTS[column.requirement],
        "" if column.default is None else f"`{column.default}`",
        _legal_values(column),
        column.description + refers + also,
    ]


def _legal_values(column: Column) -> str:
    if column.choices:
        return ", ".join(f"`{choice}`" for choice in column.choices)
    low = "" if column.lower is None else f"{'>' if column.open_lower else '≥'} {column.lower:g}"
    high = "" if column.upper is None else f"{'<' if column.open_upper else '≤'} {column.upper:g}"
    return ", ".join(bound for bound in [low, high] if bound)


def network_page() -> Iterator[str]:
    """Yield the page of authored types."""
    from basestock.network.schema import describe

    yield "# Supply networks"
    yield "The objects that a network is made of, with the unit and the legal range of each attribute."
    yield describe()


def policy_page() -> Iterator[str]:
    """Yield the page of registered policies."""
    from basestock.policies.registry import REGISTRY

    yield "# Policies"
    yield "The names are the same in Python, on the command line and in reports."
    rows = ([f"`{entry.name}`", entry.meaning] for entry in REGISTRY.values())
    yield "\n".join(markdown_table(["policy", "what it does"], rows))


def problem_page() -> Iterator[str]:
    """Yield the page of problem families."""
    from basestock.problems.registry import FAMILIES as PROBLEMS

    yield "# Problems"
    yield "Families of published problems, for `basestock evaluate --problem NAME` and `basestock.problems`."
    for family in PROBLEMS.values():
        yield f"## `{family.name}`"
        yield f"Source: {family.source}."
        rows = (
            [f"`{name}`", family.units.get(name, ""), f"`{value!r}`"]
            for name, value in family.defaults.items()
        )
        yield "\n".join(markdown_table(["parameter", "unit", "default"], rows))


def python_page(package: str) -> Iterator[str]:
    """Yield the page that documents the public modules of a package from their docstrings."""
    yield f"# `basestock.{package}`"
    yield from (f"::: {module}" for module in modules(package))


def modules(package: str) -> Iterator[str]:
    """Yield the public modules of a package, the package itself first."""
    for path in sorted(
        (PACKAGE / package).rglob("*.py"), key=lambda path: (path.parent, path.name != "__init__.py")
    ):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if not any(part.startswith("_") and part != "__init__" for part in parts):
            yield ".".join(part for part in parts if part != "__init__")


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "codes": code_page,
    "network": network_page,
    "policies": policy_page,
    "problems": problem_page,
    "tables": table_page,
}


def main() -> int:
    """Write every page, and leave none of what is no longer there."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    for folder in ("python", "learners"):
        (GENERATED / folder).mkdir(parents=True)
    pages = {name: page() for name, page in PAGES.items()}
    pages |= {f"python/{package}": python_page(package) for package in PACKAGES}
    pages |= {f"learners/{name}": learner_page(name) for name in ALGORITHMS}
    for name, parts in pages.items():
        (GENERATED / f"{name}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
