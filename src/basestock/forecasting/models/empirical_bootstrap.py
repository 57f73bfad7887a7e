"""The history itself as the law: past buckets drawn again, alone or in runs."""

import numpy as np
from jaxtyping import Bool, Float

from basestock.forecasting.levels import RECENCY_GAINS
from basestock.forecasting.season import SMALLEST_DIVISOR
from basestock.forecasting.training import Draft, View, of_profile, smallest


def empirical_bootstrap(view: View) -> Draft:
    """Draw past buckets, deseasonalized where the season (the weekday, for days) forecasts better.

    Notes
    -----
    Buckets are drawn alone, the k-th newest with weight (1 - g)^k; g is the gain with the smallest squared error of
    the sum over the protection interval. Where that is 0, the level is steady; if neighbors resemble each other all
    the same (first autocorrelation above 1.96 / sqrt(n)), a path is a run of consecutive buckets from a random
    start, around the end of history, so that the sum over the protection interval keeps the dependence.
    """
    best = smallest(view.smoothing_losses[-len(RECENCY_GAINS) :])
    recency = np.asarray(RECENCY_GAINS, np.float32)[best.gain]
    season = of_profile(view.profiles.past, best.profile)
    sample = view.values / np.maximum(season, SMALLEST_DIVISOR)
    runs = (recency == 0.0) & _resembles_neighbors(sample, view)
    dynamics = {
        "season_scale": of_profile(view.profiles.future, best.profile),
        "block_step": np.where(runs, 1.0 / np.maximum(view.num_observed, 1.0), 0.0),
    }
    return Draft(sample, False, view.num_observed, recency, best.loss, dynamics)


def _resembles_neighbors(sample: Float[np.ndarray, "time series"], view: View) -> Bool[np.ndarray, " series"]:
    """Whether the first autocorrelation stands out of the noise."""
    count = np.maximum(view.num_observed, 1.0)
    deviation = view.observed * (sample - (sample * view.observed).sum(0) / count)
    products = (deviation[1:] * deviation[:-1]).sum(0)
    return products > 1.96 / np.sqrt(count) * (deviation**2).sum(0)
