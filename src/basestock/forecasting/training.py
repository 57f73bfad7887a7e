"""What the models may see of a batch of series, and the features that several of them share.

Arrays end with the series axis: the compiler then works on whole rows of series, which was three times as fast as a
leading one.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from basestock.forecasting.ahead import Ahead, Running, sums_ahead
from basestock.forecasting.cleaning import Cleaned
from basestock.forecasting.demand_rates import DemandRates, smoothed_rates
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
    profiles
        Seasonal options.
    running
        Sums up to and including each period.
    ahead
        Sums over the protection interval after each period: what parameters are compared on.
    newest_known, newest_demands
        The known periods, and those with demand, newest first; 0 after the last.
    """

    values: Float[np.ndarray, "time series"]
    observed: Float[np.ndarray, "time series"]
    protection: Float[np.ndarray, " series"]
    profiles: Profiles
    running: Running
    ahead: Ahead
    newest_known: Int[np.ndarray, "rank series"]
    newest_demands: Int[np.ndarray, "rank series"]


def prepare(cleaned: Cleaned, protection: np.ndarray, setting: Setting) -> Training:
    """Turn cleaned history ``[series, time]`` into what the models see."""
    values, observed = np.ascontiguousarray(cleaned.values.T), np.ascontiguousarray(cleaned.observed.T)
    past, future = seasonal_profiles(values, observed, setting)
    rows = np.cumsum(np.concatenate([values[:, None], past * observed[:, None]], axis=1), axis=0)
    known, demands = np.cumsum(observed, axis=0), np.cumsum(observed * (values > 0), axis=0)
    ahead = sums_ahead(rows, known, protection)
    return Training(
        values=values,
        observed=observed,
        protection=protection.astype(np.float32),
        profiles=Profiles(past, future),
        running=Running(rows[:, 0], known, demands, rows[:, 1:]),
        ahead=Ahead(*ahead),
        newest_known=_newest_first(observed, known),
        newest_demands=_newest_first(observed * (values > 0), demands),
    )


def _newest_first(chosen: np.ndarray, running: np.ndarray) -> np.ndarray:
    """Return the chosen periods of each series, newest first; 0 after the last."""
    newest = np.zeros(chosen.shape, np.int32)
    period, column = np.nonzero(chosen)
    newest[(running[-1] - running).astype(np.int32)[period, column], column] = period
    return newest


class Draft(NamedTuple):
    """Laws whose tables are still to be filled: the entries to draw from, and how recent ones are preferred.

    Parameters
    ----------
    sample
        Past values or residuals, one per period.
    at_demands
        Whether only periods with demand may be drawn, instead of all known ones.
    size
        How many of the newest of them may be drawn.
    recency
        0 draws all alike; a gain g draws the k-th newest with weight (1 - g)^k.
    loss
        Squared errors of the chosen parameters on the sum over the protection interval, over all intervals that
        ended before now; 0 if the model does not look at them.
    dynamics
        The rest of the laws: fields of ``Dynamics``, ``[series]`` or ``[step, series]``; what is absent is that of
        independent draws, see ``plain_dynamics``.
    """

    sample: Float[np.ndarray, "time series"]
    at_demands: bool
    size: Float[np.ndarray, " series"]
    recency: Float[np.ndarray, " series"]
    loss: Float[np.ndarray, " series"]
    dynamics: Mapping[str, np.ndarray]


class View:
    """A batch of series as the models see it; features are computed once, and only if a model asks."""

    def __init__(self, training: Training, setting: Setting) -> None:
        self.values, self.observed = training.values, training.observed
        self.profiles, self.running, self.ahead = training.profiles, training.running, training.ahead
        self.num_periods, self.num_series = self.values.shape
        self.setting = setting
        self.zeros = np.zeros(self.num_series, np.float32)

    @property
    def num_observed(self) -> Float[np.ndarray, " series"]:
        """Number of known periods."""
        return self.running.known[-1]

    @property
    def num_demands(self) -> Float[np.ndarray, " series"]:
        """Number of known periods with demand."""
        return self.running.demands[-1]

    def num_after(self, num_start: Float[np.ndarray, " series"] | float) -> Float[np.ndarray, " series"]:
        """Return how many known periods come after the first ones, but at least one."""
        return np.maximum(self.num_observed - np.ceil(num_start), np.minimum(self.num_observed, 1.0))

    @property
    def num_forecast(self) -> Float[np.ndarray, " series"]:
        """Number of periods whose one-step forecast had at least four periods (or a quarter of all) before it."""
        return self.num_after(np.clip(self.num_observed / 4.0, 1.0, 4.0))

    @functools.cached_property
    def demand_rates(self) -> DemandRates:
        """Sizes, intervals and probabilities of demand, and the losses of the methods built on them."""
        rates = smoothed_rates(self.values, self.observed, self.ahead)
        return DemandRates(*(np.asarray(rate) for rate in rates))

    @functools.cached_property
    def smoothing_losses(self) -> Float[np.ndarray, "gain profile series"]:
        """Loss of exponential smoothing per gain of ``LEVEL_GAINS`` and seasonal profile."""
        weights = self.profiles.past * self.observed[:, None]
        return np.asarray(smoothing_losses(self.values, weights, self.ahead))


def by_cycle(
    values: Float[np.ndarray, "time series"], length: int
) -> Float[np.ndarray, "cycle phase series"]:
    """Cut time into cycles that end with the newest period; what is missing of the first one is 0."""
    missing = -values.shape[0] % length
    return np.pad(values, ((missing, 0), (0, 0))).reshape(-1, length, values.shape[1])


class Choice(NamedTuple):
    """The best parameters of each series: gain (or window), seasonal profile, and their loss."""

    gain: Int[np.ndarray, " series"]
    profile: Int[np.ndarray, " series"]
    loss: Float[np.ndarray, " series"]


def smallest(losses: Float[np.ndarray, "gain profile series"]) -> Choice:
    """Return the parameters of the smallest loss; the first ones where all are equal."""
    num_profiles = losses.shape[1]
    flat = losses.reshape(-1, losses.shape[-1])
    best = np.argmin(flat, axis=0)
    return Choice(best // num_profiles, best % num_profiles, flat.min(axis=0))


def of_profile(
    factors: Float[np.ndarray, "time profile series"], profile: Int[np.ndarray, " series"]
) -> Float[np.ndarray, "time series"]:
    """Pick the seasonal factors of one profile per series."""
    return np.take_along_axis(factors, profile[None, None], axis=1)[:, 0]
