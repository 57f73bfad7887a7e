"""Tables of a folder, plain or packed."""

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


def read_rows(
    folder: Path, name: str, columns: Sequence[str], error: type[ValueError]
) -> Iterator[Mapping[str, str]]:
    """Yield the rows of ``name.csv`` or ``name.csv.gz``.

    Parameters
    ----------
    folder, name
        Where the table is, and its name.
    columns
        Columns that it must have.
    error
        Raised if the file or a column is missing.
    """
    found = next(
        (path for path in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if path.exists()), None
    )
    if found is None:
        raise error(f"{folder}: there is no {name}.csv or {name}.csv.gz, must be one. Add it.")
    content = found.read_bytes()
    text = (gzip.decompress(content) if found.suffix == ".gz" else content).decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise error(f"{found}: the column {missing[0]!r} is missing, must be there. Add it.")
    yield from reader
