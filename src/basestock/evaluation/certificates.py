"""Certificates: what is best for a problem, how that is known, and how far policies are from it."""

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from basestock.decision import Certificate, Policy, Problem
from basestock.economics import Estimate, estimate
from basestock.evaluation.controllable import purchase_of_demand
from basestock.evaluation.report import policy_parameters
from basestock.evaluation.run import paired, play
from basestock.optimal.bounds import Bound, best_bound
from basestock.optimal.mdp import (
    Method,
    NotMarkovError,
    NotWholeError,
    Optimum,
    TooLargeError,
    evaluate_exactly,
    optimize,
)
from basestock.optimal.mdp.evaluated import NoLongRunError
from basestock.optimal.players import PLAYERS
from basestock.policies import fit
from basestock.policies.search import Score
from basestock.uncertainty.support import SupportError

SOLVE_SCHEMA, CERTIFY_SCHEMA = "basestock.solve/1", "basestock.certify/1"

LINKS = 60_000_000
"""Combinations of state and event up to which a policy is valued exactly and not simulated."""

CHECKED = 20_000_000
"""Combinations of state and event up to which an optimum is held against what its decisions cost."""

OFF = 1e-4
"""Relative difference from that above which an optimum is not shown."""

ZERO = 1e-6
"""Money below which an optimum counts as nothing: no gap is stated in percent of it."""

FEW, MOST_BESIDE = 200, 8192
"""Replications that a simulation begins with, and that are played beside each other later."""

PRECISE = 2e-4
"""Half-width, as a share of the reference, that is enough however small the gap."""

WORK, PARTS = 40_000_000, 32
"""Places times periods times replications of a simulation at most, and in how many parts they are played."""

SCORED = 3_000_000
"""Combinations of state and event up to which policies are tuned by their exact cost in the end."""

SCORING = 15.0
"""Seconds that this may take for a policy."""

REFUSALS = (SupportError, TooLargeError, NotMarkovError, NotWholeError)
"""Reasons for which a value is not exact."""

Tell = Callable[[str], None]


@dataclasses.dataclass(frozen=True, eq=False)
class Certified:
    """The best value of a problem, as far as it is known.

    Parameters
    ----------
    value
        Optimum in the problem's own sense, money; ``None`` where only bounds are known.
    lower, upper
        Bounds on the optimum; ``None`` where none is known.
    certificate
        ``exact`` for an optimum, ``lower_bound`` for a proven bound on the right side of the sense, else ``none``.
    half_width
        Of the bound, where it is an estimate, money; 0 for a certain one.
    method
        How it was computed, and why it holds.
    states
        States of the solved problem; ``None`` for closed forms and bounds.
    seconds
        Time that it took.
    decision
        What is decided, where a closed form names it.
    optimum
        The solution with its tables, where there is one.
    """

    value: float | None
    lower: float | None
    upper: float | None
    certificate: Certificate
    half_width: float
    method: str
    states: int | None
    seconds: float
    decision: Mapping[str, Any] | None = None
    optimum: Optimum | None = None

    @property
    def shown(self) -> Optimum | None:
        """The optimum, where it is proven."""
        return self.optimum if self.certificate == "exact" else None

    @property
    def reference(self) -> float | None:
        """What gaps are stated against: the optimum, or the proven bound."""
        known = (self.value, self.lower, self.upper)
        return next((each for each in known if each is not None), None)


def certify_problem(
    problem: Problem,
    *,
    max_bytes: int,
    max_seconds: float,
    method: Method | None = None,
    tell: Tell = lambda message: None,
) -> Certified:
    """Return the optimum of a problem, or a proven bound where it is out of reach.

    Parameters
    ----------
    problem
        Any problem.
    max_bytes, max_seconds
        Memory and time that exact dynamic programming may take.
    method
        How its values are improved; one that fits if not given.
    tell
        Is told what begins, with the numbers.
    """
    began = time.perf_counter()
    if problem.solve is not None:
        found = problem.solve()
        return Certified(
            *(found.value, found.value, found.value, "exact", 0.0, found.method, None),
            seconds=time.perf_counter() - began,
            decision=found.decision,
        )
    why = ""
    try:
        optimum = optimize(problem, method=method, max_bytes=max_bytes, max_seconds=max_seconds, tell=tell)
    except (*REFUSALS, ValueError) as error:
        # The error holds on to all tables that were made: bounds begin when it is gone.
        optimum, why = None, str(error)
    if optimum is None:
        tell(f"no exact optimum: {why}")
        return _bounded(
            problem, best_bound(problem, max_bytes=max_bytes, max_seconds=max_seconds), began, why
        )
    seconds = time.perf_counter() - began
    off = _off(problem, optimum)
    told = f"dynamic programming; {optimum.reason}"
    if problem.discounts and problem.warm_up > 0:
        told += (
            "; best from every state that counting may begin in: the warm-up costs nothing, and a policy may come out "
            "a little better by leading to other states"
        )
    if off > OFF:
        told = f"not shown: its own decisions, valued one by one, cost {100 * off:.3g} % more or less; {told}"
    shown = optimum.shown and off <= OFF
    # What bounds the listed process bounds the problem only where the box was shown to suffice.
    lower, upper = (optimum.lower, optimum.upper) if shown else (None, None)
    return Certified(
        *(optimum.value, lower, upper, "exact" if shown else "none", 0.0, told),
        *(optimum.pieces.num_states, seconds),
        optimum=optimum,
    )


def _off(problem: Problem, optimum: Optimum) -> float:
    """Return how far an optimum is from what its decisions cost in the whole problem, relative to it.

    Notes
    -----
    The tables of a solution rest on a structure that was read from samples; this check does not. It is left out, and 0,
    where the decisions reach too many states or cannot be looked up.
    """
    try:
        found = evaluate_exactly(problem, optimum.policy(problem), max_links=CHECKED)
    except (*REFUSALS, ValueError):
        return 0.0
    # Beyond what its own bounds leave open.
    apart = abs(found.value - optimum.value) - (optimum.upper - optimum.lower)
    return max(apart, 0.0) / max(abs(optimum.value), ZERO)


def _bounded(problem: Problem, bound: Bound | None, began: float, why: str) -> Certified:
    seconds = time.perf_counter() - began
    if bound is None:
        return Certified(None, None, None, "none", 0.0, f"no optimum and no bound: {why}", None, seconds)
    low, high = (bound.value, None) if problem.sense == "min" else (None, bound.value)
    return Certified(None, low, high, "lower_bound", bound.half_width, bound.method, None, seconds)


@dataclasses.dataclass(frozen=True)
class PolicyGap:
    """One policy against the best value.

    Parameters
    ----------
    policy
        Name.
    cost
        Its value in the problem's own sense, money.
    half_width
        95 % half-width, money; 0 where it is exact.
    gap_percent
        Distance to the reference in percent of it, positive where the policy is worse; ``None`` without one, and
        where the reference is nothing and the cost is not.
    parameters
        Its parameters.
    controllable_gap_percent
        The same distance in percent of what a policy can change: the reference without the purchase of mean demand.
        ``None`` where nothing is bought, and where the reference is a profit.
    complete
        Whether its tuning came to its end before its time did.
    """

    policy: str
    cost: float
    half_width: float
    gap_percent: float | None
    parameters: Mapping[str, Any]
    controllable_gap_percent: float | None = None
    complete: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Control:
    """The optimal policy as a control variate: what another costs more than it on the same events is known better.

    Parameters
    ----------
    problem, optimum
        The problem and its exact optimum, the expectation of the control.
    seed
        Of the simulations.
    """

    problem: Problem
    optimum: Optimum
    seed: int
    _played: dict[tuple[int, int], np.ndarray] = dataclasses.field(default_factory=dict, init=False)

    @functools.cached_property
    def policy(self) -> Policy | None:
        """The optimal policy; nothing where its tables cannot be looked up in this game."""
        try:
            return self.optimum.policy(self.problem)
        except (*REFUSALS, ValueError):
            return None

    def totals(self, first: int, count: int) -> np.ndarray | None:
        """Return what the optimal policy comes to in some replications."""
        if self.policy is None:
            return None
        if (first, count) not in self._played:
            found = play(self.problem, self.policy, first=first, replications=count, seed=self.seed)
            self._played[first, count] = found.totals
        return self._played[first, count]

    def narrowed(self, totals: np.ndarray, optimal: np.ndarray) -> Estimate:
        """Return the narrower of two estimates of a value: the mean, or the optimum and the difference to it."""
        plain, apart = estimate(totals), paired(totals, optimal)
        if apart.mean is None or apart.half_width is None or apart.half_width >= (plain.half_width or 0.0):
            return plain
        return dataclasses.replace(apart, mean=self.optimum.value + apart.mean)


def value_of(
    problem: Problem,
    policy: Policy,
    *,
    replications: int | None = None,
    seed: int,
    control: Control | None = None,
    reference: float | None = None,
) -> Estimate:
    """Return the value of a policy: exact where the states that it reaches are few, else simulated.

    Parameters
    ----------
    problem, policy
        Who plays what.
    replications
        Of a simulation; as many as the gap needs if not given, see the notes.
    seed
        Of a simulation.
    control
        The optimal policy on the events of the same seed, which makes a simulation more precise.
    reference
        What the gap is stated against, money.

    Notes
    -----
    Without ``replications`` it begins with :data:`FEW`. Where there is a reference it goes on until the 95 %
    half-width is at most a third of the distance to it, or :data:`PRECISE` of it, or :data:`WORK` is used up.
    """
    if problem.kind == "periodic":
        try:
            return Estimate(evaluate_exactly(problem, policy, max_links=LINKS).value, 0.0, 1)
        except (*REFUSALS, ValueError):
            pass
    each = (problem.warm_up + problem.horizon) * problem.arrays.num_nodes * problem.arrays.num_items
    further = min(max(WORK // (PARTS * each), FEW), MOST_BESIDE)
    count = FEW if replications is None else replications
    mine, optimal = list[np.ndarray](), list[np.ndarray]()
    done = 0
    while True:
        mine.append(play(problem, policy, first=done, replications=count, seed=seed).totals)
        known = None if control is None else control.totals(done, count)
        totals = np.concatenate(mine)
        if control is None or known is None:
            found = estimate(totals)
        else:
            optimal.append(known)
            found = control.narrowed(totals, np.concatenate(optimal))
        done += count
        if replications is not None or (done + further) * each > WORK or _is_enough(found, reference):
            return found
        count = further


def _is_enough(found: Estimate, reference: float | None) -> bool:
    """Tell whether a value is known well enough for its distance to a reference."""
    if reference is None or found.mean is None or found.half_width is None:
        return True
    return found.half_width <= max(abs(found.mean - reference) / 3.0, PRECISE * abs(reference))


def exact_score(problem: Problem, *, max_links: int = SCORED, seconds: float = SCORING) -> Score | None:
    """Return the exact cost of policies for the end of a search, as long as there is time for it.

    Parameters
    ----------
    problem
        The problem; ``None`` comes back where it is not played in periods.
    max_links
        Combinations of state and event up to which a policy has an exact cost.
    seconds
        Time for all policies together.
    """
    if problem.kind != "periodic":
        return None
    left = seconds

    def score(policy: Policy) -> float:
        nonlocal left
        if left <= 0.0:
            return math.inf
        began = time.perf_counter()
        try:
            cost = problem.sign * evaluate_exactly(problem, policy, max_links=max_links).value
        except NoLongRunError:
            cost = math.inf
        except (*REFUSALS, ValueError):
            # What has no exact cost once is not asked again.
            cost, left = math.inf, 0.0
        left -= time.perf_counter() - began
        return cost

    return score


def policy_gaps(
    problem: Problem,
    names: Sequence[str],
    reference: float | None,
    *,
    given: Mapping[str, Policy] | None = None,
    optimum: Optimum | None = None,
    replications: int | None = None,
    seed: int = 0,
    max_seconds: float = math.inf,
    tell: Tell = lambda message: None,
) -> list[PolicyGap]:
    """Tune policies and return how far each is from a reference.

    Parameters
    ----------
    problem
        The problem.
    names
        Registered policies, tuned under common random numbers and then, where that fits, by their exact cost.
    reference
        Optimum or bound, money.
    given
        Policies that are taken as they are, by name.
    optimum
        The exact optimum, if it is known: simulated costs are more precise by it.
    replications
        Of simulations; as many as the gap needs if not given: see :func:`value_of`.
    seed
        Of simulations; tuning and judging use disjoint streams of events.
    max_seconds
        Time for the tuning of each policy.
    tell
        Is told what is finished.
    """
    players, unfinished = dict(given or {}), set[str]()
    for name in names:
        entry = PLAYERS[name]
        if entry.compute is not None and entry.box is None:
            players[name] = entry.compute(problem)
        else:
            tuned = fit(problem, entry, seed=seed, score=exact_score(problem), max_seconds=max_seconds)
            players[name] = tuned.policy
            if not tuned.complete:
                unfinished.add(name)
        tell(f"tune {name}{'' if name not in unfinished else ': out of time, the best so far'}")
    control = None if optimum is None else Control(problem, optimum, seed + 1)
    found: list[PolicyGap] = []
    best = 0.0 if reference is None else problem.sign * reference
    bought = 0.0 if reference is None else purchase_of_demand(problem)
    for name, policy in players.items():
        # All policies meet the same events, which none of them was tuned on.
        cost = value_of(
            *(problem, policy), replications=replications, seed=seed + 1, control=control, reference=reference
        )
        assert cost.mean is not None
        gap = _gap_percent(problem.sign * cost.mean, reference, problem.sign)
        left = None if gap is None or not 0.0 < bought < best else gap * best / (best - bought)
        found.append(
            PolicyGap(
                *(name, cost.mean, cost.half_width or 0.0, gap, policy_parameters(problem, policy)),
                controllable_gap_percent=left,
                complete=name not in unfinished,
            )
        )
    return found


def _gap_percent(cost: float, reference: float | None, sign: float) -> float | None:
    """Return how much more a cost is in percent of a reference; ``None`` where that is nothing and the cost is not."""
    if reference is None:
        return None
    more = cost - sign * reference
    if abs(reference) <= ZERO:
        return 0.0 if abs(more) <= ZERO else None
    return 100.0 * more / abs(reference)
