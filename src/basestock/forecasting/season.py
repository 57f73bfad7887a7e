"""Seasonal indices from ratios of sums, shrunk toward 1 by how far the season stands out of the noise."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.setting import Setting

DAYS_IN_WEEK = 7
WEEKS_IN_YEAR = 52
SMALLEST_DIVISOR = 0.2
"""Deseasonalizing a single bucket never divides by less than this factor."""

_SMALLEST_INDEX = 0.05
_SMALLEST_BASE = 1e-9


class Profiles(NamedTuple):
    """Seasonal factors of the past and of the horizon; profile 0 is "no season"."""

    past: Float[Array, "profile time"]
    future: Float[Array, "profile step"]


def seasonal_profiles(
    values: Float[Array, " time"], observed: Float[Array, " time"], setting: Setting
) -> Profiles:
    """Return the seasonal options of one series: none, the season, and for days also the week of the year.

    Parameters
    ----------
    values, observed
        Demand in units (0 where unknown) and 1 where it is known; the last entry is the newest.
    setting
        Length of the season and number of steps.

    Returns
    -------
    Profiles
        One row per option; every factor is at least 0.05.
    """
    num_periods, length, num_steps = values.shape[0], setting.season_length, setting.num_steps
    past, future = [jnp.ones(num_periods)], [jnp.ones(num_steps)]
    if 1 < length < num_periods:
        of_past, of_phase = season_index(values, observed, length)
        past.append(of_past)
        future.append(_repeat(of_phase, num_steps))
    if length == DAYS_IN_WEEK and num_periods >= 2 * DAYS_IN_WEEK * WEEKS_IN_YEAR:
        of_past, of_week = _week_of_year_index(values / past[-1], observed)
        past.append(past[-1] * of_past)
        future.append(future[-1] * _repeat(jnp.repeat(of_week, DAYS_IN_WEEK), num_steps))
    return Profiles(jnp.stack(past), jnp.stack(future))


def season_index(
    values: Float[Array, " time"], observed: Float[Array, " time"], length: int
) -> tuple[Float[Array, " time"], Float[Array, " phase"]]:
    """Estimate the seasonal index of every past period and of the phases to come.

    Returns
    -------
    tuple
        ``float[time]``, for each period the index estimated *without its own cycle*, so that deseasonalized
        history shows honest errors; ``float[phase]``, the index from all cycles, phase 0 being the next period.

    Notes
    -----
    index_j = (sum over cycles of demand in phase j) / (sum over the same periods of their cycle's level), made
    to average 1; then index := 1 + w (index - 1) with w = max(0, 1 - noise / variance of the index), the
    empirical-Bayes weight, where the noise comes from the variation of a phase between cycles.
    """
    missing = -values.shape[0] % length
    demand = jnp.pad(values, (missing, 0)).reshape(-1, length)
    known = jnp.pad(observed, (missing, 0)).reshape(-1, length)
    index = jnp.ones(length)
    base = known
    for _ in range(2):
        base = known * _cycle_levels(demand, known, index)[:, None]
        index = jnp.where(base.sum(0) > 0, _ratio(demand.sum(0), base.sum(0)), 1.0)
        index = jnp.where(base.sum() > 0, _ratio(index, index.mean()), 1.0)
    trust = _trust(demand, known, base, index)
    others = base.sum(0) - base
    without_own = jnp.where(others > 0, _ratio(demand.sum(0) - demand, others), 1.0)
    past = jnp.maximum(1.0 + trust * (without_own - 1.0), _SMALLEST_INDEX)
    return past.reshape(-1)[missing:], jnp.maximum(1.0 + trust * (index - 1.0), _SMALLEST_INDEX)


def _cycle_levels(demand: Array, known: Array, index: Array) -> Array:
    """Return the level of each cycle; a cycle known by less than half takes the level of all."""
    weights = known * index
    overall = _ratio(demand.sum(), weights.sum())
    return jnp.where(known.sum(1) >= 0.5 * index.shape[0], _ratio(demand.sum(1), weights.sum(1)), overall)


def _trust(demand: Array, known: Array, base: Array, index: Array) -> Array:
    """Return the weight w of the index in [0, 1]; 0 without a second cycle to measure the noise."""
    residual = known * (demand - base * index)
    present = known.sum(0) > 0
    freedom = known.sum() - present.sum() - (known.sum(1) > 0).sum() + 1
    noise = _ratio((residual**2).sum(), freedom)
    usable = present & (base.sum(0) > 0)
    sampling = jnp.where(usable, noise * known.sum(0) / jnp.maximum(base.sum(0), _SMALLEST_BASE) ** 2, 0.0)
    variance = jnp.where(usable, (index - 1.0) ** 2, 0.0).sum() / jnp.maximum(usable.sum() - 1, 1)
    share = 1.0 - _ratio(sampling.sum() / jnp.maximum(usable.sum(), 1), variance)
    return jnp.where((freedom > 0) & (variance > 0), jnp.clip(share, 0.0, 1.0), 0.0)


def _week_of_year_index(values: Array, observed: Array) -> tuple[Array, Array]:
    """Return the index of 52 weeks, from weekly sums, spread over the days of the past; and by week ahead."""
    missing = -values.shape[0] % DAYS_IN_WEEK
    known = jnp.pad(observed, (missing, 0)).reshape(-1, DAYS_IN_WEEK).sum(1)
    sums = jnp.pad(values * observed, (missing, 0)).reshape(-1, DAYS_IN_WEEK).sum(1)
    weekly = jnp.where(known > 0, DAYS_IN_WEEK * _ratio(sums, known), 0.0)
    past, future = season_index(weekly, (known > 0).astype(values.dtype), WEEKS_IN_YEAR)
    return jnp.repeat(past, DAYS_IN_WEEK)[missing:], future


def _ratio(top: Array, bottom: Array) -> Array:
    return top / jnp.maximum(bottom, _SMALLEST_BASE)


def _repeat(index: Array, num_steps: int) -> Array:
    return jnp.tile(index, -(-num_steps // index.shape[0]))[:num_steps]
