"""What a model may see of one series, and the features that several models share."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from basestock.forecasting.ahead import Ahead
from basestock.forecasting.demand_rates import DemandRates, smoothed_rates
from basestock.forecasting.law import Dynamics
from basestock.forecasting.season import Profiles, seasonal_profiles
from basestock.forecasting.setting import NUM_ATOMS, Setting

SMOOTHING_GAINS = (0.1, 0.02, 0.05, 0.2, 0.3, 0.5)
"""Smoothing constants [alpha] of simple exponential smoothing; the first is the choice when nothing compares."""

RECENCY_GAINS = (0.01, 0.0, 0.03, 0.06)
"""How strongly the empirical bootstrap prefers recent buckets; the first one is the choice likewise."""

LEVEL_GAINS = SMOOTHING_GAINS + RECENCY_GAINS

_SMALLEST_DIVISOR = 1e-9
_NUM_START = 3.0


class Training(NamedTuple):
    """The known past of one series; the last entry is the newest period.

    Parameters
    ----------
    values
        Cleaned demand in units; 0 where it is not known.
    observed
        1 where demand is known, else 0.
    protection
        Periods of the protection interval (lead time + review).
    whole
        Whether demand comes in whole units.
    """

    values: Float[Array, " time"]
    observed: Float[Array, " time"]
    protection: Float[Array, ""]
    whole: Bool[Array, ""]


class Draft(NamedTuple):
    """A law whose table is still to be filled: the entries to draw from, and how recent ones are preferred.

    Parameters
    ----------
    sample, valid
        Past values or residuals, and 1 where they may be drawn.
    recency
        0 draws all valid entries alike; a gain g draws the k-th newest with weight (1 - g)^k.
    loss
        Squared errors of the chosen parameters on the sum over the protection interval, over all intervals that ended
        before now; 0 if the model does not look at them.
    dynamics
        The rest of the law.
    """

    sample: Float[Array, " time"]
    valid: Float[Array, " time"]
    recency: Float[Array, ""]
    loss: Float[Array, ""]
    dynamics: Dynamics


class View:
    """One series as the models see it; features are computed once, and only if a model asks."""

    def __init__(self, training: Training, setting: Setting) -> None:
        self.values, self.observed, self.protection, self.whole = training
        self.setting = setting

    @functools.cached_property
    def profiles(self) -> Profiles:
        """Seasonal options."""
        return seasonal_profiles(self.values, self.observed, self.setting)

    @functools.cached_property
    def running(self) -> Float[Array, "2+profile time"]:
        """Sums up to and including each period of demand, of known periods, and of seasonal factors."""
        rows = jnp.concatenate([jnp.stack([self.values, self.observed]), self.profiles.past * self.observed])
        return jnp.cumsum(rows, axis=1)

    @property
    def num_observed(self) -> Float[Array, ""]:
        """Number of known periods."""
        return self.running[1, -1]

    @property
    def num_before(self) -> Float[Array, " time"]:
        """Number of known periods before each one."""
        return self.running[1] - self.observed

    @functools.cached_property
    def warm(self) -> Float[Array, " time"]:
        """1 where a one-step forecast had at least four periods (or a quarter of them) to learn from."""
        needed = jnp.clip(self.num_observed / 4.0, 1.0, 4.0)
        return self.observed * (self.num_before >= needed)

    @functools.cached_property
    def ahead(self) -> Ahead:
        """Sums over the protection interval after each period: what parameters are compared on."""
        num_periods = self.values.shape[0]
        end = jnp.arange(num_periods) + self.protection.astype(jnp.int32)
        after = jnp.take(self.running, jnp.minimum(end, num_periods - 1), axis=1) - self.running
        counted = (end < num_periods) & (self.running[1] >= _NUM_START)
        return Ahead(after[0], after[2:], counted.astype(jnp.float32))

    @functools.cached_property
    def demand_rates(self) -> DemandRates:
        """Sizes, intervals and probabilities of demand, and the losses of the methods built on them."""
        return smoothed_rates(self.values, self.observed, self.ahead)

    @functools.cached_property
    def smoothing_losses(self) -> Float[Array, "profile gain"]:
        """Loss of exponential smoothing per seasonal profile and gain of ``LEVEL_GAINS``."""
        return smoothing_losses(self.values, self.profiles.past * self.observed, self.ahead)


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


def exponential_level(
    values: Float[Array, " time"], weights: Float[Array, " time"], gain: Float[Array, ""]
) -> Float[Array, " time"]:
    """Return the ratio of exponentially weighted sums of values and of weights, after every period.

    Notes
    -----
    level_t = sum_k (1 - g)^k y_(t-k) / sum_k (1 - g)^k w_(t-k) over known periods (w > 0). With weights of 1 this is
    simple exponential smoothing whose start-up weights are normalized, so that no initial level is guessed; with
    seasonal factors as weights it smooths the deseasonalized level.
    """

    def step(sums: _Sums, now: tuple[Array, Array]) -> tuple[_Sums, Array]:
        sums = sums.after(1.0 - gain, *now)
        return sums, sums.level

    return jax.lax.scan(step, _Sums(jnp.float32(0.0), jnp.float32(0.0)), (values, weights))[1]


def smoothing_losses(
    values: Float[Array, " time"], weights: Float[Array, "profile time"], ahead: Ahead
) -> Float[Array, "profile gain"]:
    """Score exponential smoothing by its squared errors of the sum over the protection interval.

    Returns
    -------
    Array
        ``float[profile, gain]``, the sum over all intervals that ended before now, per gain of ``LEVEL_GAINS``.
    """
    keep = 1.0 - jnp.asarray(LEVEL_GAINS)

    def step(state: tuple[_Sums, Array], now: tuple[Array, Array, Ahead]) -> tuple[tuple[_Sums, Array], None]:
        sums, loss = state
        value, weight, coming = now
        sums = sums.after(keep, value, weight[:, None])
        error = coming.demand - sums.level * coming.weight[:, None]
        return (sums, loss + coming.counted * error**2), None

    zero = jnp.zeros((weights.shape[0], len(LEVEL_GAINS)))
    inputs = (values, weights.T, Ahead(ahead.demand, ahead.weight.T, ahead.counted))
    return jax.lax.scan(step, (_Sums(zero, zero), zero), inputs)[0][1]


def lagged(series: Float[Array, " time"]) -> Float[Array, " time"]:
    """Return the series one period later, starting with 0."""
    return jnp.concatenate([jnp.zeros(1), series[:-1]])


def atom_table(draft: Draft) -> Float[Array, " atom"]:
    """Fill the table of a law with its valid entries, newest first, in proportion to their weights."""
    num_periods = draft.sample.shape[0]
    num_valid = draft.valid.sum()
    age = (jnp.cumsum(draft.valid[::-1])[::-1] - 1).astype(jnp.int32)
    slot = jnp.where(draft.valid > 0, age, num_periods)
    packed = jnp.zeros(num_periods).at[slot].set(draft.sample, mode="drop")
    fraction = (jnp.arange(NUM_ATOMS) + 0.5) / NUM_ATOMS
    log_keep = jnp.log1p(-jnp.clip(draft.recency, 1e-4, 0.99))
    weighted = jnp.log1p(fraction * jnp.expm1(num_valid * log_keep)) / log_keep
    index = jnp.where(draft.recency >= 1e-4, weighted, fraction * num_valid).astype(jnp.int32)
    return jnp.take(packed, jnp.clip(index, 0, jnp.maximum(num_valid - 1, 0).astype(jnp.int32)), mode="clip")
