"""The item master of the sample company: costs, prices, turnover, sources, pack sizes, life stages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from basestock.data.demo.families import FAMILIES, LEAD_TIMES_DAYS, SUPPLIER_NAMES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PACK_SIZES = np.array([1, 2, 4, 5, 6, 10, 12, 20, 24, 25, 50, 100])
"""Pack sizes in use, units."""

REVENUE_SPREAD = 1.65
"""Standard deviation of log revenue: a fifth of the items earns about four fifths of the money."""

ALWAYS = 100_000
"""A day far beyond every window."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Items in order of identifier; arrays have one entry an item.

    Parameters
    ----------
    item_id, description, category, lifecycle : tuple of str
        As in the item table.
    family : Ints
        Position in `FAMILIES`.
    unit_cost, unit_price : Floats
        Money per unit, in cents precision.
    rate : Floats
        Mean demand, units per day in the middle of the window, all places together.
    dispersion : Floats
        Variance of one day's demand above Poisson, in units of the squared mean.
    interval_days : Floats
        Mean days between demands of intermittent and lumpy items; 1 for the others.
    growth : Floats
        Relative change of demand per year.
    intro_day, end_day : Ints
        First and last day of sale, in days from the start of the history.
    supplier, second_supplier : Ints
        Positions in `SUPPLIER_NAMES`; -1 = no second source.
    pack, minimum : Ints
        Order multiple and order minimum, units; minimum 0 = none.
    abc : tuple of str
        Class by revenue.
    """

    item_id: tuple[str, ...]
    description: tuple[str, ...]
    category: tuple[str, ...]
    lifecycle: tuple[str, ...]
    abc: tuple[str, ...]
    family: Ints
    unit_cost: Floats
    unit_price: Floats
    rate: Floats
    dispersion: Floats
    interval_days: Floats
    growth: Floats
    intro_day: Ints
    end_day: Ints
    supplier: Ints
    second_supplier: Ints
    pack: Ints
    minimum: Ints

    @property
    def lead_time_days(self) -> Ints:
        """Return the stated lead time of the first source, days."""
        return np.asarray(LEAD_TIMES_DAYS)[self.supplier]

    @property
    def num_items(self) -> int:
        """Return the number of items."""
        return len(self.item_id)


def _names(family: Ints) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return identifiers and descriptions; the number counts within the family."""
    counts = [0] * len(FAMILIES)
    ids: list[str] = []
    descriptions: list[str] = []
    for index in family.tolist():
        own = FAMILIES[index]
        series, size = divmod(counts[index], len(own.sizes))
        counts[index] += 1
        ids.append(f"{own.prefix}-{counts[index]:04d}")
        descriptions.append(f"{own.noun} {own.sizes[size]}, series {series + 1}")
    return tuple(ids), tuple(descriptions)


def _money(family: Ints, rng: Generator) -> tuple[Floats, Floats]:
    """Return unit costs and prices in whole cents."""
    median = np.array([own.median_cost for own in FAMILIES])[family]
    markup = np.array([own.markup for own in FAMILIES])[family]
    cost = np.maximum(np.round(median * rng.lognormal(0.0, 0.55, len(family)), 2), 0.1)
    price = np.round(cost * markup * rng.uniform(0.9, 1.1, len(family)), 2)
    return cost, np.maximum(price, np.round(cost * 1.15, 2))


def _abc(revenue: Floats) -> tuple[str, ...]:
    """Return A for the items that make the first 80 % of revenue, B to 95 %, C for the rest."""
    order = np.argsort(-revenue, kind="stable")
    before = np.empty(len(revenue))
    before[order] = np.cumsum(revenue[order]) - revenue[order]
    share = before / revenue.sum()
    return tuple("A" if part < 0.8 else "B" if part < 0.95 else "C" for part in share)


def _patterns(rate: Floats, rng: Generator) -> tuple[Floats, Floats]:
    """Return dispersion and interval: smooth, erratic, intermittent and lumpy items."""
    kind = rng.uniform(size=len(rate))
    slow = rate < 1.5
    dispersion = np.where(kind < 0.65, rng.uniform(0.02, 0.15, len(rate)), rng.uniform(0.3, 0.9, len(rate)))
    interval = np.ones(len(rate))
    intermittent = slow & (kind < 0.55)
    lumpy = kind > 0.9
    interval[intermittent] = np.clip(1.0 / rate[intermittent], 2.0, 15.0)
    interval[lumpy] = rng.uniform(6.0, 15.0, int(lumpy.sum()))
    dispersion[lumpy] = rng.uniform(0.6, 1.2, int(lumpy.sum()))
    return dispersion, interval


def _life(rate: Floats, days: int, rng: Generator) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Return first and last day of sale and the stage: some items are new, some are phased out."""
    num_items = len(rate)
    draw = rng.permutation(num_items)
    num_each = round(0.04 * num_items)
    new, leaving, added = draw[:num_each], draw[num_each : 2 * num_each], draw[2 * num_each : 4 * num_each]
    intro = np.full(num_items, -ALWAYS)
    end = np.full(num_items, ALWAYS)
    stage = np.full(num_items, "active", dtype="<U9")
    intro[new] = days - rng.integers(20, min(75, days - 7), num_each)
    stage[new] = "new"
    intro[added] = rng.integers(7, days // 2, len(added))
    end[leaving] = days + rng.integers(20, 120, num_each)
    stage[leaving] = "phase_out"
    return intro, end, tuple(stage.tolist())


def _sources(family: Ints, rng: Generator) -> tuple[Ints, Ints]:
    """Return first and second source: each family buys from two suppliers, one item in twelve from both."""
    num_suppliers = len(SUPPLIER_NAMES)
    first = (family + 9 * (rng.uniform(size=len(family)) < 0.35)) % num_suppliers
    second = (first + 11) % num_suppliers
    has_second = rng.uniform(size=len(family)) < 1 / 12
    return first, np.where(has_second, second, -1)


def _packs(rate: Floats, rng: Generator) -> tuple[Ints, Ints]:
    """Return packs of at most ten days and minima of at most 45 days of a small place's demand."""
    small_place = 0.2 * rate
    num_fitting = np.searchsorted(PACK_SIZES, 10.0 * small_place, side="right")
    chosen = np.floor(rng.uniform(size=len(rate)) ** 0.7 * num_fitting).astype(np.int64)
    pack = PACK_SIZES[chosen]
    packs = np.minimum(rng.integers(1, 6, len(rate)), np.floor(45.0 * small_place / pack))
    has_minimum = (rng.uniform(size=len(rate)) < 0.6) & (packs >= 1)
    return pack, np.where(has_minimum, packs * pack, 0).astype(np.int64)


def build_catalog(num_items: int, days: int, rng: Generator) -> Catalog:
    """Draw the item master.

    Parameters
    ----------
    num_items : int
        Number of items.
    days : int
        Length of the history in days; days of sale count from its start.
    rng : Generator
        Source of chance.
    """
    family = np.sort(rng.integers(0, len(FAMILIES), num_items))
    item_id, description = _names(family)
    unit_cost, unit_price = _money(family, rng)
    revenue = rng.lognormal(np.log(15.0), REVENUE_SPREAD, num_items)
    rate = np.clip(revenue / unit_price, 0.02, 150.0)
    dispersion, interval_days = _patterns(rate, rng)
    intro_day, end_day, lifecycle = _life(rate, days, rng)
    supplier, second_supplier = _sources(family, rng)
    pack, minimum = _packs(rate, rng)
    return Catalog(
        item_id=item_id,
        description=description,
        category=tuple(FAMILIES[index].category for index in family.tolist()),
        lifecycle=lifecycle,
        abc=_abc(rate * unit_price),
        family=family,
        unit_cost=unit_cost,
        unit_price=unit_price,
        rate=rate,
        dispersion=dispersion,
        interval_days=interval_days,
        growth=np.clip(rng.normal(0.03, 0.1, num_items), -0.3, 0.3),
        intro_day=intro_day,
        end_day=end_day,
        supplier=supplier,
        second_supplier=second_supplier,
        pack=pack,
        minimum=minimum,
    )
