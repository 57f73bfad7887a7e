"""Exponentially weighted levels: simple exponential smoothing with normalized start-up weights.

level_t = sum_k (1 - g)^k y_(t-k) / sum_k (1 - g)^k w_(t-k) over known periods (w > 0). With weights of 1 this is simple
exponential smoothing in which no initial level is guessed; with seasonal factors as weights it smooths the
deseasonalized level.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.forecasting.ahead import Ahead

SMOOTHING_GAINS = (0.1, 0.02, 0.05, 0.2, 0.3, 0.5)
"""Smoothing constants [alpha] of simple exponential smoothing; the first is the choice when nothing compares."""

RECENCY_GAINS = (0.01, 0.0, 0.03, 0.06)
"""How strongly the empirical bootstrap prefers recent buckets; the first one is the choice likewise."""

LEVEL_GAINS = SMOOTHING_GAINS + RECENCY_GAINS

_SMALLEST_DIVISOR = 1e-9


class _Sums(NamedTuple):
    """Exponentially weighted sums of values and of weights."""

    value: Array
    weight: Array

    def after(self, keep: Array, value: Array, weight: Array) -> "_Sums":
        """Return the sums after one more period; a period without weight is not known and changes nothing."""
        factor = jnp.where(weight > 0, keep, 1.0)
        return _Sums(factor * self.value + value, factor * self.weight + weight)

    @property
    def level(self) -> Array:
        """Weighted mean."""
        return self.value / jnp.maximum(self.weight, _SMALLEST_DIVISOR)


@jax.jit
def exponential_level(
    values: Float[Array, "time series"], weights: Float[Array, "time series"], gain: Float[Array, " series"]
) -> Float[Array, "time series"]:
    """Return the level after every period.

    Parameters
    ----------
    values, weights
        Demand (0 where unknown) and its weights (0 where unknown).
    gain
        Smoothing constant of each series.
    """

    def step(sums: _Sums, now: tuple[Array, Array]) -> tuple[_Sums, Array]:
        sums = sums.after(1.0 - gain, *now)
        return sums, sums.level

    zero = jnp.zeros_like(gain)
    return jax.lax.scan(step, _Sums(zero, zero), (values, weights))[1]


@jax.jit
def smoothing_losses(
    values: Float[Array, "time series"], weights: Float[Array, "time profile series"], ahead: Ahead
) -> Float[Array, "gain profile series"]:
    """Score smoothing by its squared errors of the sum over the protection interval.

    Returns
    -------
    Array
        The sum over all intervals that ended before now, per gain of ``LEVEL_GAINS`` and seasonal profile.
    """
    keep = 1.0 - jnp.asarray(LEVEL_GAINS)[:, None, None]

    def step(state: tuple[_Sums, Array], now: tuple[Array, Array, Ahead]) -> tuple[tuple[_Sums, Array], None]:
        sums, loss = state
        value, weight, coming = now
        sums = sums.after(keep, value, weight)
        error = coming.demand - sums.level * coming.weight
        return (sums, loss + coming.counted * error**2), None

    zero = jnp.zeros((len(LEVEL_GAINS), *weights.shape[1:]))
    return jax.lax.scan(step, (_Sums(zero, zero), zero), (values, weights, ahead))[0][1]


def lagged(series: Float[np.ndarray, "time series"]) -> Float[np.ndarray, "time series"]:
    """Return the series one period later, starting with 0."""
    return np.pad(series, ((1, 0), (0, 0)))[:-1]
