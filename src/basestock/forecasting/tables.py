"""From simulated demand to means and quantile tables."""

from typing import NamedTuple

import numpy as np

from basestock.forecasting.batches import SIMULATED_ROWS, batches, each_batch, pad_rows, take_rows
from basestock.forecasting.dice import stratified_dice
from basestock.forecasting.law import Law
from basestock.forecasting.programs import simulated_demand, simulated_moments

NUM_TABLE_PATHS = 1024
"""Stratified paths behind the tables."""

NUM_SCENARIOS = 256
"""Paths of equal probability that are kept, each as demand before and after the arrival of an order."""

LEVELS = np.array(
    [
        *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
        *(0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99),
        *(0.995, 0.9975, 0.999),
    ]
)
"""Levels of every quantile table."""


class Tables(NamedTuple):
    """Means of buckets, and the law of the sum over the protection interval, see ``DemandForecast``."""

    mean: np.ndarray
    protection_mean: np.ndarray
    protection_quantiles: np.ndarray
    before_arrival: np.ndarray
    after_arrival: np.ndarray


def tabulate(laws: Law, protection: np.ndarray, lead: np.ndarray, horizon: int, seed: int) -> Tables:
    """Tabulate laws with NumPy leaves ``[series, ...]``; ``protection`` and ``lead`` are ``int[series]`` periods."""
    num_steps = laws.dynamics.base.shape[1]
    dice = stratified_dice(NUM_TABLE_PATHS, num_steps, seed)
    steps = np.arange(num_steps)
    ends = np.stack([protection, np.minimum(lead, protection)], axis=1)
    within = (steps < ends[..., None]).astype(np.float32)

    def tables(rows: slice) -> Tables:
        law, weights = pad_rows((take_rows(laws, rows), within[rows]), SIMULATED_ROWS)
        num_series = rows.stop - rows.start
        mean, sums = (np.asarray(value)[:num_series] for value in simulated_moments(law, dice, weights))
        total, before = sums[:, 0], sums[:, 1]
        table = quantile_table(total, laws.dynamics.whole[rows])
        return Tables(mean[:, :horizon], total.mean(axis=-1), table, *_scenarios(total, before))

    parts = each_batch(tables, len(protection), SIMULATED_ROWS)
    return Tables(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _scenarios(total: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep every fourth path in the order of its sum, split in what comes before the arrival and after."""
    step = NUM_TABLE_PATHS // NUM_SCENARIOS
    kept = np.argsort(total, axis=-1, kind="stable")[:, step // 2 :: step]
    both, first = np.take_along_axis(total, kept, axis=-1), np.take_along_axis(before, kept, axis=-1)
    return first, both - first


def bucket_quantiles(laws: Law, horizon: int, seed: int) -> np.ndarray:
    """Return ``float32[series, horizon, level]``, the quantiles of every bucket by the paths of :func:`tabulate`."""
    num_series, num_steps = laws.dynamics.base.shape
    dice = stratified_dice(NUM_TABLE_PATHS, num_steps, seed)
    table = np.empty((num_series, horizon, len(LEVELS)), dtype=np.float32)
    for rows in batches(num_series, SIMULATED_ROWS):
        demand = np.asarray(simulated_demand(pad_rows(take_rows(laws, rows), SIMULATED_ROWS), dice))
        table[rows] = quantile_table(demand[: rows.stop - rows.start, :horizon], laws.dynamics.whole[rows])
    return table


def quantile_table(sample: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return the quantiles of a sample at :data:`LEVELS`.

    Parameters
    ----------
    sample
        ``float32[series, ..., path]`` in units.
    whole
        ``bool[series]``, whether demand comes in whole units.

    Returns
    -------
    numpy.ndarray
        ``float32[series, ..., level]``, non-decreasing along levels: for whole units the inverse distribution
        function, which is a whole number; else linear between the ordered values, the i-th of n at (i - 1/2) / n.
    """
    ordered = np.sort(sample, axis=-1)
    size = ordered.shape[-1]
    exact = np.clip(np.ceil(LEVELS * size - 1e-9).astype(np.int64) - 1, 0, size - 1)
    position = np.clip(LEVELS * size - 0.5, 0.0, size - 1.0)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, size - 1)
    share = (position - low).astype(np.float32)
    between = ordered[..., low] + share * (ordered[..., high] - ordered[..., low])
    shape = (-1,) + (1,) * (sample.ndim - 1)
    return np.maximum.accumulate(np.where(whole.reshape(shape), ordered[..., exact], between), axis=-1)
