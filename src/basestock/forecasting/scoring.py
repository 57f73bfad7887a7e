"""Scores of laws against what happened, on the sum of demand over the protection interval."""

import dataclasses
from typing import NamedTuple

import numpy as np

SERVICE_LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.98])
"""Quantiles whose mean pinball loss decides between the candidates: where orders are placed."""

CRPS_LEVELS = np.round(np.arange(0.05, 0.96, 0.05), 2)
"""The fixed quantile grid of the continuous ranked probability score."""

COVERAGE_LEVEL = 0.9
"""Nominal level of the coverage score."""


@dataclasses.dataclass(frozen=True)
class Scores:
    """Rolling-origin scores of every candidate on every series; NaN where nothing could be scored.

    Parameters
    ----------
    candidates
        Names along the first axis of every array.
    pinball
        ``float[candidate, series]``, mean pinball loss of the sum over the protection interval at the levels
        0.5, 0.8, 0.9, 0.95 and 0.98, in item units.
    crps
        Mean over the levels 0.05, 0.10, ..., 0.95 of twice the pinball loss, in item units.
    wape
        Sum of absolute errors of the mean over the sum of demand.
    bias_ratio
        Sum of (forecast - demand) over the sum of demand; positive means over-forecast.
    coverage
        Share of sums at or below the 90 % quantile; a tie counts in proportion to the probability of the tie.
    num_origins
        ``int[series]``, number of origins scored.
    scored_share
        ``float[series]``, share of the known open buckets in the scored windows that were not censored; only those
        are scored.
    """

    candidates: tuple[str, ...]
    pinball: np.ndarray
    crps: np.ndarray
    wape: np.ndarray
    bias_ratio: np.ndarray
    coverage: np.ndarray
    num_origins: np.ndarray
    scored_share: np.ndarray

    def take(self, series: np.ndarray) -> "Scores":
        """Return the scores of some series."""
        arrays = {
            field.name: getattr(self, field.name)[..., series]
            for field in dataclasses.fields(self)
            if field.name != "candidates"
        }
        return Scores(self.candidates, **arrays)


class FoldScores(NamedTuple):
    """Scores of one fold, ``float64[series, candidate]`` each; NaN where the fold was not scored."""

    pinball: np.ndarray
    crps: np.ndarray
    absolute_error: np.ndarray
    error: np.ndarray
    coverage: np.ndarray
    demand: np.ndarray


def score_fold(sums: np.ndarray, demand: np.ndarray, usable: np.ndarray) -> FoldScores:
    """Score simulated sums of demand against the sum that came.

    Parameters
    ----------
    sums
        ``float[series, candidate, path]`` in units.
    demand
        ``float[series]``, the sum over the same buckets.
    usable
        ``bool[series]``, whether the fold counts.
    """
    ordered = np.sort(sums, axis=-1)
    mean = ordered.mean(axis=-1, dtype=np.float64)
    came = np.broadcast_to(demand[:, None], mean.shape)
    scores = FoldScores(
        pinball=pinball_loss(sample_quantiles(ordered, SERVICE_LEVELS), came, SERVICE_LEVELS).mean(axis=-1),
        crps=2.0 * pinball_loss(sample_quantiles(ordered, CRPS_LEVELS), came, CRPS_LEVELS).mean(axis=-1),
        absolute_error=np.abs(mean - came),
        error=mean - came,
        coverage=coverage(ordered, came, COVERAGE_LEVEL),
        demand=came,
    )
    return FoldScores(*(np.where(usable[:, None], score, np.nan) for score in scores))


def combine(folds: list[FoldScores], candidates: tuple[str, ...], scored_share: np.ndarray) -> Scores:
    """Average the folds of each series: means of losses, ratios of sums."""
    nothing = np.full((len(scored_share), len(candidates)), np.nan)
    unscored = FoldScores(*(nothing for _ in FoldScores._fields))
    stacked = FoldScores(*(np.stack(score) for score in zip(unscored, *folds, strict=True)))
    counted = np.isfinite(stacked.pinball)
    num_origins = counted.sum(axis=0)
    total = FoldScores(*(np.where(counted, score, 0.0).sum(axis=0).T for score in stacked))
    origins = num_origins.T
    return Scores(
        candidates=candidates,
        pinball=_ratio(total.pinball, origins),
        crps=_ratio(total.crps, origins),
        wape=_ratio(total.absolute_error, total.demand),
        bias_ratio=_ratio(total.error, total.demand),
        coverage=_ratio(total.coverage, origins),
        num_origins=num_origins[:, 0],
        scored_share=scored_share,
    )


def sample_quantiles(ordered: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the inverse distribution function of a sorted sample at each level, on a new last axis.

    Examples
    --------
    >>> sample_quantiles(np.array([0.0, 0.0, 1.0, 4.0]), np.array([0.5, 0.75, 0.9])).tolist()
    [0.0, 1.0, 4.0]
    """
    size = ordered.shape[-1]
    index = np.clip(np.ceil(levels * size - 1e-9).astype(np.int64) - 1, 0, size - 1)
    return ordered[..., index].astype(np.float64)


def pinball_loss(quantiles: np.ndarray, demand: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return max(tau (y - q), (tau - 1) (y - q)) per level, in units.

    Examples
    --------
    >>> pinball_loss(np.array([8.0]), np.array(10.0), np.array([0.9])).tolist()
    [1.8]
    """
    short = demand[..., None] - quantiles
    return np.maximum(levels * short, (levels - 1.0) * short)


def coverage(ordered: np.ndarray, demand: np.ndarray, level: float) -> np.ndarray:
    """Return the probability that demand counts as covered when ties are broken at random.

    Notes
    -----
    With the share of paths below demand F(y-) and at or below it F(y), the randomized probability integral
    transform is uniform between the two; its probability to lie at or below the level needs no random number.

    Examples
    --------
    >>> coverage(np.array([0.0] * 8 + [1.0, 2.0]), np.array(0.0), 0.4).tolist()
    0.5
    """
    slack = 1e-4 * (1.0 + np.abs(demand))
    below = (ordered < (demand - slack)[..., None]).mean(axis=-1)
    up_to = (ordered <= (demand + slack)[..., None]).mean(axis=-1)
    mass = np.where(up_to > below, up_to - below, 1.0)
    return np.where(
        up_to > below, np.clip((level - below) / mass, 0.0, 1.0), (below < level).astype(np.float64)
    )


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return the ratio, NaN where the denominator is 0."""
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)
