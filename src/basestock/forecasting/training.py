"""What the models may see of a batch of series, and the features that several of them share.

Arrays end with the series axis: the compiler then works on whole rows of series, which was three times as fast as a
leading one.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from basestock.forecasting.ahead import Ahead
from basestock.forecasting.demand_rates import DemandRates, smoothed_rates
from basestock.forecasting.law import Dynamics
from basestock.forecasting.levels import smoothing_losses
from basestock.forecasting.season import Profiles, seasonal_profiles
from basestock.forecasting.setting import Setting

_NUM_START = 3.0


class Training(NamedTuple):
    """The known past of a batch of series; the last period is the newest.

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

    values: Float[Array, "time series"]
    observed: Float[Array, "time series"]
    protection: Float[Array, " series"]
    whole: Bool[Array, " series"]


class Draft(NamedTuple):
    """Laws whose tables are still to be filled: the entries to draw from, and how recent ones are preferred.

    Parameters
    ----------
    sample, valid
        Past values or residuals, and 1 where they may be drawn.
    recency
        0 draws all valid entries alike; a gain g draws the k-th newest with weight (1 - g)^k.
    loss
        Squared errors of the chosen parameters on the sum over the protection interval, over all intervals that
        ended before now; 0 if the model does not look at them.
    dynamics
        The rest of the laws, leaves ``[..., series]``.
    """

    sample: Float[Array, "time series"]
    valid: Float[Array, "time series"]
    recency: Float[Array, " series"]
    loss: Float[Array, " series"]
    dynamics: Dynamics


class View:
    """A batch of series as the models see it; features are computed once, and only if a model asks."""

    def __init__(self, training: Training, setting: Setting) -> None:
        self.values, self.observed, self.protection, self.whole = training
        self.num_periods, self.num_series = self.values.shape
        self.setting = setting
        self.zeros = jnp.zeros(self.num_series)

    @functools.cached_property
    def profiles(self) -> Profiles:
        """Seasonal options."""
        return seasonal_profiles(self.values, self.observed, self.setting)

    @functools.cached_property
    def running(self) -> Float[Array, "time 2+profile series"]:
        """Sums up to and including each period of demand, of known periods, and of seasonal factors."""
        rows = jnp.stack([self.values, self.observed], axis=1)
        return jnp.cumsum(jnp.concatenate([rows, self.weights], axis=1), axis=0)

    @functools.cached_property
    def weights(self) -> Float[Array, "time profile series"]:
        """Seasonal factors of the known periods."""
        return self.profiles.past * self.observed[:, None]

    @property
    def num_observed(self) -> Float[Array, " series"]:
        """Number of known periods."""
        return self.running[-1, 1]

    @property
    def num_before(self) -> Float[Array, "time series"]:
        """Number of known periods before each one."""
        return self.running[:, 1] - self.observed

    @functools.cached_property
    def warm(self) -> Float[Array, "time series"]:
        """1 where a one-step forecast had at least four periods (or a quarter of them) to learn from."""
        needed = jnp.clip(self.num_observed / 4.0, 1.0, 4.0)
        return self.observed * (self.num_before >= needed)

    @functools.cached_property
    def ahead(self) -> Ahead:
        """Sums over the protection interval after each period: what parameters are compared on."""
        end = jnp.arange(self.num_periods)[:, None] + self.protection.astype(jnp.int32)
        last = jnp.minimum(end, self.num_periods - 1)[:, None]
        after = jnp.take_along_axis(self.running, last, axis=0) - self.running
        counted = (end < self.num_periods) & (self.running[:, 1] >= _NUM_START)
        return Ahead(after[:, 0], after[:, 2:], counted.astype(jnp.float32))

    @functools.cached_property
    def demand_rates(self) -> DemandRates:
        """Sizes, intervals and probabilities of demand, and the losses of the methods built on them."""
        return smoothed_rates(self.values, self.observed, self.ahead)

    @functools.cached_property
    def smoothing_losses(self) -> Float[Array, "gain profile series"]:
        """Loss of exponential smoothing per gain of ``LEVEL_GAINS`` and seasonal profile."""
        return smoothing_losses(self.values, self.weights, self.ahead)


class Choice(NamedTuple):
    """The best parameters of each series: gain (or window), seasonal profile, and their loss."""

    gain: Int[Array, " series"]
    profile: Int[Array, " series"]
    loss: Float[Array, " series"]


def smallest(losses: Float[Array, "gain profile series"]) -> Choice:
    """Return the parameters of the smallest loss; the first ones where all are equal."""
    num_profiles = losses.shape[1]
    flat = losses.reshape(-1, losses.shape[-1])
    best = jnp.argmin(flat, axis=0)
    return Choice(best // num_profiles, best % num_profiles, flat.min(axis=0))


def of_profile(
    factors: Float[Array, "time profile series"], profile: Int[Array, " series"]
) -> Float[Array, "time series"]:
    """Pick the seasonal factors of one profile per series."""
    return jnp.take_along_axis(factors, profile[None, None], axis=1)[:, 0]
