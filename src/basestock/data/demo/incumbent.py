"""How the sample company has been run so far: a min/max rule, revised every quarter from past sales.

Sequence of a day: receive, order, sell. What is sold is what the shelf allows, so the history understates
demand where stock ran out, as real histories do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from basestock.data.demo.catalog import Catalog, Floats, Ints
from basestock.data.demo.demand import Demand, Places
from basestock.data.demo.families import LEAD_TIMES_DAYS

Flags = NDArray[np.bool_]

REVISION_DAYS = 91
"""The rule's parameters are revised at this interval, from the mean sales of the same length."""

SAFETY_DAYS = 21
"""Days of demand that the reorder level holds beyond the stated lead time."""

COVER_DAYS = {"A": 21, "B": 35, "C": 70}
"""Days of demand between reorder level and order-up-to level, by class."""

SLACK_DAYS = 150
"""Rows kept for deliveries after the last day."""

POOR_QUALITY_SUPPLIER = 13
"""Position of the supplier that has goods rejected."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When suppliers take and deliver orders.

    Parameters
    ----------
    takes_orders : Flags
        ``[row, supplier]``.
    arrival : Ints
        Row of delivery of an order of this row, ``[row, supplier]``; -1 or that of an earlier order
        where no order is taken.
    """

    takes_orders: Flags
    arrival: Ints


@dataclass(frozen=True, slots=True)
class Orders:
    """Purchase order lines in order of day, then item-location; quantities in units.

    Parameters
    ----------
    row, entry : Ints
        Day and item-location.
    quantity, later_quantity, rejected : Ints
        Ordered; the part of it that comes later; the part of the first delivery that is rejected.
    arrival, later_arrival : Ints
        Rows of both deliveries.
    """

    row: Ints
    entry: Ints
    quantity: Ints
    later_quantity: Ints
    rejected: Ints
    arrival: Ints
    later_arrival: Ints


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened.

    Parameters
    ----------
    sales : Ints
        ``[row, item_location]``, units.
    in_stock : Floats
        Share of the day with stock, ``[row, item_location]``.
    on_hand : Ints
        Stock after the last day, ``[item_location]``.
    min_stock, max_stock : Ints
        Parameters in force at the end, ``[item_location]``.
    orders : Orders
        Every order line.
    """

    sales: Ints
    in_stock: Floats
    on_hand: Ints
    min_stock: Ints
    max_stock: Ints
    orders: Orders


def build_schedule(takes_orders: Flags, rng: Generator) -> Schedule:
    """Draw lead times: near the stated one, sometimes late, never overtaking an earlier order.

    Parameters
    ----------
    takes_orders : Flags
        Days on which each supplier takes orders, ``[row, supplier]``.
    rng : Generator
        Source of chance.
    """
    rows, suppliers = takes_orders.shape
    stated = np.array(LEAD_TIMES_DAYS, dtype=np.float64)
    spread = 0.05 + 0.02 * (np.arange(suppliers) % 4)
    late = np.where(
        rng.uniform(size=takes_orders.shape) < 0.05, rng.uniform(0.1, 0.25, takes_orders.shape), 0.0
    )
    lead = np.maximum(np.round(stated * (1.0 + spread * rng.normal(size=takes_orders.shape) + late)), 1.0)
    arrival = np.arange(rows)[:, None] + lead.astype(np.int64)
    arrival = np.maximum.accumulate(np.where(takes_orders, arrival, -1), axis=0)
    return Schedule(takes_orders, arrival)


class _Shelf:
    """Stock, deliveries on their way and the rule's parameters, all ``[item_location]``."""

    def __init__(self, catalog: Catalog, places: Places, rows: int, rng: Generator) -> None:
        item = places.item
        self.pack = catalog.pack[item]
        self.minimum = catalog.minimum[item]
        self.lead_time = catalog.lead_time_days[item]
        self.supplier = catalog.supplier[item]
        self.cover = np.array([COVER_DAYS[letter] for letter in catalog.abc])[item]
        # People sell what is being phased out and order what is new before it starts.
        self.first_order = catalog.intro_day[item] - self.lead_time - 21
        self.last_order = catalog.end_day[item] - self.lead_time - 21
        planned = catalog.rate[item] * places.share * rng.lognormal(0.0, 0.25, len(item))
        self.min_stock, self.max_stock = self.parameters(planned)
        started = self.first_order < -REVISION_DAYS
        self.on_hand = np.where(started, (self.min_stock + self.max_stock) // 2, 0)
        self.on_order = np.zeros(len(item), dtype=np.int64)
        self.due = np.zeros((rows + SLACK_DAYS, len(item)), dtype=np.int64)
        self.rejects = np.zeros_like(self.due)

    def parameters(self, mean: Floats) -> tuple[Ints, Ints]:
        """Return reorder level and order-up-to level for a mean demand per day."""
        low = np.ceil(mean * (self.lead_time + SAFETY_DAYS))
        high = np.maximum(np.ceil(mean * (self.lead_time + SAFETY_DAYS + self.cover)), low + 1.0)
        return low.astype(np.int64), high.astype(np.int64)

    def revise(self, sales: Ints, day: int, intro_day: Ints) -> None:
        """Set new parameters from past sales; items that are new keep theirs."""
        low, high = self.parameters(sales.mean(axis=0))
        settled = day - intro_day >= REVISION_DAYS
        self.min_stock = np.where(settled, low, self.min_stock)
        self.max_stock = np.where(settled, high, self.max_stock)

    def receive(self, row: int) -> None:
        """Take the deliveries of the day into stock."""
        self.on_hand = self.on_hand + self.due[row] - self.rejects[row]
        self.on_order = self.on_order - self.due[row]

    def needs(self, day: int, takes_orders: Flags) -> tuple[Ints, Ints]:
        """Return which item-locations order today and how much: up to the maximum, in whole packs."""
        position = self.on_hand + self.on_order
        ordering = takes_orders[self.supplier] & (position <= self.min_stock)
        ordering &= (day >= self.first_order) & (day <= self.last_order)
        entry = np.flatnonzero(ordering)
        wanted = np.maximum((self.max_stock - position)[entry], self.minimum[entry])
        return entry, -(-wanted // self.pack[entry]) * self.pack[entry]

    def place_orders(
        self, row: int, entry: Ints, quantity: Ints, schedule: Schedule, rng: Generator
    ) -> Orders:
        """Order, with the odd partial delivery and the odd rejected pack."""
        pack = self.pack[entry]
        partial = rng.uniform(size=len(entry)) < 0.03
        later = np.where(partial, quantity * 3 // 10 // pack * pack, 0)
        poor = (self.supplier[entry] == POOR_QUALITY_SUPPLIER) & (rng.uniform(size=len(entry)) < 0.06)
        rejected = np.where(poor, quantity // 10 // pack * pack, 0)
        arrival = schedule.arrival[row, self.supplier[entry]]
        later_arrival = arrival + rng.integers(2, 6, len(entry))
        self.due[arrival, entry] += quantity - later
        self.due[later_arrival, entry] += later
        self.rejects[arrival, entry] += rejected
        self.on_order[entry] += quantity
        return Orders(np.full(len(entry), row), entry, quantity, later, rejected, arrival, later_arrival)


def _sell(on_hand: Ints, units: Ints) -> tuple[Ints, Floats]:
    """Return sales and share of the day with stock, when demand comes evenly over the day."""
    sales = np.minimum(on_hand, units)
    return sales, np.where(units > on_hand, sales / np.maximum(units, 1), on_hand > 0)


def run_min_max(
    catalog: Catalog, places: Places, demand: Demand, day: Ints, schedule: Schedule, rng: Generator
) -> Trace:
    """Run the company under its min/max rule.

    Parameters
    ----------
    catalog, places, demand, schedule
        The company.
    day : Ints
        Number of each row, counted from the start of the history; negative before it.
    rng : Generator
        Source of chance.
    """
    rows = len(day)
    shelf = _Shelf(catalog, places, rows, rng)
    sales = np.zeros_like(demand.units)
    in_stock = np.zeros(demand.units.shape)
    orders: list[Orders] = []
    for row in range(rows):
        shelf.receive(row)
        if row >= REVISION_DAYS and row % REVISION_DAYS == 0:
            shelf.revise(sales[row - REVISION_DAYS : row], int(day[row]), catalog.intro_day[places.item])
        entry, quantity = shelf.needs(int(day[row]), schedule.takes_orders[row])
        if len(entry):
            orders.append(shelf.place_orders(row, entry, quantity, schedule, rng))
        sales[row], in_stock[row] = _sell(shelf.on_hand, demand.units[row])
        shelf.on_hand = shelf.on_hand - sales[row]
    return Trace(sales, in_stock, shelf.on_hand, shelf.min_stock, shelf.max_stock, _joined(orders))


def _joined(orders: list[Orders]) -> Orders:
    """Return one block of lines."""
    none = np.zeros(0, np.int64)
    blocks = [Orders(none, none, none, none, none, none, none), *orders]
    return Orders(*(np.concatenate([getattr(block, name) for block in blocks]) for name in Orders.__slots__))
