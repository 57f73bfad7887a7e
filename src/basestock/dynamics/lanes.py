"""Moves between the lane axis and the node axis."""

from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.dynamics.arrays import NetworkArrays
from basestock.uncertainty import Event

Leaf = TypeVar("Leaf")

_LONG_RING = 24
_SHORT_RING = 4
_MANY_REPLICATIONS = 32


def by_index(due: Float[Array, "slot lane item replication"]) -> bool:
    """Return whether a ring of orders is read and written by index, which is then faster than as a whole."""
    slots, replications = due.shape[0], due.shape[-1]
    return slots > (_SHORT_RING if replications >= _MANY_REPLICATIONS else _LONG_RING)


def require(leaf: Leaf | None, name: str) -> Leaf:
    """Return a leaf that a stage cannot do without.

    Raises
    ------
    ValueError
        If the leaf is absent.
    """
    if leaf is None:
        raise ValueError(
            f"stage: {name} is absent, must be given for this network. Sample it or add it to the state."
        )
    return leaf


def lead_time_now(network: NetworkArrays, event: Event) -> Int[Array, "lane item #replication"]:
    """Return the lead time of what is shipped now where it is known on ordering, with what a disruption adds."""
    lead_time = network.lead_time if event.lead_time is None else event.lead_time
    supply = network.supply
    if supply is None or supply.extra is None or event.extra_lead_time is None:
        return lead_time
    return lead_time + jnp.clip(event.extra_lead_time[:, None], 0, supply.extra)


def into_nodes(
    network: NetworkArrays, quantity: Float[Array, "lane item replication"]
) -> Float[Array, "node item replication"]:
    """Add up what enters each node over its inbound lanes."""
    return _collect(quantity, network.lane_destination, network.num_nodes)


def out_of_nodes(
    network: NetworkArrays, quantity: Float[Array, "lane item replication"]
) -> Float[Array, "node item replication"]:
    """Add up what leaves each node over its outbound lanes; outside suppliers drop out."""
    return _collect(quantity, network.lane_source, network.num_nodes)


def _collect(quantity: Array, nodes: Int[Array, " lane"], num_nodes: int) -> Array:
    # One segment more than nodes catches outside suppliers and padding, so that no index is ever out of range.
    return jax.ops.segment_sum(quantity, nodes, num_nodes + 1)[:num_nodes]


def at_source(
    network: NetworkArrays, quantity: Float[Array, "node item replication"]
) -> Float[Array, "lane item replication"]:
    """Read a node quantity at the source of each lane; 0 for outside suppliers."""
    return _spread(quantity, network.lane_source)


def at_destination(
    network: NetworkArrays, quantity: Float[Array, "node item replication"]
) -> Float[Array, "lane item replication"]:
    """Read a node quantity at the destination of each lane; 0 for padding."""
    return _spread(quantity, network.lane_destination)


def _spread(quantity: Array, nodes: Int[Array, " lane"]) -> Array:
    outside = jnp.zeros((1, *quantity.shape[1:]), quantity.dtype)
    return jnp.concatenate([quantity, outside])[nodes]
