"""Fronts: a policy for every target, all judged on the same fresh events, and which of them another beats."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from basestock.decision import Policy, Problem
from basestock.economics import Estimate, estimate
from basestock.evaluation import Played, kpi_estimates, play
from basestock.learning.checkpoints import CHECKPOINT, Checkpoint, identity
from basestock.learning.folder import finished_run, write_run
from basestock.learning.measures import tail_estimate
from basestock.learning.registry import Algorithm
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell, tell_nobody
from basestock.learning.settings import SettingError
from basestock.learning.streams import run_key
from basestock.problems.manufacturing_market import (
    CONSUMER_RISK,
    PRODUCER_RISK,
    RiskWeights,
    manufacturing_market,
)


@dataclasses.dataclass(frozen=True)
class Measure:
    """What policies of a front are compared by.

    Parameters
    ----------
    name
        Its name.
    sign
        +1 where less is better, -1 where more is.
    of
        Estimates it from what a policy came to.
    """

    name: str
    sign: int
    of: Callable[[Played], Estimate]


@dataclasses.dataclass(frozen=True)
class Target:
    """What one policy of a front is learned for.

    Parameters
    ----------
    name
        Its name, and that of its folder.
    problem
        The problem as it is learned.
    settings
        Settings of the learner that belong to it.
    """

    name: str
    problem: Problem
    settings: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class FrontPoint:
    """One policy of a front.

    Parameters
    ----------
    policy
        Its name.
    values
        Estimates by the name of the measure.
    dominated
        Whether another one is as good in everything and better in something, on the same events.
    """

    policy: str
    values: Mapping[str, Estimate]
    dominated: bool


def service_measures(problem: Problem) -> tuple[Measure, ...]:
    """Return the total by the criterion of a problem, in its own sense, and the fill rate."""
    return (
        Measure("cost", problem.sign, lambda played: estimate(played.totals)),
        Measure("fill_rate", -1, lambda played: kpi_estimates(played.sums[0])["fill_rate"]),
    )


def risk_measures() -> tuple[Measure, ...]:
    """Return profit and both risks of a plant that faces a market, in all of an episode, money.

    Profit is the reward without both risks.
    """
    return (
        Measure(
            "profit",
            -1,
            lambda played: estimate(played.totals + terms_of(played, (*PRODUCER_RISK, *CONSUMER_RISK))),
        ),
        Measure("producer_risk", 1, lambda played: estimate(terms_of(played, PRODUCER_RISK))),
        Measure("consumer_risk", 1, lambda played: estimate(terms_of(played, CONSUMER_RISK))),
    )


def terms_of(played: Played, terms: Sequence[str]) -> Float[np.ndarray, " path"]:
    """Return the sum of terms of the reward, money."""
    return np.sum([played.sums[0].money[name] for name in terms], axis=0)


def fill_rate_targets(problem: Problem, fill_rates: Iterable[float]) -> list[Target]:
    """Return a target for every floor of the fill rate, the lowest first: each policy is begun with the one before."""
    return [Target(f"fill-rate-{rate:g}", problem, {"fill_rate": rate}) for rate in sorted(set(fill_rates))]


def tail_measures(problem: Problem, level: float) -> tuple[Measure, ...]:
    """Return return and risk: the mean of totals and that of their worst share, in the problem's own sense."""
    return (
        Measure("cost", problem.sign, lambda played: estimate(played.totals)),
        Measure("tail", problem.sign, lambda played: tail_estimate(problem, played.totals, level)),
    )


def tail_targets(problem: Problem, weights: Iterable[float]) -> list[Target]:
    """Return a target for every weight of the worst totals beside the mean, the lowest first."""
    return [
        Target(f"risk-weight-{weight:g}", problem, {"risk": "mean_cvar", "risk_weight": weight})
        for weight in sorted(set(weights))
    ]


def weight_targets(problem: Problem, weights: Iterable[tuple[float, float]]) -> list[Target]:
    """Return a target for every pair of factors of the weights of producer and consumer risk.

    Parameters
    ----------
    problem
        A plant that faces a market.
    weights
        What the weights of the producer's and of the consumer's risk are multiplied by.

    Raises
    ------
    SettingError
        If the problem has no such weights.
    """
    names = [field.name for field in dataclasses.fields(RiskWeights)]
    if not set(names) <= set(problem.parameters):
        raise SettingError(
            f"{problem.name!r} has no weights of producer and consumer risk, must be one with {', '.join(names)}. "
            "Choose manufacturing_market, or a front of fill rates."
        )
    found: list[Target] = []
    for producer, consumer in dict.fromkeys(weights):
        factors = {"alpha": producer, "beta": consumer}
        given: dict[str, Any] = dict(problem.parameters)
        given |= {name: given[name] * factors[name[:-1]] for name in names}
        weighed = manufacturing_market(**given)
        found.append(Target(f"weights-{producer:g}-{consumer:g}", weighed, {}))
    return found


def learn_front(
    algorithm: Algorithm,
    targets: Sequence[Target],
    settings: Mapping[str, Any],
    *,
    folder: Path,
    seed: int = 0,
    resume: bool = False,
    tell: Tell = tell_nobody,
    ended: Callable[[str, TrainResult], None] = lambda name, result: None,
) -> dict[str, TrainResult]:
    """Learn a policy for every target, each begun with the one before where the learner can.

    Parameters
    ----------
    algorithm
        The learner.
    targets
        What is learned for, in this order.
    settings
        Settings that all share.
    folder
        Where every run is kept, in a folder of its target.
    seed
        Of every run.
    resume
        Whether runs that are there are gone on with, and finished ones left as they are.
    tell, ended
        Are told every point of a curve, and every run.

    Raises
    ------
    SettingError
        If the learner lacks a setting of a target.
    ResumeError
        If what is there is damaged, or of another run.
    """
    begins = {field.name for field in dataclasses.fields(algorithm.config)} >= {"begin_with"}
    # Every setting is looked at before the first run takes its time.
    for target in targets:
        algorithm.configured({**settings, **target.settings})
    found: dict[str, TrainResult] = {}
    before: dict[str, Any] = {}
    for target in targets:
        place, key = folder / target.name, run_key(seed)
        config = algorithm.configured({**settings, **before, **target.settings})
        made = identity(target.problem, algorithm.name, config, key)
        known = finished_run(place, target.problem, config, made) if resume else None
        if known is None:
            checkpoint = Checkpoint(place / CHECKPOINT, resumes=resume)
            result = algorithm.train(target.problem, config, key=key, tell=tell, checkpoint=checkpoint)
            write_run(place, target.problem, result, made, {"seed": seed})
        else:
            result = known[0]
        before = {"begin_with": str(place)} if begins else {}
        found[target.name] = result
        ended(target.name, result)
    return found


def front_of(
    problem: Problem,
    policies: Mapping[str, Policy],
    measures: Sequence[Measure],
    *,
    replications: int,
    seed: int,
    periods: int | None = None,
) -> tuple[FrontPoint, ...]:
    """Judge policies on the same events, and say which another dominates.

    Parameters
    ----------
    problem
        The problem in which all are judged.
    policies
        Policies by name.
    measures
        What they are compared by.
    replications, seed
        Of the simulations.
    periods
        Length of a replication, that of the problem if not given.
    """
    values: dict[str, dict[str, Estimate]] = {}
    for name, policy in policies.items():
        played = play(problem, policy, replications=replications, seed=seed, periods=periods)
        values[name] = {measure.name: measure.of(played) for measure in measures}
    signs = np.array([measure.sign for measure in measures])
    table = np.array([[_number(each) for each in row.values()] for row in values.values()])
    beaten = dominated(signs * table.reshape(-1, len(measures)))
    return tuple(
        FrontPoint(name, row, bool(worse)) for (name, row), worse in zip(values.items(), beaten, strict=True)
    )


def _number(value: Estimate) -> float:
    return np.nan if value.mean is None else value.mean


def dominated(values: Float[np.ndarray, "point measure"]) -> Bool[np.ndarray, " point"]:
    """Return which points another one beats: it is nowhere larger, and somewhere smaller.

    Examples
    --------
    >>> dominated(np.array([[1.0, 5.0], [2.0, 3.0], [2.5, 3.0], [4.0, 1.0]])).tolist()
    [False, False, True, False]
    """
    one, other = values[:, None], values[None]
    beaten = np.all(other <= one, axis=-1) & np.any(other < one, axis=-1)
    return np.asarray(np.any(beaten, axis=1))


def draw_front(path: Path, points: Sequence[FrontPoint], title: str, criterion: str) -> bool:
    """Draw the first two measures of a front, if the library is there, and tell whether it is.

    Parameters
    ----------
    path
        File of the picture.
    points
        The front.
    title
        Its title.
    criterion
        What costs are judged by.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    up, along = list(points[0].values)[:2]
    for worse, told, color in ((False, "on the front", "tab:blue"), (True, "dominated", "tab:gray")):
        here = [point for point in points if point.dominated is worse]
        if not here:
            continue
        x, y = ([point.values[name] for point in here] for name in (along, up))
        axes.errorbar(
            [_number(each) for each in x],
            [_number(each) for each in y],
            xerr=[each.half_width or 0.0 for each in x],
            yerr=[each.half_width or 0.0 for each in y],
            fmt="x" if worse else "o",
            color=color,
            label=told,
        )
        for point in here:
            at = _number(point.values[along]), _number(point.values[up])
            axes.annotate(point.policy, at, textcoords="offset points", xytext=(5, 5), fontsize=8)
    names = {"cost": f"{criterion.replace('_', ' ')}, money", "fill_rate": "fill rate"}
    labels = [names.get(name, f"{name.replace('_', ' ')}, money") for name in (along, up)]
    axes.set(xlabel=labels[0], ylabel=labels[1], title=title)
    axes.margins(0.15)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    return True
