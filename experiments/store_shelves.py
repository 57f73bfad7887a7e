"""E-C1: three stores and fifty products that perish: the page example, against tuned classics."""

import dataclasses
import os
import time

import numpy as np

from basestock.decision import Policy, Problem
from basestock.evaluation import play
from basestock.policies import Newsvendor
from basestock.problems import make_problem
from experiments.assembly_latency import row as latency
from experiments.contest import Contender, contest, kpi, rows, tuned
from experiments.learners import learned
from experiments.programs import rolling_rows
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table

ROLLING = 4
"""Episodes of the rolling program, which solves a program of all shelves every day."""

SPEED_REPLICATIONS = 64


def steps_per_second(problem: Problem, policy: Policy, options: Options) -> float:
    """Return simulated days per second of the whole network, when everything is compiled."""
    play(problem, policy, replications=SPEED_REPLICATIONS, seed=options.seed)
    began = time.perf_counter()
    play(problem, policy, replications=SPEED_REPLICATIONS, seed=options.seed)
    return SPEED_REPLICATIONS * (problem.horizon + problem.warm_up) / (time.perf_counter() - began)


def run(options: Options) -> Report:
    """Compare, and time."""
    problem = make_problem("inventory_management")
    newsvendor = Newsvendor.for_problem(problem)
    contenders = [
        *(tuned(problem, name, options) for name in ("base_stock", "order_up_to")),
        Contender("newsvendor, product by product", [newsvendor]),
        learned(problem, "ppo", options),
        learned(problem, "pathwise", options),
    ]
    measures = {"fill rate": kpi("fill_rate"), "waste ratio": kpi("waste_ratio")}
    outcomes = contest(problem, contenders, options)
    found = rows(problem, outcomes, measures, scale=-1.0)
    found += rolling_rows(problem, options, ROLLING, measures, scale=-1.0)
    speed: list[dict[str, Cell]] = []
    for each in outcomes:
        policy = each.contender.policies[0]
        timed = latency(each.contender.name, problem, policy, compiled=True)
        kept = {name: timed[name] for name in ("policy", "mean", "p99")}
        speed.append({**kept, "simulated days per second": steps_per_second(problem, policy, options)})
    shelves = int(np.prod(problem.arrays.primary.shape[:2]))
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [Table("reward of a day", found), Table("milliseconds of a decision for all shelves, and speed", speed)],
        [
            "The page prints no result: there is nothing to compare with.",
            f"Learners had {options.budget_seconds:g} s a run: a reduced budget against the page's 5 million steps.",
            f"The rolling program plays at most the first {ROLLING} episodes of these events: a wider interval.",
        ],
        {**dataclasses.asdict(options), "shelves": shelves, "cores": os.cpu_count()},
    )  # fmt: skip


EXPERIMENT = Experiment(
    "E-C1",
    "three stores and fifty products that perish",
    "code example of the published page; no result is printed there",
    run,
)
