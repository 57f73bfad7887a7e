"""Rings that a network must not have: of lanes without outside supply or without time, and of bills of material."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from basestock.network.errors import Defect
from basestock.network.rings import graph_of, ring_in, strong_components
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
    components = _rings(nodes, [(lane.source, lane.destination) for lane in network.lanes])
    if not components:
        return
    ringed = frozenset(node for component in components for node in component)
    for supplies, items in _items_by_supply(network, ringed).items():
        yield from _unfed(nodes, supplies, items)
        yield from _instant(nodes, supplies, items)


def _rings(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    return [component for component in strong_components(graph_of(nodes, edges)) if len(component) > 1]


def _items_by_supply(network: "SupplyNetwork", ringed: frozenset[str]) -> dict[tuple[_Supply, ...], list[str]]:
    """Group items that are supplied alike at the nodes of rings."""
    known = frozenset(node.name for node in network.nodes)
    general: list[tuple[Lane, _Supply]] = []
    special: dict[str, list[_Supply]] = {}
    for lane in network.lanes:
        if lane.destination in ringed:
            source = lane.source if lane.source in known else ""
            _collect(lane, source, general, special)
    for process in network.processes:
        if process.node in ringed:
            for item in process.produces:
                special.setdefault(item, []).append(_Supply("", process.node, process.duration == 0))
    groups: dict[tuple[_Supply, ...], list[str]] = {}
    for item in network.items:
        shared = [supply for lane, supply in general if item.name not in lane.item_lead_time]
        groups.setdefault((*shared, *special.get(item.name, ())), []).append(item.name)
    return groups


def _collect(
    lane: Lane, source: str, general: list[tuple[Lane, _Supply]], special: dict[str, list[_Supply]]
) -> None:
    """File a lane under all items, or under those that it lists or treats in their own way."""
    if lane.items is None:
        general.append((lane, _Supply(source, lane.destination, _may_be_zero(lane.lead_time))))
    for item in lane.items if lane.items is not None else lane.item_lead_time:
        immediate = _may_be_zero(lane.item_lead_time.get(item, lane.lead_time))
        special.setdefault(item, []).append(_Supply(source, lane.destination, immediate))


def _may_be_zero(lead_time: LeadTime) -> bool:
    return lead_time == 0 if isinstance(lead_time, int) else 0 in lead_time


def _unfed(nodes: Sequence[str], supplies: Sequence[_Supply], items: Sequence[str]) -> Iterator[Defect]:
    edges = [(supply.source, supply.destination) for supply in supplies]
    for component in _rings(nodes, edges):
        if all(source in component for source, destination in edges if destination in component):
            yield _defect(
                component, nodes, edges, "supply", f"only from each other for {_some(items)}",
                "must come from a supplier, a process or another node as well",
                "Add a lane from a supplier or drop a lane of the ring.",
            )  # fmt: skip


def _instant(nodes: Sequence[str], supplies: Sequence[_Supply], items: Sequence[str]) -> Iterator[Defect]:
    edges = [(supply.source, supply.destination) for supply in supplies if supply.immediate]
    for component in _rings(nodes, edges):
        yield _defect(
            component, nodes, edges, "lead_time", f"0 all around for {_some(items)}",
            "must be positive somewhere around each ring of lanes", "Raise a lead time or drop a lane of the ring.",
        )  # fmt: skip


def _some(items: Sequence[str]) -> str:
    others = {1: "", 2: " and 1 other item"}.get(len(items), f" and {len(items) - 1} other items")
    return f"{items[0]!r}{others}"


def _defect(
    component: Sequence[str], vertices: Sequence[str], edges: Sequence[tuple[str, str]],
    field: str, value: str, rule: str, remedy: str,
) -> Defect:  # fmt: skip
    return Defect("Ring", " -> ".join(ring_in(component, graph_of(vertices, edges))), field, value, rule, remedy)


def bill_rings(network: "SupplyNetwork") -> Iterator[Defect]:
    """Report items that are needed to make themselves, through any number of processes."""
    edges = [(needed, made) for process in network.processes for needed in process.consumes for made in process.produces]
    items = [item.name for item in network.items]
    for component in _rings(items, edges):
        inside = frozenset(component)
        through = [
            process.name
            for process in network.processes
            if not inside.isdisjoint(process.consumes) and not inside.isdisjoint(process.produces)
        ]
        yield _defect(
            component, items, edges, "bill of material", f"a ring through {', '.join(map(repr, through))}",
            "must not need an item to make that item", "Drop one of the processes or correct what it consumes.",
        )  # fmt: skip
