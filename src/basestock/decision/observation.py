"""What a decider sees: labeled quantities, each with a name, a unit, a place and an item."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.dynamics import NetworkArrays, by_remaining_life, classes_of
from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes

NodeItem = Float[Array, "node item replication"]
LaneItem = Float[Array, "lane item replication"]


class Observation(eqx.Module):
    """Quantities that the information of a problem grants, and the public structure of the network.

    Parameters
    ----------
    network
        Topology and lead times, which everybody knows.
    period
        Number of the period.
    can_order
        1 on lanes that take orders now.
    on_hand, backorders
        Stock ready for use, and demand that waits, units.
    inventory_level
        on_hand - backorders.
    on_order
        In transit to the node, plus ordered and not yet shipped, units.
    inventory_position
        inventory_level + on_order, less what waiting orders will take of components and of what is made here.
    echelon_position
        Inventory level of the node and all it supplies, what is in transit to any of them, and what the node has
        ordered and its source has not shipped.
    in_transit, unfilled
        On each lane, units.
    due
        On each lane by periods until arrival, 0 first; lanes with known lead time.
    outstanding
        On each lane by age; lanes that reveal their lead time on arrival.
    unit_ages
        On each lane by class of age; units that have a continuous lead time each.
    last_demand, last_sales
        Of the last period, units.
    owed, incoming
        Ordered here and not yet shipped, and what came in as orders and demand just now, units.
    lots, life_clock
        Stock by remaining life as :class:`State` keeps it; :func:`expiring_within` and :func:`by_remaining_life` read
        it.
    work_in_process
        Runs under way of each process; ``on_order`` holds what they will make on average.
    resource_status
        Share of its hours that each resource has in the period.
    price, competitor_price, supply_price
        Of the last period, money per unit.
    satisfaction
        Of the customers, in [0, 1].
    forecast
        Demand expected in a period, units.
    messages, messages_sent
        What each node heard from its neighbors, and how many messages were sent for it.
    """

    network: NetworkArrays
    period: Int[Array, ""]
    can_order: Float[Array, "lane 1 1"]
    on_hand: NodeItem
    backorders: NodeItem
    inventory_level: NodeItem
    on_order: NodeItem
    inventory_position: NodeItem
    echelon_position: NodeItem
    in_transit: LaneItem
    unfilled: LaneItem
    due: Float[Array, "slot lane item replication"] | None
    outstanding: Float[Array, "age lane item replication"] | None
    last_demand: NodeItem
    last_sales: NodeItem
    demand_history: Float[Array, "window node item replication"] | None = None
    owed: NodeItem | None = None
    incoming: NodeItem | None = None
    lots: tuple[Float[Array, "_life node _place replication"], ...] | None = None
    life_clock: Int[Array, "..."] | None = None
    unit_ages: Float[Array, "age_class lane item replication"] | None = None
    work_in_process: Float[Array, "process replication"] | None = None
    resource_status: Float[Array, "resource replication"] | None = None
    price: NodeItem | None = None
    competitor_price: NodeItem | None = None
    supply_price: LaneItem | None = None
    satisfaction: NodeItem | None = None
    forecast: NodeItem | None = None
    messages: Float[Array, "message node item replication"] | None = None
    messages_sent: Float[Array, ""] | None = None


@dataclasses.dataclass(frozen=True)
class Label:
    """Meaning of one entry of a flat observation."""

    name: str
    unit: str
    owner: str
    item: str
    index: int | None = None


FLAT_FIELDS = (
    *(
        "on_hand",
        "backorders",
        "unfilled",
        "due",
        "outstanding",
        "unit_ages",
        "last_demand",
        "demand_history",
    ),
    *("incoming", "price", "competitor_price", "supply_price", "satisfaction", "forecast", "messages"),
)
"""Fields of a flat observation, in order: what cannot be derived from the others."""

_ON_LANES = {"unfilled", "due", "outstanding", "unit_ages", "supply_price"}
_MONEY = ("price", "competitor_price", "supply_price")


def flatten(
    observation: Observation, network: SupplyNetwork, fields: tuple[str, ...] = FLAT_FIELDS
) -> Float[Array, "feature replication"]:
    """Return the observation as a flat vector, padding left out, in the order of :func:`labels`.

    Parameters
    ----------
    observation
        What is seen.
    network
        The authored network.
    fields
        Fields that are told, in this order; stock by remaining life follows where there is any.
    """
    axes = Axes.of(network)
    parts: list[Array] = []
    for name in fields:
        leaf = getattr(observation, name)
        if leaf is None:
            continue
        owners = axes.lanes if name in _ON_LANES else axes.nodes
        cut = leaf[..., : len(owners), : len(axes.items), :]
        parts.append(cut.reshape(-1, cut.shape[-1]))
    life = observation.network.life
    if life is not None and observation.lots is not None and observation.life_clock is not None:
        kinds, nodes, items = (np.array(axis, dtype=np.int32) for axis in zip(*_lots(network), strict=True))
        parts.append(by_remaining_life(life, observation.lots, observation.life_clock)[kinds, nodes, items])
    return jnp.concatenate(parts)


def _lots(network: SupplyNetwork) -> list[tuple[int, int, int]]:
    """List (class of remaining life, node, item) of every lot that there can be."""
    return [
        (row, node, position)
        for node in range(len(network.nodes))
        for position, item in enumerate(network.items)
        if item.shelf_life is not None
        for row in range(classes_of(item)[0])
    ]


def _unit(name: str, unit: str) -> str:
    return f"money per {unit}" if name in _MONEY else "share" if name == "satisfaction" else unit


def labels(observation: Observation, network: SupplyNetwork) -> tuple[Label, ...]:
    """Return the meaning of each entry of :func:`flatten`."""
    axes = Axes.of(network)
    units = {item.name: item.unit for item in network.items}
    result: list[Label] = []
    for name in FLAT_FIELDS:
        leaf = getattr(observation, name)
        if leaf is None:
            continue
        owners = axes.lanes if name in _ON_LANES else axes.nodes
        indices = range(leaf.shape[0]) if leaf.ndim == 4 else (None,)
        result += [
            Label(name, _unit(name, units[item]), owner, item, index)
            for index in indices
            for owner in owners
            for item in axes.items
        ]
    if observation.lots is not None:
        result += [
            Label("lots", units[axes.items[item]], axes.nodes[node], axes.items[item], row)
            for row, node, item in _lots(network)
        ]
    return tuple(result)
