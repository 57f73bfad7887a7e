"""A realistic sample export: two years of a technical wholesaler run by a min/max rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from basestock.data.demo.company import build_company
from basestock.data.demo.dirt import PlantedFinding, plant
from basestock.data.demo.export import all_tables, four_tables

__all__ = ["PlantedFinding", "demo_dirt_manifest", "write_demo"]

AS_OF = date(2026, 3, 2)
"""Day of the sample snapshot, a Monday."""


def write_demo(
    folder: Path,
    *,
    full: bool = False,
    seed: int = 7,
    num_items: int = 300,
    days: int = 730,
    as_of: date = AS_OF,
) -> None:
    """Write the export of a sample company as canonical CSV files.

    Parameters
    ----------
    folder : Path
        Where to; made if it does not exist. Files of the same names are replaced.
    full : bool
        False: exactly the four quick-start files, for one place. True: three places, with suppliers, orders,
        receipts, targets, calendar and units besides, and with the faults that `demo_dirt_manifest` lists.
    seed : int
        Source of chance: the same arguments give the same bytes.
    num_items : int
        Number of items; a full export needs at least 100.
    days : int
        Length of the demand history in days, at least 56.
    as_of : date
        Day of the snapshot; the history ends the day before.

    Raises
    ------
    ValueError
        If there are too few items or days.

    Notes
    -----
    True demand has trend, weekly and yearly season, promotions, new and leaving items, erratic, intermittent
    and lumpy items. The company's min/max rule is simulated against it, so that the history shows sales, with
    `in_stock_fraction` below 1 where the shelf was empty.
    """
    company = build_company(full=full, seed=seed, num_items=num_items, days=days, as_of=as_of)
    tables = plant(company, all_tables(company))[0] if full else four_tables(company)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv")


def demo_dirt_manifest(
    *, seed: int = 7, num_items: int = 300, days: int = 730, as_of: date = AS_OF
) -> list[PlantedFinding]:
    """Return what is wrong with a full export that was written with the same arguments.

    Returns
    -------
    list of PlantedFinding
        By table and row.
    """
    company = build_company(full=True, seed=seed, num_items=num_items, days=days, as_of=as_of)
    return plant(company, all_tables(company))[1]
