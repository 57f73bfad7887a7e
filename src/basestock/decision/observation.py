"""What a decider sees: labeled quantities, each with a name, a unit, a place and an item."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.dynamics import NetworkArrays
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
        inventory_level + on_order.
    echelon_position
        Inventory level of the node and all it supplies, what is in transit to any of them, and what the node has
        ordered and its source has not shipped.
    in_transit, unfilled
        On each lane, units.
    due
        On each lane by periods until arrival, 0 first; lanes with known lead time.
    outstanding
        On each lane by age; lanes that reveal their lead time on arrival.
    last_demand, last_sales
        Of the last period, units.
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


@dataclasses.dataclass(frozen=True)
class Label:
    """Meaning of one entry of a flat observation."""

    name: str
    unit: str
    owner: str
    item: str
    index: int | None = None


FLAT_FIELDS = ("on_hand", "backorders", "unfilled", "due", "outstanding", "last_demand", "demand_history")
"""Fields of a flat observation, in order: what cannot be derived from the others."""

_ON_LANES = {"unfilled", "due", "outstanding"}


def flatten(observation: Observation, network: SupplyNetwork) -> Float[Array, "feature replication"]:
    """Return the observation as a flat vector, padding left out, in the order of :func:`labels`."""
    axes = Axes.of(network)
    parts: list[Array] = []
    for name in FLAT_FIELDS:
        leaf = getattr(observation, name)
        if leaf is None:
            continue
        owners = axes.lanes if name in _ON_LANES else axes.nodes
        cut = leaf[..., : len(owners), : len(axes.items), :]
        parts.append(cut.reshape(-1, cut.shape[-1]))
    return jnp.concatenate(parts)


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
            Label(name, units[item], owner, item, index)
            for index in indices
            for owner in owners
            for item in axes.items
        ]
    return tuple(result)
