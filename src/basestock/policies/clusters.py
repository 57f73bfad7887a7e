"""Which places must be tuned together: those that supply each other, and products with their components."""

import dataclasses

import numpy as np

from basestock.decision import Problem
from basestock.policies.dependent import Place, Requirements

MOST_TURNS = 24
"""Turns of a round; places of a larger cluster share them and move together."""


@dataclasses.dataclass(frozen=True, eq=False)
class Clusters:
    """Places in clusters, whose costs are of one piece; what one place orders changes no cost outside its cluster.

    Parameters
    ----------
    number
        ``[node, item]`` cluster of each place.
    turn
        ``[node, item]`` when it is the place's turn to be searched; -1 for places that order nothing.
    num_turns
        Turns of a round; 1 where all places can be searched at once.
    """

    number: np.ndarray
    turn: np.ndarray
    num_turns: int

    def total(self, costs: np.ndarray) -> np.ndarray:
        """Add up ``[node, item, candidate]`` over clusters: ``[cluster, candidate]``."""
        sums = np.zeros((int(self.number.max()) + 1, costs.shape[-1]))
        np.add.at(sums, self.number, costs)
        return sums


def clusters_of(problem: Problem) -> Clusters:
    """Group the places of a problem.

    Parameters
    ----------
    problem
        The problem; lanes between nodes tie the ends for each item that they carry, lanes with money per order or
        vehicle tie the items that they bring, processes tie what they take and make at their node. Shared limits, hours
        and substitutes are left out: they tie loosely, and many at a time.
    """
    network = problem.network
    shape = (problem.arrays.num_nodes, problem.arrays.num_items)
    parent = np.arange(shape[0] * shape[1])

    def root(place: Place) -> int:
        at = int(np.ravel_multi_index(place, shape))
        while parent[at] != at:
            parent[at] = at = parent[parent[at]]
        return int(at)

    for places in _ties(problem):
        first = root(places[0])
        for place in places[1:]:
            parent[root(place)] = first
    roots = [root((node, item)) for node in range(shape[0]) for item in range(shape[1])]
    number = np.unique(roots, return_inverse=True)[1].reshape(shape)
    turn = np.full(shape, -1)
    members: dict[int, list[Place]] = {}
    ordering = _ordering(problem)
    for node in reversed(range(len(network.nodes))):
        for item in reversed(range(len(network.items))):
            if (node, item) in ordering:
                members.setdefault(int(number[node, item]), []).append((node, item))
    num_turns = min(max(map(len, members.values()), default=1), MOST_TURNS)
    for places in members.values():
        for rank, place in enumerate(places):
            turn[place] = rank * num_turns // max(len(places), num_turns)
    return Clusters(number, turn, num_turns)


def _carried(problem: Problem) -> list[tuple[str, int, list[int]]]:
    """List (source, position of the destination, items) of every lane."""
    network = problem.network
    return [
        (
            lane.source,
            network.node_index[lane.destination],
            [
                position
                for position, item in enumerate(network.items)
                if lane.items is None or item.name in lane.items
            ],
        )
        for lane in network.lanes
    ]


def _ties(problem: Problem) -> list[list[Place]]:
    network = problem.network
    tied = [
        [(network.node_index[source], item), (destination, item)]
        for source, destination, items in _carried(problem)
        if source in network.node_index
        for item in items
    ]
    shared = _shared_money(problem)
    tied += [
        [(destination, item) for item in items]
        for at, (_, destination, items) in enumerate(_carried(problem))
        if shared[at]
    ]
    for process in network.processes:
        node = network.node_index[process.node]
        tied.append([(node, network.item_index[item]) for item in {**process.consumes, **process.produces}])
    return [places for places in tied if places]


def _shared_money(problem: Problem) -> np.ndarray:
    """Return whether the items of each lane share money: of an order, or of a vehicle."""
    rates = (problem.tariff.joint_order, problem.tariff.vehicle)
    found = np.zeros(problem.arrays.num_lanes)
    for rate in rates:
        found = found if rate is None else found + np.asarray(rate)[:, 0]
    return found > 0


def _ordering(problem: Problem) -> set[Place]:
    """Return the places whose orders go somewhere: to a lane or to a process."""
    brought = {(node, item) for _, node, items in _carried(problem) for item in items}
    return brought | set(Requirements(problem).made)
