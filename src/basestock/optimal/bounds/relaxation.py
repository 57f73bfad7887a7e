"""Bounds by showing the future: plain, and at a price that an approximate value function sets."""

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from basestock.decision import Problem
from basestock.economics import Estimate, estimate
from basestock.optimal.bounds.bound import Bound
from basestock.optimal.bounds.linear import approximate, pairs_of
from basestock.optimal.mdp.budget import Budget
from basestock.optimal.mdp.first_box import first_box
from basestock.optimal.mdp.optimum import optimize
from basestock.optimal.mdp.pieces import list_problem
from basestock.optimal.mdp.process import Process, rows_of
from basestock.optimal.mdp.sweep import FORBIDDEN, Sweep
from basestock.optimal.mdp.tables import Table

MOST_CELLS = 20_000_000
"""States times decisions, or mixed parts times inner combinations times events, that are held at most."""

BLOCK = 60
"""Periods of a path where an average has no end."""

PATHS = 200
"""Paths at most."""


@dataclasses.dataclass(frozen=True)
class ClairvoyantGap:
    """What showing the future loses, against the optimum.

    Parameters
    ----------
    optimum
        Optimal value in the problem's own sense, money.
    plain, penalized
        Bounds of whoever sees all events of a path for nothing, and at the price of an approximate value function.
    plain_percent, penalized_percent
        Distance from the optimum, in percent of it; ``None`` where that is 0.
    paths
        Number of paths.
    """

    optimum: float
    plain: Bound
    penalized: Bound
    plain_percent: float | None
    penalized_percent: float | None
    paths: int


@dataclasses.dataclass(frozen=True, eq=False)
class _Chances:
    """What each event does, instead of what happens on average.

    Parameters
    ----------
    after, cost
        ``[inner, event, mixed]`` number of the next mixed part, and money beyond what nothing at all costs.
    allowed
        ``[decision, carried, mixed]`` whether the decision keeps the state inside the box.
    """

    after: np.ndarray
    cost: np.ndarray
    allowed: np.ndarray


def penalized_bound(
    problem: Problem, *, max_bytes: int, max_seconds: float, seed: int = 0, paths: int = PATHS
) -> Bound | None:
    """Return the bound of whoever sees the events of a path, but pays for what he gains by it.

    Parameters
    ----------
    problem
        Average or total criterion, that can be listed in a box that is known to hold an optimal policy.
    max_bytes, max_seconds
        What it may take.
    seed, paths
        Root of the events, and number of paths at most.

    Returns
    -------
    Bound
        Mean over paths of the cheapest way along each, with a 95 % interval; ``None`` where it does not apply.

    Notes
    -----
    Costs less v(s_t+1) - E(v(s_t+1) | s_t, a_t) have the same mean under every policy that does not see the future, so
    that the cheapest way along each path costs less in the mean than any policy (Brown, Smith and Sun 2010,
    doi:10.1287/opre.1090.0796). v is that of the approximate linear program; the optimal one would close the gap. On a
    path of an average, the first state may be chosen freely: whatever state a policy is in then, it costs no less.
    """
    began = time.perf_counter()
    try:
        box = first_box(problem)
        listed = box.reason and _listed(problem, Budget(max_bytes, began + max_seconds / 3))
        if not listed:
            return None
        process, base = listed
        values = approximate(process, deadline=began + max_seconds / 2).values
        found = _along_paths(problem, process, values, seed, paths, began + max_seconds, penalized=True)
    except ValueError:
        return None
    return (
        None if found is None else _bound(problem, found, base, "penalized by an approximate value function")
    )


def clairvoyant_gap(
    problem: Problem,
    *,
    max_bytes: int = 1 << 31,
    max_seconds: float = 600.0,
    seed: int = 0,
    paths: int = PATHS,
) -> ClairvoyantGap | None:
    """Return what the plain and the penalized bound of a clairvoyant lose on a problem that can be solved.

    Parameters
    ----------
    problem
        Average or total criterion, that can be solved exactly and is one piece.
    max_bytes, max_seconds, seed, paths
        As for :func:`penalized_bound`.

    Returns
    -------
    ClairvoyantGap
        Both on the same paths and in the box of the optimum; ``None`` where it does not apply.
    """
    began = time.perf_counter()
    optimum = optimize(problem, max_bytes=max_bytes, max_seconds=max_seconds)
    pieces = optimum.pieces
    if len(pieces.processes) != 1 or len(set(pieces.schedule)) != 1 or problem.discounts:
        return None
    process, base = pieces.processes[0], _base(problem, pieces.base[0], pieces.opening)
    deadline = began + max_seconds
    values = approximate(process, deadline=deadline).values
    each = [
        _along_paths(problem, process, values * price, seed, paths, deadline, penalized=bool(price))
        for price in (0.0, 1.0)
    ]
    if each[0] is None or each[1] is None:
        return None
    plain = _bound(problem, each[0], base, "for nothing")
    penalized = _bound(problem, each[1], base, "penalized by an approximate value function")
    percent = [
        100.0 * problem.sign * (optimum.value - bound.value) / abs(optimum.value) if optimum.value else None
        for bound in (plain, penalized)
    ]
    return ClairvoyantGap(optimum.value, plain, penalized, percent[0], percent[1], each[0].n)


def _listed(problem: Problem, budget: Budget) -> tuple[Process, float] | None:
    """Return the one process of a problem and what nothing at all costs; ``None`` where there is no such."""
    if problem.kind != "periodic" or problem.discounts or (problem.warm_up > 0 and not problem.averages):
        return None
    pieces = list_problem(problem, first_box(problem), budget=budget)
    if len(pieces.processes) != 1 or len(set(pieces.schedule)) != 1:
        return None
    return pieces.processes[0], _base(problem, pieces.base[0], pieces.opening)


def _base(problem: Problem, base: float, opening: float) -> float:
    return base if problem.averages else base * problem.horizon + opening


def _bound(problem: Problem, found: Estimate, base: float, price: str) -> Bound:
    assert found.mean is not None
    told = f"mean over {found.n} paths of the cheapest way for one who sees the path, {price}"
    return Bound(problem.sign * (found.mean + base), found.half_width or 0.0, told)


def _along_paths(
    problem: Problem,
    process: Process,
    values: np.ndarray,
    seed: int,
    paths: int,
    deadline: float,
    *,
    penalized: bool,
) -> Estimate | None:
    """Estimate the mean over paths of the cheapest way along each; ``None`` where tables or time are too short."""
    kernel = process.kernels[0]
    size = max(
        process.valid.size * len(process.decisions), process.phases[0].local.size * len(kernel.probabilities)
    )
    if size > MOST_CELLS:
        return None
    chances = _chances(process)
    paid = _expected(process, chances, values) if penalized else None
    length = BLOCK if problem.averages else problem.horizon
    draw = np.random.default_rng(seed)
    events = draw.choice(
        len(kernel.probabilities), (paths, length), p=kernel.probabilities / kernel.probabilities.sum()
    )
    end = _ending(problem, process, values)
    found: list[float] = []
    wanted = paths
    began = time.perf_counter()
    while len(found) < wanted:
        found.append(end(_cheapest(process, chances, paid, events[len(found)], end.after)))
        if len(found) == 1:
            # The number of paths is fixed before what they cost can sway it.
            left = max(deadline - time.perf_counter(), 0.0)
            wanted = int(min(paths, 2 + left / max(time.perf_counter() - began, 1e-6)))
    return estimate(np.array(found))


@dataclasses.dataclass(frozen=True, eq=False)
class _Ending:
    """What counts after a path, and what is made of the values of its first states."""

    after: np.ndarray
    read: Callable[[np.ndarray], float]

    def __call__(self, values: np.ndarray) -> float:
        return self.read(values)


def _ending(problem: Problem, process: Process, values: np.ndarray) -> _Ending:
    if problem.averages:
        return _Ending(np.zeros_like(values), lambda first: float(first[process.valid].min()) / BLOCK)
    carried, mixed, weights = process.start
    return _Ending(-values, lambda first: float((first + values)[carried, mixed] @ weights))


def _cheapest(
    process: Process, chances: _Chances, paid: np.ndarray | None, events: np.ndarray, after: np.ndarray
) -> np.ndarray:
    """Return ``[carried, mixed]`` the cost of the cheapest way along a path, from each first state."""
    here = np.where(process.valid, after, FORBIDDEN)
    every, outer = np.arange(len(process.carried)), process.phases[0].outer_cost
    for event in events[::-1]:
        before = np.full(here.shape, FORBIDDEN)
        for decision in range(len(process.decisions)):
            inner = process.inner(every, decision)
            column = process.column[:, process.handed[decision]]
            cost = here[column[:, None], chances.after[inner, event]]
            if paid is not None:
                cost = cost + paid[decision]
            else:
                cost = cost + chances.cost[inner, event]
                cost = cost if outer is None else cost + outer[:, decision][:, None]
            np.minimum(before, np.where(chances.allowed[decision], cost, FORBIDDEN), out=before)
        here = before
    return here


def _expected(process: Process, chances: _Chances, values: np.ndarray) -> np.ndarray:
    """Return ``[decision, carried, mixed]``: expected cost and next value, less the value here."""
    found = np.full(chances.allowed.shape, FORBIDDEN)
    sweep = Sweep(process, process.phases[0])
    for decision in range(len(process.decisions)):
        carried, mixed = np.nonzero(chances.allowed[decision])
        pairs = pairs_of(process, carried, mixed, np.array(decision))
        columns, place = np.unique(pairs.column, return_inverse=True)
        if len(columns):
            after = sweep.expected(values, columns)[place.reshape(-1), pairs.row]
            here = values[pairs.carried, pairs.mixed]
            found[decision, pairs.carried, pairs.mixed] = pairs.cost + after - here
    return found


def _chances(process: Process) -> _Chances:
    """Run every event on every mixed part with every inner combination."""
    kernel, structure = process.kernels[0], process.structure
    count = len(kernel.probabilities)
    _, first_part = np.unique(process.inner_of_carried, return_index=True)
    _, first_choice = np.unique(process.inner_of_decision, return_index=True)
    part, choice = (each.reshape(-1) for each in np.meshgrid(first_part, first_choice, indexing="ij"))
    carried = np.zeros((len(part), len(structure.carried)), dtype=np.int16)
    controls = np.zeros((len(part), process.decisions.shape[1]), dtype=np.int16)
    inner, steered = list(structure.inner), list(structure.inner_controls)
    carried[:, inner] = process.carried[part][:, inner]
    controls[:, steered] = process.decisions[choice][:, steered]
    numbers = Table(len(structure.mixed))
    # A table numbers rows that come together in the order of their keys, not as they are listed.
    listed = np.argsort(numbers.add(process.mixed))
    after = np.zeros((len(part), count, len(process.mixed)), dtype=np.int32)
    cost = np.zeros(after.shape)
    idle = kernel(
        np.repeat(kernel.blank, count, 0), np.zeros((count, kernel.num_controls), np.int16), np.arange(count)
    )
    discount = process.problem.discount
    for at in range(len(part)):
        some = process.phases[0].local[at] >= 0
        rows = rows_of(kernel, structure, np.repeat(carried[at : at + 1], some.sum(), 0), process.mixed[some])
        events = np.repeat(np.arange(count), len(rows))
        moves = kernel(np.tile(rows, (count, 1)), np.repeat(controls[at : at + 1], len(events), 0), events)
        money = (
            moves.money
            + discount * moves.opening_money
            - np.repeat(idle.money + discount * idle.opening_money, len(rows))
        )
        reached = moves.rows if process.symmetry is None else process.symmetry.sorted_rows(moves.rows)
        met = numbers.find(reached[:, list(structure.mixed)])
        after[at][:, some] = np.where(met >= 0, listed[met], 0).reshape(count, -1)
        cost[at][:, some] = money.reshape(count, -1)
    return _Chances(after, cost, _allowed(process))


def _allowed(process: Process) -> np.ndarray:
    found = np.zeros((len(process.decisions), *process.valid.shape), dtype=bool)
    carried, mixed = np.nonzero(process.valid)
    for decision in range(len(process.decisions)):
        pairs = pairs_of(process, carried, mixed, np.array(decision))
        found[decision, pairs.carried, pairs.mixed] = True
    return found
