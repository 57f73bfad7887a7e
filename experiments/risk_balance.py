"""E-A1: a plant that balances its own risk and its customers': before and after."""

import dataclasses
from typing import Any

import numpy as np

from basestock.decision import Problem
from basestock.economics import cvar, estimate
from basestock.evaluation import Played, paired
from basestock.evaluation.run import risk_estimates
from basestock.learning.pareto import risk_measures, terms_of
from basestock.policies import REGISTRY
from basestock.problems.manufacturing_market import CONSUMER_RISK, PRODUCER_RISK, manufacturing_market
from experiments.contest import Contender, Measure, Outcome, contest, kpi, rows, tuned
from experiments.learners import learned
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table

PUBLISHED: dict[str, tuple[float, float]] = {
    "fulfilment %": (89.5, 97.2),
    "holding, thousand": (1250.0, 870.0),
    "stockout events": (42.0, 11.0),
    "profit, thousand": (5100.0, 6400.0),
}
"""What the source prints, before and after."""

TAIL = 0.05
"""Share of the episodes in the tail that is printed."""

PENALTIES: dict[str, tuple[str, ...]] = {
    "alpha1": ("stock_deviation",),
    "alpha2": ("unmet_demand",),
    "alpha3": ("idle", "changeover", "downtime"),
    "beta1": ("price_change",),
    "beta2": ("unserved_consumers",),
    "beta3": ("return_rate",),
}
"""Terms of the reward that each of its weights is of."""

DISRUPTED: dict[str, Any] = {
    "breakdown": 0.1,
    "max_repair_days": 5,
    "lead_times": (0.05, 0.15, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05),
}
"""A market of frequent and long breakdowns and late material: ours, for the source only says that there are some."""

PUBLISHED_RISK = "Sharpe 0.43; CVaR(5 %) -0.0870"

WEIGHTS: dict[str, tuple[float, float, float, float, float, float]] = {
    "alpha, beta as stated": (1.0, 1.0, 1.0, 1.0, 1.0, 50.0),
    "producer's risk x 4": (4.0, 4.0, 4.0, 1.0, 1.0, 50.0),
    "consumer's risk x 4": (1.0, 1.0, 1.0, 4.0, 4.0, 200.0),
}
"""Weights alpha1 to alpha3 and beta1 to beta3 of the reward: tuned rules move along the front of both risks."""


def run(options: Options) -> Report:
    """Compare rules as they are, tuned rules and learners."""
    problem = manufacturing_market()
    standard = REGISTRY["standard_scheduler"].compute
    assert standard is not None
    contenders = [
        Contender("documented rules", [standard(problem)]),
        tuned(problem, "rule_scheduler", options),
        learned(problem, "ppo", options),
        learned(problem, "sac", options),
        learned(problem, "pathwise", options),
    ]
    outcomes = contest(problem, contenders, options)
    measures = _measures()
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [
            Table("reward of 120 days", rows(problem, outcomes, measures)),
            Table("published, before and after", _published()),
            Table("against the documented rules, on the same events", _changes(problem, outcomes)),
            Table("terms of the reward", _terms(outcomes)),
            Table("tuned rules under other weights: risk of the producer and of the consumer", _front(options)),
            Table("what each penalty buys: ppo with all of them less ppo without one", bought(problem, options)),
            Table("robust training: ppo, trained and judged with and without disruptions", robust(options)),
        ],
        [
            "The source gives no instance: only directions can be compared, not numbers.",
            "Profit is the reward without the terms of both risks. The plant has no cost of holding stock: what the "
            "source prints of it stands beside our cost of stock away from its target, `stock_deviation`.",
            f"Of risk the source prints {PUBLISHED_RISK}, without unit or base.",
            "The risk of both sides is the mean of their terms in an episode, at weights of 1 in `terms of the reward` "
            "and at the weights of each row in the table of other weights.",
            "A penalty is left out of training alone: all policies are judged with all of them, on the same events; "
            "differences are paired. `its own terms` and both risks are costs, so that below 0 is what a penalty "
            "takes off them; `profit` is what that costs or earns. Each is the policy of the median seed.",
            f"Disruptions are {DISRUPTED}.",
        ],
        dataclasses.asdict(options),
    )  # fmt: skip


def _measures() -> dict[str, Measure]:
    """Return what is measured beside the reward; its risk is that of an episode's reward, larger is better."""
    found: dict[str, Measure] = {name: kpi(name) for name in ("fill_rate", "stockout_events")}
    found["stock_deviation"] = lambda played: estimate(played.sums[0].money["stock_deviation"])
    found["profit"] = next(each.of for each in risk_measures() if each.name == "profit")
    for name in ("sharpe", "cvar05_return"):
        found[name] = _risk(name)
    return found


def _risk(name: str) -> Measure:
    return lambda played: risk_estimates(played.totals, (TAIL,))[name]


def _published() -> list[dict[str, Cell]]:
    return [
        {"measure": name, "before": before, "after": after, "change %": 100.0 * (after / before - 1.0)}
        for name, (before, after) in PUBLISHED.items()
    ]


def _changes(problem: Problem, outcomes: list[Outcome]) -> list[dict[str, Cell]]:
    before, measures = outcomes[0].median, _measures()
    found: list[dict[str, Cell]] = []
    for each in outcomes[1:]:
        apart = paired(each.median.totals, before.totals)
        row: dict[str, Cell] = {"policy": each.contender.name}
        row |= {"reward": apart.mean, "+-": apart.half_width}
        row["reward %"] = 100.0 * (apart.mean or 0.0) / abs(float(before.totals.mean()))
        low, high = (cvar(problem.sign * -one.totals) for one in (before, each.median))
        row["CVaR 5 %, before"], row["CVaR 5 %, after"] = low, high
        for name in ("fill_rate", "stock_deviation", "stockout_events", "profit"):
            old, new = measures[name](before).mean, measures[name](each.median).mean
            if old and new is not None:
                row[f"{name} %"] = 100.0 * (new - old) / abs(old)
        found.append(row)
    return found


def _terms(outcomes: list[Outcome]) -> list[dict[str, Cell]]:
    found: list[dict[str, Cell]] = []
    for each in outcomes:
        row: dict[str, Cell] = {"policy": each.contender.name}
        row |= {name: float(np.mean(money)) for name, money in each.median.sums[0].money.items()}
        found.append(row)
    return found


def _front(options: Options) -> list[dict[str, Cell]]:
    found: list[dict[str, Cell]] = []
    for told, weights in WEIGHTS.items():
        alpha, beta = weights[:3], weights[3:]
        problem = manufacturing_market(
            alpha1=alpha[0], alpha2=alpha[1], alpha3=alpha[2], beta1=beta[0], beta2=beta[1], beta3=beta[2]
        )
        outcome = contest(problem, [tuned(problem, "rule_scheduler", options)], options)[0]
        found.append(
            {
                "weights": told,
                "producer": _sum(outcome.median, PRODUCER_RISK),
                "consumer": _sum(outcome.median, CONSUMER_RISK),
                "profit": _measures()["profit"](outcome.median).mean,
                "parameters": outcome.contender.budget,
            }
        )
    return found


def bought(problem: Problem, options: Options) -> list[dict[str, Cell]]:
    """Return what every penalty changes: the same learner with all of them, less the learner without it.

    Parameters
    ----------
    problem
        The plant with all penalties, on which all are judged.
    options
        Seeds, time of a run, and how many episodes are played.
    """
    names = ["all", *PENALTIES]
    weighed = [problem, *(_without(problem, name) for name in PENALTIES)]
    # What is judged is the problem as it is, whatever was learned on.
    contenders = [
        dataclasses.replace(learned(each, "ppo", options, name=name), problem=problem)
        for name, each in zip(names, weighed, strict=True)
    ]
    full, *less = (each.median for each in contest(problem, contenders, options))
    found: list[dict[str, Cell]] = []
    for (name, terms), without in zip(PENALTIES.items(), less, strict=True):
        row: dict[str, Cell] = {"penalty": f"{name}: {', '.join(terms)}"}
        columns = {
            "its own terms": terms,
            "producer's risk": PRODUCER_RISK,
            "consumer's risk": CONSUMER_RISK,
        }
        row |= _apart("reward", full.totals, without.totals)
        for told, summed in columns.items():
            row |= _apart(told, terms_of(full, summed), terms_of(without, summed))
        risks = PRODUCER_RISK + CONSUMER_RISK
        row |= _apart("profit", *(each.totals + terms_of(each, risks) for each in (full, without)))
        found.append(row)
    return found


def _without(problem: Problem, weight: str) -> Problem:
    given: dict[str, Any] = {**problem.parameters, weight: 0.0}
    return manufacturing_market(**given)


def _apart(name: str, mine: np.ndarray, theirs: np.ndarray) -> dict[str, Cell]:
    apart = paired(mine, theirs)
    return {name: apart.mean, f"{name} +-": apart.half_width}


def robust(options: Options) -> list[dict[str, Cell]]:
    """Return what policies come to that were learned with and without disruptions, in both."""
    worlds = {"calm": manufacturing_market(), "disrupted": manufacturing_market(**DISRUPTED)}
    trained = {name: learned(each, "ppo", options, name=name) for name, each in worlds.items()}
    found: list[dict[str, Cell]] = []
    for where, problem in worlds.items():
        here = [dataclasses.replace(each, problem=problem) for each in trained.values()]
        played = {each.contender.name: each.median for each in contest(problem, here, options)}
        for name, mine in played.items():
            row: dict[str, Cell] = {"judged": where, "trained": name, "reward": float(mine.totals.mean())}
            row["CVaR 5 %"] = cvar(mine.totals, TAIL)
            if name == "disrupted":
                row |= _apart("against calm", mine.totals, played["calm"].totals)
            found.append(row)
    return found


def _sum(played: Played, names: tuple[str, ...]) -> float:
    return float(terms_of(played, names).mean())


EXPERIMENT = Experiment(
    "E-A1",
    "a plant that balances the risks of producer and consumer: before and after",
    "the published before/after table; its instance is not printed, ours is `manufacturing_market`",
    run,
)
