"""Exact placement of safety stock where the stages form a tree, or several."""

from typing import NamedTuple

import numpy as np

from basestock.optimal.closed_form.guaranteed_service.candidates import Candidates
from basestock.optimal.closed_form.guaranteed_service.network import ServiceNetwork


class _Link(NamedTuple):
    """A stage and the stage next to it on the way to the root, itself for a root."""

    stage: int
    parent: int


def tree_optimum(network: ServiceNetwork, cells: Candidates) -> tuple[float, np.ndarray]:
    """Return the least cost and the outbound service times that reach it (Graves and Willems 2000).

    Parameters
    ----------
    network
        Stages whose arcs, seen without direction, have no cycle.
    cells
        Single service times to consider.

    Returns
    -------
    tuple
        Money per period; ticks by stage.

    Notes
    -----
    From the leaves to the root every stage has a table of its least cost [SI, S] with all that hangs on it: its own
    cost, for a supplier i the least over S_i <= SI, for a buyer j the least over SI_j >= S. Then times are read off
    from the root to the leaves.
    """
    links = _links(network)
    tables = [cells.costs(network, stage) for stage in range(len(network.stages))]
    value = 0.0
    for stage, parent in reversed(links):
        if stage == parent:
            value += float(tables[stage].min())
        elif parent in network.buyers[stage]:
            offered = np.minimum.accumulate(tables[stage].min(axis=0))
            fit = np.searchsorted(cells.outbound[stage][0], cells.inbound[parent][1], side="right") - 1
            tables[parent] += offered[fit][:, None]
        else:
            offered = np.minimum.accumulate(tables[stage].min(axis=1)[::-1])[::-1]
            fit = np.searchsorted(cells.inbound[stage][1], cells.outbound[parent][0], side="left")
            tables[parent] += offered[fit][None, :]
    return value, _read_off(network, cells, links, tables)


def _links(network: ServiceNetwork) -> list[_Link]:
    """Return the stages of every tree from its root outward."""
    found: list[_Link] = []
    seen = [False] * len(network.stages)
    for root in range(len(network.stages)):
        todo = [] if seen[root] else [_Link(root, root)]
        while todo:
            link = todo.pop()
            seen[link.stage] = True
            found.append(link)
            near = (*network.suppliers[link.stage], *network.buyers[link.stage])
            todo += [_Link(each, link.stage) for each in near if each != link.parent]
    return found


def _read_off(
    network: ServiceNetwork, cells: Candidates, links: list[_Link], tables: list[np.ndarray]
) -> np.ndarray:
    inbound, outbound = (np.zeros(len(tables), dtype=np.int64) for _ in range(2))
    for stage, parent in links:
        table = tables[stage]
        if stage != parent and parent in network.buyers[stage]:
            last = int(np.searchsorted(cells.outbound[stage][0], inbound[parent], side="right"))
            table = table[:, :last]
        first = 0
        if stage != parent and parent not in network.buyers[stage]:
            first = int(np.searchsorted(cells.inbound[stage][1], outbound[parent], side="left"))
            table = table[first:]
        row, column = np.unravel_index(int(np.argmin(table)), table.shape)
        inbound[stage] = cells.inbound[stage][0][first + row]
        outbound[stage] = cells.outbound[stage][0][column]
    return outbound
