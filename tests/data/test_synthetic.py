"""The generator of benchmark inputs: right sizes, canonical files, the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from basestock.data.synthetic import write_weekly
from basestock.data.tables import TABLES


def read(folder: Path, table: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"{table}.csv", infer_schema=False)


def test_sizes_are_as_asked(tmp_path: Path) -> None:
    write_weekly(tmp_path, 25, num_weeks=8)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "demand_history.csv", "inventory.csv", "item.csv", "item_supplier.csv",
    ]  # fmt: skip
    assert read(tmp_path, "inventory").height == 25
    assert read(tmp_path, "item").height == read(tmp_path, "item_supplier").height == 3
    history = read(tmp_path, "demand_history")
    assert history.height == 25 * 8
    assert history.select("item_id", "location_id").unique().height == 25
    assert not history.select("bucket_start", "item_id", "location_id").is_duplicated().any()


def test_columns_are_canonical_and_complete(tmp_path: Path) -> None:
    write_weekly(tmp_path, 3, num_weeks=2)
    for table in ("item", "inventory", "demand_history", "item_supplier"):
        columns = read(tmp_path, table).columns
        assert [column for column in columns if column not in TABLES[table]] == []
        assert set(TABLES[table].required) <= set(columns)


def test_weeks_are_mondays_up_to_the_snapshot(tmp_path: Path) -> None:
    write_weekly(tmp_path, 1, num_weeks=5)
    weeks = read(tmp_path, "demand_history")["bucket_start"].str.to_date()
    assert weeks.dt.weekday().unique().to_list() == [1]
    assert [str(week) for week in weeks] == [
        "2026-01-26", "2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23",
    ]  # fmt: skip
    assert read(tmp_path, "inventory")["as_of"].to_list() == ["2026-03-02"]


def test_blocks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("basestock.data.synthetic.BLOCK", 7)
    write_weekly(tmp_path, 20, num_weeks=3)
    history = read(tmp_path, "demand_history")
    stock = read(tmp_path, "inventory")
    assert history.height == 60
    assert (
        history.select("item_id", "location_id")
        .unique(maintain_order=True)
        .equals(stock.select("item_id", "location_id"))
    )


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_weekly(tmp_path / name, 12, num_weeks=6, seed=seed)
    files = {name: [path.read_bytes() for path in sorted((tmp_path / name).iterdir())] for name in "abc"}
    assert files["a"] == files["b"]
    assert files["a"] != files["c"]


def test_demand_is_plausible(tmp_path: Path) -> None:
    write_weekly(tmp_path, 200, num_weeks=104, seed=5)
    quantity = read(tmp_path, "demand_history")["qty"].cast(pl.Int64)
    assert quantity.min() == 0
    assert 3.0 < quantity.mean() < 40.0  # type: ignore[operator]
    priced = read(tmp_path, "item").select(pl.col("unit_cost", "unit_price").cast(pl.Float64))
    assert priced.filter(pl.col("unit_price") <= pl.col("unit_cost")).height == 0


@pytest.mark.parametrize(("num_item_locations", "num_weeks"), [(0, 5), (5, 0)])
def test_empty_exports_are_refused(tmp_path: Path, num_item_locations: int, num_weeks: int) -> None:
    with pytest.raises(ValueError, match="both must be at least 1"):
        write_weekly(tmp_path / "out", num_item_locations, num_weeks=num_weeks)
    assert not (tmp_path / "out").exists()


def test_smallest_export_is_accepted(tmp_path: Path) -> None:
    write_weekly(tmp_path, 1, num_weeks=1)
    assert read(tmp_path, "demand_history").height == 1
