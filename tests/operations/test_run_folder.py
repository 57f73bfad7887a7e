"""A run folder is whole or not there, and never a mixture of two runs."""

import datetime
import json
from pathlib import Path

import polars as pl
import pytest

from basestock.operations.order_frame import last_year
from basestock.operations.run_folder import FolderInUseError, whole_folder, write_csv
from tests.operations.twin_fixture import small_twin


def _write(target: Path, run_id: str, text: str) -> None:
    with whole_folder(target, run_id) as folder:
        (folder / "run.json").write_text(json.dumps({"run_id": run_id}))
        (folder / "orders.csv").write_text(text)


def test_a_folder_appears_when_everything_is_written(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "a"
    with whole_folder(target, "1") as folder:
        (folder / "orders.csv").write_text("x")
        assert not target.exists()
    assert (target / "orders.csv").read_text() == "x"
    assert [path.name for path in target.parent.iterdir()] == ["a"]


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), whole_folder(tmp_path / "a", "1") as folder:
        (folder / "orders.csv").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_rerun_keeps_the_run_that_was_there(tmp_path: Path) -> None:
    _write(tmp_path / "a", "1", "first")
    with pytest.raises(ValueError, match="stop"), whole_folder(tmp_path / "a", "1"):
        raise ValueError("stop")
    assert (tmp_path / "a" / "orders.csv").read_text() == "first"


def test_the_same_run_replaces_itself(tmp_path: Path) -> None:
    _write(tmp_path / "a", "1", "first")
    _write(tmp_path / "a", "1", "second")
    assert (tmp_path / "a" / "orders.csv").read_text() == "second"


def test_another_run_or_anything_else_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a", "1", "first")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("keep")
    for name in ("a", "b"):
        with pytest.raises(FolderInUseError, match="is not empty and holds another run"):
            _write(tmp_path / name, "2", "other")
    assert (tmp_path / "b" / "mine.txt").read_text() == "keep"


def test_numbers_are_plain_and_texts_cannot_run_in_a_spreadsheet(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "name": ["=1+1", "plain"],
            "day": [datetime.date(2026, 3, 2)] * 2,
            "money": [1e-7, -1234567890123.25],
            "share": [None, float("nan")],
            "count": [100.0, 0.1 + 0.2],
        }
    )
    write_csv(frame, tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text().splitlines() == [
        "name,day,money,share,count",
        "'=1+1,2026-03-02,0,,100",
        "plain,2026-03-02,-1234567890123.25,,0.3",
    ]


def test_the_same_week_last_year_is_unknown_without_a_year_of_history() -> None:
    short, long = small_twin(num_lines=1, num_days=200), small_twin(num_lines=1, num_days=400)
    assert last_year(short).tolist() != last_year(short).tolist()
    assert last_year(long).tolist() == [float(long.history[0, 35:42].sum())]
