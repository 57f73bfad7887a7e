"""The compiled network: topology and parameters as data, so that a rewired network runs the same program."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.dynamics.life import Life, compile_life
from basestock.dynamics.market import Market, compile_market_behavior
from basestock.dynamics.ordering import NO_TERMS, Ordering, Terms, compile_ordering, needs_ordering
from basestock.dynamics.production import Production, compile_production
from basestock.dynamics.quality import Quality, compile_quality
from basestock.dynamics.supply import Room, Supply, compile_storage, compile_supply
from basestock.network import Lane, SupplyNetwork
from basestock.uncertainty import Axes, bucket
from basestock.uncertainty.places import Places, few_places


@dataclasses.dataclass(frozen=True)
class Features:
    """What a network uses; a stage reads this when it is traced and leaves out the rest.

    Parameters
    ----------
    internal
        Some lane starts at a node or has a capacity, so sources can be short and orders can wait.
    backorders
        Some demand waits.
    slots
        Length of the ring of arrivals with known lead time; 0 without such lanes.
    ages
        Longest age of orders revealed on arrival; 0 without such lanes.
    immediate
        Some lead time may be 0: what is shipped is received once more in the same period.
    random_on_order
        Some lead time is drawn on ordering.
    whole_units
        All items exist in whole units only.
    lost_unfilled
        On some lane, what a source cannot ship is lost.
    reviewed
        Some lane takes orders only in certain periods.
    """

    internal: bool
    backorders: bool
    slots: int
    ages: int
    immediate: bool
    random_on_order: bool
    whole_units: bool
    lost_unfilled: bool
    reviewed: bool


class NetworkArrays(eqx.Module):
    """Parameters of a network; a trailing axis of length 1 stands for the replications.

    Parameters
    ----------
    lane_source
        Node that each lane starts at; ``num_nodes`` for an outside supplier and for padding.
    lane_destination
        Node that each lane ends at; ``num_nodes`` for padding.
    lane_outside
        Whether the lane starts at an outside supplier.
    lane_active
        1 where the lane serves the item.
    primary
        1 on the lane of lowest priority number into each (node, item), ties to the name that sorts first.
    lane_rank
        Place of the lane's name in sorted order: what breaks ties, wherever the lane is listed.
    lane_priority
        Priority number of the lane.
    lead_time
        Fixed, or expected when random (rounded), periods; the random ones belong to the events.
    mean_lead_time
        Expected lead time, periods.
    reveals_on_arrival, revealed
        1 where the lead time is revealed on arrival; and these places, where they are few.
    review_period, review_phase
        Orders are taken when (period - phase) mod review period is 0; periods.
    descendants
        1 where the second node is the first or is supplied by it, directly or over other nodes.
    tier
        Longest number of internal lanes from an outside source to each node.
    lost_share
        Share of unserved demand that is lost, the rest waits.
    unfilled_lost
        1 where what the source cannot ship is lost.
    order_minimum, order_multiple, order_maximum
        Limits of one order, units; 0, 0 and a very large number where there is none.
    features
        What the program must contain.
    production
        Processes and resources; ``None`` where there are none.
    quality
        Sampling plans; ``None`` where nothing is inspected.
    life
        What perishes; ``None`` where nothing does.
    market
        How customers behave; ``None`` where they only ask and wait.
    supply
        Capacities, travelling orders, interruptions and rules of sharing; ``None`` where sources ship what they have.
    ordering
        Rules of orders; ``None`` where every order is legal.
    rooms
        Room for stock by storage class, where it has an end.
    whole
        1 for items in whole units; ``None`` where all of them or none are.
    """

    lane_source: Int[Array, " lane"]
    lane_destination: Int[Array, " lane"]
    lane_outside: Bool[Array, " lane"]
    lane_active: Float[Array, "lane item 1"]
    primary: Float[Array, "lane item 1"]
    lane_rank: Int[Array, " lane"]
    lane_priority: Float[Array, "lane 1 1"]
    lead_time: Int[Array, "lane item 1"]
    mean_lead_time: Float[Array, "lane item 1"]
    reveals_on_arrival: Float[Array, "lane item 1"] | None
    revealed: Places | None
    review_period: Int[Array, "lane 1 1"]
    review_phase: Int[Array, "lane 1 1"]
    descendants: Float[Array, "node node"]
    tier: Int[Array, " node"]
    lost_share: Float[Array, "node item 1"]
    unfilled_lost: Float[Array, "lane 1 1"]
    order_minimum: Float[Array, "lane item 1"]
    order_multiple: Float[Array, "lane item 1"]
    order_maximum: Float[Array, "lane item 1"]
    features: Features = eqx.field(static=True)
    production: Production | None = None
    quality: Quality | None = None
    life: Life | None = None
    market: Market | None = None
    supply: Supply | None = None
    ordering: Ordering | None = None
    rooms: tuple[Room, ...] = ()
    whole: Float[Array, "item 1"] | None = None

    @property
    def num_nodes(self) -> int:
        """Padded number of nodes."""
        return self.lost_share.shape[0]

    @property
    def num_items(self) -> int:
        """Padded number of items."""
        return self.lost_share.shape[1]

    @property
    def num_lanes(self) -> int:
        """Padded number of lanes."""
        return self.lane_source.shape[0]


NO_MAXIMUM = 1e30
"""Stands for "no maximum": finite, so that gradients stay finite."""


def compile_network(network: SupplyNetwork, terms: Terms = NO_TERMS) -> NetworkArrays:
    """Compile an authored network to arrays on padded axes.

    Parameters
    ----------
    network
        The authored network.
    terms
        What the prices of the problem add: the value of a unit for budgets, whether orders are remembered.

    Returns
    -------
    NetworkArrays
        Arrays whose shapes are rounded up to buckets (:func:`basestock.uncertainty.bucket`).
    """
    axes = Axes.of(network)
    lanes = network.lanes
    ends = _lane_ends(network, axes)
    laws = _lead_time_laws(network, axes)
    lead_time = _lane_item(axes, {place: round(_mean(law)) for place, law in laws.items()}, np.int32)
    arrival = _revealed_on_arrival(network, laws)
    active = _lane_item(axes, dict.fromkeys(laws, 1.0))
    supply = compile_supply(network, axes)
    return NetworkArrays(
        lane_source=jnp.asarray(ends[0]),
        lane_destination=jnp.asarray(ends[1]),
        lane_outside=jnp.asarray(ends[2]),
        lane_active=jnp.asarray(active),
        primary=jnp.asarray(_primary(network, axes, active, ends[1])),
        lane_rank=jnp.asarray(_ranks(axes)),
        lane_priority=jnp.asarray(_per_lane(axes, lanes, lambda lane: lane.priority, np.float32)),
        lead_time=jnp.asarray(lead_time),
        mean_lead_time=jnp.asarray(_lane_item(axes, {place: _mean(law) for place, law in laws.items()})),
        reveals_on_arrival=jnp.asarray(_lane_item(axes, dict.fromkeys(arrival, 1.0))) if arrival else None,
        revealed=few_places(arrival, (axes.num_lanes, axes.num_items)) if arrival else None,
        review_period=jnp.asarray(_per_lane(axes, lanes, lambda lane: lane.review_period, np.int32, fill=1)),
        review_phase=jnp.asarray(_per_lane(axes, lanes, lambda lane: lane.review_phase, np.int32)),
        descendants=jnp.asarray(_descendants(network, axes)),
        tier=jnp.asarray(_tiers(network, axes)),
        lost_share=jnp.asarray(_lost_share(network, axes)),
        unfilled_lost=jnp.asarray(_per_lane(axes, lanes, lambda lane: lane.unfilled == "lost", np.float64)),
        order_minimum=jnp.asarray(_limit(network, axes, laws, "order_minimum", 0.0)),
        order_multiple=jnp.asarray(_limit(network, axes, laws, "order_multiple", 0.0)),
        order_maximum=jnp.asarray(_limit(network, axes, laws, "order_maximum", NO_MAXIMUM)),
        features=_features(network, laws, arrival, books=supply is not None and supply.books),
        production=compile_production(network, axes),
        quality=compile_quality(network, axes),
        life=compile_life(network, axes),
        market=compile_market_behavior(network, axes),
        supply=supply,
        ordering=compile_ordering(network, axes, terms) if needs_ordering(network, terms) else None,
        rooms=compile_storage(network, axes),
        whole=_whole(network, axes),
    )


Place = tuple[int, int]
LimitName = Literal["order_minimum", "order_multiple", "order_maximum"]


def _mean(law: Mapping[int, float]) -> float:
    return sum(periods * probability for periods, probability in law.items())


def _lane_ends(network: SupplyNetwork, axes: Axes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    at = {name: position for position, name in enumerate(axes.nodes)}
    source = np.full(axes.num_lanes, axes.num_nodes, dtype=np.int32)
    destination = np.full(axes.num_lanes, axes.num_nodes, dtype=np.int32)
    for position, lane in enumerate(network.lanes):
        source[position] = at.get(lane.source, axes.num_nodes)
        destination[position] = at[lane.destination]
    return source, destination, source == axes.num_nodes


def _lead_time_laws(network: SupplyNetwork, axes: Axes) -> dict[Place, dict[int, float]]:
    at = {name: position for position, name in enumerate(axes.items)}
    return {
        (position, at[item]): dict(lane.lead_time_law(item))
        for position, lane in enumerate(network.lanes)
        for item in (lane.items if lane.items is not None else axes.items)
    }


def _revealed_on_arrival(network: SupplyNetwork, laws: Mapping[Place, Mapping[int, float]]) -> list[Place]:
    """List the places whose law is random and revealed on arrival; a fixed lead time is known anyway."""
    return [
        place
        for place, law in laws.items()
        if len(law) > 1 and network.lanes[place[0]].lead_time_known == "on_arrival"
    ]


def _lane_item(
    axes: Axes, values: Mapping[Place, float], dtype: type = np.float64, fill: float = 0
) -> np.ndarray:
    table = np.full((axes.num_lanes, axes.num_items, 1), fill, dtype=dtype)
    if values:
        places = np.array(list(values), dtype=np.int64)
        table[places[:, 0], places[:, 1], 0] = np.fromiter(values.values(), dtype=dtype, count=len(values))
    return table


def _whole(network: SupplyNetwork, axes: Axes) -> Array | None:
    kinds = {item.whole_units for item in network.items}
    table = np.ones((axes.num_items, 1), dtype=np.float32)
    table[: len(network.items), 0] = [item.whole_units for item in network.items]
    return jnp.asarray(table) if len(kinds) > 1 else None


def _per_lane(
    axes: Axes, lanes: tuple[Lane, ...], value: Callable[[Lane], float], dtype: type, fill: float = 0
) -> np.ndarray:
    table = np.full((axes.num_lanes, 1, 1), fill, dtype=dtype)
    table[: len(lanes), 0, 0] = [value(lane) for lane in lanes]
    return table


def _ranks(axes: Axes) -> np.ndarray:
    ranks = np.arange(axes.num_lanes, dtype=np.int32)
    ranks[np.argsort(np.array(axes.lanes), kind="stable")] = np.arange(len(axes.lanes), dtype=np.int32)
    return ranks


def _primary(network: SupplyNetwork, axes: Axes, active: np.ndarray, destination: np.ndarray) -> np.ndarray:
    primary = np.zeros_like(active)
    taken = np.zeros((int(destination.max(initial=0)) + 1, active.shape[1]), dtype=bool)
    order = sorted(
        range(len(network.lanes)), key=lambda lane: (network.lanes[lane].priority, axes.lanes[lane])
    )
    for lane in order:
        free = (active[lane, :, 0] > 0) & ~taken[destination[lane]]
        primary[lane, free, 0] = 1.0
        taken[destination[lane]] |= free
    return primary


def _descendants(network: SupplyNetwork, axes: Axes) -> np.ndarray:
    at = {name: position for position, name in enumerate(axes.nodes)}
    reach = np.eye(axes.num_nodes, dtype=bool)
    links = [(at[lane.source], at[lane.destination]) for lane in network.lanes if lane.source in at]
    changed = bool(links)
    while changed:
        before = int(reach.sum())
        for source, destination in links:
            reach[source] |= reach[destination]
        changed = int(reach.sum()) > before
    return reach.astype(np.float32)


def _tiers(network: SupplyNetwork, axes: Axes) -> np.ndarray:
    """Number the nodes by their longest supply chain; lanes that close a ring of transfers do not count."""
    at = {name: position for position, name in enumerate(axes.nodes)}
    tier = np.zeros(axes.num_nodes, dtype=np.int32)
    reach = _descendants(network, axes) > 0
    links = [(at[lane.source], at[lane.destination]) for lane in network.lanes if lane.source in at]
    forward = [(source, destination) for source, destination in links if not reach[destination, source]]
    for _ in range(len(axes.nodes)):
        for source, destination in forward:
            tier[destination] = max(tier[destination], tier[source] + 1)
    return tier


def _lost_share(network: SupplyNetwork, axes: Axes) -> np.ndarray:
    def share(unmet: str | float) -> float:
        return {"lost": 1.0, "backorder": 0.0}[unmet] if isinstance(unmet, str) else 1.0 - unmet

    table = np.full((axes.num_nodes, axes.num_items, 1), share(network.unmet))
    node_at, item_at = network.node_index, network.item_index
    for (node, item), unmet in network.unmet_at.items():
        table[node_at[node], item_at[item]] = share(unmet)
    return table


def _limit(
    network: SupplyNetwork, axes: Axes, laws: Mapping[Place, object], name: LimitName, fill: float
) -> np.ndarray:
    values: dict[Place, float] = {}
    for lane, item in laws:
        value = network.lanes[lane].order_limit(name, axes.items[item])
        if value is not None:
            values[lane, item] = float(value)
    return _lane_item(axes, values, fill=fill)


def _features(
    network: SupplyNetwork, laws: Mapping[Place, Mapping[int, float]], arrival: list[Place], *, books: bool
) -> Features:
    nodes = {node.name for node in network.nodes}
    revealed = set(arrival)
    known = [law for place, law in laws.items() if place not in revealed]
    unmet = [network.unmet, *network.unmet_at.values()]
    extra = max((lane.max_extra_lead_time for lane in network.lanes), default=0)
    return Features(
        internal=books or any(lane.source in nodes for lane in network.lanes),
        backorders=any(way != "lost" for way in unmet),
        slots=bucket(max(max(law) for law in known) + extra + 1) if known else 0,
        ages=bucket(max(max(laws[place]) for place in arrival)) if arrival else 0,
        immediate=any(min(law) == 0 for law in known),
        random_on_order=any(len(law) > 1 for law in known),
        whole_units=all(item.whole_units for item in network.items),
        lost_unfilled=any(lane.unfilled == "lost" for lane in network.lanes),
        reviewed=any(lane.review_period > 1 for lane in network.lanes),
    )
