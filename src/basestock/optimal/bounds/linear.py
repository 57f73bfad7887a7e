"""Linear programs of the average cost: exact ones as a second opinion, approximate ones as bounds."""

import dataclasses
import time
from collections.abc import Sequence

import numpy as np

from basestock.decision import Problem
from basestock.optimal.bounds.bound import Bound
from basestock.optimal.mdp.budget import Budget, TooLargeError
from basestock.optimal.mdp.first_box import first_box
from basestock.optimal.mdp.pieces import Pieces, list_problem
from basestock.optimal.mdp.process import Process
from basestock.optimal.mdp.sweep import FORBIDDEN, Sweep
from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.model import ProgramError, ProgramModel

MOST_PAIRS = 400_000
"""Pairs of state and decision that an exact program has at most."""

MOST_WEIGHT = 1e6
"""Largest weight of a basis function: an answer that needs more is no answer."""

KNOTS = 10
"""Corners of the piecewise linear basis functions of each sum."""

ROUNDS = 40
"""Rounds in which violated constraints are added."""

ADDED = 400
"""Constraints that are added in a round."""

BLOCK = 1 << 14
"""Rows of a table of states for which a basis function is computed at a time."""

TABLES = 6
"""Tables of numbers, as large as that of the states, that a round holds at a time."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pairs:
    """States of a process with decisions that keep them inside its box.

    Parameters
    ----------
    carried, mixed, decision
        ``[pair]`` numbers.
    column, row
        ``[pair]`` next carried part, and row of the chances of the next mixed part.
    cost
        ``[pair]`` expected money of the period.
    """

    carried: np.ndarray
    mixed: np.ndarray
    decision: np.ndarray
    column: np.ndarray
    row: np.ndarray
    cost: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class AverageProgram:
    """The solved program of an average cost.

    Parameters
    ----------
    gain
        Least average money of a period, beyond what nothing at all costs.
    pairs, shares
        ``[pair]`` pairs of state and decision, and the long-run share of periods of each: the dual values.
    """

    gain: float
    pairs: Pairs
    shares: np.ndarray


def pairs_of(process: Process, carried: np.ndarray, mixed: np.ndarray, decision: np.ndarray) -> Pairs:
    """Return those of some pairs of state and decision that never leave the box.

    Parameters
    ----------
    process
        A listed process of one kind of period.
    carried, mixed, decision
        Numbers.
    """
    phase = process.phases[0]
    decision = np.broadcast_to(decision, carried.shape)
    inner = process.inner(carried, decision)
    column, row = process.column[carried, process.handed[decision]], phase.local[inner, mixed]
    least = 0.0 if process.least_excess is None else process.least_excess[carried, mixed]
    fine = process.valid[carried, mixed] & (column >= 0) & (row >= 0)
    fine &= process.excess(carried, mixed, decision) <= least
    carried, mixed, decision, column, row, inner = (
        each[fine] for each in (carried, mixed, decision, column, row, inner)
    )
    outside = phase.chances[row].multiply(~process.valid[column]).sum(1)
    kept = np.asarray(outside).reshape(-1) == 0
    cost = phase.local_cost[inner, mixed]
    if phase.outer_cost is not None:
        cost = cost + phase.outer_cost[carried, decision]
    return Pairs(*(each[kept] for each in (carried, mixed, decision, column, row, cost)))


def average_cost_program(process: Process) -> AverageProgram:
    """Solve the linear program of the average cost of a listed process: the second opinion beside iteration.

    Parameters
    ----------
    process
        A listed process of one kind of period.

    Returns
    -------
    AverageProgram
        max g with g + v(s) <= c(s, a) + E v(s') for all s and a (Manne 1960, doi:10.1287/mnsc.6.3.259).

    Raises
    ------
    TooLargeError
        If there are more than :data:`MOST_PAIRS` pairs of state and decision.
    """
    count = process.num_states * len(process.decisions)
    if count > MOST_PAIRS or len(process.phases) != 1:
        raise TooLargeError(
            f"Problem {process.problem.name!r}: the program has {count:,} pairs of state and decision and "
            f"{len(process.phases)} kinds of periods, must have at most {MOST_PAIRS:,} and one. Solve it by iteration."
        )
    carried, mixed = np.nonzero(process.valid)
    decisions = np.repeat(np.arange(len(process.decisions)), len(carried))
    count = len(process.decisions)
    pairs = pairs_of(process, np.tile(carried, count), np.tile(mixed, count), decisions)
    number = np.full(process.valid.shape, -1)
    number[carried, mixed] = np.arange(len(carried))
    chances = process.phases[0].chances[pairs.row].tocoo()
    states = np.concatenate(
        [number[pairs.carried, pairs.mixed], number[pairs.column[chances.row], chances.col]]
    )
    rows = np.concatenate([np.arange(len(pairs.cost)), chances.row])
    weights = np.concatenate([np.ones(len(pairs.cost)), -chances.data])
    model = ProgramModel(f"average cost of {process.problem.name}")
    gain = model.variables("gain", (1,), low=-np.inf)
    low = np.where(np.arange(len(carried)) == 0, 0.0, -np.inf)
    model.variables("value", (len(carried),), low=low, high=-low)
    left = Linear((len(pairs.cost),), rows, states + 1, weights, np.zeros(len(pairs.cost)))
    model.constrain("optimality", left + gain[np.zeros(len(pairs.cost), dtype=int)], "<=", pairs.cost)
    model.minimize(-gain)
    solved = model.solve()
    return AverageProgram(-solved.objective, pairs, -solved.duals["optimality"])


def average_cost_by_program(problem: Problem, pieces: Pieces) -> float:
    """Return the optimal average of a listed problem by linear programs, in its own sense, money.

    Parameters
    ----------
    problem, pieces
        The problem and its tables.

    Raises
    ------
    TooLargeError
        As for :func:`average_cost_program`.
    """
    return problem.sign * (pieces.base[0] + sum(average_cost_program(each).gain for each in pieces.processes))


@dataclasses.dataclass(frozen=True, eq=False)
class Approximation:
    """A value function that is a sum of basis functions, and what it proves.

    Parameters
    ----------
    gain
        Proven lower bound on the average money of a period.
    values
        ``[carried, mixed]`` the function.
    """

    gain: float
    values: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Feature:
    """A basis function: a corner, or the square, of a sum of entries; it is computed where it is needed.

    Parameters
    ----------
    carried, mixed
        ``[carried]`` and ``[mixed]`` what the two parts of a state add to the sum.
    low, size
        Least sum of a state, and how far apart sums are.
    corner
        What the sum exceeds is returned; ``None`` for the square.
    """

    carried: np.ndarray
    mixed: np.ndarray
    low: float
    size: float
    corner: float | None

    def __call__(self, carried: np.ndarray, mixed: np.ndarray) -> np.ndarray:
        """Return the function of states by the numbers of their parts, between 0 and 1."""
        total = self.carried[carried] + self.mixed[mixed]
        if self.corner is None:
            return ((total - self.low) / self.size) ** 2
        return np.maximum(total - self.corner, 0.0) / self.size


def approximate(process: Process, *, deadline: float = np.inf) -> Approximation:
    """Find the sum of basis functions that proves most about the average cost of a listed process.

    Parameters
    ----------
    process
        A listed process of one kind of period.
    deadline
        Reading of :func:`time.perf_counter` at which the best found so far is returned.

    Returns
    -------
    Approximation
        For every v, min over s of (Tv - v)(s) bounds the optimal average from below (Odoni 1969,
        doi:10.1287/opre.17.5.857); the best v in the span of the basis solves the approximate linear program (de Farias
        and Van Roy 2003, doi:10.1287/opre.51.6.850.24925). Its constraints are added where they are violated, and what
        is returned is proven by a sweep over all states, whatever a solver rounds.
    """
    basis, sweep = _basis(process), Sweep(process, process.phases[0])
    carried, mixed = np.nonzero(process.valid)
    best = Approximation(-np.inf, np.zeros(process.valid.shape))
    weights = np.zeros(len(basis))
    left: list[np.ndarray] = []
    right: list[np.ndarray] = []
    spread = np.random.default_rng(0).choice(len(carried), min(4 * ADDED, len(carried)), replace=False)
    for _ in range(ROUNDS):
        values = _values(process, basis, weights)
        after, choice = sweep.best(values)
        change = np.where(after < FORBIDDEN / 1e6, after - values, np.inf)[carried, mixed]
        proven = float(change.min())
        if proven > best.gain:
            best = Approximation(proven, values)
        worst = np.argpartition(change, min(ADDED, len(change)) - 1)[:ADDED]
        picked = np.union1d(worst, spread) if not left else worst
        at = carried[picked], mixed[picked]
        rows, costs = _constraints(process, basis, *at, choice[at])
        left.append(rows)
        right.append(costs)
        if time.perf_counter() > deadline:
            break
        found = _weights(np.concatenate(left), np.concatenate(right))
        if found is None or found[0] - best.gain <= 1e-6 * (1 + abs(best.gain)):
            break
        weights = found[1]
    return best


def _values(process: Process, basis: Sequence[Feature], weights: np.ndarray) -> np.ndarray:
    """Return ``[carried, mixed]`` a weighted sum of basis functions; 0 where there is no state."""
    values = np.zeros(process.valid.shape)
    mixed = np.arange(process.mixed.shape[0])[None]
    # In blocks of rows: only the sum itself is as large as the table of states.
    for first in range(0, len(values), BLOCK):
        block = values[first : first + BLOCK]
        carried = np.arange(first, first + len(block))[:, None]
        for weight, feature in zip(weights, basis, strict=True):
            if weight != 0.0:
                block += weight * feature(carried, mixed)
    values[~process.valid] = 0.0
    return values


def _constraints(
    process: Process, basis: Sequence[Feature], carried: np.ndarray, mixed: np.ndarray, decision: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return phi(s) - E phi(s') and the costs of pairs."""
    pairs = pairs_of(process, carried, mixed, decision)
    chances = process.phases[0].chances[pairs.row].tocoo()
    column, count = pairs.column[chances.row], len(pairs.cost)
    columns: list[np.ndarray] = []
    for feature in basis:
        later = np.where(process.valid[column, chances.col], feature(column, chances.col), 0.0)
        expected = np.bincount(chances.row, weights=chances.data * later, minlength=count)
        columns.append(feature(pairs.carried, pairs.mixed) - expected)
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0)), pairs.cost


def _weights(left: np.ndarray, right: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Return max g with g + left w <= right, and the weights; ``None`` without an answer."""
    count = left.shape[1]
    model = ProgramModel("approximate linear program")
    weight = model.variables("weight", (count,), low=-MOST_WEIGHT, high=MOST_WEIGHT)
    gain = model.variables("gain", (1,), low=-np.inf)
    rows, columns = np.nonzero(left)
    total = Linear((len(left),), rows, weight.column[columns], left[rows, columns], np.zeros(len(left)))
    model.constrain("violated", total + gain[np.zeros(len(left), dtype=int)], "<=", right)
    model.minimize(-gain)
    try:
        solved = model.solve()
    except ProgramError:
        return None
    return -solved.objective, weight.at(solved.values)


def _basis(process: Process) -> list[Feature]:
    """Return corners and squares of the state's entries and of their running sums."""
    structure = process.structure
    parts = sorted(
        [(entry, 0, at) for at, entry in enumerate(structure.mixed)]
        + [(entry, 1, at) for at, entry in enumerate(structure.carried)]
    )
    carried, mixed = np.zeros(len(process.carried)), np.zeros(len(process.mixed))
    found: list[Feature] = []
    for _, kind, at in parts:
        if kind == 0:
            entry = np.zeros_like(carried), process.mixed[:, at].astype(float)
        else:
            entry = process.carried[:, at].astype(float), np.zeros_like(mixed)
        carried, mixed = carried + entry[0], mixed + entry[1]
        found += _corners(*entry, process.valid, 2)
        found += _corners(carried, mixed, process.valid, KNOTS)
    return found


def _corners(carried: np.ndarray, mixed: np.ndarray, valid: np.ndarray, count: int) -> list[Feature]:
    """Return the square of a sum and what it exceeds corners by, each of size 1."""
    low, high = np.inf, -np.inf
    for first in range(0, len(carried), BLOCK):
        part = (carried[first : first + BLOCK, None] + mixed)[valid[first : first + BLOCK]]
        low, high = min(low, part.min(initial=np.inf)), max(high, part.max(initial=-np.inf))
    if high <= low:
        return []
    corners = np.unique(np.round(np.linspace(low, high, count + 1)[:-1]))
    return [Feature(carried, mixed, low, high - low, at) for at in (None, *corners.tolist())]


def approximate_program_bound(problem: Problem, *, max_bytes: int, max_seconds: float) -> Bound | None:
    """Return the bound of the approximate linear program on an average.

    Parameters
    ----------
    problem
        Average criterion; a problem that can be listed, in a box that is known to hold an optimal policy.
    max_bytes, max_seconds
        What it may take.

    Returns
    -------
    Bound
        ``None`` where the problem cannot be listed, or nobody has proven that its box suffices.
    """
    began = time.perf_counter()
    if not problem.averages or problem.kind != "periodic":
        return None
    try:
        box = first_box(problem)
        if not box.reason:
            return None
        budget = Budget(max_bytes, began + max_seconds / 2)
        pieces = list_problem(problem, box, budget=budget)
        if len(pieces.schedule) != 1:
            return None
        largest = max((each.valid.size for each in pieces.processes), default=0)
        budget.require_bytes(problem, 8.0 * TABLES * largest, f"{TABLES} tables of values")
        deadline = began + max_seconds
        gain = pieces.base[0] + sum(approximate(each, deadline=deadline).gain for each in pieces.processes)
    except ValueError:
        return None
    if not np.isfinite(gain):
        return None
    told = f"approximate linear program over {pieces.num_states:,} states: no value function proves less; {box.reason}"
    return Bound(problem.sign * float(gain), 0.0, told)
