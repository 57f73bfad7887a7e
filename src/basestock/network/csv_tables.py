"""Tables of a network as CSV text, and back."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from basestock.network.errors import Defect, nearest, shown
from basestock.network.toml_text import parse_toml, toml_value

TEXT_KINDS = frozenset({"name", "choice", "unmet"})
"""Kinds whose cells are text as it stands; any other cell is a TOML value."""

_SPREADSHEET_RUNS = re.compile(r"""['"]*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]""")
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_DECIMAL = re.compile(r"-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def csv_text(columns: Mapping[str, str], rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows as CSV with a header; an absent value is an empty cell.

    Parameters
    ----------
    columns
        Column to kind of its attribute, in order.
    rows
        Column to plain value.

    Examples
    --------
    >>> print(csv_text({"name": "name", "lead_time": "lead time"}, [{"name": "a", "lead_time": 2}]), end="")
    name,lead_time
    a,2
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(kind, row.get(column)) for column, kind in columns.items()])
    return buffer.getvalue()


def _cell(kind: str, value: object) -> str:
    if value is None:
        return ""
    if kind not in TEXT_KINDS or not isinstance(value, str):
        return toml_value(value)
    # A spreadsheet would run such text as a formula; reading takes the quote away again.
    return f"'{value}" if _SPREADSHEET_RUNS.match(value) else value


def read_csv(
    file: str, text: str, columns: Mapping[str, str], defects: list[Defect]
) -> list[tuple[int, dict[str, Any]]]:
    """Return (row number, column to plain value) for each row; empty cells are left out.

    Parameters
    ----------
    file
        Name of the file, for messages.
    text
        Its content.
    columns
        Known columns to kinds; a file may leave columns out.
    defects
        What is wrong is added here; the header is row 1.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, dict[str, Any]]] = []
    try:
        header = next(reader, [])
        if not _header_is_right(file, header, columns, defects):
            return []
        for cells in reader:
            if len(cells) == len(header):
                values = {
                    column: value_of(columns[column], cell)
                    for column, cell in zip(header, cells, strict=True)
                    if cell
                }
                found.append((reader.line_num, values))
            elif cells:
                rule = f"must be {len(header)} fields, as in the header"
                defects.append(_defect(file, f"row {reader.line_num}", f"{len(cells)} fields", rule))
    except csv.Error as error:
        defects.append(
            _defect(file, f"row {reader.line_num}", str(error), "must be readable as comma-separated text")
        )
    return found


def _header_is_right(
    file: str, header: Sequence[str], columns: Mapping[str, str], defects: list[Defect]
) -> bool:
    num_defects = len(defects)
    if not header:
        defects.append(_defect(file, "header", "absent", "must name the columns"))
    for column in dict.fromkeys(header):
        if header.count(column) > 1:
            defects.append(
                _defect(file, "column", f"{shown(column)} {header.count(column)} times", "must occur once")
            )
        if column not in columns:
            rule = f"must be one of {', '.join(columns)}"
            defects.append(_defect(file, "column", shown(column), rule, nearest(column, columns)))
    return len(defects) == num_defects


def _defect(file: str, field: str, value: str, rule: str, hint: str = "") -> Defect:
    return Defect("File", file, field, value, rule, f"{hint}Correct the file.")


def value_of(kind: str, cell: str) -> Any:
    """Return the plain value of a cell; what cannot be read stays text, for the checks to report.

    Examples
    --------
    >>> value_of("lead time", "{ 1 = 0.5, 3 = 0.5 }")
    {'1': 0.5, '3': 0.5}
    """
    if kind in TEXT_KINDS:
        text = cell[1:] if cell.startswith("'") and _SPREADSHEET_RUNS.match(cell) else cell
        return _number(text) if kind == "unmet" else text
    if kind == "flag":
        return {"true": True, "false": False}.get(cell.lower(), cell)
    value = _number(cell)
    return _toml(cell) if isinstance(value, str) and cell[0] in "[{" else value


def _number(cell: str) -> int | float | str:
    if _WHOLE.fullmatch(cell):
        return int(cell) if len(cell) < 20 else float(cell)
    return float(cell) if _DECIMAL.fullmatch(cell) else cell


def _toml(cell: str) -> Any:
    try:
        document = parse_toml(f"value = {cell}\n")
    except ValueError:
        return cell
    return document["value"] if len(document) == 1 else cell
