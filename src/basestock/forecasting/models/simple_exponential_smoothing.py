"""Simple exponential smoothing, with or without a seasonal profile, and its simulated errors."""

import numpy as np

from basestock.forecasting.levels import SMOOTHING_GAINS, exponential_level, lagged
from basestock.forecasting.season import SMALLEST_DIVISOR
from basestock.forecasting.training import Draft, View, of_profile, smallest


def simple_exponential_smoothing(view: View) -> Draft:
    """Smooth the level and simulate it with its own past one-step errors.

    Notes
    -----
    level_t = level_(t-1) + alpha e_t, demand_t = season_t (level_(t-1) + e_t): the model ETS(A,N,N), times a
    seasonal profile where that forecasts better. The gain alpha and the profile are those with the smallest squared
    error of the sum over the protection interval, over all intervals that ended before now.
    """
    best = smallest(view.smoothing_losses[: len(SMOOTHING_GAINS)])
    gain = np.asarray(SMOOTHING_GAINS, np.float32)[best.gain]
    season = of_profile(view.profiles.past, best.profile)
    level = np.asarray(exponential_level(view.values, season * view.observed, gain))
    errors = (view.values - season * lagged(level)) / np.maximum(season, SMALLEST_DIVISOR)
    dynamics = {
        "base": level[-1],
        "season_scale": of_profile(view.profiles.future, best.profile),
        "level_gain": gain,
    }
    return Draft(errors, False, view.num_forecast, view.zeros, best.loss, dynamics)
