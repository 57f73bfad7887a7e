"""What a model may see of one series, and the features that several models share."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

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
    dynamics
        The rest of the law.
    """

    sample: Float[Array, " time"]
    valid: Float[Array, " time"]
    recency: Float[Array, ""]
    dynamics: Dynamics


class RunningSums(NamedTuple):
    """Sums up to and including each period: demand, known periods, seasonal factors of known periods."""

    demand: Float[Array, " time"]
    observed: Float[Array, " time"]
    seasonal: Float[Array, "profile time"]


class Lanes(NamedTuple):
    """Levels after each period under several parameters, and the loss of each parameter."""

    levels: Float[Array, "profile lane time"]
    losses: Float[Array, "profile lane"]


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
    def running(self) -> RunningSums:
        """Sums of everything up to each period."""
        rows = jnp.concatenate([jnp.stack([self.values, self.observed]), self.profiles.past * self.observed])
        sums = jnp.cumsum(rows, axis=1)
        return RunningSums(demand=sums[0], observed=sums[1], seasonal=sums[2:])

    @property
    def num_observed(self) -> Float[Array, ""]:
        """Number of known periods."""
        return self.running.observed[-1]

    @property
    def num_before(self) -> Float[Array, " time"]:
        """Number of known periods before each one."""
        return self.running.observed - self.observed

    @functools.cached_property
    def warm(self) -> Float[Array, " time"]:
        """1 where a one-step forecast had at least four periods (or a quarter of them) to learn from."""
        needed = jnp.clip(self.num_observed / 4.0, 1.0, 4.0)
        return self.observed * (self.num_before >= needed)

    @functools.cached_property
    def demand_rates(self) -> DemandRates:
        """Sizes, intervals and probabilities of demand, one lane per gain of ``RATE_GAINS``."""
        return smoothed_rates(self.values, self.observed)

    @functools.cached_property
    def smoothed(self) -> Lanes:
        """Exponentially smoothed levels, one lane per seasonal profile and gain of ``LEVEL_GAINS``."""
        weights = self.profiles.past * self.observed
        levels = jax.vmap(lambda weight: exponential_levels(self.values, weight, LEVEL_GAINS))(weights)
        return Lanes(levels, self.seasonal_loss(levels))

    def seasonal_loss(self, levels: Float[Array, "profile lane time"]) -> Float[Array, "profile lane"]:
        """Score levels under each seasonal profile, see :meth:`level_loss`."""
        return jax.vmap(self._loss)(levels, self.running.seasonal)

    def level_loss(self, levels: Float[Array, "lane time"]) -> Float[Array, " lane"]:
        """Score forecasts of the sum over the protection interval after every past period.

        Parameters
        ----------
        levels
            Level known after each period, one row per parameter.

        Returns
        -------
        Array
            ``float[lane]``, the sum of squared errors over all intervals that ended before now.
        """
        return self._loss(levels, self.running.seasonal[0])

    def _loss(self, levels: Array, weights: Array) -> Array:
        num_periods = self.values.shape[0]
        end = jnp.arange(num_periods) + self.protection.astype(jnp.int32)
        demand, weight = (
            jnp.take(sums, jnp.minimum(end, num_periods - 1)) - sums for sums in (self.running.demand, weights)
        )
        used = (end < num_periods) & (self.running.observed >= _NUM_START)
        return (jnp.where(used, demand - levels * weight, 0.0) ** 2).sum(-1)


def exponential_levels(
    values: Float[Array, " time"], weights: Float[Array, " time"], gains: Sequence[float]
) -> Float[Array, "lane time"]:
    """Return ratios of exponentially weighted sums of values and of weights, after every period.

    Notes
    -----
    level_t = sum_k (1 - g)^k y_(t-k) / sum_k (1 - g)^k w_(t-k) over known periods (w > 0). With weights of 1 this is
    simple exponential smoothing whose start-up weights are normalized, so that no initial level is guessed; with
    seasonal factors as weights it smooths the deseasonalized level.
    """
    keep = 1.0 - jnp.asarray(gains, jnp.float32)

    def step(state: tuple[Array, Array], inputs: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        top, bottom = state
        value, weight = inputs
        factor = jnp.where(weight > 0, keep, 1.0)
        top, bottom = factor * top + value, factor * bottom + weight
        return (top, bottom), top / jnp.maximum(bottom, _SMALLEST_DIVISOR)

    start = jnp.zeros_like(keep)
    _, levels = jax.lax.scan(step, (start, start), (values, weights))
    return levels.T


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
