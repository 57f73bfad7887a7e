"""Rings that a network must not have: of lanes without supply or without time, and of bills of material."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from basestock.network.errors import Defect
from basestock.network.rings import Graph, graph_of, ring_in, strong_components
from basestock.network.types import Lane, LeadTime

if TYPE_CHECKING:
    from basestock.network.supply_network import SupplyNetwork


class _Supply(NamedTuple):
    """One way in which an item reaches a node; ``source`` is empty for outside supply and production."""

    source: str
    destination: str
    immediate: bool


def lane_rings(network: "SupplyNetwork") -> Iterator[Defect]:
    """Report rings of lanes that nothing feeds, and rings in which stock could circle within one period.

    Notes
    -----
    Items with the same ways of supply around the rings of the network share one search.
    """
    nodes = [node.name for node in network.nodes]
    components = _rings(graph_of(nodes, [(lane.source, lane.destination) for lane in network.lanes]))
    if not components:
        return
    ringed = frozenset(node for component in components for node in component)
    for supplies, items in _items_by_supply(network, ringed):
        yield from _unfed(supplies, items)
        yield from _instant(supplies, items)


def _rings(graph: Graph) -> list[tuple[str, ...]]:
    return [component for component in strong_components(graph) if len(component) > 1]


def _items_by_supply(
    network: "SupplyNetwork", ringed: frozenset[str]
) -> list[tuple[tuple[_Supply, ...], list[str]]]:
    """Return the ways of supply at the nodes of rings, each with the items that have just these."""
    shared: list[_Supply] = []
    partly: list[tuple[Lane, _Supply]] = []
    special: dict[str, list[_Supply]] = {}
    for lane in network.lanes:
        if lane.destination in ringed:
            supply = _Supply(_origin(network, lane), lane.destination, _may_be_zero(lane.lead_time))
            if lane.items is None and not lane.item_lead_time:
                shared.append(supply)
            elif lane.items is None:
                partly.append((lane, supply))
            _collect_special(lane, supply, special)
    for process in network.processes:
        if process.node in ringed:
            for item in process.produces:
                special.setdefault(item, []).append(_Supply("", process.node, process.duration == 0))
    groups: dict[tuple[_Supply, ...], list[str]] = {}
    for item in network.items:
        general = [supply for lane, supply in partly if item.name not in lane.item_lead_time]
        groups.setdefault((*general, *special.get(item.name, ())), []).append(item.name)
    return [((*shared, *own), items) for own, items in groups.items()]


def _origin(network: "SupplyNetwork", lane: Lane) -> str:
    return lane.source if network.is_internal(lane) else ""


def _collect_special(lane: Lane, supply: _Supply, special: dict[str, list[_Supply]]) -> None:
    """File a lane under the items that it lists, or treats in their own way."""
    for item in lane.items if lane.items is not None else lane.item_lead_time:
        immediate = _may_be_zero(lane.item_lead_time.get(item, lane.lead_time))
        special.setdefault(item, []).append(supply._replace(immediate=immediate))


def _may_be_zero(lead_time: LeadTime) -> bool:
    return lead_time == 0 if isinstance(lead_time, int) else 0 in lead_time


def _internal_graph(supplies: Iterable[_Supply]) -> Graph:
    edges = [(supply.source, supply.destination) for supply in supplies if supply.source]
    return graph_of(dict.fromkeys(end for edge in edges for end in edge), edges)


def _unfed(supplies: Sequence[_Supply], items: Sequence[str]) -> Iterator[Defect]:
    graph = _internal_graph(supplies)
    for component in _rings(graph):
        if all(supply.source in component for supply in supplies if supply.destination in component):
            yield Defect(
                "Ring",
                _shown_ring(component, graph),
                "supply",
                f"only from each other for {_some(items)}",
                "must come from a supplier, a process or another node as well",
                "Add a lane from a supplier or drop a lane of the ring.",
            )


def _instant(supplies: Sequence[_Supply], items: Sequence[str]) -> Iterator[Defect]:
    graph = _internal_graph(supply for supply in supplies if supply.immediate)
    for component in _rings(graph):
        yield Defect(
            "Ring",
            _shown_ring(component, graph),
            "lead_time",
            f"0 all around for {_some(items)}",
            "must be positive somewhere around each ring of lanes",
            "Raise a lead time or drop a lane of the ring.",
        )


def _some(items: Sequence[str]) -> str:
    others = {1: "", 2: " and 1 other item"}.get(len(items), f" and {len(items) - 1} other items")
    return f"{items[0]!r}{others}"


def _shown_ring(component: Sequence[str], graph: Graph) -> str:
    return " -> ".join(ring_in(component, graph))


def bill_rings(network: "SupplyNetwork") -> Iterator[Defect]:
    """Report items that are needed to make themselves, through any number of processes."""
    edges = [
        (taken, made)
        for process in network.processes
        for taken in process.consumes
        for made in process.produces
    ]
    graph = graph_of((item.name for item in network.items), edges)
    for component in _rings(graph):
        inside = frozenset(component)
        through = [
            process.name
            for process in network.processes
            if not inside.isdisjoint(process.consumes) and not inside.isdisjoint(process.produces)
        ]
        yield Defect(
            "Ring",
            _shown_ring(component, graph),
            "bill of material",
            f"a ring through {', '.join(map(repr, through))}",
            "must not need an item to make that item",
            "Drop one of the processes or correct what it consumes.",
        )
