"""Sizes, intervals and probabilities of demand that often stays away: what Croston, SBA and TSB share."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

RATE_GAINS = (0.1, 0.02, 0.05, 0.2, 0.3)
"""Smoothing constants that are tried; the first one is the choice when nothing can be compared."""

_SMALLEST_DIVISOR = 1e-9
_LONGEST_INTERVAL = 1e9


class DemandRates(NamedTuple):
    """Smoothed size of a demand, interval between demands and probability of a demand, after each period."""

    size: Float[Array, "lane time"]
    interval: Float[Array, "lane time"]
    probability: Float[Array, "lane time"]


class _State(NamedTuple):
    since: Array
    size: Array
    interval: Array
    num_demands: Array
    probability: Array
    num_periods: Array


def smoothed_rates(values: Float[Array, " time"], observed: Float[Array, " time"]) -> DemandRates:
    """Smooth sizes and intervals at each demand, and the probability at each known period, one lane per gain.

    Notes
    -----
    All three are exponentially weighted means with normalized start-up weights; periods that are not known neither
    lengthen an interval nor count as a period without demand.
    """
    keep = 1.0 - jnp.asarray(RATE_GAINS)

    def step(state: _State, inputs: tuple[Array, Array]) -> tuple[_State, DemandRates]:
        value, known = inputs
        demand = known * (value > 0)
        since = state.since + known
        at_demand, at_period = jnp.where(demand > 0, keep, 1.0), jnp.where(known > 0, keep, 1.0)
        state = _State(
            since=since * (1.0 - demand),
            size=at_demand * state.size + demand * value,
            interval=at_demand * state.interval + demand * since,
            num_demands=at_demand * state.num_demands + demand,
            probability=at_period * state.probability + demand,
            num_periods=at_period * state.num_periods + known,
        )
        return state, _rates(state)

    zero = jnp.zeros_like(keep)
    start = _State(jnp.float32(0.0), zero, zero, zero, zero, zero)
    _, rates = jax.lax.scan(step, start, (values, observed))
    return DemandRates(*(rate.T for rate in rates))


def _rates(state: _State) -> DemandRates:
    demands = jnp.maximum(state.num_demands, _SMALLEST_DIVISOR)
    interval = jnp.where(state.num_demands > 0, state.interval / demands, _LONGEST_INTERVAL)
    periods = jnp.maximum(state.num_periods, _SMALLEST_DIVISOR)
    return DemandRates(state.size / demands, interval, state.probability / periods)
