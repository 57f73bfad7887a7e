"""What parameters are compared on: demand over the protection interval after each past period."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Int

_NUM_START = 3.0


class Ahead(NamedTuple):
    """What came in the protection interval after each period, as far as it ended before now.

    Parameters
    ----------
    demand
        Sum of demand.
    weight
        Sum of the seasonal factors of its known periods, per seasonal profile.
    counted
        1 where the interval ended before now and three periods were known at its start.
    """

    demand: Float[Array, "time series"]
    weight: Float[Array, "time profile series"]
    counted: Float[Array, "time series"]


def sums_ahead(
    running: Float[np.ndarray, "time row series"], protection: Int[np.ndarray, " series"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the leaves of :class:`Ahead` from running sums.

    Parameters
    ----------
    running
        Sums up to and including each period of demand, of known periods, and of every profile's seasonal factors.
    protection
        Periods of the protection interval.
    """
    num_periods = len(running)
    end = np.arange(num_periods)[:, None] + protection
    after = np.take_along_axis(running, np.minimum(end, num_periods - 1)[:, None], axis=0) - running
    counted = (end < num_periods) & (running[:, 1] >= _NUM_START)
    return after[:, 0], after[:, 2:], counted.astype(np.float32)
