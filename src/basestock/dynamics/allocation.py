"""How a source that is short shares its stock among the lanes that ask."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import at_source, out_of_nodes

LaneItem = Float[Array, "lane item replication"]


def allocate(
    network: NetworkArrays, requests: LaneItem, on_hand: Float[Array, "node item replication"]
) -> LaneItem:
    """Share stock in proportion to the requests; whole units go down first, the rest by name of the lanes.

    Parameters
    ----------
    network
        The network.
    requests
        Units asked for on each lane.
    on_hand
        Stock of the nodes, units.

    Returns
    -------
    Array
        ``[lane, item, replication]``: all of it from outside suppliers, at most the stock from nodes.

    Notes
    -----
    The sum over the lanes of a node is min(sum of requests, stock) (SIM-215).
    """
    total = at_source(network, out_of_nodes(network, requests))
    available = at_source(network, on_hand)
    short = (total > available) & ~network.lane_outside[:, None, None]
    share = jnp.where(short, available / jnp.where(short, total, 1.0), 1.0)
    shared = requests * share
    if not network.features.whole_units:
        return shared
    return jnp.where(short, _whole_units(network, requests, shared, available), requests)


def _whole_units(
    network: NetworkArrays, requests: LaneItem, shared: LaneItem, available: LaneItem
) -> LaneItem:
    """Round proportional shares down and hand the rest out one by one, in the order of the lanes' names."""
    # A share such as 3 * (2 / 6) must not fall to 0.9999999 and lose a unit.
    base = jnp.floor(shared + 1e-4)
    rest = jnp.floor(available) - at_source(network, out_of_nodes(network, base))
    wants = (requests - base >= 1.0).astype(requests.dtype)
    same = network.lane_source[:, None] == network.lane_source[None, :]
    before = same & (network.lane_rank[None, :] < network.lane_rank[:, None])
    rank = jnp.einsum("kl,lir->kir", before.astype(requests.dtype), wants)
    return base + wants * (rank < rest)
