"""Chances of a period whose effect depends on what happens in it, cut into the few levels that make a difference."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.block import Block, Part
from basestock.uncertainty.outages import Outage
from basestock.uncertainty.sources import Uncertainty

Customers = Callable[[str, str], int]
"""Gives the largest number of customers of a period at a node who ask for an item."""


def cells(breaks: Iterable[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the middles and lengths of the parts into which levels cut the numbers from 0 to 1.

    Parameters
    ----------
    breaks
        Levels; those outside (0, 1) cut nothing.

    Examples
    --------
    >>> middles, lengths = cells([0.25])
    >>> middles.tolist(), lengths.tolist()
    ([0.125, 0.625], [0.25, 0.75])
    """
    inside = sorted(level for level in set(breaks) if 0.0 < level < 1.0)
    ends = np.array([0.0, *inside, 1.0])
    # Levels that differ by rounding alone are one.
    ends = ends[np.append(np.diff(ends) > 1e-12, True)]
    ends[0] = 0.0
    return (ends[1:] + ends[:-1]) / 2, np.diff(ends)


def counting_levels(most: int, shares: Iterable[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells of a quantile that decide how many of up to ``most`` customers do something.

    Parameters
    ----------
    most
        Largest number of customers.
    shares
        Probabilities with which each of them does.

    Notes
    -----
    Inside a cell no quantile of a binomial law with these shares and at most so many trials changes: they are cut at
    all P(X <= k) of all of these laws.
    """
    from scipy.stats import binom

    breaks = [
        float(level)
        for share in shares
        for size in range(1, most + 1)
        for level in binom.cdf(np.arange(size), size, share)
    ]
    return cells(breaks)


def special_deliveries(network: SupplyNetwork, axes: Axes, customers: Customers) -> Part:
    """Return the levels that decide who takes a special delivery; nothing where no lane offers one."""
    shares: dict[tuple[str, str], set[float]] = {}
    for lane in network.lanes:
        for item in (lane.items or axes.items) if lane.special_share > 0 else ():
            shares.setdefault((lane.destination, item), set()).add(lane.special_share)
    return _levels("special", shares, network, axes, customers)


def substitutions(network: SupplyNetwork, axes: Axes, customers: Customers) -> Part:
    """Return the levels that decide who takes another item by chance; nothing where nobody does."""
    shares = {
        (each.node, each.item): {each.share} for each in network.substitutions if each.law == "binomial"
    }
    return _levels("substitution", shares, network, axes, customers)


def _levels(
    leaf: str,
    shares: Mapping[tuple[str, str], set[float]],
    network: SupplyNetwork,
    axes: Axes,
    customers: Customers,
) -> Part:
    if not shares:
        return {}, []
    sure = np.full((axes.num_nodes, axes.num_items), 0.5, dtype=np.float32)
    blocks: list[Block] = []
    for (node, item), each in sorted(shares.items()):
        place = network.node_index[node], network.item_index[item]
        sure[place] = 0.0
        blocks.append(Block(leaf, place, *counting_levels(customers(node, item), each)))
    return {leaf: sure}, blocks


def routing(weights: Mapping[str, float], network: SupplyNetwork, axes: Axes) -> Part:
    """Return to which of its lanes a place's orders go, by weight; nothing without weights."""
    if not weights:
        return {}, []
    sure = np.full(axes.num_lanes, -1.0, dtype=np.float32)
    places: dict[str, list[str]] = {}
    for name in sorted(weights):
        places.setdefault(network.lanes[network.lane_index[name]].destination, []).append(name)
        sure[network.lane_index[name]] = 0.0
    blocks = [
        Block(
            "route",
            (np.array([network.lane_index[name] for name in names]),),
            np.eye(len(names)),
            np.array([weights[name] for name in names]) / sum(weights[name] for name in names),
        )
        for names in places.values()
    ]
    return {"route": sure}, blocks


def lasts(law: Outage) -> bool:
    """Tell whether a period that is down makes the next one likelier, or less likely, to be down."""
    return abs(law.disruption_probability + law.recovery_probability - 1.0) > 1e-12


def outages(uncertainty: Uncertainty, network: SupplyNetwork, axes: Axes) -> Part:
    """Return which lanes are open, for outages without memory; lanes of one supplier go down together."""
    laws = {} if uncertainty.supply is None else uncertainty.supply.outages
    if not laws:
        return {}, []
    blocks: list[Block] = []
    for owner, law in sorted(laws.items()):
        rows = [row for row, lane in enumerate(network.lanes) if owner in (lane.name, lane.source)]
        chances = np.array([1.0 - law.disruption_probability, law.disruption_probability])
        values = np.outer([0.0, -law.severity], np.ones(len(rows)))
        kept = chances > 0
        blocks.append(Block("lane_open", (np.array(rows),), values[kept], chances[kept]))
    return {"lane_open": np.ones(axes.num_lanes, dtype=np.float32)}, blocks
