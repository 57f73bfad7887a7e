"""True demand of the sample company, day by day: trend, seasons, promotions, life stages, chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.random import Generator

from basestock.data.demo.catalog import Catalog, Floats, Ints
from basestock.data.demo.families import FAMILIES

WEEK_PROFILE = np.array([1.15, 1.05, 1.0, 1.05, 1.25, 1.2, 0.3])
"""Demand of Monday to Sunday relative to the mean day."""

DISCOUNTS = np.array([0.1, 0.15, 0.2, 0.25, 0.3])
"""Discounts of promotions, share of the list price."""

RAMP_DAYS = 60.0
"""Time in which a new item reaches its level, days."""

FADE_DAYS = 240.0
"""Time in which an item that is phased out loses its demand, days."""


@dataclass(frozen=True, slots=True)
class Places:
    """Item-locations in order of item, then place.

    Parameters
    ----------
    names : tuple of str
        Identifiers of the places.
    item, place : Ints
        Position of the item and of the place of each item-location.
    share : Floats
        Share of the item's demand at this item-location.
    """

    names: tuple[str, ...]
    item: Ints
    place: Ints
    share: Floats


@dataclass(frozen=True, slots=True)
class Demand:
    """True demand and what explains it, ``[day, item_location]``.

    Parameters
    ----------
    first_day : date
        First row.
    expected : Floats
        Mean demand, units per day.
    units : Ints
        Demand, whole units.
    discount : Floats
        Share of the list price taken off.
    """

    first_day: date
    expected: Floats
    units: Ints
    discount: Floats


def _season(catalog: Catalog, first_day: date, num_days: int) -> Floats:
    """Return yearly season times weekly season, ``[day, item]``."""
    calendar = [first_day + timedelta(days=index) for index in range(num_days)]
    day_of_year = np.array([day.timetuple().tm_yday for day in calendar], dtype=np.float64)
    weekday = np.array([day.weekday() for day in calendar])
    amplitude = np.array([own.season for own in FAMILIES])[catalog.family]
    peak = np.array([own.peak for own in FAMILIES])[catalog.family]
    yearly = 1.0 + amplitude * np.cos(2.0 * np.pi * (day_of_year[:, None] - peak) / 365.25)
    profile = WEEK_PROFILE / WEEK_PROFILE.mean()
    return yearly * profile[weekday][:, None]


def _life(catalog: Catalog, day: Ints) -> Floats:
    """Return the level of new and leaving items relative to their plateau, ``[day, item]``."""
    since_intro = day[:, None] - catalog.intro_day
    ramp = np.clip(0.35 + 0.65 * since_intro / RAMP_DAYS, 0.0, 1.0)
    fade = np.clip((catalog.end_day - day[:, None]) / FADE_DAYS, 0.0, 1.0)
    return np.where(since_intro >= 0, ramp, 0.0) * fade


def _wander(num_days: int, num_items: int, rng: Generator) -> Floats:
    """Return a slowly moving level around 1, ``[day, item]``: a weekly autoregression."""
    weeks = num_days // 7 + 1
    shocks = rng.normal(0.0, 0.06, (weeks, num_items))
    level = np.zeros((weeks, num_items))
    for week in range(1, weeks):
        level[week] = 0.9 * level[week - 1] + shocks[week]
    return np.exp(np.repeat(level, 7, axis=0)[:num_days] - 0.5 * 0.06**2 / 0.19)


def _promotions(catalog: Catalog, num_days: int, rng: Generator) -> Floats:
    """Return the discount of each day, ``[day, item]``; A and B items have about three promotions a year."""
    discount = np.zeros((num_days, catalog.num_items))
    promoted = (np.array(catalog.abc) != "C") & (rng.uniform(size=catalog.num_items) < 0.5)
    for item in np.flatnonzero(promoted).tolist():
        for start in np.sort(rng.integers(0, num_days, rng.poisson(3.0 * num_days / 365.0))).tolist():
            discount[start : start + int(rng.choice([7, 14])), item] = rng.choice(DISCOUNTS)
    return discount


def _draw(expected: Floats, dispersion: Floats, interval: Floats, rng: Generator) -> Ints:
    """Return demand: days without demand first, then a gamma-Poisson size with the same mean."""
    happens = rng.uniform(size=expected.shape) < 1.0 / interval
    size = rng.gamma(1.0 / dispersion, dispersion, expected.shape) * expected * interval
    return np.where(happens, rng.poisson(size), 0)


def draw_demand(
    catalog: Catalog, places: Places, first_day: date, day: Ints, days: int, rng: Generator
) -> Demand:
    """Draw the true demand.

    Parameters
    ----------
    catalog : Catalog
        Items.
    places : Places
        Item-locations.
    first_day : date
        Day of the first row.
    day : Ints
        Number of each row, counted from the start of the history; negative before it.
    days : int
        Length of the history in days.
    rng : Generator
        Source of chance.
    """
    trend = 1.0 + catalog.growth * (day[:, None] - 0.5 * days) / 365.0
    discount = _promotions(catalog, len(day), rng)
    level = trend * _season(catalog, first_day, len(day)) * _wander(len(day), catalog.num_items, rng)
    level = level * _life(catalog, day) * (1.0 + 5.0 * discount)
    expected = (catalog.rate * level)[:, places.item] * places.share
    units = _draw(
        expected, catalog.dispersion[places.item], catalog.interval_days[places.item], rng
    )  # fmt: skip
    return Demand(first_day, expected, units, discount[:, places.item])
