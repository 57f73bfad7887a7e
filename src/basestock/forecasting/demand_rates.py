"""Sizes, intervals and probabilities of demand that often stays away: what Croston, SBA and TSB share."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.ahead import Ahead

RATE_GAINS = (0.1, 0.02, 0.05, 0.2, 0.3)
"""Smoothing constants that are tried; the first one is the choice when nothing can be compared."""

SIZE_LANES = (0, 1)
"""Positions in ``RATE_GAINS`` that TSB tries for the size, each with all gains for the probability."""

_SMALLEST_DIVISOR = 1e-9
_LONGEST_INTERVAL = 1e9


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
        The same per gain of the size (``SIZE_LANES``) and gain of the probability.
    """

    interval: Float[Array, " gain"]
    probability: Float[Array, " gain"]
    croston_loss: Float[Array, " gain"]
    sba_loss: Float[Array, " gain"]
    tsb_loss: Float[Array, "size gain"]


class _State(NamedTuple):
    """Periods since the last demand, and exponentially weighted sums with their weights."""

    since: Array
    size: Array
    interval: Array
    num_demands: Array
    probability: Array
    num_periods: Array


def smoothed_rates(
    values: Float[Array, " time"], observed: Float[Array, " time"], ahead: Ahead
) -> DemandRates:
    """Smooth sizes and intervals at each demand, and the probability at each known period.

    Notes
    -----
    All three are exponentially weighted means with normalized start-up weights; periods that are not known neither
    lengthen an interval nor count as a period without demand.
    """
    gains = jnp.asarray(RATE_GAINS)
    keep, deflated = 1.0 - gains, 1.0 - gains / 2.0

    def step(
        carry: tuple[_State, tuple[Array, ...]], now: tuple[Array, ...]
    ) -> tuple[tuple[_State, tuple[Array, ...]], None]:
        state, losses = carry
        value, known, demand, weight, counted = now
        state = _after(state, keep, value, known)
        size, interval, probability = _means(state)
        rate = size / jnp.maximum(interval, 1.0)
        levels = (rate, rate * deflated, size[jnp.asarray(SIZE_LANES), None] * probability)
        losses = tuple(
            loss + counted * (demand - level * weight) ** 2
            for loss, level in zip(losses, levels, strict=True)
        )
        return (state, losses), None

    zero = jnp.zeros(len(RATE_GAINS))
    start = _State(jnp.float32(0.0), zero, zero, zero, zero, zero)
    losses = (zero, zero, jnp.zeros((len(SIZE_LANES), len(RATE_GAINS))))
    inputs = (values, observed, ahead.demand, ahead.weight[0], ahead.counted)
    (state, losses), _ = jax.lax.scan(step, (start, losses), inputs)
    _, interval, probability = _means(state)
    return DemandRates(interval, probability, *losses)


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
