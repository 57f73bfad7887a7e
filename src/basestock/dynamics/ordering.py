"""What an order must be: calendars, vehicles, budgets, and the smallest value that a supplier takes."""

import dataclasses
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.dynamics.caps import Caps, make_caps, service_order
from basestock.network import Lane, Limit, SupplyNetwork
from basestock.uncertainty import Axes, bucket
from basestock.uncertainty.places import Places, concerned, padded, places_concerned


@dataclasses.dataclass(frozen=True)
class Terms:
    """What the prices of a problem need the network to know.

    Parameters
    ----------
    unit_value
        ``[lane, item, 1]`` what a unit costs, money; for budgets and smallest order values.
    remembers_orders
        Whether the state keeps the last order, for costs of change.
    """

    unit_value: Array | None = None
    remembers_orders: bool = False


NO_TERMS = Terms()
"""Nothing has a price."""

LARGEST_ORDER = 16_777_216.0
"""Units: the largest whole quantity that single precision keeps exact."""


class Ordering(eqx.Module):
    """Rules of orders beyond those of a single line.

    Parameters
    ----------
    open_days
        1 on weekdays that take orders; ``None`` where every day does.
    step
        Orders come in multiples of this, units; 0 where any fraction is fine.
    boxed, least, most
        Lines with a smallest, a largest or a multiple of an order; and smallest and largest order of these in whole
        steps, units. ``None`` where there is no such line.
    caps
        Hard limits on what is ordered.
    order_lanes, order_caps, lane_order
        Hard limits on the number of orders: the lanes of each, its cap, and 1 where the second lane is served before
        the first; ``None`` without.
    value, least_value, supplied
        Money per unit, smallest value of an order by supplier, and 1 where a lane starts at the supplier.
    volume, vehicle_lanes, vehicle_capacity, full_vehicles
        Volume of a unit, lanes with vehicles (padding lies beyond the last lane), volume of a vehicle, and 1 where an
        order fills whole vehicles; ``None`` without.
    agreed, floor, soft_cap
        Contracts: what a unit counts, the smallest sum, and the largest that has no price; ``None`` without.
    breaks, incremental
        Order quantities from which the next price holds; ``None`` without.
    remembers
        Whether the state keeps the last order.
    """

    step: Float[Array, "lane item 1"]
    boxed: Places | None = None
    least: Float[Array, "place 1"] | None = None
    most: Float[Array, "place 1"] | None = None
    open_days: Float[Array, "7 lane 1 1"] | None = None
    caps: tuple[Caps, ...] = ()
    order_lanes: Float[Array, "count_limit lane 1"] | None = None
    order_caps: Float[Array, " count_limit"] | None = None
    lane_order: Float[Array, "lane lane"] | None = None
    value: Float[Array, "lane item 1"] | None = None
    least_value: Float[Array, "supplier 1 1"] | None = None
    supplied: Float[Array, "supplier lane"] | None = None
    volume: Float[Array, "item 1"] | None = None
    vehicle_lanes: Int[Array, " vehicle_lane"] | None = None
    vehicle_capacity: Float[Array, "lane 1 1"] | None = None
    full_vehicles: Float[Array, "lane 1 1"] | None = None
    agreed: Float[Array, "limit lane item 1"] | None = None
    floor: Float[Array, "limit 1"] | None = None
    soft_cap: Float[Array, "limit 1"] | None = None
    breaks: Float[Array, "level lane 1 1"] | None = None
    incremental: Float[Array, "lane 1 1"] | None = None
    remembers: bool = eqx.field(static=True, default=False)


def needs_ordering(network: SupplyNetwork, terms: Terms) -> bool:
    """Tell whether any rule of orders is used; else every order is legal as it is."""
    lanes = network.lanes
    return bool(
        terms.remembers_orders
        or network.limits
        or any(supplier.minimum_value for supplier in network.suppliers)
        or any(_has_terms(lane) for lane in lanes)
    )


def _has_terms(lane: Lane) -> bool:
    box = (lane.order_minimum, lane.order_multiple, lane.order_maximum, lane.vehicle_capacity)
    return bool(lane.order_days is not None or lane.price_breaks) or any(part is not None for part in box)


def compile_ordering(network: SupplyNetwork, axes: Axes, terms: Terms) -> Ordering:
    """Compile the rules of orders.

    Parameters
    ----------
    network, axes
        The authored network and its axes.
    terms
        What the prices of the problem add.

    Raises
    ------
    ValueError
        If a limit is in money and nobody says what a unit costs.
    """
    step = _steps(network, axes)
    value = None if terms.unit_value is None else np.asarray(terms.unit_value)[..., 0]
    return Ordering(
        step=jnp.asarray(step),
        **_box(network, axes, step),
        open_days=_open_days(network, axes),
        caps=_hard_caps(network, axes, value, step),
        **_order_counts(network, axes),
        **_minimum_values(network, axes, value),
        **_vehicles(network, axes),
        **_contracts(network, axes, value),
        **_breaks(network, axes),
        remembers=terms.remembers_orders,
    )


def _steps(network: SupplyNetwork, axes: Axes) -> np.ndarray:
    step = np.zeros((axes.num_lanes, axes.num_items, 1), dtype=np.float32)
    for row, lane in enumerate(network.lanes):
        for column, item in enumerate(network.items):
            multiple = lane.order_limit("order_multiple", item.name)
            step[row, column] = multiple or float(item.whole_units)
    return step


def _box(network: SupplyNetwork, axes: Axes, step: np.ndarray) -> dict[str, Any]:
    boxes: dict[tuple[int, int], tuple[float, float]] = {}
    for row, lane in enumerate(network.lanes):
        if lane.order_minimum is None and lane.order_maximum is None and lane.order_multiple is None:
            continue
        for column, item in enumerate(network.items):
            least = lane.order_limit("order_minimum", item.name)
            most = lane.order_limit("order_maximum", item.name)
            limits = (least, most, lane.order_limit("order_multiple", item.name))
            if any(limit is not None for limit in limits):
                most = LARGEST_ORDER if most is None else min(most, LARGEST_ORDER)
                boxes[row, column] = (least or 0.0, most)
    lines = sorted(places_concerned(boxes, (axes.num_lanes, axes.num_items)))
    if not lines:
        return {}
    least, most = np.array([boxes.get(line, (0.0, LARGEST_ORDER)) for line in lines]).T
    own = np.array([step[row, column, 0] for row, column in lines])
    size = np.where(own > 0, own, 1.0)
    # The tolerance keeps 0.3 / 0.1 = 2.9999999999999996 at 3.
    least = np.where(own > 0, np.ceil(least / size - 1e-6) * size, least)
    most = np.where(own > 0, np.floor(most / size + 1e-6) * size, most)
    table = np.zeros((2, bucket(len(lines)), 1), dtype=np.float32)
    table[:, : len(lines), 0] = least, most
    return {
        "boxed": Places.of(lines, axes.num_lanes),
        "least": jnp.asarray(table[0]),
        "most": jnp.asarray(table[1]),
    }


def _open_days(network: SupplyNetwork, axes: Axes) -> Array | None:
    if all(lane.order_days is None for lane in network.lanes):
        return None
    days = np.ones((7, axes.num_lanes, 1, 1), dtype=np.float32)
    for row, lane in enumerate(network.lanes):
        if lane.order_days is not None:
            days[:, row] = 0.0
            days[list(lane.order_days), row] = 1.0
    return jnp.asarray(days)


def in_scope(network: SupplyNetwork, limit: Limit, lane: Lane) -> bool:
    """Tell whether a limit counts what a lane carries: all lanes into its nodes, from its suppliers, or by name."""
    names = set(limit.scope)
    return bool(names & {"network", lane.name, lane.source, lane.destination}) and not (
        # A node in the scope limits what comes in; what it sends on is limited where it arrives.
        lane.source in network.node_index and not names & {"network", lane.name, lane.destination}
    )


def limit_load(network: SupplyNetwork, axes: Axes, limit: Limit, value: np.ndarray | None) -> np.ndarray:
    """Return ``[lane, item]`` what one unit counts in a limit, in the unit of its metric."""
    load = np.zeros((axes.num_lanes, axes.num_items), dtype=np.float32)
    if limit.metric == "spend" and value is None:
        raise ValueError(
            f"Limit {limit.label!r}: nobody says what a unit costs, must be known for a limit in money. "
            "Give the rate purchase or purchase_ordered in the tariff, or limit units."
        )
    measure = {"units": np.ones(len(network.items)), "volume": [i.volume for i in network.items]}
    measure["weight"] = np.array([item.weight for item in network.items])
    for row, lane in enumerate(network.lanes):
        if in_scope(network, limit, lane):
            if value is not None and limit.metric == "spend":
                load[row] = value[row]
            elif limit.metric != "orders":
                load[row, : len(network.items)] = measure[limit.metric]
    return load


def _hard_caps(
    network: SupplyNetwork, axes: Axes, value: np.ndarray | None, step: np.ndarray
) -> tuple[Caps, ...]:
    limits = [limit for limit in network.limits if limit.hard and limit.metric != "orders"]
    loads = [limit_load(network, axes, limit, value) for limit in limits]
    rules = [limit.rule == "scale_proportionally" for limit in limits]
    return make_caps(loads, [limit.cap for limit in limits], rules, service_order(network, axes), step)


def _order_counts(network: SupplyNetwork, axes: Axes) -> dict[str, Any]:
    limits = [limit for limit in network.limits if limit.hard and limit.metric == "orders"]
    if not limits:
        return {}
    lanes = np.zeros((bucket(len(limits)), axes.num_lanes, 1), dtype=np.float32)
    caps = np.full(lanes.shape[0], LARGEST_ORDER, dtype=np.float32)
    for number, limit in enumerate(limits):
        caps[number] = limit.cap
        for row, lane in enumerate(network.lanes):
            lanes[number, row] = in_scope(network, limit, lane)
    key = lambda row: (network.lanes[row].priority, axes.lanes[row])  # noqa: E731
    earlier = np.zeros((axes.num_lanes, axes.num_lanes), dtype=np.float32)
    for row in range(len(axes.lanes)):
        earlier[row, : len(axes.lanes)] = [key(other) < key(row) for other in range(len(axes.lanes))]
    arrays = {"order_lanes": lanes, "order_caps": caps, "lane_order": earlier}
    return {name: jnp.asarray(leaf) for name, leaf in arrays.items()}


def _minimum_values(network: SupplyNetwork, axes: Axes, value: np.ndarray | None) -> dict[str, Any]:
    asking = [supplier for supplier in network.suppliers if supplier.minimum_value]
    if not asking:
        return {}
    if value is None:
        raise ValueError(
            f"Supplier {asking[0].name!r}: nobody says what a unit costs, must be known for minimum_value. "
            "Give the rate purchase or purchase_ordered in the tariff, or drop minimum_value."
        )
    least = np.zeros((bucket(len(asking)), 1, 1), dtype=np.float32)
    supplied = np.zeros((len(least), axes.num_lanes), dtype=np.float32)
    for number, supplier in enumerate(asking):
        least[number] = supplier.minimum_value
        supplied[number, : len(network.lanes)] = [lane.source == supplier.name for lane in network.lanes]
    arrays = {"value": value[..., None], "least_value": least, "supplied": supplied}
    return {name: jnp.asarray(leaf) for name, leaf in arrays.items()}


def _vehicles(network: SupplyNetwork, axes: Axes) -> dict[str, Any]:
    if all(lane.vehicle_capacity is None for lane in network.lanes):
        return {}
    volume = np.zeros((axes.num_items, 1), dtype=np.float32)
    volume[: len(network.items), 0] = [item.volume for item in network.items]
    capacity = np.zeros((axes.num_lanes, 1, 1), dtype=np.float32)
    capacity[: len(network.lanes), 0, 0] = [lane.vehicle_capacity or 0.0 for lane in network.lanes]
    with_vehicles = [row for row, lane in enumerate(network.lanes) if lane.vehicle_capacity is not None]
    lanes = concerned(with_vehicles, axes.num_lanes, axes.num_lanes * axes.num_items)
    found = {
        "volume": jnp.asarray(volume),
        "vehicle_lanes": jnp.asarray(padded(lanes, axes.num_lanes)),
        "vehicle_capacity": jnp.asarray(capacity),
    }
    if any(lane.full_vehicles for lane in network.lanes):
        full = np.zeros_like(capacity)
        full[: len(network.lanes), 0, 0] = [lane.full_vehicles for lane in network.lanes]
        found["full_vehicles"] = jnp.asarray(full)
    return found


def _contracts(network: SupplyNetwork, axes: Axes, value: np.ndarray | None) -> dict[str, Any]:
    limits = [limit for limit in network.limits if limit.floor > 0 or not limit.hard]
    if not limits:
        return {}
    agreed = np.zeros((axes.num_limits, axes.num_lanes, axes.num_items, 1), dtype=np.float32)
    floor = np.zeros((len(agreed), 1), dtype=np.float32)
    soft = np.full_like(floor, 1e30)
    for number, limit in enumerate(network.limits):
        floor[number] = limit.floor
        soft[number] = limit.cap if not limit.hard else 1e30
        agreed[number, ..., 0] = limit_load(network, axes, limit, value)
    arrays = {"agreed": agreed, "floor": floor, "soft_cap": soft}
    return {name: jnp.asarray(leaf) for name, leaf in arrays.items()}


def _breaks(network: SupplyNetwork, axes: Axes) -> dict[str, Any]:
    most = max((len(lane.price_breaks) for lane in network.lanes), default=0)
    if not most:
        return {}
    breaks = np.full((most, axes.num_lanes, 1, 1), 1e30, dtype=np.float32)
    incremental = np.zeros((axes.num_lanes, 1, 1), dtype=np.float32)
    for row, lane in enumerate(network.lanes):
        breaks[: len(lane.price_breaks), row, 0, 0] = lane.price_breaks
        incremental[row] = lane.break_kind == "incremental"
    return {"breaks": jnp.asarray(breaks), "incremental": jnp.asarray(incremental)}
