"""Any policy, learned ones too, valued exactly on the states that it reaches."""

import dataclasses
import itertools
import math
import time

import numpy as np

from basestock.decision import Policy, Problem
from basestock.optimal.mdp.analysis import is_endless
from basestock.optimal.mdp.chain import LongRun, long_run, whereabouts
from basestock.optimal.mdp.walker import NotMarkovError, Walker

__all__ = ["ExactValue", "NoLongRunError", "NotMarkovError", "evaluate_exactly"]

MOST_STATES = 3_000_000
"""States that a policy may reach."""

MOST_LINKS = 400_000_000
"""Combinations of state and event that may be run."""

MOST_TAIL = 1e-9
"""Share of periods that may be cut off."""

STILL = 1e-9
"""Share of the value by which it may move in the last enlargement."""

LAYERS = 32
"""Periods from the start up to which all states are run that can be reached, however improbable."""

WHOLE = 20_000_000
"""Combinations of state and event up to which all states are run, however improbable."""

COARSE = 1e-3
"""Share of what leaves that an enlargement may leave out."""


class NoLongRunError(ValueError):
    """What a policy leads to grows without end, and has no average."""


@dataclasses.dataclass(frozen=True)
class ExactValue:
    """The exact value of a policy.

    Parameters
    ----------
    value
        The problem's criterion in its own sense, money.
    num_states
        States reached from the declared start.
    num_classes
        Recurrent classes among them; 0 on a horizon.
    seconds
        Time that it took.
    tail
        Share of periods that lead to states that were cut off as too improbable; 0.0 where nothing was.
    error
        What the cut may change in the value, money: by how much the last enlargement moved an average, or what the
        worst period so far would cost in the periods that were cut off a horizon; 0.0 where nothing was cut off.
    """

    value: float
    num_states: int
    num_classes: int
    seconds: float
    tail: float = 0.0
    error: float = 0.0


def evaluate_exactly(
    problem: Problem, policy: Policy, *, max_states: int = MOST_STATES, max_links: int = MOST_LINKS
) -> ExactValue:
    """Return the exact value of a policy from the declared start.

    Parameters
    ----------
    problem
        Periodic problem with finite support of its events and whole units.
    policy
        A policy without memory, that looks at the state and the period alone.
    max_states, max_links
        States, and combinations of state and event, at most.

    Returns
    -------
    ExactValue
        By the sparse chain of the states that are reached: averages by its long-run shares, discounted and total costs
        by its law period after period.

    Raises
    ------
    SupportError
        If something random has no finite support.
    NotMarkovError
        If the policy remembers, or looks at the past.
    NotWholeError
        If it orders fractions.
    NoLongRunError
        If it leads to ever larger stocks or backorders, and an average is asked for.
    TooLargeError
        If it reaches more states; said as soon as it can be foreseen.

    Notes
    -----
    Where the states are few, all are run. A policy may reach ever more states of ever smaller probability: then those
    that matter most are run first, until the rest is reached in at most :data:`MOST_TAIL` of all periods and the value
    stands still. What leaves starts anew (augmented truncated chains, Tweedie 1998, Journal of Applied Probability
    35(3):517-536).
    """
    began = time.perf_counter()
    walker = Walker(problem, policy, max_states, max_links)
    if problem.averages:
        rest, error = _averaged(walker)
        value, classes, tail = rest.gain, rest.num_classes, rest.leak
    else:
        periods = problem.warm_up + problem.horizon
        if is_endless(problem) and problem.warm_up == 0:
            periods = math.ceil(math.log(1e-12) / math.log(problem.discount)) if problem.discount else 1
        (value, tail, error), classes = _total(walker, periods), 0
    return ExactValue(
        *(problem.sign * value, len(walker.nodes), classes, time.perf_counter() - began),
        tail=tail,
        error=error,
    )


def _averaged(walker: Walker) -> tuple[LongRun, float]:
    """Return the long run, and by how much its gain moved when the last states were added."""
    layers = 0
    limit = min(WHOLE, walker.max_links)
    while (waiting := walker.waiting).size:
        if layers >= LAYERS or walker.links + walker.needed(waiting) > limit:
            return _cut(walker, layers)
        walker.run(waiting)
        layers += 1
    return long_run(walker.chain()), 0.0


def _cut(walker: Walker, layers: int) -> tuple[LongRun, float]:
    """Add the states that matter most until the others do not."""
    share, gain, passed = walker.start, math.inf, list[_Mark]()
    layers = max(layers, 8)
    while True:
        chain = walker.chain()
        share = whereabouts(chain, np.pad(share, (0, chain.num_states - len(share))))
        waiting = walker.waiting
        away = share[waiting].sum()
        if away <= MOST_TAIL:
            rest = long_run(chain.within(walker.ran), guess=share[walker.ran])
            moved, gain = abs(rest.gain - gain), rest.gain
            if rest.leak <= MOST_TAIL and moved <= STILL * max(abs(gain), 1e-9):
                return rest, moved if waiting.size else 0.0
        passed.append(_Mark(layers, walker.links, float(away), _reach(walker)))
        _require_long_run(walker, passed)
        _require_fit(walker, passed)
        layers += _deepen(walker, waiting, share[waiting], layers)


@dataclasses.dataclass(frozen=True)
class _Mark:
    """How far a walk has come: layers, links, what leaves, and the largest quantities."""

    layers: int
    links: int
    away: float
    reach: np.ndarray


def _reach(walker: Walker) -> np.ndarray:
    return np.abs(walker.nodes.rows[:, 1:].astype(np.int32)).max(0)


def _deepen(walker: Walker, waiting: np.ndarray, weight: np.ndarray, layers: int) -> int:
    """Run what matters of the next layers, up to twice the work so far; return how many layers there were."""
    flow, before = np.zeros(len(walker.nodes)), walker.links
    flow[waiting] = weight
    for done in range(layers):
        waiting = walker.waiting
        weight = flow[waiting]
        chosen = waiting[~_least(weight, COARSE * weight.sum()) & (weight > 0)]
        enough = weight.sum() < COARSE * MOST_TAIL and walker.links > 2 * before
        if enough or not chosen.size:
            return done
        for rows, targets, chances in walker.run(chosen):
            flow = np.pad(flow, (0, len(walker.nodes) - len(flow)))
            np.add.at(flow, targets, flow[rows] * chances)
    return layers


def _least(weight: np.ndarray, allowed: float) -> np.ndarray:
    """Tell which states weigh no more than is allowed all together, the least first."""
    order = np.argsort(weight)
    least = np.zeros(len(weight), dtype=bool)
    least[order[np.cumsum(weight[order]) <= allowed]] = True
    return least


def _require_long_run(walker: Walker, passed: list[_Mark]) -> None:
    """Refuse what grows: twice the layers, and what leaves is far from being a sixth, as of a walk without a home."""
    if len(passed) < 3 or passed[-1].layers < 4 * LAYERS:
        return
    marks = passed[-3:]
    grown = np.ones(len(marks[0].reach), dtype=bool)
    for before, after in itertools.pairwise(marks):
        steps = after.layers / before.layers
        if steps < 1.5 or after.away < before.away * steps**-2.5:
            return
        grown &= after.reach > 1.3 * before.reach
    if grown.any():
        entry = int(np.argmax(np.where(grown, marks[-1].reach, -1)))
        raise NoLongRunError(
            f"Problem {walker.problem.name!r}: under the policy {type(walker.policy).__name__}, "
            f"{walker.kernels[0].names[entry]} grows without end, to {marks[-1].reach[entry]:,} units within "
            f"{marks[-1].layers:,} periods; must come to rest for an average. Order less than demand takes where stock "
            "grows, and more where backorders do; or ask for a horizon."
        )


def _require_fit(walker: Walker, passed: list[_Mark]) -> None:
    """Refuse what will not fit: what leaves falls too slowly, even if its logarithm goes on to fall as it did."""
    if len(passed) < 2 or walker.links < walker.max_links // 8:
        return
    before, after = passed[-2:]
    if after.away <= MOST_TAIL or after.links <= before.links:
        return
    fall = (math.log(before.away) - math.log(after.away)) / (after.links - before.links)
    if math.log(after.away) - fall * (walker.max_links - after.links) > math.log(MOST_TAIL):
        raise walker.too_large()


def _total(walker: Walker, periods: int) -> tuple[float, float, float]:
    """Return the money of a horizon from its start, discounted, what share of it was cut off, and what that may cost.

    The warm-up does not count.
    """
    problem = walker.problem
    weights = np.zeros(periods)
    weights[problem.warm_up :] = problem.discount ** np.arange(periods - problem.warm_up)
    later = np.cumsum(weights[::-1])[::-1]
    total = float(walker.first[1] @ walker.opening) if problem.warm_up == 0 else 0.0
    share, lost, worst = walker.start, 0.0, 0.0
    limit = min(WHOLE, walker.max_links // 8)
    chain, turned = walker.chain(), None
    for period in range(periods):
        waiting = np.flatnonzero((share > 0) & ~walker.ran[: len(share)])
        if len(waiting) or turned is None:
            if period >= LAYERS or walker.links + walker.needed(waiting) > limit:
                gone = _least(share[waiting], MOST_TAIL / periods)
                lost += float(share[waiting[gone]].sum() * later[period])
                share[waiting[gone]] = 0.0
                waiting = waiting[~gone]
            if (
                walker.ends
                and walker.links + walker.needed(waiting) * (periods - period) > 2 * walker.max_links
            ):
                raise walker.too_large()
            if walker.ends:
                walker.forget()
            walker.run(waiting)
            chain = walker.chain()
            turned = chain.matrix.T.tocsr()
            share = np.pad(share, (0, chain.num_states - len(share)))
            worst = float(np.abs(chain.cost).max())
        total += weights[period] * float(share @ chain.cost)
        share = turned @ share
    return total, lost / max(later[0], 1e-300), lost * worst
