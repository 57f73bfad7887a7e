"""What a learned policy comes to on fresh events, in everything that it was learned for."""

from typing import Any

import numpy as np

from basestock.decision import Policy, Problem
from basestock.economics import Estimate, estimate
from basestock.evaluation import kpi_estimates, play
from basestock.evaluation.run import risk_estimates
from basestock.learning.objectives import EXPECTED_COST, Objective, ObjectiveSettings


def objective_of(problem: Problem, config: Any) -> Objective:
    """Return the objective of the settings of any learner; expected cost where they say nothing of it."""
    return Objective.of(problem, config) if isinstance(config, ObjectiveSettings) else EXPECTED_COST


def measures_of(
    problem: Problem, policy: Policy, objective: Objective, *, replications: int, seed: int
) -> dict[str, Estimate]:
    """Estimate what an objective asks for: ``fill_rate``, ``tail`` and ``mean``, the last two of the same totals.

    Parameters
    ----------
    problem, policy
        Who plays what.
    objective
        The objective; nothing comes back for expected cost.
    replications, seed
        Of the simulation.

    Returns
    -------
    dict
        Fill rate: share. Tail and mean: money in the problem's own sense; the tail is the mean of the worst share of
        the totals, its interval a bootstrap one.
    """
    found: dict[str, Estimate] = {}
    if objective.fill_rate is not None:
        sums = play(problem, policy, replications=replications, seed=seed).sums[0]
        found["fill_rate"] = kpi_estimates(sums)["fill_rate"]
    if objective.risk != "none":
        played = play(problem, policy, replications=replications, seed=seed, periods=objective.window)
        found["tail"] = tail_estimate(problem, played.totals, objective.risk_level)
        found["mean"] = estimate(played.totals)
    return found


def tail_estimate(problem: Problem, totals: np.ndarray, level: float) -> Estimate:
    """Estimate the mean of the worst share of totals in the problem's own sense, money."""
    measures = risk_estimates(-problem.sign * totals, (level,))
    ending = "_loss" if problem.sign > 0 else "_return"
    return next(each for name, each in measures.items() if name.startswith("cvar") and name.endswith(ending))
