"""What the models may see of a batch of series, and the features that several of them share.

Arrays end with the series axis: the compiler then works on whole rows of series, which was three times as fast as a
leading one.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.forecasting.ahead import Ahead, sums_ahead
from basestock.forecasting.cleaning import Cleaned
from basestock.forecasting.demand_rates import DemandRates, smoothed_rates
from basestock.forecasting.law import Dynamics
from basestock.forecasting.levels import smoothing_losses
from basestock.forecasting.season import Profiles, seasonal_profiles
from basestock.forecasting.setting import Setting


class Training(NamedTuple):
    """The known past of a batch of series, prepared for the models; the last period is the newest.

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
    profiles
        Seasonal options.
    running
        Sums up to and including each period of demand, of known periods, and of every profile's seasonal factors of
        known periods.
    ahead
        Sums over the protection interval after each period: what parameters are compared on.
    """

    values: Float[Array, "time series"]
    observed: Float[Array, "time series"]
    protection: Float[Array, " series"]
    whole: Bool[Array, " series"]
    profiles: Profiles
    running: Float[Array, "time 2+profile series"]
    ahead: Ahead


def prepare(cleaned: Cleaned, protection: np.ndarray, setting: Setting) -> Training:
    """Turn cleaned history ``[series, time]`` into what the models see."""
    values, observed = np.ascontiguousarray(cleaned.values.T), np.ascontiguousarray(cleaned.observed.T)
    past, future = seasonal_profiles(values, observed, setting)
    rows = np.concatenate([np.stack([values, observed], axis=1), past * observed[:, None]], axis=1)
    running = np.cumsum(rows, axis=0)
    ahead = Ahead(*map(jnp.asarray, sums_ahead(running, protection)))
    profiles = Profiles(jnp.asarray(past), jnp.asarray(future))
    columns = (values, observed, protection.astype(np.float32), cleaned.whole)
    return Training(*map(jnp.asarray, columns), profiles, jnp.asarray(running), ahead)


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
        self.values, self.observed, self.protection, self.whole = training[:4]
        self.profiles, self.running, self.ahead = training[4:]
        self.num_periods, self.num_series = self.values.shape
        self.setting = setting
        self.zeros = jnp.zeros(self.num_series)

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
    def demand_rates(self) -> DemandRates:
        """Sizes, intervals and probabilities of demand, and the losses of the methods built on them."""
        return smoothed_rates(self.values, self.observed, self.ahead)

    @functools.cached_property
    def smoothing_losses(self) -> Float[Array, "gain profile series"]:
        """Loss of exponential smoothing per gain of ``LEVEL_GAINS`` and seasonal profile."""
        return smoothing_losses(self.values, self.profiles.past * self.observed[:, None], self.ahead)


def by_cycle(values: Float[Array, "time series"], length: int) -> Float[Array, "cycle phase series"]:
    """Cut time into cycles that end with the newest period; what is missing of the first one is 0."""
    missing = -values.shape[0] % length
    return jnp.pad(values, ((missing, 0), (0, 0))).reshape(-1, length, values.shape[1])


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
