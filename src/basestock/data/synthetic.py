"""Plain synthetic exports of any size, written fast: the input of speed and memory benchmarks."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

AS_OF = date(2026, 3, 2)
"""Day of the snapshot, a Monday."""

NUM_LOCATIONS = 10
"""Every item is stocked at this many places."""

BLOCK = 2_000
"""Item-locations drawn and written at a time, so that memory does not grow with the size."""

_SEASON = 0.3
_LEAD_TIMES_DAYS = np.array([3, 5, 7, 10, 14, 21, 28, 42])
_PACKS = np.array([1, 1, 1, 5, 6, 10, 12])


def _item_ids(num_items: int) -> pl.Series:
    return pl.Series("item_id", [f"ITEM-{index:06d}" for index in range(num_items)])


def _location_ids() -> pl.Series:
    return pl.Series("location_id", [f"L{index:02d}" for index in range(NUM_LOCATIONS)])


def _write_masters(folder: Path, rate: np.ndarray, num_items: int, rng: np.random.Generator) -> None:
    """Write items and sources; `rate` is the mean demand, units per week, of each item-location."""
    ids = _item_ids(num_items)
    cost = np.round(rng.lognormal(np.log(8.0), 1.0, num_items) + 0.05, 2)
    price = np.round(cost * rng.uniform(1.3, 2.0, num_items) + 0.01, 2)
    weekly = np.bincount(np.arange(len(rate)) // NUM_LOCATIONS, weights=rate, minlength=num_items)
    pack = np.where(weekly > 20.0, _PACKS[rng.integers(0, len(_PACKS), num_items)], 1)
    supplier = rng.integers(0, max(1, num_items // 20), num_items)
    pl.DataFrame(
        {
            "item_id": ids,
            "description": [f"Item {index}" for index in range(num_items)],
            "base_uom": ["EA"] * num_items,
            "unit_cost": cost,
            "unit_price": price,
        }
    ).write_csv(folder / "item.csv")
    pl.DataFrame(
        {
            "item_id": ids,
            "supplier_id": [f"SUP-{index:04d}" for index in supplier.tolist()],
            "lead_time_days": _LEAD_TIMES_DAYS[supplier % len(_LEAD_TIMES_DAYS)],
            "lead_time_basis": ["calendar"] * num_items,
            "order_minimum": pack,
            "order_multiple": pack,
            "unit_cost": cost,
        }
    ).write_csv(folder / "item_supplier.csv")


def _draw_weeks(rate: np.ndarray, num_weeks: int, rng: np.random.Generator) -> np.ndarray:
    """Return demand, units, ``[item_location, week]``: yearly season, trend, gamma-Poisson chance."""
    num = len(rate)
    week = np.arange(num_weeks)
    peak = rng.integers(0, 52, (num, 1))
    season = 1.0 + _SEASON * np.cos(2.0 * np.pi * (week - peak) / 52.18)
    trend = 1.0 + rng.normal(0.0, 0.1, (num, 1)) * (week / 52.18 - 1.0)
    dispersion = rng.uniform(0.05, 0.8, (num, 1))
    mean = rate[:, None] * season * np.clip(trend, 0.2, 2.0)
    return rng.poisson(rng.gamma(1.0 / dispersion, dispersion, (num, num_weeks)) * mean)


def _write_history(
    folder: Path, rate: np.ndarray, num_items: int, num_weeks: int, rng: np.random.Generator
) -> None:
    """Write the demand history block by block."""
    ids, places = _item_ids(num_items), _location_ids()
    first_week = AS_OF - timedelta(days=7 * num_weeks)
    weeks = pl.Series([first_week + timedelta(days=7 * index) for index in range(num_weeks)], dtype=pl.Date)
    with (folder / "demand_history.csv").open("wb") as file:
        for start in range(0, len(rate), BLOCK):
            block = rate[start : start + BLOCK]
            entry = np.repeat(np.arange(start, start + len(block)), num_weeks)
            frame = pl.DataFrame(
                {
                    "bucket_start": weeks[np.tile(np.arange(num_weeks), len(block))],
                    "bucket": pl.repeat("week", len(entry), eager=True),
                    "item_id": ids[entry // NUM_LOCATIONS],
                    "location_id": places[entry % NUM_LOCATIONS],
                    "qty": _draw_weeks(block, num_weeks, rng).ravel(),
                    "qty_kind": pl.repeat("ordered", len(entry), eager=True),
                }
            )
            frame.write_csv(file, include_header=start == 0)


def write_weekly(folder: Path, num_item_locations: int, num_weeks: int = 104, seed: int = 0) -> None:
    """Write the four quick-start files with weekly demand at ten places.

    Parameters
    ----------
    folder : Path
        Where to; made if it does not exist. Files of the same names are replaced.
    num_item_locations : int
        Number of item-locations; the last item may be missing at some places.
    num_weeks : int
        Length of the history in weeks; it ends the day before the snapshot of 2026-03-02.
    seed : int
        Source of chance: the same arguments give the same bytes.

    Raises
    ------
    ValueError
        If there is no item-location or no week.
    """
    if num_item_locations < 1 or num_weeks < 1:
        raise ValueError(
            f"num_item_locations is {num_item_locations}, num_weeks is {num_weeks}; both must be at least 1."
        )
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    num_items = -(-num_item_locations // NUM_LOCATIONS)
    rate = np.clip(rng.lognormal(np.log(6.0), 1.3, num_item_locations), 0.1, 500.0)
    _write_masters(folder, rate, num_items, rng)
    entry = np.arange(num_item_locations)
    pl.DataFrame(
        {
            "as_of": [AS_OF] * num_item_locations,
            "item_id": _item_ids(num_items)[entry // NUM_LOCATIONS],
            "location_id": _location_ids()[entry % NUM_LOCATIONS],
            "on_hand": np.round(rate * rng.uniform(0.0, 6.0, num_item_locations)).astype(np.int64),
        }
    ).write_csv(folder / "inventory.csv")
    _write_history(folder, rate, num_items, num_weeks, rng)
