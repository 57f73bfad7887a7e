"""Whether learning has converged: rewards that settle, entropy that falls, and seeds that agree."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from basestock.decision import Problem
from basestock.evaluation import kpi_estimates, play
from basestock.learning.results import Point, TrainResult
from basestock.learning.updates import POLICY_CHANGE

LATE = 1 / 3
"""Share of a run, its end, in which costs must have settled."""

MOST_DRIFT = 1.0
"""Change of the cost over the end of a run up to which it has settled, percent."""

KPIS = "fill_rate", "turnover"
"""Key figures in which seeds are compared."""

MOST_SPREAD = 2.0
"""Range over seeds of what they come to up to which they agree, percent of the median."""


@dataclasses.dataclass(frozen=True)
class Convergence:
    """What the curves of several seeds say.

    Parameters
    ----------
    verdict
        ``converged``, or what speaks against it with its numbers.
    drift_percent
        Of each seed: change of the cost over the last third of the run, percent of the cost.
    entropy, policy_change
        Of each seed: first and last value; nothing for learners that tell none.
    spread_percent
        Range over seeds of the last cost and of key figures, by name, percent of the median.
    """

    verdict: str
    drift_percent: tuple[float, ...]
    entropy: tuple[tuple[float, float], ...]
    policy_change: tuple[tuple[float, float], ...]
    spread_percent: Mapping[str, float]


def convergence(
    curves: Sequence[Sequence[Point]], kpis: Mapping[str, Sequence[float]] | None = None
) -> Convergence:
    """Judge the curves of several seeds.

    Parameters
    ----------
    curves
        Points in the order of time, a curve a seed.
    kpis
        What the policies of the seeds come to, by the name of the key figure.

    Raises
    ------
    ValueError
        If there is no curve, or one has no point.

    Examples
    --------
    >>> falling = [Point(float(at), at, {"cost": 10.0 + 8.0 * 0.5**at}) for at in range(11)]
    >>> convergence([falling, falling]).verdict
    'converged'
    >>> convergence([falling[:4], falling]).verdict
    'not converged: cost of 1 of 2 seeds still moves, by up to 9.1 %; cost differs by 9.4 % between seeds'
    """
    if not curves or not all(curves):
        raise ValueError(
            "convergence: a curve has no points, must have one at least. Keep the curve of the run."
        )
    drifts = tuple(_drift([point.values["cost"] for point in curve]) for curve in curves)
    entropy, change = (_ends(curves, name) for name in ("losses/entropy", POLICY_CHANGE))
    last = {"cost": [curve[-1].values["cost"] for curve in curves], **(kpis or {})}
    spreads = {name: _spread(values) for name, values in last.items()}
    moving = [drift for drift in drifts if not drift <= MOST_DRIFT]
    against = []
    if moving:
        against.append(
            f"cost of {len(moving)} of {len(drifts)} seeds still moves, by up to {max(moving):.1f} %"
        )
    if rising := [each for each in entropy if each[1] > each[0]]:
        against.append(f"entropy of {len(rising)} of {len(drifts)} seeds rises")
    against += [
        f"{name} differs by {spread:.1f} % between seeds"
        for name, spread in spreads.items()
        if not spread <= MOST_SPREAD
    ]
    verdict = f"not converged: {'; '.join(against)}" if against else "converged"
    return Convergence(verdict, drifts, entropy, change, spreads)


def convergence_of(
    problem: Problem, results: Sequence[TrainResult], *, replications: int, seed: int
) -> Convergence:
    """Judge runs of several seeds, with the key figures of their policies on the same fresh events.

    Parameters
    ----------
    problem, results
        What was learned, and the runs.
    replications, seed
        Replications of the play that key figures are of, and root of its events.
    """
    played = [
        kpi_estimates(play(problem, result.policy, replications=replications, seed=seed).sums[0])
        for result in results
    ]
    found = {name: [each[name].mean for each in played if name in each] for name in KPIS}
    known = {
        name: [value for value in values if value is not None]
        for name, values in found.items()
        if values and None not in values
    }
    return convergence([result.curve for result in results], known)


def _drift(costs: Sequence[float]) -> float:
    """Return how far costs moved over the end of a run, percent."""
    late = costs[-max(math.ceil(LATE * len(costs)), 2) :]
    return 100.0 * abs(late[-1] - late[0]) / max(abs(late[-1]), 1e-12)


def _spread(values: Sequence[float]) -> float:
    """Return the range of values, percent of their median."""
    return 100.0 * float(np.ptp(values)) / max(abs(float(np.median(values))), 1e-12)


def _ends(curves: Sequence[Sequence[Point]], name: str) -> tuple[tuple[float, float], ...]:
    """Return the first and the last value of a scalar, of every curve that tells it."""
    found = [[point.values[name] for point in curve if name in point.values] for curve in curves]
    return tuple((told[0], told[-1]) for told in found if told)
