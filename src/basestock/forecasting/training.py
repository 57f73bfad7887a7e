"""What the models may see of a batch of series, and the features that several of them share.

Arrays end with the series axis: the compiler then works on whole rows of series, which was three times as fast as a
leading one.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.forecasting.ahead import Ahead, Running, sums_ahead
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
        Sums up to and including each period.
    ahead
        Sums over the protection interval after each period: what parameters are compared on.
    """

    values: Float[Array, "time series"]
    observed: Float[Array, "time series"]
    protection: Float[Array, " series"]
    whole: Bool[Array, " series"]
    profiles: Profiles
    running: Running
    ahead: Ahead


def prepare(cleaned: Cleaned, protection: np.ndarray, setting: Setting) -> Training:
    """Turn cleaned history ``[series, time]`` into what the models see."""
    values, observed = np.ascontiguousarray(cleaned.values.T), np.ascontiguousarray(cleaned.observed.T)
    past, future = seasonal_profiles(values, observed, setting)
    rows = np.cumsum(np.concatenate([values[:, None], past * observed[:, None]], axis=1), axis=0)
    known, demands = np.cumsum(observed, axis=0), np.cumsum(observed * (values > 0), axis=0)
    ahead = sums_ahead(rows, known, protection)
    columns = [values, observed, protection.astype(np.float32), cleaned.whole, past, future]
    columns += [rows[:, 0], known, demands, rows[:, 1:], *ahead]
    placed: list[Array] = jax.device_put(columns)
    profiles, running = Profiles(*placed[4:6]), Running(*placed[6:10])
    return Training(placed[0], placed[1], placed[2], placed[3], profiles, running, Ahead(*placed[10:]))


class Draft(NamedTuple):
    """Laws whose tables are still to be filled: the entries to draw from, and how recent ones are preferred.

    Parameters
    ----------
    sample
        Past values or residuals, newest first.
    size
        How many of them may be drawn; what follows is ignored.
    recency
        0 draws all alike; a gain g draws the k-th newest with weight (1 - g)^k.
    loss
        Squared errors of the chosen parameters on the sum over the protection interval, over all intervals that
        ended before now; 0 if the model does not look at them.
    dynamics
        The rest of the laws, leaves ``[..., series]``.
    """

    sample: Float[Array, "rank series"]
    size: Float[Array, " series"]
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
        return self.running.known[-1]

    @property
    def num_demands(self) -> Float[Array, " series"]:
        """Number of known periods with demand."""
        return self.running.demands[-1]

    def num_after(self, num_start: Float[Array, " series"] | float) -> Float[Array, " series"]:
        """Return how many known periods come after the first ones, but at least one."""
        return jnp.maximum(self.num_observed - jnp.ceil(num_start), jnp.minimum(self.num_observed, 1.0))

    @property
    def num_forecast(self) -> Float[Array, " series"]:
        """Number of periods whose one-step forecast had at least four periods (or a quarter of all) before it."""
        return self.num_after(jnp.clip(self.num_observed / 4.0, 1.0, 4.0))

    @functools.cached_property
    def newest_known(self) -> Int[Array, "rank series"]:
        """Known periods, newest first."""
        return _newest_first(self.observed, self.running.known)

    @functools.cached_property
    def newest_demands(self) -> Int[Array, "rank series"]:
        """Known periods with demand, newest first."""
        return _newest_first(self.observed * (self.values > 0), self.running.demands)

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


def _newest_first(chosen: Float[Array, "time series"], running: Float[Array, "time series"]) -> Array:
    """Return the chosen periods of each series, newest first; 0 after the last."""
    num_periods, num_series = chosen.shape
    rank = jnp.where(chosen > 0, running[-1] - running, num_periods).astype(jnp.int32)
    period = jnp.broadcast_to(jnp.arange(num_periods)[:, None], chosen.shape)
    column = jnp.broadcast_to(jnp.arange(num_series), chosen.shape)
    return jnp.zeros(chosen.shape, jnp.int32).at[rank, column].set(period, mode="drop")


def at_periods(values: Float[Array, "time series"], periods: Int[Array, "rank series"]) -> Array:
    """Return the values of given periods, ``[rank, series]``."""
    return jnp.take_along_axis(values, periods, axis=0, mode="clip")


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
