"""B-13: what parts of learners are worth: the same runs with all of them and without one, or with one more."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from basestock.decision import Problem
from basestock.economics import estimate
from basestock.evaluation import kpi_estimates, paired, play
from basestock.learning import learn, run_key
from basestock.problems import lost_sales
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table

COST = 250.0
"""What a unit costs to hold for a period, money: rewards that are not scaled are as large as such costs."""

PARTS: dict[str, dict[str, dict[str, Any]]] = {
    "ppo": {
        "rewards in money": {"scaled": False},
        "no worth of entropy": {"entropy": 0.0},
        "bonus of service": {"service_bonus": 0.5},
    },
    "sac": {
        "rewards in money": {"scaled": False},
        "no replay": {"capacity": 1},
        "bonus of service": {"service_bonus": 0.5},
    },
}
"""Settings that are not defaults, by learner and by what they change."""


def run(options: Options) -> Report:
    """Train every learner as it is and with every part changed, by the same seeds."""
    problem = lost_sales(lead_time=2, holding_cost=COST, lost_sale_cost=4.0 * COST)
    tables = [Table(name, compared(problem, name, changes, options)) for name, changes in PARTS.items()]
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source, tables,
        [
            "Costs are means over training seeds with the interval over seeds; differences are paired by seed, and "
            "above 0 the change costs more. Every policy is judged on the same fresh events, without any bonus.",
            "Without replay a step learns from transitions of the last update alone. The bonus is half of what a "
            "period of a base stock costs, in periods in which at least 95 % of demand is served.",
            f"A unit costs {COST:g} to hold for a period: a scaled reward does not depend on that.",
        ],
        dataclasses.asdict(options),
    )  # fmt: skip


def compared(
    problem: Problem, algorithm: str, changes: Mapping[str, Mapping[str, Any]], options: Options
) -> list[dict[str, Cell]]:
    """Return a row for the learner with its defaults, and one for every change of them.

    Parameters
    ----------
    problem, algorithm
        Who learns what.
    changes
        Settings by what they change.
    options
        Seeds, time of a run, and how many replications are played.
    """
    found: list[dict[str, Cell]] = []
    usual: Sequence[float] = ()
    for name, settings in {"as it is": {}, **changes}.items():
        costs, rates = _judged(problem, algorithm, settings, options)
        usual = usual or costs
        cost, apart = estimate(np.array(costs)), paired(np.array(costs), np.array(usual))
        row: dict[str, Cell] = {algorithm: name, "cost": cost.mean, "+-": cost.half_width}
        if settings:
            row |= {"against as it is": apart.mean, "against +-": apart.half_width}
        found.append({**row, "fill rate": float(np.mean(rates)), "seeds": len(costs)})
    return found


def _judged(
    problem: Problem, algorithm: str, settings: Mapping[str, Any], options: Options
) -> tuple[list[float], list[float]]:
    """Return what the policy of every seed costs, and its fill rate."""
    given, costs, rates = {"seconds": options.budget_seconds, **settings}, [], []
    for seed in range(options.seeds):
        policy = learn(problem, algorithm, key=run_key(seed), settings=given).policy
        played = play(problem, policy, replications=options.replications, seed=options.seed)
        costs.append(float(played.totals.mean()))
        rates.append(kpi_estimates(played.sums[0])["fill_rate"].mean or 0.0)
    return costs, rates


EXPERIMENT = Experiment(
    "B-13",
    "what scaled rewards, replay, the worth of entropy and a bonus of service change in what is learned",
    "none: an ablation of our own learners",
    run,
)
