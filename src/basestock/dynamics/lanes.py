"""Moves between the lane axis and the node axis."""

from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.dynamics.arrays import NetworkArrays

Leaf = TypeVar("Leaf")

SCATTER_SLOTS = 24
"""Rings of orders longer than this are read and written by index, shorter ones as a whole, which is then faster."""


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
