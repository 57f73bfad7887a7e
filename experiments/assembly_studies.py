"""E-E3: studies of the assembly system: weights, order ranges, lead times, number of components, other structures."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from basestock.decision import JointIndex, Problem
from basestock.economics import estimate
from basestock.evaluation import play
from basestock.learning import learn, run_key
from basestock.optimal.mdp import optimize
from basestock.policies import fit
from basestock.problems import make_problem
from basestock.problems.assembly import assembly_dqn_2025
from experiments.assembly_policies import SCALE, SEEDS, stockouts
from experiments.assembly_sensitivity import COMPONENTS, draw_map, elasticities, lead_time_study, policy_maps
from experiments.contest import kpi
from experiments.drawing import Sheets
from experiments.learners import settings_of, training_seeds
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table

SECONDS = 60.0
"""Time of an exact optimum."""

WEIGHTS: dict[str, Mapping[str, float]] = {
    "as published": {},
    "holding x 2": {"holding_cost": 1.0},
    "holding x 10": {"holding_cost": 5.0},
    "shortage x 1/2": {"shortage_cost": 31.0},
    "shortage x 2": {"shortage_cost": 124.0},
    "no penalty of stock 0": {"zero_stock_penalty": 0.0},
    "order cost x 10": {"order_cost": 10.0},
}
"""Cost weights; the source calls for a formal study and prints none."""

RANGES: dict[str, tuple[int, ...]] = {
    "mean needs of a period, c_i E(D)": (7, 5, 3),
    "means, c_i E(D) E(L_i)": (12, 9, 5),
    "c_i max(D) max(L_i), as published": (27, 18, 9),
    "three times that": (81, 54, 27),
}
"""Largest orders, whose choice the source studies without numbers."""

STRUCTURES = ("assembly_coupled", "assembly_two_level", "star", "mesh")


def studied(told: str, problem: Problem, options: Options) -> dict[str, Cell]:
    """Return the exact optimum, the tuned base stock, and what the base stock does."""
    row: dict[str, Cell] = {"variant": told}
    best: float | None = None
    try:
        optimum = optimize(problem, max_seconds=SECONDS)
        if optimum.shown:
            best = row["optimum"] = optimum.value
    except ValueError:
        # Too large, or without a list of outcomes: the table says by an empty cell that there is none.
        pass
    found = fit(problem, "base_stock", seed=options.seed)
    played = play(problem, found.policy, replications=options.replications, seed=options.seed)
    total = float(played.totals.mean())
    row["tuned base stock"] = total
    row["+-"] = float(1.96 * played.totals.std(ddof=1) / len(played.totals) ** 0.5)
    if best:
        row["gap %"] = 100.0 * problem.sign * (total - best) / abs(best)
    service = kpi("joint_availability")(played).mean
    row["periods without shortage %"] = None if service is None else 100.0 * service
    row["orders per period"] = kpi("orders_per_period")(played).mean
    row["average inventory"] = kpi("average_inventory")(played).mean
    return row


def table(title: str, variants: Mapping[str, Mapping[str, Any]], options: Options) -> Table:
    """Return the study of variants of the assembly system, by settings that are not its own."""
    return Table(
        title, [studied(told, assembly_dqn_2025(**given), options) for told, given in variants.items()]
    )


def ranged(problem: Problem, largest: Sequence[int]) -> Problem:
    """Return the assembly system with other largest orders of its components, units."""
    sizes = tuple(units + 1 for units in largest)
    places = (0,) * len(sizes), tuple(range(len(sizes)))
    return dataclasses.replace(problem, action_map=JointIndex(sizes, *places))


def ranges(options: Options) -> Table:
    """Return what the largest order does to the agent: cost, stockouts, orders, and how much runs and curves differ."""
    found: list[dict[str, Cell]] = []
    for told, largest in RANGES.items():
        problem = ranged(assembly_dqn_2025(), largest)
        # Single units whatever the range.
        settings = {
            **settings_of("assembly_dqn"),
            "seconds": options.budget_seconds,
            "levels": max(largest) + 1,
        }
        results = [
            learn(problem, "dqn", key=run_key(seed), settings=settings)
            for seed in training_seeds(options.seeds, SEEDS)
        ]
        played = [
            play(problem, each.policy, replications=options.replications, seed=options.seed)
            for each in results
        ]
        reward = estimate(np.array([SCALE * each.totals.mean() for each in played]))
        curves = [[point.values["cost"] for point in each.curve[1:]] for each in results]
        units = [each.sums[0].money["unit_order"].mean() / problem.horizon for each in played]
        found.append(
            {
                "largest order": f"{told}: {', '.join(map(str, largest))}",
                "joint actions": math.prod(units + 1 for units in largest),
                "reward": reward.mean,
                "+- over seeds": reward.half_width,
                "worst seed": SCALE * max(float(each.totals.mean()) for each in played),
                "stockouts": float(np.mean([stockouts(each).mean or 0.0 for each in played])),
                "units ordered in a period": float(np.mean(units)),
                "curve, worst over last": float(np.mean([max(each) / each[-1] for each in curves])),
            }
        )
    return Table("order ranges of the agent with one head a component", found)


def run(options: Options) -> Report:
    """Compute every study."""
    counts = {
        f"N = {count}": {
            "consumption": tuple(1 + at % 3 for at in range(count)),
            "lead_times": ((0.3, 0.5, 0.2),) * count,
        }
        for count in (3, 5, 10)
    }
    maps = [policy_maps(name, given) for name, given in COMPONENTS.items()]
    notes: list[str] = []
    if options.figures is not None:
        sheets = Sheets(options.figures)
        for each in maps:
            draw_map(sheets, each)
        notes.append(f"Drawn: {', '.join(sheets.names)}.")
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [
            table("cost weights", WEIGHTS, options),
            elasticities(options),
            *maps,
            ranges(options),
            lead_time_study(options),
            table("number of components", counts, options),
            Table("other structures", [studied(name, make_problem(name), options) for name in STRUCTURES]),
        ],
        [
            f"Without an optimum: out of reach within {SECONDS:.0f} s, or without a finite list of outcomes.",
            "Coupled assembly, two levels, star and mesh are future work in the source; the instances are ours.",
            "Cost and dynamics separate by component, so that each is solved alone for maps, elasticities and lead "
            "times. An elasticity is the share of the optimal cost that the term of the weight has (envelope theorem).",
            "The last column of the ranges is how much dearer the dearest point of a learning curve is than its end, "
            "the first point left out: 1 is a curve that only falls.",
            "Figures 3 to 6 and 8 to 10 of the source are E-12.",
            *notes,
        ],
        dataclasses.asdict(options),
    )  # fmt: skip


EXPERIMENT = Experiment(
    "E-E3",
    "studies of the assembly system: weights, ranges, lead times, size, structure",
    "Mathematics 2025, 13(14), 2229, Section 5 and future work, doi:10.3390/math13142229",
    run,
)
