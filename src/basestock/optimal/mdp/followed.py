"""The chain that decisions of a listed process make."""

import dataclasses

import numpy as np

from basestock.optimal.mdp.chain import Chain
from basestock.optimal.mdp.edges import Edges, edges_of, no_edges
from basestock.optimal.mdp.process import Process


@dataclasses.dataclass(frozen=True, eq=False)
class Followed:
    """The states that given decisions reach.

    Parameters
    ----------
    chain
        The chain.
    carried, mixed, decision
        ``[state]`` numbers of the parts of each state, and of its decision.
    period
        ``[state]`` place in the cycle.
    """

    chain: Chain
    carried: np.ndarray
    mixed: np.ndarray
    decision: np.ndarray
    period: np.ndarray


def follow(process: Process, best: np.ndarray, schedule: tuple[int, ...] = (0,)) -> Followed:
    """Return the chain of the decisions of a process from its start.

    Parameters
    ----------
    process
        A listed process.
    best
        ``[period, carried, mixed]`` numbers of decisions in a cycle.
    schedule
        Kind of each period of the cycle.
    """
    from scipy.sparse import csr_matrix

    size, width = process.valid.size, process.valid.shape[1]
    number = np.full(len(schedule) * size, -1, dtype=np.int64)
    start = process.start[0] * width + process.start[1]
    frontier = np.unique(start)
    order: list[np.ndarray] = []
    links: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    costs: list[np.ndarray] = []
    choices: list[np.ndarray] = []
    count = 0
    number[frontier] = np.arange(len(frontier))
    while len(frontier):
        order.append(frontier)
        period, place = np.divmod(frontier, size)
        carried, mixed = np.divmod(place, width)
        decision = best[period, carried, mixed]
        choices.append(decision)
        cost = np.zeros(len(frontier))
        following: list[np.ndarray] = []
        for at, kind in enumerate(schedule):
            here = np.flatnonzero(period == at)
            if not len(here):
                continue
            money, owner, after, chance = step(process, kind, carried[here], mixed[here], decision[here])
            cost[here] = money
            target = after + (at + 1) % len(schedule) * size
            links.append((count + here[owner], target, chance))
            following.append(target)
        costs.append(cost)
        count += len(frontier)
        found = np.unique(np.concatenate(following))
        frontier = found[number[found] < 0]
        number[frontier] = count + np.arange(len(frontier))
    rows, targets, chances = (np.concatenate(each) for each in zip(*links, strict=True))
    matrix = csr_matrix((chances, (rows, number[targets])), shape=(count, count))
    matrix.sum_duplicates()
    first = np.zeros(count)
    np.add.at(first, number[start], process.start[2])
    period, place = np.divmod(np.concatenate(order), size)
    carried, mixed = np.divmod(place, width)
    return Followed(
        Chain(matrix, np.concatenate(costs), first), carried, mixed, np.concatenate(choices), period
    )


def step(
    process: Process, kind: int, carried: np.ndarray, mixed: np.ndarray, decision: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return expected money of states, and for each of their successors: its state, its number and its probability."""
    phase = process.phases[kind]
    inner = process.inner(carried, decision)
    row = phase.local[inner, mixed]
    cost = phase.local_cost[inner, mixed]
    if phase.outer_cost is not None:
        cost = cost + phase.outer_cost[carried, decision]
    column = process.column[carried, process.handed[decision]].astype(np.int64)
    first, length = phase.chances.indptr[row], np.diff(phase.chances.indptr)[row]
    owner = np.repeat(np.arange(len(row)), length)
    within = np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
    at = first[owner] + within
    after = column[owner] * process.valid.shape[1] + phase.chances.indices[at]
    return cost, owner, after, phase.chances.data[at]


def share_at_the_edge(process: Process, best: np.ndarray, schedule: tuple[int, ...]) -> Edges:
    """Return the expected share of the periods of a horizon in which a decision lies at each edge of the box."""
    width = process.valid.shape[1]
    place, chance = process.start[0] * width + process.start[1], process.start[2]
    total: Edges | None = None
    for period, kind in enumerate(schedule):
        carried, mixed = np.divmod(place, width)
        decision = best[period, carried, mixed]
        here = edges_of(process, carried, mixed, decision).weighed(chance / len(schedule))
        total = here if total is None else total.plus(here)
        _, owner, after, odds = step(process, kind, carried, mixed, decision)
        place, inverse = np.unique(after, return_inverse=True)
        chance = np.bincount(inverse, weights=chance[owner] * odds)
    return no_edges(process.box) if total is None else total
