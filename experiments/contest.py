"""Policies on the same events: published numbers beside ours, and paired differences to the best tuned classic."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from basestock.decision import Policy, Problem
from basestock.economics import Estimate, estimate
from basestock.evaluation import Played, kpi_estimates, paired, play, require_fair
from basestock.evaluation.certificates import exact_score
from basestock.policies import fit
from experiments.registry import Options
from experiments.report import Cell

Measure = Callable[[Played], Estimate]


@dataclasses.dataclass(frozen=True, eq=False)
class Contender:
    """A row of a comparison.

    Parameters
    ----------
    name
        Name of the row.
    policies
        The policy; of a learner one for each training seed.
    problem
        The game as it sees it, where it sees other than the rest; the events are the same.
    published
        Printed numbers by measure.
    is_tuned
        Whether it is a classical policy that was tuned here.
    budget
        What it took to find it, in words.
    """

    name: str
    policies: Sequence[Policy]
    problem: Problem | None = None
    published: Mapping[str, Cell] = dataclasses.field(default_factory=dict)
    is_tuned: bool = False
    budget: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """A contender and what it came to.

    Parameters
    ----------
    contender
        Who played.
    played
        One for each policy of it, the cheapest first.
    """

    contender: Contender
    played: Sequence[Played]

    @property
    def median(self) -> Played:
        """The policy of the median seed; of two in the middle the worse."""
        return self.played[len(self.played) // 2]


def tuned(problem: Problem, name: str, options: Options) -> Contender:
    """Return a registered policy at its best parameters: searched on events of its own, then by exact cost if quick."""
    found = fit(problem, name, seed=options.seed, score=exact_score(problem))
    shown = {key: np.asarray(value).reshape(-1) for key, value in found.parameters.items()}
    words = "; ".join(f"{key} {', '.join(f'{each:g}' for each in value[:6])}" for key, value in shown.items())
    told = f"{found.num_candidates:,} candidates: {words}"
    return Contender(f"{name}, tuned", [found.policy], problem, is_tuned=True, budget=told)


def contest(problem: Problem, contenders: Sequence[Contender], options: Options) -> list[Outcome]:
    """Play all contenders on the same events, which none was tuned or trained on.

    Raises
    ------
    FairnessError
        If a contender would be judged on another game.
    """
    require_fair(
        {"problem": problem} | {each.name: each.problem for each in contenders if each.problem is not None}
    )
    found: list[Outcome] = []
    for each in contenders:
        seen = problem if each.problem is None else each.problem
        played = [
            play(seen, policy, replications=options.replications, seed=options.seed)
            for policy in each.policies
        ]
        found.append(Outcome(each, sorted(played, key=lambda one: problem.sign * float(one.totals.mean()))))
    return found


def best_tuned(problem: Problem, outcomes: Sequence[Outcome]) -> Outcome | None:
    """Return what the best classical policy that was tuned here came to; nothing if none was."""
    return min(
        (each for each in outcomes if each.contender.is_tuned),
        key=lambda each: problem.sign * float(each.median.totals.mean()),
        default=None,
    )


def rows(
    problem: Problem,
    outcomes: Sequence[Outcome],
    measures: Mapping[str, Measure],
    *,
    scale: float = 1.0,
    optimum: tuple[float, Outcome] | None = None,
) -> list[dict[str, Cell]]:
    """Return the rows of a comparison.

    Parameters
    ----------
    problem, outcomes
        The game and what came of it.
    measures
        Further columns: of the policy of the median seed.
    scale
        What totals are multiplied by for print; negative where the print has rewards and the problem costs.
    optimum
        Exact value, in the problem's own sense, money, and what the optimal policy came to: gaps are differences on the
        same events, in percent of the value.
    """
    best = best_tuned(problem, outcomes)
    found: list[dict[str, Cell]] = []
    for each in outcomes:
        total = estimate(each.median.totals)
        assert total.mean is not None
        row: dict[str, Cell] = {"policy": each.contender.name}
        row["published"] = each.contender.published.get("value")
        row |= {"ours": total.mean * scale, "+-": (total.half_width or 0.0) * abs(scale)}
        if isinstance(row["published"], float):
            row["deviation %"] = 100.0 * (total.mean * scale / row["published"] - 1.0)
        if optimum is not None:
            behind = paired(each.median.totals, optimum[1].median.totals)
            percent = 100.0 / abs(optimum[0])
            row["gap %"] = problem.sign * (behind.mean or 0.0) * percent
            row["gap +-"] = (behind.half_width or 0.0) * percent
        if best is not None and each is not best:
            apart = paired(each.median.totals, best.median.totals)
            row["against best tuned"] = (
                f"{(apart.mean or 0.0) * scale:+.4g} +- {(apart.half_width or 0.0) * abs(scale):.2g}"
            )
        for name, measure in measures.items():
            if name in each.contender.published:
                row[f"{name}, published"] = each.contender.published[name]
            row[name] = measure(each.median).mean
        if len(each.played) > 1:
            worst = float(each.played[-1].totals.mean())
            row |= {"training seeds": len(each.played), "worst seed": worst * scale}
        row["budget"] = each.contender.budget
        found.append(row)
    return found


def kpi(name: str) -> Measure:
    """Return the measure of a key figure."""
    return lambda played: kpi_estimates(played.sums[0])[name]
