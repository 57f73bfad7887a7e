"""The last season again: the reference that every other model has to beat."""

import numpy as np
from jaxtyping import Float

from basestock.forecasting.training import Draft, View, by_cycle


def seasonal_naive(view: View) -> Draft:
    """Repeat the last known value of each phase, with the past differences between seasons as errors.

    Notes
    -----
    demand_(T+h) = demand_(T+h-m k) + sqrt(k) e, k = ceil(h/m), with e drawn from demand_t - demand_(t-m). Where
    nothing is known a season before, the mean stands in; history shorter than m + 2 gives its deviations from the mean.
    """
    length = min(view.setting.season_length, view.num_periods)
    mean = view.values.sum(0) / np.maximum(view.num_observed, 1.0)
    before, known_before = (_delayed(series, length) for series in (view.values, view.observed))
    enough = view.num_observed >= length + 2
    errors = view.values - np.where(enough & (known_before > 0), before, mean)
    step = np.arange(view.setting.num_steps)
    dynamics = {
        "season_shift": _last_known(view, length, mean)[step % length],
        "spread": np.sqrt(1.0 + step // length)[:, None] + view.zeros,
    }
    count = np.where(enough, view.num_observed - length, view.num_observed)
    return Draft(errors, False, count, view.zeros, view.zeros, dynamics)


def _delayed(series: Float[np.ndarray, "time series"], length: int) -> Float[np.ndarray, "time series"]:
    return np.pad(series, ((length, 0), (0, 0)))[: series.shape[0]]


def _last_known(
    view: View, length: int, mean: Float[np.ndarray, " series"]
) -> Float[np.ndarray, "phase series"]:
    """Return the newest known value of each phase, phase 0 being the next period."""
    values, known = by_cycle(view.values, length), by_cycle(view.observed, length)
    cycle = np.arange(1, values.shape[0] + 1)[:, None, None]
    newest = (known * cycle).max(0)
    last = np.where((cycle == newest) & (known > 0), values, 0.0).sum(0)
    return np.where(newest > 0, last, mean)
