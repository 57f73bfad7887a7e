"""Where to hold safety stock: the cheapest placement that was found, and a bound that none can be below."""

from collections.abc import Sequence

import numpy as np

from basestock.decision import Solution
from basestock.optimal.closed_form.guaranteed_service.ascent import DualAscent
from basestock.optimal.closed_form.guaranteed_service.candidates import Times
from basestock.optimal.closed_form.guaranteed_service.network import (
    Placement,
    ServiceNetwork,
    ServiceNetworkError,
    Stage,
)
from basestock.optimal.closed_form.guaranteed_service.tree import tree_optimum

_TREE = "dynamic program over a tree, Graves and Willems 2000"
_MOST_PAIRS = 2_000_000
"""Pairs of service times, over all stages, up to which every time is a cell of its own."""
_COARSE = 40
"""Cells of a stage to begin with where there are more."""
_SWEEPS = 6
"""Sweeps of messages between two looks at the gap."""
_PATIENCE = 12
"""Looks without any gain after which the search ends."""


def guaranteed_service(stages: Sequence[Stage]) -> Solution:
    """Return the cheapest safety stock of a tree (Graves and Willems 2000, doi:10.1287/msom.2.1.68.23267).

    Parameters
    ----------
    stages
        The stages; their links, seen without direction, have no cycle.

    Returns
    -------
    Solution
        Money per period; ``inbound``, ``outbound`` and ``net`` service times in periods, and ``safety_stock`` in
        units, by stage.

    Raises
    ------
    ServiceNetworkError
        If the stages do not make a network, or no tree.

    Notes
    -----
    Stage i holds h z sigma sqrt(SI + T - S), SI at least the S of every supplier.

    Examples
    --------
    >>> part = Stage("part", (), processing_time=2, holding_cost=1.0, bound=2.0)
    >>> shop = Stage("shop", ("part",), processing_time=1, holding_cost=3.0, bound=2.0, max_outbound=0, deviation=4.0)
    >>> found = guaranteed_service([part, shop])
    >>> round(found.value, 3), found.decision["outbound"]
    (35.314, {'part': 0.0, 'shop': 0.0})
    """
    network = ServiceNetwork(tuple(stages))
    if not network.is_forest:
        raise ServiceNetworkError(
            "guaranteed service: the links between the stages have a cycle when seen without direction, must form "
            "trees. Use place_safety_stock."
        )
    found = place_safety_stock(network)
    decision = {name: getattr(found, name) for name in ("inbound", "outbound", "net", "safety_stock")}
    return Solution(found.cost, decision, found.method)


def is_tree(stages: Sequence[Stage]) -> bool:
    """Tell whether the links between stages form one tree."""
    try:
        network = ServiceNetwork(tuple(stages))
    except ServiceNetworkError:
        return False
    return network.is_forest and network.num_arcs == len(network.stages) - 1


def place_safety_stock(
    network: ServiceNetwork, *, gap_percent: float = 0.0, max_sweeps: int = 600
) -> Placement:
    """Return service times of any network without cycles, and a lower bound on the cost of all others.

    Parameters
    ----------
    network
        The stages.
    gap_percent
        Gap between cost and bound at which the search ends, percent.
    max_sweeps
        Sweeps of messages after which it ends in any case.

    Returns
    -------
    Placement
        Its ``gap_percent`` says what is proven; it is 0 on trees of a few thousand service times a stage.

    Raises
    ------
    ValueError
        If an option is out of range.

    Notes
    -----
    Trees are solved by dynamic programming. In other networks every stage is two variables, SI and S, with its cost
    between them, and every arc allows S_i <= SI_j; that is the program of :mod:`basestock.optimal.programs`, whose
    linear relaxation is bounded from below by messages (Kolmogorov 2006, doi:10.1109/TPAMI.2006.200), while the times
    that the messages favor are placements. Where a stage has thousands of times they are taken together in cells with
    the least cost in each, and cells that the bound leans on are halved. On networks see Humair and Willems 2011,
    doi:10.1287/opre.1100.0913, and Magnanti et al. 2006, Operations Research Letters 34, 228-238.
    """
    if not (gap_percent >= 0 and max_sweeps >= 1):
        raise ValueError(
            f"place_safety_stock: gap_percent is {gap_percent} and max_sweeps {max_sweeps}, must be >= 0 and >= 1. "
            "Correct them."
        )
    times = Times.of(network)
    cells = times.cells(2**62) if times.inbound is not None else None
    if cells is not None and network.is_forest and cells.size <= 10 * _MOST_PAIRS:
        value, outbound = tree_optimum(network, cells)
        return network.placement(outbound, value, _TREE)
    return _Search(times).run(gap_percent, max_sweeps)


class _Search:
    """Messages, the best placement seen on the way, and smaller cells when the messages have settled."""

    def __init__(self, times: Times) -> None:
        self.network, self.times = times.network, times
        cells = times.cells(_COARSE if times.inbound is None else 2**62)
        self.ascent = DualAscent(self.network, cells if cells.size <= _MOST_PAIRS else times.cells(_COARSE))
        self.best = np.zeros(len(self.network.stages), dtype=np.int64)
        self.cost = self.network.cost(self.best)

    def run(self, gap_percent: float, max_sweeps: int) -> Placement:
        """Sweep until the gap is closed, nothing moves any more, or the sweeps are spent."""
        spent = idle = 0
        while True:
            before = (self.ascent.bound, self.cost)
            for _ in range(min(_SWEEPS, max_sweeps - spent)):
                self.ascent.sweep()
                self._look(self.ascent.choice)
                self._look(polished(self.network, self.ascent.choice))
            spent += _SWEEPS
            placement = self.network.placement(self.best, self.ascent.bound, "tree-reweighted messages")
            gained = self.ascent.bound > before[0] * (1 + 1e-7) or self.cost < before[1]
            idle = 0 if gained else idle + 1
            if placement.gap_percent <= gap_percent or spent >= max_sweeps or idle >= _PATIENCE:
                return placement
            if not self.ascent.cells.exact:
                cells = self.times.split(self.ascent.cells, self.ascent.cheapest(), self.best)
                self.ascent = self.ascent.on(*cells)

    def _look(self, outbound: np.ndarray) -> None:
        cost = self.network.cost(outbound)
        if cost < self.cost:
            self.cost, self.best = cost, outbound.copy()


def polished(network: ServiceNetwork, outbound: np.ndarray) -> np.ndarray:
    """Return service times that cost no more: no stage promises less than its buyers can use.

    Parameters
    ----------
    network
        The stages.
    outbound
        Outbound service times, ticks by stage.
    """
    found, (_, most) = outbound.copy(), network.limits
    inbound = network.inbound(found)
    for stage in reversed(network.order):
        usable = min((int(inbound[buyer]) for buyer in network.buyers[stage]), default=int(most[stage]))
        best = min(usable, int(inbound[stage] + network.times[stage]), int(most[stage]))
        found[stage] = max(int(found[stage]), best)
    return found
