"""G-1: one network that all slots share, learned on a catalog, on items that it has never seen."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from basestock.decision import Policy, Problem
from basestock.evaluation import paired, play
from basestock.evaluation.certificates import Control, exact_score, value_of
from basestock.learning import learn, loaded_actor, run_key, saved_actor
from basestock.optimal.mdp import Optimum, TooLargeError, optimize
from basestock.policies import fit
from basestock.problems.item_catalog import CatalogItem, drawn_items, item_catalog
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table

NUM_ITEMS, UNSEEN = 30, 1000
"""Items that are judged, and what is added to the seed that they are drawn from: the catalog is drawn from seed 0."""

SOLVED, MEMORY, SECONDS = 4, 2**31, 60.0
"""Longest lead time of items that are solved, and bytes and seconds that this may take."""

CLASSIC = "capped_base_stock"
"""Policy that is tuned for each item that is not solved."""


@dataclasses.dataclass(frozen=True)
class Judged:
    """What the policy costs at an item beyond the best.

    Parameters
    ----------
    item
        The item.
    gap, half_width
        Percent of the reference.
    exact
        Whether the reference is the optimum.
    """

    item: CatalogItem
    gap: float
    half_width: float
    exact: bool


def run(options: Options) -> Report:
    """Learn on a catalog, and judge on others."""
    catalog = item_catalog()
    settings = {"network": "shared", "seconds": options.budget_seconds}
    learned = [
        learn(catalog, "pathwise", key=run_key(seed), settings=settings) for seed in range(options.seeds)
    ]
    tables = []
    for seed, result in enumerate(learned):
        saved = saved_actor(result.policy, catalog, {})
        judged = [
            judge(item, loaded_actor(saved, item.problem()), options)
            for item in drawn_items(NUM_ITEMS, UNSEEN + options.seed)
        ]
        told = f"seed {seed}: {result.updates:,} updates in {result.seconds:.0f} s"
        tables += [
            Table(f"{told}, gap by law and reference", summaries(judged, _law)),
            Table(f"{told}, gap by lead time", summaries(judged, _lead_time)),
            Table(f"{told}, every item", [_row(each) for each in judged]),
        ]
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source, tables,
        [
            f"{NUM_ITEMS} items that the network was not learned on, each a problem of its own.",
            f"Lead times up to {SOLVED}: gap to the exact optimum of the item. Beyond, and where that takes more than "
            f"{SECONDS:.0f} s: difference to {CLASSIC}, tuned for the item, on the same events, which "
            "neither was tuned on; below 0 where the network is cheaper.",
        ],
        dataclasses.asdict(options),
    )  # fmt: skip


def judge(item: CatalogItem, policy: Policy, options: Options) -> Judged:
    """Return what a policy costs at an item beyond the optimum, or beyond a tuned classic.

    Parameters
    ----------
    item
        The item.
    policy
        The policy, for its problem.
    options
        Replications and seed of simulations.
    """
    problem = item.problem()
    optimum = optimum_of(problem, item)
    if optimum is not None:
        control = Control(problem, optimum, options.seed)
        cost = value_of(
            problem, policy, replications=options.replications, seed=options.seed, control=control
        )
        percent = 100.0 / optimum.value
        return Judged(
            item, percent * ((cost.mean or 0.0) - optimum.value), percent * (cost.half_width or 0.0), True
        )
    rival = fit(problem, CLASSIC, seed=options.seed + 1, score=exact_score(problem)).policy
    mine, theirs = (
        play(problem, each, replications=options.replications, seed=options.seed).totals
        for each in (policy, rival)
    )
    apart, percent = paired(mine, theirs), 100.0 / float(theirs.mean())
    return Judged(item, percent * (apart.mean or 0.0), percent * (apart.half_width or 0.0), False)


def optimum_of(problem: Problem, item: CatalogItem) -> Optimum | None:
    """Return the optimum of an item, nothing where it is out of reach."""
    if item.lead_time > SOLVED:
        return None
    try:
        found = optimize(problem, max_bytes=MEMORY, max_seconds=SECONDS)
    except (TooLargeError, ValueError):
        return None
    return found if found.shown else None


def summaries(judged: Sequence[Judged], group: Callable[[Judged], str]) -> list[dict[str, Cell]]:
    """Return mean, median and worst gap of all items and of each group of them."""
    groups: dict[str, list[Judged]] = {"all, exact": [each for each in judged if each.exact]}
    groups["all, against a classic"] = [each for each in judged if not each.exact]
    for each in sorted(judged, key=group):
        groups.setdefault(group(each), []).append(each)
    return [_summary(name, found) for name, found in groups.items() if found]


def _summary(name: str, judged: Sequence[Judged]) -> dict[str, Cell]:
    gaps = np.array([each.gap for each in judged])
    return {
        "items of": name,
        "number": len(gaps),
        "mean gap %": float(gaps.mean()),
        "median gap %": float(np.median(gaps)),
        "worst gap %": float(gaps.max()),
    }


def _law(judged: Judged) -> str:
    return f"{judged.item.kind}, {_reference(judged)}"


def _lead_time(judged: Judged) -> str:
    return f"lead time {judged.item.lead_time}, {_reference(judged)}"


def _reference(judged: Judged) -> str:
    return "exact" if judged.exact else "against a classic"


def _row(judged: Judged) -> dict[str, Cell]:
    item = judged.item
    return {
        "law": item.kind,
        "lead time": item.lead_time,
        "critical ratio": item.critical_ratio,
        "mean": item.law.mean,
        "variance": item.law.variance,
        "against": "optimum" if judged.exact else CLASSIC,
        "gap %": judged.gap,
        "+-": judged.half_width,
    }


EXPERIMENT = Experiment(
    "G-1",
    "one network for all items, on items that it has never seen: gaps by law of demand and lead time",
    "none: the catalog is an instance of this project",
    run,
)
