"""Running sums of history, and what came in the protection interval after each past period."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

_NUM_START = 3.0


class Running(NamedTuple):
    """Sums up to and including each period.

    Parameters
    ----------
    demand
        Demand.
    known
        Periods whose demand is known.
    demands
        Known periods with demand.
    weight
        Seasonal factors of known periods, per seasonal profile.
    """

    demand: Float[np.ndarray, "time series"]
    known: Float[np.ndarray, "time series"]
    demands: Float[np.ndarray, "time series"]
    weight: Float[np.ndarray, "time profile series"]


class Ahead(NamedTuple):
    """Sums over the protection interval after each period, as far as it ended before now.

    Parameters
    ----------
    demand
        Demand.
    weight
        Seasonal factors of its known periods, per seasonal profile.
    counted
        1 where the interval ended before now and three periods were known at its start.
    """

    demand: Float[np.ndarray, "time series"]
    weight: Float[np.ndarray, "time profile series"]
    counted: Float[np.ndarray, "time series"]


def sums_ahead(
    rows: Float[np.ndarray, "time row series"],
    known: Float[np.ndarray, "time series"],
    protection: Int[np.ndarray, " series"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the leaves of :class:`Ahead`.

    Parameters
    ----------
    rows
        Running sums of demand and of every profile's seasonal factors.
    known
        Running number of known periods.
    protection
        Periods of the protection interval.
    """
    num_periods, num_rows, num_series = rows.shape
    end = np.arange(num_periods)[:, None] + protection
    last = np.minimum(end, num_periods - 1)[:, None] * num_rows + np.arange(num_rows)[:, None]
    after = np.take(rows, last * num_series + np.arange(num_series)) - rows
    counted = (end < num_periods) & (known >= _NUM_START)
    return after[:, 0], after[:, 1:], counted.astype(rows.dtype)
