"""The optimum of a finite problem with its certificate."""

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from basestock.decision import Problem
from basestock.optimal.mdp.alike import evened
from basestock.optimal.mdp.analysis import Analyzed, analyze, is_endless
from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.budget import DEFAULT_MEMORY, Budget
from basestock.optimal.mdp.chain import LongRun, discounted, long_run
from basestock.optimal.mdp.edges import Edges, edges_of, no_edges
from basestock.optimal.mdp.first_box import first_box, wider
from basestock.optimal.mdp.followed import Followed, follow, share_at_the_edge
from basestock.optimal.mdp.iteration import Method, Solved, solve_average, solve_discounted, solve_total
from basestock.optimal.mdp.lookup import Optimal, optimal_policy
from basestock.optimal.mdp.pieces import Pieces, list_problem
from basestock.optimal.mdp.process import Process
from basestock.uncertainty import Deterministic, Discrete
from basestock.uncertainty.laws import TAIL

STILL = 1e-7
"""Relative change of the optimum by which a wider box may move it."""

MOST_WIDENINGS = 12

RARE = 1e-6
"""Share of periods in which decisions may lie at the edge of a box that suffices."""

ALMOST_NEVER = 1e-8
"""Share of periods in which as many customers may wait as a box keeps: those beyond it are lost to the costs."""


@dataclasses.dataclass(frozen=True, eq=False)
class Optimum:
    """The optimal value of a problem, and how it is known.

    Parameters
    ----------
    value, lower, upper
        Optimum of the problem's criterion in its own sense, and bounds on that of the listed process.
    pieces, solved
        Tables, and solutions of the components.
    box
        Box in which the optimum lies.
    reason
        Why the box suffices.
    edges
        Long-run share of periods (or share of the periods of a horizon) in which a decision lies at each edge of the
        box.
    num_classes
        Recurrent classes of the optimal decisions; 0 on a horizon.
    tail
        Probability of a period's demand that lies beyond its listed values.
    widenings
        How often the box was widened, without a change of value or decisions the last time.
    seconds
        Time that it took.
    """

    value: float
    lower: float
    upper: float
    pieces: Pieces
    solved: tuple[Solved, ...]
    box: Box
    reason: str
    edges: Edges
    num_classes: int
    tail: float
    widenings: int
    seconds: float

    def policy(self, problem: Problem) -> Optimal:
        """Return the optimal decisions as a policy.

        Raises
        ------
        NotSeenError
            If they depend on what no observation shows.
        """
        return optimal_policy(
            problem, self.pieces, [each.best for each in self.solved], ends=not is_endless(problem)
        )

    @property
    def boundary_share(self) -> float:
        """Share of periods in which a decision lies at the edge of the box that is touched most."""
        return self.edges.largest

    @property
    def symmetry(self) -> str:
        """Parts that are alike, of which only one order was listed; empty if no two are."""
        return "; ".join(str(each.symmetry) for each in self.pieces.processes if each.symmetry is not None)

    @property
    def shown(self) -> bool:
        """Whether the box was shown to suffice."""
        return not self.reason.startswith("not shown")


def optimize(
    problem: Problem,
    *,
    box: Box | None = None,
    tolerance: float = 1e-7,
    method: Method | None = None,
    max_bytes: int = DEFAULT_MEMORY,
    max_seconds: float = math.inf,
    tell: Callable[[str], None] = lambda message: None,
) -> Optimum:
    """Solve a finite problem exactly.

    Parameters
    ----------
    problem
        Periodic problem with finite support of its events and whole units.
    box
        Where to look; found, and widened until value and decisions stop moving, if not given.
    tolerance
        Relative distance of the bounds at which to stop.
    method
        How values are improved where there is no end, one that fits if not given; horizons are solved backwards.
    max_bytes
        Memory that tables and values may take.
    max_seconds
        Time for which it may run; what would take longer, by the time of the first sweeps, is refused.
    tell
        Is told states, memory and expected time before the work begins.

    Returns
    -------
    Optimum
        Average cost, cost of the horizon, or discounted cost, as the problem's criterion says. A discounted horizon
        whose end weighs less than a thousandth counts as without end; one after a warm-up is played by the decisions
        that are optimal without end.

    Raises
    ------
    SupportError
        If something random has no finite support.
    TooLargeError
        With the numbers, if it would not fit.
    """
    began = time.perf_counter()
    given = box is not None
    budget = Budget(max_bytes, began + max_seconds, tell)
    box = first_box(problem) if box is None else box
    known = analyze(problem, box if given or box.reason else wider(wider(box)), budget)
    how = _How(tolerance, method, budget)
    found = _solve(known, box, how, None)
    widenings = 0
    reason = box.reason
    while not given and (not reason or _touches(found)) and widenings < MOST_WIDENINGS:
        # Only what is touched need reach further, until nothing is; the last time all does.
        box = wider(box, found.edges.beyond(RARE, ALMOST_NEVER) if _touches(found) else None)
        further = _solve(known, box, how, found)
        widenings += 1
        still = abs(further.value - found.value) <= (STILL + tolerance) * (1 + abs(found.value))
        done = still and not _touches(found) and not _touches(further)
        found = further
        if done:
            reason = (
                "the box was widened by a quarter, which moved the value by no more than the tolerance, and decisions "
                f"lie at its edge in at most {RARE:g} of all periods"
            )
            break
    if not reason:
        reason = "given by the caller" if given else "not shown: the box was still moving the value"
    if box.max_backorders is not None and np.isfinite(box.max_backorders).any() and not _touches(found):
        reason += f"; waiting demand is cut where it is that deep in at most {ALMOST_NEVER:g} of all periods"
    return dataclasses.replace(found, reason=reason, widenings=widenings, seconds=time.perf_counter() - began)


def _touches(found: Optimum) -> bool:
    return bool(found.edges.beyond(RARE, ALMOST_NEVER).largest)


@dataclasses.dataclass(frozen=True)
class _How:
    """How processes are solved."""

    tolerance: float
    method: Method | None
    budget: Budget


def _solve(known: Analyzed, box: Box, how: _How, before: Optimum | None) -> Optimum:
    problem = known.problem
    pieces = list_problem(problem, box, budget=how.budget, analyzed=known)
    endless = is_endless(problem)
    schedule = pieces.schedule if endless else _whole_horizon(problem, pieces)
    idle = _constant(problem, pieces, schedule, endless)
    each_idle = idle / len(pieces.processes)
    done = {} if before is None else dict(zip(before.pieces.processes, before.solved, strict=True))

    def solve(process: Process) -> Solved:
        # What a wider box changed elsewhere does not concern a component.
        if process in done:
            return done[process]
        if not endless:
            return solve_total(process, schedule, budget=how.budget)
        iterate = solve_average if problem.averages else solve_discounted
        return iterate(
            process, schedule, tolerance=how.tolerance, idle=each_idle, method=how.method, budget=how.budget
        )

    solved = [solve(each) for each in pieces.processes]
    followed = (
        [follow(process, each.best, schedule) for process, each in zip(pieces.processes, solved, strict=True)]
        if endless
        else []
    )
    rest = [long_run(each.chain) for each in followed]
    lower, upper = (sum(getattr(each, end) for each in solved) + idle for end in ("lower", "upper"))
    if problem.discounts and problem.warm_up > 0:
        constant = _counted(problem, pieces)
        lower = upper = constant + sum(
            discounted(each.chain, problem.discount, warm_up=problem.warm_up, horizon=problem.horizon)
            for each in followed
        )
    ends = sorted((problem.sign * lower, problem.sign * upper))
    return Optimum(
        *(problem.sign * (lower + upper) / 2, ends[0], ends[1], pieces, tuple(solved), box, ""),
        edges=_edges(pieces, solved, followed, rest, schedule),
        num_classes=max((each.num_classes for each in rest), default=0),
        tail=_tail(problem),
        widenings=0,
        seconds=0.0,
    )


def _whole_horizon(problem: Problem, pieces: Pieces) -> tuple[int, ...]:
    return tuple(pieces.schedule[period % len(pieces.schedule)] for period in range(problem.horizon))


def _constant(problem: Problem, pieces: Pieces, schedule: tuple[int, ...], endless: bool) -> float:
    """Return what a criterion counts where nothing is there and nothing is done."""
    base = np.array([pieces.base[kind] for kind in schedule])
    if problem.averages:
        return float(base.mean())
    weights = problem.discount ** np.arange(len(base))
    whole = float(weights @ base)
    if endless and problem.discount < 1:
        whole /= 1 - problem.discount ** len(base)
    return whole + pieces.opening


def _counted(problem: Problem, pieces: Pieces) -> float:
    """Return the same of the counted periods after a warm-up."""
    kinds = [pieces.schedule[(problem.warm_up + at) % len(pieces.schedule)] for at in range(problem.horizon)]
    return float(
        problem.discount ** np.arange(problem.horizon) @ np.array([pieces.base[kind] for kind in kinds])
    )


def _edges(
    pieces: Pieces,
    solved: Sequence[Solved],
    followed: Sequence[Followed],
    rest: Sequence[LongRun],
    schedule: tuple[int, ...],
) -> Edges:
    """Return the share of periods in which the components decide at each edge of the box."""
    if not followed:
        parts = zip(pieces.processes, solved, strict=True)
        found = [share_at_the_edge(process, each.best, schedule) for process, each in parts]
    else:
        found = [
            edges_of(process, each.carried, each.mixed, each.decision).weighed(run.share)
            for process, each, run in zip(pieces.processes, followed, rest, strict=True)
        ]
    found = [
        each if process.symmetry is None else evened(process.symmetry, each)
        for process, each in zip(pieces.processes, found, strict=True)
    ]
    return functools.reduce(Edges.plus, found, no_edges(pieces.processes[0].box))


def _tail(problem: Problem) -> float:
    """Return the probability of a period's demand beyond its listed values: 0 where laws are finite themselves."""
    dice = problem.uncertainty
    laws = [*dice.demand.values(), *dice.class_demand.values(), *(kit.law for kit in dice.kits.values())]
    return max((TAIL for law in laws if not isinstance(law, Discrete | Deterministic)), default=0.0)
