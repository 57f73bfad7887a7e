"""The sizes of one fit, and the laws of a batch of series as of an origin."""

from typing import NamedTuple

import numpy as np

from basestock.forecasting.arguments import Request
from basestock.forecasting.batches import batch_rows, pad_rows
from basestock.forecasting.cleaning import Cleaned, clean
from basestock.forecasting.dice import stratified_dice
from basestock.forecasting.drafting import candidate_laws
from basestock.forecasting.law import Dice, Law
from basestock.forecasting.rolling import seen_before
from basestock.forecasting.setting import Setting, padded
from basestock.forecasting.training import prepare

NUM_SCORE_PATHS = 64
"""Stratified paths behind each rolling-origin score."""


class Plan(NamedTuple):
    """Padded sizes and fixed random numbers of the programs of one fit.

    Parameters
    ----------
    setting
        Static sizes of the laws.
    num_periods
        Periods of history a model sees.
    num_score_steps
        Steps simulated for a rolling-origin score.
    rows
        Series of a batch.
    score_dice
        Random numbers shared by all series.
    """

    setting: Setting
    num_periods: int
    num_score_steps: int
    rows: int
    score_dice: Dice


def make_plan(request: Request) -> Plan:
    """Choose the sizes for a request."""
    num_series, num_periods = request.history.shape
    longest = int(request.protection.max(initial=1))
    steps = law_steps(request.horizon, request.protection)
    width = padded(num_periods, smallest=16)
    score_steps = padded(longest, smallest=4)
    draws = score_steps * NUM_SCORE_PATHS * len(request.candidates)
    return Plan(
        setting=Setting(request.season_length, steps),
        num_periods=width,
        num_score_steps=score_steps,
        rows=batch_rows(num_series, width, draws),
        score_dice=stratified_dice(NUM_SCORE_PATHS, score_steps, request.seed),
    )


def law_steps(horizon: int, protection: np.ndarray) -> int:
    """Return how many steps laws hold: the horizon and the longest protection interval, padded."""
    return padded(max(horizon, int(protection.max(initial=1))))


def laws_before(request: Request, plan: Plan, rows: slice, origin: np.ndarray) -> Law:
    """Fit all candidates to what a batch of series showed before its origins.

    Parameters
    ----------
    request, plan
        What is asked, and the sizes.
    rows
        The batch.
    origin
        ``int[row]``, number of periods before the origin of each row.

    Returns
    -------
    Law
        NumPy leaves ``[padded row, candidate, ...]``.
    """
    cleaned = clean(
        seen_before(request.history[rows], origin, plan.num_periods),
        seen_before(request.in_stock[rows], origin, plan.num_periods),
    )
    padded_rows = Cleaned(*(pad_rows(column, plan.rows) for column in cleaned))
    protection = np.pad(request.protection[rows], (0, plan.rows - len(origin)), constant_values=1)
    training = prepare(padded_rows, protection, plan.setting)
    return candidate_laws(training, padded_rows.whole, names=request.candidates, setting=plan.setting)
