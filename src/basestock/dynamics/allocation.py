"""How a source that is short shares its stock among the lanes that ask."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import at_source, out_of_nodes
from basestock.dynamics.sharing import by_priority, first_come, largest_remainder, least_shortfall
from basestock.dynamics.supply import RULES
from basestock.dynamics.units import by_units

LaneItem = Float[Array, "lane item replication"]


def allocate(
    network: NetworkArrays,
    requests: LaneItem,
    on_hand: Float[Array, "node item replication"],
    waiting: Float[Array, "wait lane item replication"] | None = None,
) -> LaneItem:
    """Share stock by the rule of each source: in proportion to the requests, unless its node says otherwise.

    Parameters
    ----------
    network
        The network.
    requests
        Units asked for on each lane.
    on_hand
        Stock of the nodes, units.
    waiting
        The requests by periods of waiting, newest first, for sources that serve in that order.

    Returns
    -------
    Array
        ``[lane, item, replication]``: all of it from outside suppliers, at most the stock from nodes.

    Notes
    -----
    The sum over the lanes of a node is min(sum of requests, stock) (SIM-215).
    """
    supply = network.supply
    if supply is None or supply.rules == ("proportional",):
        return _proportional(network, requests, on_hand)
    available = at_source(network, on_hand)
    found = {
        "proportional": lambda: _proportional(network, requests, on_hand),
        "priority": lambda: by_priority(network, requests, available),
        "first_come": lambda: first_come(network, _oldest(requests, waiting), available),
        "largest_remainder": lambda: largest_remainder(network, requests, available),
        "least_shortfall": lambda: least_shortfall(network, requests, available),
    }
    shared = requests
    for rule in supply.rules:
        here = True if supply.rule is None else supply.rule == RULES.index(rule)
        shared = jnp.where(here & ~network.lane_outside[:, None, None], found[rule](), shared)
    return shared


def _oldest(
    requests: LaneItem, waiting: Float[Array, "wait lane item replication"] | None
) -> Float[Array, "wait lane item replication"]:
    """Return the requests by periods of waiting; where less is requested than waits, the newest orders stay."""
    if waiting is None:
        return requests[None]
    older = jnp.flip(jnp.cumsum(jnp.flip(waiting, 0), 0), 0) - waiting
    return jnp.clip(requests[None] - older, 0.0, waiting)


def _proportional(
    network: NetworkArrays, requests: LaneItem, on_hand: Float[Array, "node item replication"]
) -> LaneItem:
    """Share in proportion to the requests; whole units go down first, the rest by name of the lanes."""
    total = at_source(network, out_of_nodes(network, requests))
    available = at_source(network, on_hand)
    short = (total > available) & ~network.lane_outside[:, None, None]
    share = jnp.where(short, available / jnp.where(short, total, 1.0), 1.0)
    shared = requests * share
    return by_units(
        network,
        lambda: jnp.where(short, _whole_units(network, requests, shared, available), requests),
        lambda: shared,
    )


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
