"""Rolling-origin scores of every candidate on every series."""

from typing import NamedTuple

import numpy as np

from basestock.forecasting.arguments import Request
from basestock.forecasting.batches import SIMULATED_ROWS, batches, each_batch, pad_rows, take_rows
from basestock.forecasting.cleaning import is_censored
from basestock.forecasting.law import Law
from basestock.forecasting.plan import Plan, laws_before
from basestock.forecasting.programs import simulated_sums
from basestock.forecasting.rolling import fold_origins, known_span, seen_after
from basestock.forecasting.scoring import FoldScores, Scores, combine, score_fold


class _Target(NamedTuple):
    """What a fold is scored on: demand and whether it counts, ``[series, step]``; open known buckets a series."""

    demand: np.ndarray
    counted: np.ndarray
    num_open: np.ndarray


def rolling_scores(request: Request, plan: Plan, *, scorable: np.ndarray) -> Scores:
    """Score every candidate on the windows after each origin, on uncensored buckets only.

    Parameters
    ----------
    request, plan
        What is asked, and the sizes.
    scorable
        ``bool[series]``; the others get NaN.
    """
    first, end = known_span(np.isfinite(request.history) | request.closed)
    origins = fold_origins(first, end, request.protection, request.num_folds)
    origins = np.where(scorable, origins, -1)
    targets = [_target(request, plan, origin) for origin in origins]
    folds = [_score_fold(request, plan, *fold) for fold in zip(origins, targets, strict=True)]
    num_open = sum((target.num_open for target in targets), np.zeros(len(scorable)))
    num_scored = sum((target.counted.sum(axis=1) for target in targets), np.zeros(len(scorable)))
    share = np.where(num_open > 0, num_scored / np.maximum(num_open, 1.0), np.nan)
    return combine(folds, request.candidates, share)


def _target(request: Request, plan: Plan, origin: np.ndarray) -> _Target:
    start = np.maximum(origin, 0)
    demand = seen_after(request.history, start, plan.num_score_steps)
    ahead = np.arange(plan.num_score_steps) < request.protection[:, None]
    known = np.isfinite(demand) & ahead & (origin >= 0)[:, None]
    counted = known & ~is_censored(seen_after(request.in_stock, start, plan.num_score_steps))
    return _Target(np.where(counted, demand, 0.0), counted, known.sum(axis=1))


def _score_fold(request: Request, plan: Plan, origin: np.ndarray, target: _Target) -> FoldScores:
    def score(rows: slice) -> FoldScores:
        laws = laws_before(request, plan, rows, np.maximum(origin[rows], 0))
        counted = target.counted[rows]
        sums = _simulated(laws, plan, counted.astype(np.float32))
        return score_fold(sums, target.demand[rows].sum(axis=1), counted.sum(axis=1) > 0)

    parts = each_batch(score, len(origin), plan.rows)
    return FoldScores(*(np.concatenate(score) for score in zip(*parts, strict=True)))


def _simulated(laws: Law, plan: Plan, weights: np.ndarray) -> np.ndarray:
    """Return simulated sums over the counted steps, ``float32[series, candidate, path]``."""
    parts: list[np.ndarray] = []
    for rows in batches(len(weights), SIMULATED_ROWS):
        law, own = pad_rows((take_rows(laws, rows), weights[rows]), SIMULATED_ROWS)
        parts.append(np.asarray(simulated_sums(law, plan.score_dice, own))[: rows.stop - rows.start])
    return np.concatenate(parts)
