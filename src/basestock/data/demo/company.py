"""The sample company as a whole: its items, places, demand and what its min/max rule made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from basestock.data.demo.catalog import Catalog, Floats, Ints, build_catalog
from basestock.data.demo.demand import Places, draw_demand
from basestock.data.demo.families import SUPPLIER_NAMES
from basestock.data.demo.incumbent import (
    REVISION_DAYS,
    Flags,
    Orders,
    build_schedule,
    run_min_max,
)

BURN_IN_DAYS = 2 * REVISION_DAYS
"""Days simulated before the history begins."""

MIN_DAYS = 56
"""Shortest history."""

MIN_ITEMS_WITH_DIRT = 100
"""Fewest items of a full export: every planted fault has an item of its own."""

PLACE_NAMES = ("CENTER", "NORTH", "SOUTH")
"""Places of a full export; the four files know one place only."""

_PLACE_WEIGHTS = np.array([0.5, 0.3, 0.2])
_NUM_PLACES = {"A": 3, "B": 2, "C": 1}
_ORDER_DAYS = ("1000000", "1001000", "1000000", "0100000", "1000000", "0010000", "1010100")


@dataclass(frozen=True, slots=True)
class Company:
    """Everything an export shows.

    Parameters
    ----------
    catalog, places
        Items and item-locations.
    as_of : date
        Day of the snapshot, after the last day of the history.
    sales : Ints
        ``[day, item_location]``, units.
    in_stock, discount : Floats
        Shares, ``[day, item_location]``.
    on_hand, min_stock, max_stock : Ints
        ``[item_location]``, units.
    orders : Orders
        Order lines since the first day of the history; rows count from that day.
    order_days : tuple of str
        Per supplier seven digits 0/1, Monday first.
    closures : tuple of (date, date)
        First closed and first open day of the suppliers' holidays.
    """

    catalog: Catalog
    places: Places
    as_of: date
    sales: Ints
    in_stock: Floats
    discount: Floats
    on_hand: Ints
    min_stock: Ints
    max_stock: Ints
    orders: Orders
    order_days: tuple[str, ...]
    closures: tuple[tuple[date, date], ...]

    @property
    def first_day(self) -> date:
        """Return the first day of the history."""
        return self.as_of - timedelta(days=len(self.sales))

    def day(self, row: int) -> date:
        """Return the day of a row."""
        return self.first_day + timedelta(days=row)


def _one_place(catalog: Catalog) -> Places:
    item = np.arange(catalog.num_items)
    return Places(("MAIN",), item, np.zeros_like(item), np.ones(catalog.num_items))


def _three_places(catalog: Catalog) -> Places:
    """Return where items are stocked: A everywhere, B at two places, C at one."""
    counts = np.array([_NUM_PLACES[letter] for letter in catalog.abc])
    order = (np.arange(catalog.num_items)[:, None] + np.arange(3)) % 3
    stocked = np.zeros((catalog.num_items, 3), dtype=bool)
    np.put_along_axis(stocked, order, np.arange(3) < counts[:, None], axis=1)
    weights = stocked * _PLACE_WEIGHTS
    item, place = np.nonzero(stocked)
    return Places(PLACE_NAMES, item, place, (weights / weights.sum(axis=1, keepdims=True))[item, place])


def _closures(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the suppliers' holidays, half-open, that begin between two days."""
    for year in range(first.year - 1, last.year + 2):
        for closure in ((date(year, 8, 3), date(year, 8, 15)), (date(year, 12, 24), date(year + 1, 1, 2))):
            if first <= closure[0] <= last:
                yield closure


def _taking_orders(
    order_days: tuple[str, ...], closures: tuple[tuple[date, date], ...], first_row_day: date, rows: int
) -> Flags:
    """Return the days on which suppliers take orders, ``[row, supplier]``: none in their holidays."""
    weekday = (first_row_day.weekday() + np.arange(rows)) % 7
    open_days = np.array([[digit == "1" for digit in days] for days in order_days]).T[weekday]
    for start, end in closures:
        open_days[max((start - first_row_day).days, 0) : max((end - first_row_day).days, 0)] = False
    return open_days


def _within(orders: Orders) -> Orders:
    """Return the lines ordered since the first day of the history, with rows counted from it."""
    kept = orders.row >= BURN_IN_DAYS
    parts = {name: getattr(orders, name)[kept] for name in Orders.__slots__}
    for name in ("row", "arrival", "later_arrival"):
        parts[name] = parts[name] - BURN_IN_DAYS
    return Orders(**parts)


def _check_sizes(num_items: int, days: int, full: bool) -> None:
    least = MIN_ITEMS_WITH_DIRT if full else 1
    if num_items < least:
        raise ValueError(f"num_items is {num_items}; must be at least {least}.")
    if days < MIN_DAYS:
        raise ValueError(f"days is {days}; the history must have at least {MIN_DAYS} days.")


def build_company(*, full: bool, seed: int, num_items: int, days: int, as_of: date) -> Company:
    """Simulate the sample company.

    Parameters
    ----------
    full : bool
        Three places, order days and holidays; else one place, where every supplier takes orders on Mondays.
    seed : int
        Source of chance; items are the same with and without `full`.
    num_items : int
        Number of items.
    days : int
        Length of the history, days.
    as_of : date
        Day of the snapshot.

    Raises
    ------
    ValueError
        If there are too few items or days.
    """
    _check_sizes(num_items, days, full)
    items, market, suppliers, rule = (np.random.default_rng([seed, purpose]) for purpose in range(4))
    catalog = build_catalog(num_items, days, items)
    places = _three_places(catalog) if full else _one_place(catalog)
    day = np.arange(-BURN_IN_DAYS, days)
    first_row_day = as_of - timedelta(days=len(day))
    closures = tuple(_closures(first_row_day, as_of + timedelta(days=366))) if full else ()
    order_days = tuple(
        _ORDER_DAYS[i % len(_ORDER_DAYS)] if full else "1000000" for i in range(len(SUPPLIER_NAMES))
    )
    schedule = build_schedule(_taking_orders(order_days, closures, first_row_day, len(day)), suppliers)
    demand = draw_demand(catalog, places, first_row_day, day, days, market)
    trace = run_min_max(catalog, places, demand, day, schedule, rule)
    return Company(
        catalog=catalog,
        places=places,
        as_of=as_of,
        sales=trace.sales[BURN_IN_DAYS:],
        in_stock=trace.in_stock[BURN_IN_DAYS:],
        discount=demand.discount[BURN_IN_DAYS:],
        on_hand=trace.on_hand,
        min_stock=trace.min_stock,
        max_stock=trace.max_stock,
        orders=_within(trace.orders),
        order_days=order_days,
        closures=closures,
    )
