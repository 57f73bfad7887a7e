"""From recorded history to demand a model may learn from: censoring undone, outliers weighted down."""

from typing import NamedTuple

import numpy as np

MAX_DEVIATIONS = 8.0
"""Median absolute deviations from the median beyond which a value loses weight (DEM-006)."""

CENSORING_CAP = 0.95
"""Quantile of a series' own uncensored values above which the censoring correction does not raise a value."""

_SMALLEST_DEVIATION = 0.5


class Cleaned(NamedTuple):
    """Demand ready for the models.

    Parameters
    ----------
    values
        ``float32[series, time]``, demand in units; 0 where it is not known.
    observed
        ``float32[series, time]``, 1 where it is known.
    whole
        ``bool[series]``, whether all recorded demand comes in whole units.
    """

    values: np.ndarray
    observed: np.ndarray
    whole: np.ndarray


def clean(history: np.ndarray, in_stock: np.ndarray) -> Cleaned:
    """Undo censoring and weight outliers down, from the given periods alone.

    Parameters
    ----------
    history
        ``float[series, time]`` recorded demand; NaN where unknown or closed.
    in_stock
        ``float[series, time]`` share of the bucket in stock; NaN is taken as always in stock.

    Returns
    -------
    Cleaned
        A bucket never in stock is unknown, not 0; a bucket partly in stock is at least what was recorded.

    Examples
    --------
    >>> clean(np.array([[4.0, 6.0, 5.0, 2.0, 0.0]]), np.array([[1.0, 1.0, 1.0, 0.5, 0.0]])).values.tolist()
    [[4.0, 6.0, 5.0, 4.0, 0.0]]
    """
    known = np.isfinite(history)
    whole = np.all(~known | (history == np.floor(history)), axis=1)
    demand = _soften_outliers(_uncensor(history, in_stock))
    demand = np.where(whole[:, None], np.rint(demand), demand)
    observed = np.isfinite(demand)
    return Cleaned(
        np.where(observed, demand, 0.0).astype(np.float32),
        observed.astype(np.float32),
        whole & known.any(axis=1),
    )


def is_censored(in_stock: np.ndarray) -> np.ndarray:
    """Return where the recorded value is only a lower bound of demand."""
    return in_stock < 1.0


def _uncensor(history: np.ndarray, in_stock: np.ndarray) -> np.ndarray:
    """Divide by the share of the bucket in stock, but not beyond the series' own upper uncensored values."""
    censored = is_censored(in_stock)
    if not censored.any():
        return history
    cap = row_quantile(np.where(censored, np.nan, history), CENSORING_CAP)
    cap = np.where(np.isnan(cap), row_quantile(history, 1.0), cap)[:, None]
    share = np.where(censored & (in_stock > 0), in_stock, 1.0)
    raised = np.minimum(history / share, np.maximum(history, cap))
    return np.where(censored, np.where(in_stock > 0, raised, np.nan), history)


def _soften_outliers(demand: np.ndarray) -> np.ndarray:
    """Replace a deviation of x > 1 thresholds from the median of positive demand by 1 + ln x thresholds."""
    positive = np.where(demand > 0, demand, np.nan)
    median = row_quantile(positive, 0.5)[:, None]
    deviation = row_quantile(np.abs(positive - median), 0.5)[:, None]
    threshold = MAX_DEVIATIONS * np.maximum(deviation, _SMALLEST_DEVIATION * median)
    excess = np.where(demand > median + threshold, (demand - median) / threshold, 1.0)
    return np.where(excess > 1.0, median + threshold * (1.0 + np.log(excess)), demand)


def row_quantile(values: np.ndarray, level: float) -> np.ndarray:
    """Return the quantile of the known values of each row, NaN for a row without any.

    Examples
    --------
    >>> row_quantile(np.array([[3.0, np.nan, 1.0, 2.0], [np.nan] * 4]), 0.5).tolist()
    [2.0, nan]
    """
    if values.shape[1] == 0:
        return np.full(values.shape[0], np.nan)
    ordered = np.sort(values, axis=1)
    last = np.maximum(np.isfinite(ordered).sum(axis=1) - 1, 0)
    position = level * last
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, last)
    rows = np.arange(values.shape[0])
    return ordered[rows, low] + (position - low) * (ordered[rows, high] - ordered[rows, low])
