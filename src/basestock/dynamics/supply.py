"""What sources and lanes can do: capacities, orders that travel, interruptions, and how a short source shares."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.dynamics.caps import Caps, make_caps, service_order
from basestock.dynamics.ordering import limit_load
from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes, bucket
from basestock.uncertainty.places import Places, concerned, padded

RULES = ("proportional", "priority", "first_come", "largest_remainder", "least_shortfall")
"""Ways to share the stock of a short source, in the order of their numbers."""

WAITING_CLASSES = 8
"""Periods that a first-come source tells orders apart by; what waits longer counts as one."""


class Supply(eqx.Module):
    """Parameters of sources and lanes beyond their lead times.

    Parameters
    ----------
    delayed, order_delay
        Lanes whose orders travel to the source (padding lies beyond the last lane), and for how many periods; ``None``
        where none does.
    slips
        Length of the ring of orders that travel; 0 without.
    caps
        Capacities of suppliers and lanes, and hard limits on what moves.
    capped
        1 on lanes whose capacity an outage shrinks.
    waits
        1 on lanes whose arrivals wait while they are closed; ``None`` where no lane is ever interrupted.
    rule
        Number of the rule by which the source of each lane shares.
    rules
        Rules that some node uses.
    special_share
        Probability that an unserved customer takes a delivery straight from the source; ``None`` without.
    extra
        Most periods that a disruption adds to a lead time; ``None`` without.
    books
        Whether even outside suppliers may ship later than ordered.
    """

    delayed: Int[Array, " delayed"] | None = None
    order_delay: Int[Array, " delayed"] | None = None
    caps: tuple[Caps, ...] = ()
    capped: Float[Array, "lane 1 1"] | None = None
    waits: Float[Array, "lane 1 1"] | None = None
    rule: Int[Array, "lane 1 1"] | None = None
    special_share: Float[Array, "lane 1 1"] | None = None
    extra: Int[Array, "lane 1 1"] | None = None
    slips: int = eqx.field(static=True, default=0)
    rules: tuple[str, ...] = eqx.field(static=True, default=("proportional",))
    books: bool = eqx.field(static=True, default=False)

    @property
    def interrupted(self) -> bool:
        """Whether some lane can be closed."""
        return self.waits is not None


def compile_supply(network: SupplyNetwork, axes: Axes) -> Supply | None:
    """Compile what limits supply; ``None`` where sources ship at once whatever they have."""
    lanes = network.lanes
    slips = max((lane.order_delay for lane in lanes), default=0)
    interrupted = any(lane.interruption != "never" for lane in lanes)
    rules = tuple(dict.fromkeys(node.allocation for node in network.nodes)) or ("proportional",)
    special = any(lane.special_share > 0 for lane in lanes)
    extra = any(lane.max_extra_lead_time for lane in lanes)
    step = np.zeros((axes.num_lanes, axes.num_items, 1), dtype=np.float32)
    step[:, : len(network.items), 0] = [item.whole_units for item in network.items]
    caps, capped = _caps(network, axes, step)
    if not (slips or interrupted or special or caps or rules != ("proportional",)):
        return None
    chosen = {node.name: RULES.index(node.allocation) for node in network.nodes}
    column = lambda values, kind: _column(axes, values, kind)  # noqa: E731
    return Supply(
        **_delays(network, axes),
        caps=caps,
        capped=column(capped, np.float32) if caps else None,
        waits=column([lane.interruption == "wait" for lane in lanes], np.float32) if interrupted else None,
        rule=column([chosen.get(lane.source, 0) for lane in lanes], np.int32) if len(rules) > 1 else None,
        special_share=column([lane.special_share for lane in lanes], np.float32) if special else None,
        extra=column([lane.max_extra_lead_time for lane in lanes], np.int32) if extra else None,
        slips=bucket(slips + 1) if slips else 0,
        rules=rules,
        books=bool(slips or interrupted or caps),
    )


def _delays(network: SupplyNetwork, axes: Axes) -> dict[str, Array]:
    """List the lanes whose orders travel, and how long."""
    delays = {row: lane.order_delay for row, lane in enumerate(network.lanes) if lane.order_delay}
    if not delays:
        return {}
    rows = concerned(list(delays), axes.num_lanes, axes.num_lanes * axes.num_items)
    lanes = padded(rows, axes.num_lanes)
    periods = np.zeros(len(lanes), dtype=np.int32)
    periods[: len(rows)] = [delays.get(row, 0) for row in rows]
    return {"delayed": jnp.asarray(lanes), "order_delay": jnp.asarray(periods)}


def _column(axes: Axes, values: list[float] | list[int] | list[bool], kind: type) -> Array:
    table = np.zeros((axes.num_lanes, 1, 1), dtype=kind)
    table[: len(values), 0, 0] = values
    return jnp.asarray(table)


def _caps(network: SupplyNetwork, axes: Axes, step: np.ndarray) -> tuple[tuple[Caps, ...], list[bool]]:
    """Collect the capacities of suppliers and lanes and the limits on what moves; tell which lanes an outage scales."""
    shape, count = (axes.num_lanes, axes.num_items), len(network.items)
    loads: list[np.ndarray] = []
    caps: list[float] = []
    rules: list[bool] = []
    volume = np.array([item.volume for item in network.items], dtype=np.float32)
    for supplier in network.suppliers:
        if supplier.capacity is not None:
            load = np.zeros(shape, dtype=np.float32)
            load[[row for row, lane in enumerate(network.lanes) if lane.source == supplier.name], :count] = (
                1.0
            )
            loads.append(load)
            caps.append(supplier.capacity)
            rules.append(True)
    for row, lane in enumerate(network.lanes):
        if lane.capacity is not None:
            load = np.zeros(shape, dtype=np.float32)
            load[row, :count] = volume
            loads.append(load)
            caps.append(lane.capacity)
            rules.append(True)
    capped = [any(load[row].any() for load in loads) for row in range(len(network.lanes))]
    for limit in network.limits:
        if limit.hard and limit.metric in ("units", "volume", "weight"):
            loads.append(limit_load(network, axes, limit, None))
            caps.append(limit.cap)
            rules.append(limit.rule == "scale_proportionally")
    return make_caps(loads, caps, rules, service_order(network, axes), step), capped


class Room(eqx.Module):
    """Room for the stock of one storage class.

    Parameters
    ----------
    places
        ``[room_node, room_item]`` what needs room where it has an end, items in the order of names, which breaks ties.
    volume
        Volume of a unit.
    step
        1 for items in whole units.
    capacity
        Room at each place.
    """

    places: Places
    volume: Float[Array, "room_item 1"]
    step: Float[Array, "room_item 1"]
    capacity: Float[Array, "room_node 1 1"]

    def left(self, stock: Float[Array, "node item replication"]) -> Array:
        """Return the room that is left, ``[room_node, 1, replication]``; below 0 where there is too much."""
        return self.capacity - (self.places.read(stock) * self.volume).sum(1, keepdims=True)


def compile_storage(network: SupplyNetwork, axes: Axes) -> tuple[Room, ...]:
    """Compile the room of nodes by storage class; none where no node has an end, or nothing needs room."""
    classes = sorted({name for node in network.nodes for name in node.storage})
    rooms = (_room(network, axes, name) for name in classes)
    return tuple(room for room in rooms if room is not None)


def _room(network: SupplyNetwork, axes: Axes, storage_class: str) -> Room | None:
    entries, items = axes.num_nodes * axes.num_items, dict(enumerate(network.items))
    capacities = {
        row: node.storage[storage_class]
        for row, node in enumerate(network.nodes)
        if storage_class in node.storage
    }
    volumes = {
        column: item.volume
        for column, item in items.items()
        if item.storage_class == storage_class and item.volume > 0
    }
    nodes = concerned(list(capacities), axes.num_nodes, entries)
    columns = concerned(list(volumes), axes.num_items, entries)
    if not columns:
        return None
    columns.sort(key=lambda column: (column not in items, axes.items[column : column + 1]))
    capacity = np.full((bucket(len(nodes)), 1, 1), 1e30, dtype=np.float32)
    capacity[: len(nodes), 0, 0] = [capacities.get(row, 1e30) for row in nodes]
    volume, step = np.zeros((2, bucket(len(columns)), 1), dtype=np.float32)
    volume[: len(columns), 0] = [volumes.get(column, 0.0) for column in columns]
    step[: len(columns), 0] = [column in items and items[column].whole_units for column in columns]
    grid = np.meshgrid(padded(nodes, axes.num_nodes), padded(columns, axes.num_items), indexing="ij")
    places = Places(*(jnp.asarray(leaf) for leaf in grid))
    return Room(places, *(jnp.asarray(leaf) for leaf in (volume, step, capacity)))
