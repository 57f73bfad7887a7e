"""Where decisions lie at the edge of a box: what would have to be looked at further."""

import dataclasses

import numpy as np

from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.process import Process


@dataclasses.dataclass(frozen=True, eq=False)
class Edges:
    """Whether, or in which share of periods, decisions lie at the edges of a box.

    Parameters
    ----------
    orders
        ``[..., control]`` one unit more was not looked at.
    positions
        ``[..., place]`` the position after ordering is the highest or the lowest.
    backorders
        ``[..., place]`` as many wait as the box keeps.
    """

    orders: np.ndarray
    positions: np.ndarray
    backorders: np.ndarray

    def weighed(self, weight: np.ndarray) -> "Edges":
        """Return the total weight of the states that touch each edge."""
        return Edges(weight @ self.orders, weight @ self.positions, weight @ self.backorders)

    def plus(self, other: "Edges") -> "Edges":
        """Return the sums of two shares, edge by edge."""
        return Edges(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    @property
    def largest(self) -> float:
        """Largest share of an edge."""
        return max(float(getattr(self, name).max(initial=0.0)) for name in _NAMES)

    def beyond(self, decided: float, waiting: float) -> "Edges":
        """Tell which shares of decisions, and of what waits, are above a least one each."""
        return Edges(self.orders > decided, self.positions > decided, self.backorders > waiting)


_NAMES = tuple(field.name for field in dataclasses.fields(Edges))


def no_edges(box: Box) -> Edges:
    """Return shares of 0."""
    places = np.zeros(len(box.max_position))
    return Edges(np.zeros(len(box.max_order)), places, places)


def edges_of(process: Process, carried: np.ndarray, mixed: np.ndarray, decision: np.ndarray) -> Edges:
    """Tell which edges the decisions of states touch.

    Parameters
    ----------
    process
        A listed process.
    carried, mixed, decision
        ``[state]`` numbers of the parts of each state, and of its decision.
    """
    box, decisions = process.box, process.decisions
    chosen, largest = decisions[decision], decisions.max(0)
    at_most = (chosen >= largest) & (largest > 0) & (largest < box.rule_order)
    own = np.zeros(decisions.shape[1], dtype=bool)
    own[list(process.structure.controls)] = True
    effects = process.effects[decision]
    position = process.positions[1][carried] + process.positions[0][mixed] + effects
    above = (position + 1 > box.max_position) & (effects > 0) & (box.max_position < box.rule_position)
    # At the lowest position one unit less was not looked at, nor one more to be sent on.
    below = (position - 1 < box.min_position) & (effects != 0)
    return Edges(at_most & own, above | below, _as_many_as_may_wait(process, mixed))


def _as_many_as_may_wait(process: Process, mixed: np.ndarray) -> np.ndarray:
    kernel, most = process.kernels[0], process.box.max_backorders
    found = np.zeros((len(mixed), len(process.box.max_position)), dtype=bool)
    if most is None:
        return found
    places = [name for name in kernel.names if name.startswith("backorders")]
    for column, entry in enumerate(process.structure.mixed):
        if kernel.names[entry] in places:
            place = places.index(kernel.names[entry])
            found[:, place] = process.mixed[mixed, column] >= most[place]
    return found
