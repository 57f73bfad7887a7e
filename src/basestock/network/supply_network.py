"""The authored network as a whole, with its lookups."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import final

from basestock.network.checks import SelfChecked, conform
from basestock.network.errors import Defect, NetworkError, nearest, shown
from basestock.network.frozen import FrozenMapping
from basestock.network.life import DemandClass
from basestock.network.market import Goodwill, PriceResponse, ReturnFlow, Substitution
from basestock.network.production import Inspection, Process, Resource
from basestock.network.rings import graph_of, levels
from basestock.network.schema import NONE
from basestock.network.types import Item, Lane, Limit, Node, Supplier, Unmet
from basestock.network.validation import network_defects


class _Lookups:
    """Positions and lanes by name, found when first asked for."""

    def __init__(self, network: "SupplyNetwork") -> None:
        self._network = network

    @functools.cached_property
    def items(self) -> FrozenMapping[str, int]:
        return _positions(self._network.items)

    @functools.cached_property
    def nodes(self) -> FrozenMapping[str, int]:
        return _positions(self._network.nodes)

    @functools.cached_property
    def suppliers(self) -> FrozenMapping[str, int]:
        return _positions(self._network.suppliers)

    @functools.cached_property
    def lanes(self) -> FrozenMapping[str, int]:
        return _positions(self._network.lanes)

    @functools.cached_property
    def carried(self) -> dict[str, frozenset[str]]:
        """Lane with a list of items to those items."""
        return {lane.name: frozenset(lane.items) for lane in self._network.lanes if lane.items is not None}

    @functools.cached_property
    def inbound(self) -> dict[tuple[str, str | None], list[int]]:
        """(destination, item) to the lanes that list the item, (destination, None) to those of all items."""
        found: dict[tuple[str, str | None], list[int]] = {}
        for position, lane in enumerate(self._network.lanes):
            for item in lane.items if lane.items is not None else (None,):
                found.setdefault((lane.destination, item), []).append(position)
        return found

    @functools.cached_property
    def outbound(self) -> dict[str, tuple[Lane, ...]]:
        found: dict[str, list[Lane]] = {}
        for lane in self._network.lanes:
            found.setdefault(lane.source, []).append(lane)
        return {source: tuple(lanes) for source, lanes in found.items()}


def _positions(parts: "tuple[Item | Node | Supplier | Lane, ...]") -> FrozenMapping[str, int]:
    return FrozenMapping({part.name: position for position, part in enumerate(parts)})


@final
@dataclasses.dataclass(frozen=True, slots=True)
class SupplyNetwork(SelfChecked):
    """Everything that exists: what is stocked where, and how it moves and changes.

    Parameters
    ----------
    items, nodes, suppliers, lanes, processes, resources, inspections, limits
        The parts; their order is the order of the axes.
    demand_classes
        Customers in the order in which they are served; none where all are alike.
    responses, substitutions, returns, goodwill
        How customers answer to prices, to empty shelves and to bad experience, and what they bring back.
    unmet
        What happens to demand without stock: ``"lost"``, ``"backorder"``, or the share backordered.
    unmet_at
        (node, item) to the same, where it differs.

    Raises
    ------
    NetworkError
        With everything that is wrong: unknown and repeated names, rings, limits that contradict whole units.

    Examples
    --------
    >>> network = SupplyNetwork(
    ...     items=(Item("bolt"),),
    ...     nodes=(Node("DC", tier=1), Node("shop")),
    ...     suppliers=(Supplier("factory"),),
    ...     lanes=(Lane("factory", "DC", lead_time=3), Lane("DC", "shop")),
    ... )
    >>> network.tiers()
    (('DC',), ('shop',))
    """

    items: tuple[Item, ...]
    nodes: tuple[Node, ...]
    suppliers: tuple[Supplier, ...] = ()
    lanes: tuple[Lane, ...] = ()
    processes: tuple[Process, ...] = ()
    resources: tuple[Resource, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    limits: tuple[Limit, ...] = ()
    demand_classes: tuple[DemandClass, ...] = ()
    responses: tuple[PriceResponse, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    returns: tuple[ReturnFlow, ...] = ()
    goodwill: tuple[Goodwill, ...] = ()
    unmet: Unmet = "lost"
    unmet_at: Mapping[tuple[str, str], Unmet] = NONE
    _lookups: _Lookups = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        report = conform(self, "")
        object.__setattr__(self, "_lookups", _Lookups(self))
        report.defects.extend(network_defects(self))
        report.close()

    @property
    def item_index(self) -> Mapping[str, int]:
        """Item name to its position."""
        return self._lookups.items

    @property
    def node_index(self) -> Mapping[str, int]:
        """Node name to its position."""
        return self._lookups.nodes

    @property
    def supplier_index(self) -> Mapping[str, int]:
        """Supplier name to its position."""
        return self._lookups.suppliers

    @property
    def lane_index(self) -> Mapping[str, int]:
        """Lane name to its position."""
        return self._lookups.lanes

    def carries(self, lane: Lane, item: str) -> bool:
        """Tell whether a lane of the network carries an item."""
        return item in (self.item_index if lane.items is None else self._lookups.carried[lane.name])

    def inbound(self, node: str, item: str) -> tuple[Lane, ...]:
        """Return the lanes that bring an item to a node, by priority number, then in authored order.

        Raises
        ------
        NetworkError
            If the node or the item is unknown.
        """
        self._require("node", node, self.node_index)
        self._require("item", item, self.item_index)
        by_place = self._lookups.inbound
        positions = [*by_place.get((node, None), ()), *by_place.get((node, item), ())]
        return tuple(self.lanes[position] for position in sorted(positions, key=self._precedence))

    def _precedence(self, position: int) -> tuple[int, int]:
        return self.lanes[position].priority, position

    def outbound(self, node: str) -> tuple[Lane, ...]:
        """Return the lanes that start at a node or a supplier, in authored order.

        Raises
        ------
        NetworkError
            If there is no such node or supplier.
        """
        self._require("node", node, {**self.node_index, **self.supplier_index})
        return self._lookups.outbound.get(node, ())

    def is_internal(self, lane: Lane) -> bool:
        """Tell whether a lane starts at a node, not at an outside supplier."""
        return lane.source in self.node_index

    def tiers(self) -> tuple[tuple[str, ...], ...]:
        """Return the nodes by the longest path of lanes between nodes that leads to them, upstream first.

        Returns
        -------
        tuple of tuple of str
            The first tier is fed from outside only. Nodes of a ring of lanes share a tier.
        """
        ends = ((lane.source, lane.destination) for lane in self.lanes)
        level = levels(graph_of(self.node_index, ends))
        tiers: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
        for node in self.node_index:
            tiers[level[node]].append(node)
        return tuple(tuple(tier) for tier in tiers if tier)

    def mean_lead_time(self, lane: Lane, item: str) -> float:
        """Return the expected lead time of an item on a lane, periods.

        Raises
        ------
        NetworkError
            If the lane does not carry the item.
        """
        if not self.carries(lane, item):
            hint = nearest(item, lane.items if lane.items is not None else self.item_index)
            rule = "must be an item that the lane carries"
            raise NetworkError(
                [Defect("Lane", lane.name, "item", shown(item), rule, f"{hint}Correct the name.")]
            )
        return sum(periods * probability for periods, probability in lane.lead_time_law(item).items())

    def max_lead_time(self, lane: Lane) -> int:
        """Return the longest possible lead time over the items of a lane, periods."""
        num_carried = len(self.items) if lane.items is None else len(lane.items)
        laws = list(lane.item_lead_time.values())
        if len(laws) < num_carried or not laws:
            laws.append(lane.lead_time)
        return max(law if isinstance(law, int) else max(law) for law in laws)

    def _require(self, what: str, name: str, known: Mapping[str, int]) -> None:
        if name not in known:
            rule = f"must be the name of one of its {what}s"
            remedy = f"{nearest(name, known)}Correct the name."
            raise NetworkError([Defect("SupplyNetwork", "", what, shown(name), rule, remedy)])
