"""Which candidate forecasts a series: its own rolling-origin loss, weighed against what is believed beforehand."""

import numpy as np

from basestock.forecasting.registry import FORECASTERS
from basestock.forecasting.scoring import Scores

INTERMITTENT_SHARE = 0.25
"""Share of known buckets without demand above which a series counts as intermittent (interval above 4/3)."""

PRIOR_ORIGINS = 20.0
"""Number of origins the belief beforehand weighs as much as."""

SMALLEST_NUM_ORIGINS = 2
"""Origins of its own a series needs to choose by itself; with fewer it follows the series of its class."""


def choose(scores: Scores, zero_share: np.ndarray) -> np.ndarray:
    """Choose a candidate for each series.

    Parameters
    ----------
    scores
        Rolling-origin scores.
    zero_share
        ``float[series]``, share of known buckets without demand.

    Returns
    -------
    numpy.ndarray
        ``int[series]``, position in ``scores.candidates``.

    Notes
    -----
    A few origins say little: the smallest of seven noisy losses is mostly luck, and luck prefers narrow laws. With n
    origins, relative loss r_c (own loss over the mean of the candidates) and prior p_c of its class the choice is the
    smallest of (n r_c + k p_c) / (n + k), k = 20. The prior depends on the series alone, so that adding a series
    changes no other's choice; only series with fewer than two origins take the best of their class.
    """
    intermittent = zero_share > INTERMITTENT_SHARE
    prior = _priors(scores.candidates)[:, intermittent.astype(np.int64)]
    relative, weight = relative_losses(scores.pinball), scores.num_origins.astype(np.float64)
    chosen = _smallest(relative, prior, weight)
    alone = scores.num_origins < SMALLEST_NUM_ORIGINS
    for kind in (False, True):
        members = (intermittent == kind) & ~alone
        pooled = relative[:, members].sum(axis=1, keepdims=True)
        count = np.array([members.sum()], dtype=np.float64)
        pooled = pooled / np.maximum(count, 1.0)
        best = _smallest(pooled, _priors(scores.candidates)[:, [int(kind)]], count)
        chosen = np.where(alone & (intermittent == kind), best, chosen)
    return chosen


def relative_losses(pinball: np.ndarray) -> np.ndarray:
    """Return each candidate's loss over the mean of all, 1 where nothing was scored or lost."""
    known = np.isfinite(pinball).all(axis=0)
    loss = np.where(known, pinball, 0.0)
    mean = loss.mean(axis=0)
    return np.where(mean > 0, loss / np.where(mean > 0, mean, 1.0), 1.0)


def _priors(candidates: tuple[str, ...]) -> np.ndarray:
    """Return ``float[candidate, 2]``, the prior for smooth and for intermittent series."""
    return np.array(
        [[FORECASTERS[name].smooth_prior, FORECASTERS[name].intermittent_prior] for name in candidates]
    )


def _smallest(relative: np.ndarray, prior: np.ndarray, num_origins: np.ndarray) -> np.ndarray:
    weighed = (num_origins * relative + PRIOR_ORIGINS * prior) / (num_origins + PRIOR_ORIGINS)
    return weighed.argmin(axis=0)
