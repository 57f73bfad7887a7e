"""E-C2: the supply chains of OR-Gym: tuned classics, rolling programs, learners, and the bound of full knowledge."""

import dataclasses

from basestock.decision import Problem
from basestock.optimal.bounds.hindsight import hindsight_bound
from basestock.problems import make_problem
from experiments.contest import Measure, contest, kpi, rows, tuned
from experiments.learners import learned
from experiments.programs import rolling_rows
from experiments.registry import Experiment, Options
from experiments.report import Report, Table

NAMES = ("or_gym/inv_management_v0", "or_gym/inv_management_v1")

CLASSICS = ("base_stock", "echelon_base_stock", "order_up_to")

ROLLING = 40
"""Episodes of the rolling program, which solves a linear program in every period: the first ones of all."""

BOUND_SECONDS = 120.0
"""Time of the programs of whoever knows each path."""


def run(options: Options) -> Report:
    """Play both variants."""
    return Report(
        EXPERIMENT.name,
        EXPERIMENT.about,
        EXPERIMENT.source,
        [_table(make_problem(name), options) for name in NAMES],
        [
            "No number is published for these defaults but those of the environment itself, whose transcript the tests "
            "replay step by step.",
            f"The rolling program plays at most the first {ROLLING} episodes of these events: a wider interval.",
            "Full knowledge is the mean over paths of the best plan for each: no policy earns more. It is left out "
            "where an order has a maximum and may wait at its source, as the defaults have it.",
        ],
        dataclasses.asdict(options),
    )


def _table(problem: Problem, options: Options) -> Table:
    contenders = [
        *(tuned(problem, name, options) for name in CLASSICS),
        *(learned(problem, name, options) for name in ("pathwise", "ppo", "sac")),
    ]
    measures: dict[str, Measure] = {"fill rate": kpi("fill_rate")}
    found = rows(problem, contest(problem, contenders, options), measures)
    found += rolling_rows(problem, options, ROLLING, measures)
    bound = hindsight_bound(problem, max_seconds=BOUND_SECONDS, seed=options.seed)
    if bound is not None:
        found.append({"policy": "full knowledge (bound)", "ours": bound.value, "+-": bound.half_width})
    return Table(f"{problem.name}: profit of an episode", found)


EXPERIMENT = Experiment(
    "E-C2",
    "supply chains of OR-Gym with their defaults",
    "or-gym 0.5, InvManagement-v0 and -v1, doi:10.48550/arXiv.2008.06319",
    run,
)
