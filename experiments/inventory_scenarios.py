"""C-22: two supply chains under 22 kinds of demand, by policies that see nothing but the past."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from basestock.decision import Policy, Problem
from basestock.economics import Estimate, estimate, estimate_ratio
from basestock.evaluation import play
from basestock.learning import learn, run_key
from basestock.learning.randomization import WINDOW, randomized, watching
from basestock.optimal.bounds.hindsight import hindsight_costs
from basestock.policies import fit
from basestock.problems.or_gym.scenarios import SCENARIOS, invmgmt_scenario, scenario_problem
from basestock.uncertainty import Gamma, HiddenDemand
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table

FAMILY = HiddenDemand(
    level=(0.4, 1.6),
    trend=(-0.01, 0.07),
    amplitude=(0.0, 0.6),
    length=(15.0, 40.0),
    phase=(0.0, 40.0),
    shock=(0.7, 4.0),
    shock_period=(3.0, 45.0),
)
"""What paths of tuning and training draw: levels, trends, seasons and shocks, one family for all rows."""

BASE = Gamma(20.0, 4.5)
"""Law that the family multiplies: mean of the published chains and about the spread of its Poisson law."""

PATHS = 20
"""Paths of perfect information."""

BOUND_SECONDS = 120.0
"""Time of the programs of a row, about: it fixes the number of paths where these are slow."""

CHOOSING = 512
"""Paths of the family by which the policy of a chain is chosen."""

TUNING_SECONDS = 30.0
"""Time of the search for the parameters of a classical policy."""

PUBLISHED = {"stochastic program": 66.0, "(s, S)": 62.0, "learned agent": 61.0}
"""Percent of perfect information that is printed for the best of each kind, as means over the rows."""

Key = tuple[str, bool, str]
Found = dict[str, list[Policy]]


def run(options: Options) -> Report:
    """Tune and train on the family, then play every row as it is."""
    families: dict[Key, Found] = {}
    rows: list[dict[str, Cell]] = []
    for name, arguments in SCENARIOS.items():
        key: Key = arguments["chain"], arguments.get("goodwill", False), arguments["unmet"]  # type: ignore[assignment]
        if key not in families:
            families[key] = _of_family(*key, options)
        # A row shares no program with another; together they would take more memory maps than a process may have.
        jax.clear_caches()
        problem = invmgmt_scenario(**arguments)  # type: ignore[arg-type]
        perfect = _perfect(problem, options)
        row = _told(perfect) | _row(
            watching(problem, WINDOW), {**_of_row(problem, options), **families[key]}, perfect, options
        )
        if arguments.get("demand") == "stationary":
            row |= _row(problem, {"learned on the row": _learned(problem, options)}, perfect, options)
        rows.append({"row": name, **row})
    rows.append(_means(rows))
    published: list[dict[str, Cell]] = [
        {"policy": name, "published, % of perfect information": share} for name, share in PUBLISHED.items()
    ]
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [Table("percent of perfect information", rows), Table("published means over the rows", published)],
        [
            "Perfect information is the mean over the first paths of judging of the best plan for each, by a program "
            "that bounds it from above; percentages are of profit on these same paths, so that the interval of a "
            "percentage is that of a ratio of paired means.",
            "`forecast base stock` and `learned` see past demand and stock alone; they are tuned and trained on a "
            f"randomized family, not on the rows: {FAMILY}. `better on the family` is the one of them that earns more "
            "on other paths of that family.",
            "`base stock` and `(s, S)` are tuned on other events of the row itself, and so is `told the mean`: the "
            "base stock of the forecast that is told the mean demand of every period instead. `learned on the row` is "
            "trained on other events of a row whose demand is alike in every period, and sees stock alone.",
            "The source does not print how it computed perfect information, so that percentages of its rows and of "
            "these have different denominators.",
        ],
        dataclasses.asdict(options),
    )  # fmt: skip


def _of_family(chain: Any, goodwill: bool, unmet: Any, options: Options) -> Found:
    """Return the policies that are found on the randomized family of a chain."""
    base = scenario_problem(BASE, chain=chain, goodwill=goodwill, unmet=unmet)
    family = randomized(base, FAMILY)
    tuned, learned = _tuned(family, "forecast_base_stock", options), _learned(family, options)
    better = [_better(family, [tuned, each], options) for each in learned]
    return {"forecast base stock": [tuned], "learned": learned, "better on the family": better}


def _better(family: Problem, policies: Sequence[Policy], options: Options) -> Policy:
    """Return the policy that earns most on paths of the family on which none was tuned, trained or is judged."""
    seed = np.random.SeedSequence((options.seed, CHOOSING)).generate_state(1)[0]
    earned = [play(family, each, replications=CHOOSING, seed=int(seed)).totals.mean() for each in policies]
    return policies[int(np.argmax(earned))]


def _of_row(problem: Problem, options: Options) -> Found:
    """Return the policies that are found on the row itself."""
    names = {"base stock": "base_stock", "(s, S)": "order_up_to", "told the mean": "told_base_stock"}
    return {told: [_tuned(problem, name, options)] for told, name in names.items()}


def _tuned(problem: Problem, name: str, options: Options) -> Policy:
    return fit(problem, name, seed=options.seed, search="cross_entropy", max_seconds=TUNING_SECONDS).policy


def _learned(problem: Problem, options: Options) -> list[Policy]:
    settings = {"seconds": options.budget_seconds}
    seeds = range(options.seeds)
    return [learn(problem, "pathwise", key=run_key(seed), settings=settings).policy for seed in seeds]


def _perfect(problem: Problem, options: Options) -> np.ndarray:
    """Return what perfect information earns on the first paths of judging."""
    paths = min(PATHS, options.replications)
    costs = hindsight_costs(
        problem,
        max_seconds=BOUND_SECONDS,
        seed=options.seed,
        paths=paths,
        whole=bool(problem.network.goodwill),
    )
    assert costs is not None
    return -costs


def _told(perfect: np.ndarray) -> dict[str, Cell]:
    best = estimate(perfect)
    return {"perfect information": best.mean, "+-": best.half_width, "paths": len(perfect)}


def _row(problem: Problem, policies: Found, perfect: np.ndarray, options: Options) -> dict[str, Cell]:
    """Return the percent of perfect information that each policy reaches on the same events."""
    row: dict[str, Cell] = {}
    for name, each in policies.items():
        shares = sorted((_share(problem, policy, perfect, options) for policy in each), key=_mean)
        middle = shares[(len(shares) - 1) // 2]
        row |= {f"{name} %": _mean(middle), f"{name} +-": 100.0 * (middle.half_width or 0.0)}
        if len(shares) > 1:
            row[f"{name}, worst seed %"] = _mean(shares[0])
    return row


def _share(problem: Problem, policy: Policy, perfect: np.ndarray, options: Options) -> Estimate:
    totals = play(problem, policy, replications=len(perfect), seed=options.seed).totals
    return estimate_ratio(totals, perfect, "no profit")


def _mean(share: Estimate) -> float:
    return 100.0 * (share.mean or 0.0)


def _means(rows: Sequence[dict[str, Cell]]) -> dict[str, Cell]:
    """Return the means over the rows of every percentage that all of them have."""
    means: dict[str, Cell] = {"row": "mean of the rows"}
    for column in rows[0]:
        numbers = [row[column] for row in rows if isinstance(row.get(column), float)]
        if column.endswith("%") and len(numbers) == len(rows):
            means[column] = float(np.mean(numbers))  # type: ignore[arg-type]
    return means


EXPERIMENT = Experiment(
    "C-22",
    "supply chains under trend, season, shock, goodwill and recorded demand, seeing the past alone",
    "the 22 core scenarios of gym-invmgmt, arXiv:2605.11355",
    run,
)
