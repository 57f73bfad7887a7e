"""Damaged bytes of every format: each file ends accepted or reported with a code, and nothing is lost."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from functools import cache
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from basestock.data.dataset import load
from basestock.data.issues import IssueLog
from basestock.data.sources import read_source
from tests.data.rule_case import SMALL

FILES = ("item.csv", "inventory.csv", "demand_history.csv", "item_supplier.csv")
PLACES = b"\x00\n\r\",;\xff\x80-09eE.='"
NUM_CASES = 150


@cache
def corpus() -> dict[str, bytes]:
    """Return one small file of every format by name; the name with a blank at its end is UTF-16."""
    folder = io.BytesIO()
    plain = {name: _csv(name.removesuffix(".csv")) for name in FILES}
    with zipfile.ZipFile(folder, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in plain.items():
            archive.writestr(name, data)
    demand = pl.read_csv(plain["demand_history.csv"], try_parse_dates=True)
    table = io.BytesIO()
    demand.write_parquet(table)
    return {
        **plain,
        "demand_history.csv.gz": gzip.compress(plain["demand_history.csv"], mtime=0),
        "demand_history.parquet": table.getvalue(),
        "item.xlsx": _workbook(plain["item.csv"]),
        "item.csv ": plain["item.csv"].decode().encode("utf-16"),
        "all.zip": folder.getvalue(),
    }


@cache
def _csv(table: str) -> bytes:
    rows = SMALL.tables[table]
    lines = [",".join(rows[0]), *(",".join(str(cell) for cell in row.values()) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _workbook(data: bytes) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet("item")
        for row, line in enumerate(data.decode().splitlines()):
            sheet.write_row(row, 0, line.split(","))
    return stream.getvalue()


def mutated(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Return bytes with a few faults: flips, odd characters, cuts, doubled, lost or foreign stretches."""
    cells = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place = chance.randrange(len(cells)) if cells else 0
        kind = chance.randrange(6)
        if kind == 0 and cells:
            cells[place] ^= 1 << chance.randrange(8)
        elif kind == 1 and cells:
            cells[place] = chance.choice(PLACES)
        elif kind == 2:
            del cells[place:]
        elif kind == 3:
            cells[place:place] = chance.randbytes(chance.randrange(1, 9))
        elif kind == 4:
            cells[place:place] = cells[place : place + chance.randrange(1, 30)]
        elif chance.random() < 0.3:
            cells += other[: chance.randrange(len(other) + 1)]
        else:
            del cells[place : place + chance.randrange(1, 12)]
    return bytes(cells)


def damaged(seed: int, folder: Path) -> Path:
    """Write an export with one damaged file and return the source."""
    chance = random.Random(seed)
    files = corpus()
    name = chance.choice(sorted(files))
    data = mutated(chance, files[name], files[chance.choice(sorted(files))])
    if name.endswith(".zip"):
        (folder / name).write_bytes(data)
        return folder / name
    for other in FILES:
        if not name.startswith(other.split(".")[0]):
            (folder / other).write_bytes(files[other])
    (folder / name.strip()).write_bytes(data)
    return folder


def reads(seed: int, folder: Path) -> None:
    """Check that a damaged export is read or reported, every row of it accounted for."""
    folder.mkdir()
    log = IssueLog()
    feeds, _ = read_source(damaged(seed, folder), mapping=None, log=log)
    assert feeds or len(log)
    for feed in feeds:
        assert feed.read == feed.frame.height + feed.ignored + feed.folded + feed.bad.height


def loads(seed: int, folder: Path) -> None:
    """Check that a damaged export loads, with a report."""
    folder.mkdir()
    data = load(damaged(seed, folder))
    report = data.check()
    assert "RUN-003" not in report.counts
    assert report.exit_code in (0, 3)
    assert report.summary()


def _first(quick: int, number: int) -> list[object]:
    """Return numbers, of which only the first are tried in every run."""
    return [*range(quick), *(pytest.param(each, marks=pytest.mark.slow) for each in range(quick, number))]


@pytest.mark.parametrize("block", _first(3, 6))
def test_damaged_files_are_read_or_reported(block: int, tmp_path: Path) -> None:
    for seed in range(block * NUM_CASES // 6, (block + 1) * NUM_CASES // 6):
        reads(seed, tmp_path / str(seed))


@pytest.mark.parametrize("seed", _first(6, 16))
def test_damaged_exports_load_with_a_report(seed: int, tmp_path: Path) -> None:
    loads(10_000 + seed, tmp_path / "x")


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_ten_thousand_damaged_files(block: int, tmp_path: Path) -> None:
    for seed in range(20_000 + 1_000 * block, 21_000 + 1_000 * block):
        (loads if seed % 20 == 0 else reads)(seed, tmp_path / str(seed))


def test_the_corpus_itself_is_clean(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).write_bytes(corpus()[name])
    assert load(tmp_path).issues.height == 0
    assert load(_written(tmp_path / "zip", "all.zip")).issues.height == 0


def _written(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / name).write_bytes(corpus()[name])
    return folder / name
