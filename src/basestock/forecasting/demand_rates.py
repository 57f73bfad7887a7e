"""Sizes, intervals and probabilities of demand that often stays away: what Croston, SBA and TSB share."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.forecasting.ahead import Ahead

RATE_GAINS = (0.1, 0.02, 0.05, 0.2, 0.3)
"""Smoothing constants that are tried; the first one is the choice when nothing can be compared."""

NUM_SIZE_GAINS = 2
"""How many of ``RATE_GAINS`` TSB tries for the size, each with all gains for the probability."""

_SMALLEST_DIVISOR = 1e-9
_LONGEST_INTERVAL = 1e9

_Losses = tuple[Array, Array, Array]


class DemandRates(NamedTuple):
    """Where smoothing stands at the end of history, one lane per gain of ``RATE_GAINS``.

    Parameters
    ----------
    interval
        Mean number of periods from one demand to the next.
    probability
        Share of periods with a demand.
    croston_loss, sba_loss
        Squared errors of the sum over the protection interval, over all intervals that ended before now.
    tsb_loss
        The same per gain of the size and gain of the probability.
    """

    interval: Float[np.ndarray, "gain series"]
    probability: Float[np.ndarray, "gain series"]
    croston_loss: Float[np.ndarray, "gain series"]
    sba_loss: Float[np.ndarray, "gain series"]
    tsb_loss: Float[np.ndarray, "size_gain gain series"]


class _State(NamedTuple):
    """Periods since the last demand, and exponentially weighted sums with their weights."""

    since: Array
    size: Array
    interval: Array
    num_demands: Array
    probability: Array
    num_periods: Array


@jax.jit
def smoothed_rates(
    values: Float[Array, "time series"], observed: Float[Array, "time series"], ahead: Ahead
) -> tuple[Array, ...]:
    """Smooth sizes and intervals at each demand, the probability at each known period: fields of ``DemandRates``.

    Notes
    -----
    All three are exponentially weighted means with normalized start-up weights; periods that are not known neither
    lengthen an interval nor count as a period without demand.
    """
    gains = jnp.asarray(RATE_GAINS)[:, None]

    def step(
        carry: tuple[_State, _Losses], now: tuple[Array, Array, Ahead]
    ) -> tuple[tuple[_State, _Losses], None]:
        value, known, coming = now
        state = _after(carry[0], 1.0 - gains, value, known)
        size, interval, probability = _means(state)
        rate = size / jnp.maximum(interval, 1.0)
        croston, sba, tsb = carry[1]
        losses = (
            croston + _squared_error(rate, coming),
            sba + _squared_error(rate * (1.0 - gains / 2.0), coming),
            tsb + _squared_error(size[:NUM_SIZE_GAINS, None] * probability, coming),
        )
        return (state, losses), None

    zero = jnp.zeros((len(RATE_GAINS), values.shape[1]))
    start = _State(zero[0], zero, zero, zero, zero, zero)
    losses = (zero, zero, jnp.zeros((NUM_SIZE_GAINS, *zero.shape)))
    (state, losses), _ = jax.lax.scan(step, (start, losses), (values, observed, ahead))
    _, interval, probability = _means(state)
    return interval, probability, *losses


def _after(state: _State, keep: Array, value: Array, known: Array) -> _State:
    demand = known * (value > 0)
    since = state.since + known
    at_demand, at_period = jnp.where(demand > 0, keep, 1.0), jnp.where(known > 0, keep, 1.0)
    return _State(
        since=since * (1.0 - demand),
        size=at_demand * state.size + demand * value,
        interval=at_demand * state.interval + demand * since,
        num_demands=at_demand * state.num_demands + demand,
        probability=at_period * state.probability + demand,
        num_periods=at_period * state.num_periods + known,
    )


def _means(state: _State) -> tuple[Array, Array, Array]:
    """Return mean size, mean interval and probability."""
    demands = jnp.maximum(state.num_demands, _SMALLEST_DIVISOR)
    interval = jnp.where(state.num_demands > 0, state.interval / demands, _LONGEST_INTERVAL)
    return (
        state.size / demands,
        interval,
        state.probability / jnp.maximum(state.num_periods, _SMALLEST_DIVISOR),
    )


def _squared_error(level: Array, coming: Ahead) -> Array:
    return coming.counted * (coming.demand - level * coming.weight[0]) ** 2
