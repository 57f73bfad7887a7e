"""Data to standard output or a file: a table for a person, or JSON, CSV, Parquet."""

import dataclasses
import io
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basestock.cli.common import Common
from basestock.cli.errors import USAGE, CommandError

if TYPE_CHECKING:
    import polars as pl

_BY_ENDING = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".txt": "table"}


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command has found, in the forms that can be asked for.

    Parameters
    ----------
    document
        The JSON document, with its ``schema``.
    text
        Makes the text for a person.
    frame
        Makes the rows of CSV and Parquet.
    """

    document: dict[str, Any]
    text: Callable[[], str]
    frame: Callable[[], "pl.DataFrame"]

    def rendered(self, format_: str) -> bytes:
        """Return the bytes of a format."""
        if format_ == "json":
            return (as_json(self.document) + "\n").encode()
        if format_ == "csv":
            return csv_bytes(self.frame())
        if format_ == "parquet":
            buffer = io.BytesIO()
            self.frame().write_parquet(buffer, compression="zstd")
            return buffer.getvalue()
        return (self.text() + "\n").encode()


def give(answer: Answer, common: Common) -> None:
    """Print an answer, and keep it in the file of ``--out``, whose ending names the format."""
    if common.out is not None:
        keep(answer, common.out, common)
    if common.format_ == "parquet" and (common.out is not None or sys.stdout.isatty()):
        if common.out is None:
            raise CommandError(
                "--format parquet: a terminal cannot show it; add --out FILE, or a pipe.", USAGE
            )
        return
    show(answer.rendered(common.format_))


def keep(answer: Answer, path: Path, common: Common) -> None:
    """Write an answer to a file in the format that its ending names, else in that of ``--format``."""
    require_file(path)
    write_file(path, answer.rendered(_BY_ENDING.get(path.suffix.lower(), common.format_)))
    common.wrote(path, "written")


def show(content: bytes) -> None:
    """Put bytes on standard output."""
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        sys.stdout.write(content.decode())
    else:
        sys.stdout.flush()
        binary.write(content)
    sys.stdout.flush()


def as_json(document: dict[str, Any]) -> str:
    """Return a document as text; numbers that are not finite become null."""
    return json.dumps(_finite(document), indent=2, ensure_ascii=False, default=str)


def csv_bytes(frame: "pl.DataFrame") -> bytes:
    """Return a frame as CSV: plain decimals, ISO dates, text escaped against spreadsheet formulas."""
    import tempfile

    from basestock.data.dataset_folder import write_csv

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write_csv(frame, path)
        return path.read_bytes()


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[str] = ()
) -> str:
    """Return rows under their headings, in columns; bold headings on a terminal that has them."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in each) for each in zip(columns, *cells, strict=True)]
    sides = [str.rjust if column in right else str.ljust for column in columns]

    def line(texts: Sequence[str]) -> str:
        return "  ".join(side(text, w) for side, text, w in zip(sides, texts, widths, strict=True)).rstrip()

    head = line(columns)
    heading = f"\x1b[1m{head}\x1b[0m" if _styled() else head
    return "\n".join([*([title, ""] if title else []), heading, *(line(row) for row in cells)])


def _styled() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def require_file(path: Path, option: str = "--out", endings: Sequence[str] = ()) -> None:
    """Refuse a place where no file can be written, or a name without one of the endings.

    Raises
    ------
    CommandError
        If it is a folder, or is named otherwise.
    """
    if path.is_dir():
        raise CommandError(f"{option} {path} is a folder; name a file in it.", USAGE)
    if endings and path.suffix.lower() not in endings:
        raise CommandError(f"{option} {path}: the name must end in {' or '.join(endings)}.", USAGE)


def write_file(path: Path, content: bytes, option: str = "--out") -> None:
    """Write a file whole or not at all.

    Raises
    ------
    CommandError
        If it exists with other content.
    """
    if path.exists():
        if path.read_bytes() == content:
            return
        raise CommandError(f"{option} {path} exists; choose another name, or remove it first.", USAGE)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.partial")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Refuse a place in which nothing can be made, before hours of work are spent on it.

    Raises
    ------
    CommandError
        Naming the nearest folder that exists.
    """
    nearest = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise CommandError(f"--out {path}: {nearest} is a file, must be a folder; name another place.", USAGE)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise CommandError(f"--out {path}: {nearest} must be writable; name another place.", USAGE)


def require_free(path: Path, record: str, schema: str) -> None:
    """Refuse a folder that holds something else than an earlier result of the same kind.

    Parameters
    ----------
    path
        The folder of ``--out``.
    record, schema
        The file in it that says what it is, and how that begins.

    Raises
    ------
    CommandError
        If the folder holds anything else.
    """
    if path.exists() and not path.is_dir():
        raise CommandError(f"--out {path} is a file, must be a folder; name another place.", USAGE)
    require_writable(path)
    if not path.exists() or not any(path.iterdir()):
        return
    try:
        found = json.loads((path / record).read_text(encoding="utf-8"))
        if isinstance(found, dict) and str(found.get("schema")).startswith(schema):
            return
    except (OSError, ValueError):
        pass
    raise CommandError(f"--out {path} is not empty; choose another folder, or remove it first.", USAGE)


def estimates_frame(rows: Sequence[dict[str, Any]]) -> "pl.DataFrame":
    """Return one row per policy and estimate of a document of policies."""
    import polars as pl

    kinds = {"total": "total", "terms": "term", "kpis": "kpi", "versus": "versus"}
    found = [
        {"policy": row["policy"], "kind": kind, "name": name, **_numbers(estimate)}
        for row in rows
        for part, kind in kinds.items()
        for name, estimate in ({"": row[part]} if part == "total" else row[part]).items()
    ]
    found += [
        {"policy": row["policy"], "kind": "disruption", "name": name, **estimate}
        for row in rows
        for each in row.get("disruptions", ())
        for name, estimate in _of_disruption(each).items()
    ]
    schema = {"policy": pl.String, "kind": pl.String, "name": pl.String}
    return pl.DataFrame(found, schema={**schema, "mean": pl.Float64, "half_width": pl.Float64, "n": pl.Int64})


def _of_disruption(effect: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the numbers of a disruption by name; what never happens has no mean."""
    where, cost = f"{effect['disruption']} from period {effect['start']}", effect["extra_cost"]
    parts = ("worst_service", "service_lost", "units_lost", "response_periods", "recovery_periods")
    plain = {f"{name}, {where}": effect[name] for name in parts}
    rows = {
        name: {"mean": None if value is None else float(value), "half_width": None, "n": cost["n"]}
        for name, value in plain.items()
    }
    return {**rows, f"extra_cost, {where}": _numbers(cost)}


def _numbers(estimate: dict[str, Any]) -> dict[str, Any]:
    return {name: estimate[name] for name in ("mean", "half_width", "n")}
