"""Seasonal indices from ratios of sums, shrunk toward 1 by how far the season stands out of the noise."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from basestock.forecasting.setting import Setting

DAYS_IN_WEEK = 7
WEEKS_IN_YEAR = 52
SMALLEST_DIVISOR = 0.2
"""Deseasonalizing a single bucket never divides by less than this factor."""

_SMALLEST_INDEX = 0.05
_SMALLEST_BASE = 1e-9


class Profiles(NamedTuple):
    """Seasonal factors of the past and of the horizon; profile 0 is "no season"."""

    past: Float[np.ndarray, "time profile series"]
    future: Float[np.ndarray, "step profile series"]


def seasonal_profiles(
    values: Float[np.ndarray, "time series"], observed: Float[np.ndarray, "time series"], setting: Setting
) -> tuple[np.ndarray, np.ndarray]:
    """Return the seasonal options: none, the season, and for days also the week of the year.

    Parameters
    ----------
    values, observed
        Demand in units (0 where unknown) and 1 where it is known; the last period is the newest.
    setting
        Length of the season and number of steps.

    Returns
    -------
    tuple
        The leaves of :class:`Profiles`, one profile per option; every factor is at least 0.05.
    """
    num_periods, length, num_steps = values.shape[0], setting.season_length, setting.num_steps
    past, future = [np.ones_like(values)], [np.ones((num_steps, values.shape[1]), values.dtype)]
    if 1 < length < num_periods:
        of_past, of_phase = season_index(values, observed, length)
        past.append(of_past)
        future.append(_repeat(of_phase, num_steps))
    if length == DAYS_IN_WEEK and num_periods >= 2 * DAYS_IN_WEEK * WEEKS_IN_YEAR:
        of_past, of_week = _week_of_year_index(values / past[-1], observed)
        past.append(past[-1] * of_past)
        future.append(future[-1] * _repeat(np.repeat(of_week, DAYS_IN_WEEK, axis=0), num_steps))
    return np.stack(past, axis=1).astype(np.float32), np.stack(future, axis=1).astype(np.float32)


def season_index(
    values: Float[np.ndarray, "time series"], observed: Float[np.ndarray, "time series"], length: int
) -> tuple[Float[np.ndarray, "time series"], Float[np.ndarray, "phase series"]]:
    """Estimate the seasonal index of every past period and of the phases to come.

    Returns
    -------
    tuple
        ``float[time, series]``, for each period the index estimated *without its own cycle*, so that deseasonalized
        history shows honest errors; ``float[phase, series]``, the index from all cycles, phase 0 being the next
        period.

    Notes
    -----
    index_j = (sum over cycles of demand in phase j) / (sum over the same periods of their cycle's level), made
    to average 1; then index := 1 + w (index - 1) with w = max(0, 1 - noise / variance of the index), the
    empirical-Bayes weight, where the noise comes from the variation of a phase between cycles.
    """
    demand, known = _by_cycle(values, length), _by_cycle(observed, length)
    demand_of_phase, index = demand.sum(0), np.ones((length, values.shape[1]), values.dtype)
    base, base_of_phase = known, index
    for _ in range(2):
        base = known * _cycle_levels(demand, known, index)[:, None]
        base_of_phase = base.sum(0)
        index = np.where(base_of_phase > 0, _ratio(demand_of_phase, base_of_phase), 1.0)
        index /= index.mean(0)
    trust = _trust(demand, known, base, index)
    others = base_of_phase - base
    without_own = np.where(others > 0, _ratio(demand_of_phase - demand, others), 1.0)
    past = np.maximum(1.0 + trust * (without_own - 1.0), _SMALLEST_INDEX)
    return past.reshape(-1, values.shape[1])[-len(values) :], np.maximum(
        1.0 + trust * (index - 1.0), _SMALLEST_INDEX
    )


def _cycle_levels(demand: np.ndarray, known: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the level of each cycle; a cycle known by less than half takes the level of all."""
    of_cycle, weight = demand.sum(1), (known * index).sum(1)
    overall = _ratio(of_cycle.sum(0), weight.sum(0))
    return np.where(known.sum(1) >= 0.5 * index.shape[0], _ratio(of_cycle, weight), overall)


def _trust(demand: np.ndarray, known: np.ndarray, base: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the weight w of the index in [0, 1]; 0 without a second cycle to measure the noise."""
    residual = known * (demand - base * index)
    count, base_of_phase = known.sum(0), base.sum(0)
    usable = base_of_phase > 0
    num_usable = usable.sum(0)
    freedom = count.sum(0) - (count > 0).sum(0) - (known.sum(1) > 0).sum(0) + 1
    noise = _ratio((residual**2).sum((0, 1)), freedom)
    sampling = np.where(usable, noise * count / np.maximum(base_of_phase, _SMALLEST_BASE) ** 2, 0.0).sum(0)
    variance = np.where(usable, (index - 1.0) ** 2, 0.0).sum(0) / np.maximum(num_usable - 1, 1)
    share = 1.0 - sampling / np.maximum(num_usable, 1) / np.where(variance > 0, variance, 1.0)
    return np.where((freedom > 0) & (variance > 0), np.clip(share, 0.0, 1.0), 0.0)


def _week_of_year_index(values: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of 52 weeks, from weekly sums, spread over the days of the past; and by week ahead."""
    known = _by_cycle(observed, DAYS_IN_WEEK).sum(1)
    sums = _by_cycle(values * observed, DAYS_IN_WEEK).sum(1)
    weekly = np.where(known > 0, DAYS_IN_WEEK * _ratio(sums, known), 0.0)
    past, future = season_index(weekly, (known > 0).astype(values.dtype), WEEKS_IN_YEAR)
    return np.repeat(past, DAYS_IN_WEEK, axis=0)[-values.shape[0] :], future


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    return top / np.maximum(bottom, _SMALLEST_BASE)


def _repeat(index: Float[np.ndarray, "phase series"], num_steps: int) -> Float[np.ndarray, "step series"]:
    return np.tile(index, (-(-num_steps // index.shape[0]), 1))[:num_steps]


def _by_cycle(
    values: Float[np.ndarray, "time series"], length: int
) -> Float[np.ndarray, "cycle phase series"]:
    """Cut time into cycles that end with the newest period; what is missing of the first one is 0."""
    missing = -len(values) % length
    return np.pad(values, ((missing, 0), (0, 0))).reshape(-1, length, values.shape[1])
