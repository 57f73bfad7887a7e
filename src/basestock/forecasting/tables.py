"""From simulated demand to means and quantile tables."""

import numpy as np

LEVELS = np.array(
    [
        *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
        *(0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.975, 0.98, 0.985, 0.99),
        *(0.995, 0.9975, 0.999),
    ]
)
"""Levels of every quantile table."""


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
