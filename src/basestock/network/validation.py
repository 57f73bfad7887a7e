"""Rules between the parts of a network: names that exist and are unique, orders in whole units, no rings."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from basestock.network.errors import Defect, Suggestions, noun, shown
from basestock.network.life import life_defects
from basestock.network.market import market_defects
from basestock.network.production import Process
from basestock.network.ring_rules import bill_rings, lane_rings
from basestock.network.terms import term_defects
from basestock.network.types import Lane

if TYPE_CHECKING:
    from basestock.network.supply_network import SupplyNetwork

WHOLE_NETWORK = "network"
"""Scope of a limit on everything."""


def network_defects(network: "SupplyNetwork") -> list[Defect]:
    """Return everything that is wrong between the parts of a network.

    Parameters
    ----------
    network
        A network whose parts are right by themselves.

    Returns
    -------
    list of Defect
        In a fixed order. Rings are looked for only among names that are right.
    """
    references = _References(network)
    defects = [*_repeated(network), *_ambiguous(network), *references.defects(), *_fractional(network)]
    defects += market_defects(network)
    return defects or [
        *lane_rings(network),
        *bill_rings(network),
        *life_defects(network),
        *term_defects(network),
    ]


def _repeated(network: "SupplyNetwork") -> Iterator[Defect]:
    names: dict[str, list[str]] = {
        "Item": [item.name for item in network.items],
        "Node": [node.name for node in network.nodes],
        "Supplier": [supplier.name for supplier in network.suppliers],
        "Lane": [lane.name for lane in network.lanes],
        "Process": [process.name for process in network.processes],
        "Resource": [resource.name for resource in network.resources],
        "DemandClass": [demand_class.name for demand_class in network.demand_classes],
        "Inspection": [inspection.target for inspection in network.inspections],
    }
    for kind, listed in names.items():
        for name, count in Counter(listed).items():
            if count > 1:
                field = "target" if kind == "Inspection" else "name"
                remedy = "Give each its own name or drop one." if kind != "Inspection" else "Drop one."
                rule = f"must belong to one {kind.lower()} only"
                yield Defect(kind, name, field, f"{shown(name)} {count} times", rule, remedy)


def _ambiguous(network: "SupplyNetwork") -> Iterator[Defect]:
    """Refuse one name for two things where a reference could mean either."""
    node, supplier, lane = "node", "supplier", "lane"
    owners: dict[str, str] = {WHOLE_NETWORK: "word for the whole network"}
    owners |= {part.name: node for part in network.nodes if part.name != WHOLE_NETWORK}
    for kind, parts in ((node, network.nodes), (supplier, network.suppliers), (lane, network.lanes)):
        for part in parts:
            taken = owners.setdefault(part.name, kind)
            if taken != kind:
                yield _clash(kind.capitalize(), part.name, taken)
    lanes = frozenset(part.name for part in network.lanes)
    for process in network.processes:
        if process.name in lanes:
            yield _clash("Process", process.name, lane)


def _clash(kind: str, name: str, taken: str) -> Defect:
    return Defect(
        kind, name, "name", shown(name), f"must differ from the name of a {taken}", "Rename one of them."
    )


class _References:
    """Finds names that belong to nothing."""

    def __init__(self, network: "SupplyNetwork") -> None:
        self._network = network
        self._items = frozenset(item.name for item in network.items)
        self._nodes = frozenset(node.name for node in network.nodes)
        self._suppliers = frozenset(supplier.name for supplier in network.suppliers)
        self._lanes = frozenset(lane.name for lane in network.lanes)
        self._processes = frozenset(process.name for process in network.processes)
        self._resources = frozenset(resource.name for resource in network.resources)
        self._suggestions = Suggestions()

    def defects(self) -> Iterator[Defect]:
        for lane in self._network.lanes:
            yield from self._of_lane(lane)
        for process in self._network.processes:
            yield from self._of_process(process)
        for resource in self._network.resources:
            owner = ("Resource", resource.name)
            for pair in resource.changeover:
                yield from self._unknown(owner, f"changeover[{pair!r}]", pair, self._processes, "a process")
        for inspection in self._network.inspections:
            owner, known = ("Inspection", inspection.target), self._lanes | self._processes
            yield from self._unknown(owner, "target", (inspection.target,), known, "a lane or process")
        yield from self._of_limits()
        for node, item in self._network.unmet_at:
            field = f"unmet_at[{(node, item)!r}]"
            yield from self._unknown(("SupplyNetwork", ""), field, (node,), self._nodes, "a node")
            yield from self._unknown(("SupplyNetwork", ""), field, (item,), self._items, "an item")

    def _of_lane(self, lane: Lane) -> Iterator[Defect]:
        owner = ("Lane", lane.name)
        if lane.source not in self._nodes and lane.source not in self._suppliers:
            known = self._nodes | self._suppliers
            yield from self._unknown(owner, "source", (lane.source,), known, "a supplier or node")
        if lane.destination not in self._nodes:
            yield from self._unknown(owner, "destination", (lane.destination,), self._nodes, "a node")
        if lane.items is not None:
            # What the lane lists for single items was compared with its items at its own construction.
            yield from self._unknown(owner, "items", lane.items, self._items, "an item")
            return
        for field in (
            "item_lead_time",
            "order_minimum",
            "order_multiple",
            "order_maximum",
            "life_on_receipt",
        ):
            value = getattr(lane, field)
            if isinstance(value, Mapping):
                yield from self._unknown(owner, field, value, self._items, "an item")

    def _of_process(self, process: Process) -> Iterator[Defect]:
        owner = ("Process", process.name)
        yield from self._unknown(owner, "node", (process.node,), self._nodes, "a node")
        yield from self._unknown(owner, "consumes", process.consumes, self._items, "an item")
        yield from self._unknown(owner, "produces", process.produces, self._items, "an item")
        yield from self._unknown(owner, "uses", process.uses, self._resources, "a resource")

    def _of_limits(self) -> Iterator[Defect]:
        known = self._nodes | self._suppliers | self._lanes | {WHOLE_NETWORK}
        what = f"a node, supplier or lane, or {WHOLE_NETWORK!r}"
        for limit in self._network.limits:
            owner = ("Limit", limit.label)
            yield from self._unknown(owner, "scope", limit.scope, known, what)
            if WHOLE_NETWORK in limit.scope and len(limit.scope) > 1:
                rule = f"must be {WHOLE_NETWORK!r} alone, or names without it"
                yield Defect(*owner, "scope", shown(limit.scope), rule, "Correct the limit.")

    def _unknown(
        self, owner: tuple[str, str], field: str, names: Iterable[str], known: frozenset[str], what: str
    ) -> Iterator[Defect]:
        for name in names:
            if name not in known:
                remedy = f"{self._suggestions.nearest(name, known)}Correct the {noun(owner[0])}."
                yield Defect(*owner, field, shown(name), f"must be the name of {what}", remedy)


def _fractional(network: "SupplyNetwork") -> Iterator[Defect]:
    """Refuse a limit of an order that whole units cannot meet exactly."""
    whole = {item.name: item.whole_units for item in network.items}
    for lane in network.lanes:
        for field in ("order_minimum", "order_multiple", "order_maximum"):
            limit = getattr(lane, field)
            if limit is not None:
                yield from _fractional_limit(lane, field, limit, whole)


def _fractional_limit(
    lane: Lane, field: str, limit: float | Mapping[str, float], whole: Mapping[str, bool]
) -> Iterator[Defect]:
    remedy = "Correct the lane, or set whole_units=False for the item."
    if isinstance(limit, Mapping):
        for item, units in limit.items():
            if not float(units).is_integer() and whole.get(item, False):
                rule = "must be a whole number for an item in whole units"
                yield Defect("Lane", lane.name, f"{field}[{item!r}]", shown(units), rule, remedy)
    elif not float(limit).is_integer():
        carried = whole if lane.items is None else lane.items
        item = next((name for name in carried if whole.get(name, False)), None)
        if item is not None:
            rule = f"must be a whole number for an item in whole units, as {item!r} is"
            yield Defect("Lane", lane.name, field, shown(limit), rule, remedy)
