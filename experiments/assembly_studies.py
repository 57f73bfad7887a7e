"""E-E3: studies of the assembly system: weights, order ranges, lead times, number of components, other structures."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from basestock.decision import Problem
from basestock.evaluation import play
from basestock.optimal.mdp import optimize
from basestock.policies import CappedBaseStock, fit
from basestock.problems import make_problem
from basestock.problems.assembly import assembly_dqn_2025
from experiments.assembly_policies import LARGEST, levels
from experiments.contest import kpi
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

LEAD_TIMES: dict[str, tuple[float, ...]] = {
    "always 2": (0.0, 1.0),
    "1, 2 or 3, most often 2": (0.1, 0.8, 0.1),
    "1, 2 or 3 alike": (1 / 3, 1 / 3, 1 / 3),
    "1 or 3": (0.5, 0.0, 0.5),
    "always 1": (1.0,),
    "always 3": (0.0, 0.0, 1.0),
}
"""Laws of all components' lead times: first of mean 2 with growing variance, then other means."""

RANGES: dict[str, tuple[float, ...]] = {
    "c_i max(D) max(L_i), as published": LARGEST,
    "half of it": (14.0, 9.0, 5.0),
    "mean needs (7, 5, 3)": (7.0, 5.0, 3.0),
    "c_i max(D)": (9.0, 6.0, 3.0),
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


def ranges(options: Options) -> Table:
    """Return what the largest order does to an order-up-to rule on net stock, which is what the agent sees."""
    blind = assembly_dqn_2025(observation="stock")
    found: list[dict[str, Cell]] = []
    for told, largest in RANGES.items():
        policy = CappedBaseStock(*levels(blind, (26, 19, 10), largest))
        played = play(blind, policy, replications=options.replications, seed=options.seed)
        service = kpi("joint_availability")(played).mean
        found.append(
            {
                "largest order": told,
                "cost of an episode": float(played.totals.mean()),
                "periods without shortage %": None if service is None else 100.0 * service,
            }
        )
    return Table("order ranges: up to (26, 19, 10) on net stock", found)


def run(options: Options) -> Report:
    """Compute every study."""
    laws = {told: {"lead_times": (law,) * 3} for told, law in LEAD_TIMES.items()}
    counts = {
        f"N = {count}": {
            "consumption": tuple(1 + at % 3 for at in range(count)),
            "lead_times": ((0.3, 0.5, 0.2),) * count,
        }
        for count in (3, 5, 10)
    }
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [
            table("cost weights", WEIGHTS, options),
            ranges(options),
            table("lead times of all components", laws, options),
            table("number of components", counts, options),
            Table("other structures", [studied(name, make_problem(name), options) for name in STRUCTURES]),
        ],
        [
            f"Without an optimum: out of reach within {SECONDS:.0f} s, or without a finite list of outcomes.",
            "Coupled assembly, two levels, star and mesh are future work in the source; the instances are ours.",
            "The source shows its figures 3 to 6 and 8 to 10 for one agent; E-E1 prints the numbers behind ours.",
        ],
        dataclasses.asdict(options),
    )  # fmt: skip


EXPERIMENT = Experiment(
    "E-E3",
    "studies of the assembly system: weights, ranges, lead times, size, structure",
    "Mathematics 2025, 13(14), 2229, Section 5 and future work, doi:10.3390/math13142229",
    run,
)
