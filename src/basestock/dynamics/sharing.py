"""Rules by which a source that is short shares its stock: priority, first come, largest remainder, least shortfall."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.caps import share_of
from basestock.dynamics.lanes import at_source, out_of_nodes
from basestock.dynamics.units import by_units

LaneItem = Float[Array, "lane item replication"]

_HALVINGS = 26


def served_before(network: NetworkArrays, amount: LaneItem, *, by_priority: bool) -> LaneItem:
    """Add up what the lanes of the same source that are served earlier take.

    Parameters
    ----------
    network
        The network.
    amount
        Units on each lane.
    by_priority
        Whether the priority number comes before the name.
    """
    same = network.lane_source[:, None] == network.lane_source[None, :]
    rank, priority = network.lane_rank, network.lane_priority[:, 0, 0]
    earlier = rank[None, :] < rank[:, None]
    if by_priority:
        tied = (priority[None, :] == priority[:, None]) & earlier
        earlier = (priority[None, :] < priority[:, None]) | tied
    return jnp.einsum("kl,lir->kir", (same & earlier).astype(amount.dtype), amount)


def by_priority(network: NetworkArrays, requests: LaneItem, available: LaneItem) -> LaneItem:
    """Serve the lane of the lowest priority number first; a lane gets something only when all before it have all."""
    before = served_before(network, requests, by_priority=True)
    return jnp.clip(available - before, 0.0, requests)


def first_come(
    network: NetworkArrays, waiting: Float[Array, "wait lane item replication"], available: LaneItem
) -> LaneItem:
    """Serve what has waited longest first; lanes that came together in the order of their priority.

    Parameters
    ----------
    network
        The network.
    waiting
        Units ordered by periods of waiting, newest first.
    available
        Stock at the source of each lane, units.
    """
    served, left = jnp.zeros_like(available), available
    for age in range(waiting.shape[0] - 1, -1, -1):
        now = by_priority(network, waiting[age], left)
        served, left = served + now, left - at_source(network, out_of_nodes(network, now))
    return served


def largest_remainder(network: NetworkArrays, requests: LaneItem, available: LaneItem) -> LaneItem:
    """Round proportional shares down, and hand the rest to the lanes that lost most by it."""
    total = at_source(network, out_of_nodes(network, requests))
    exact = requests * share_of(available, total)
    return by_units(network, lambda: _remainders(network, requests, exact, available), lambda: exact)


def _remainders(network: NetworkArrays, requests: LaneItem, exact: LaneItem, available: LaneItem) -> LaneItem:
    base = jnp.floor(exact + 1e-4)
    rest = jnp.floor(available) - at_source(network, out_of_nodes(network, base))
    remainder = jnp.round((exact - base) * 1e4)
    wants = requests - base >= 1.0
    same = (network.lane_source[:, None] == network.lane_source[None, :])[..., None, None]
    earlier = (network.lane_rank[None, :] < network.lane_rank[:, None])[..., None, None]
    larger = (remainder[None] > remainder[:, None]) | ((remainder[None] == remainder[:, None]) & earlier)
    rank = (same & larger & wants[None]).sum(1)
    return base + (wants & (rank < rest)).astype(base.dtype)


def least_shortfall(network: NetworkArrays, requests: LaneItem, available: LaneItem) -> LaneItem:
    """Make the largest shortfall as small as it can be: y = max(request - theta, 0), the rest by name of the lanes.

    Notes
    -----
    Theta solves sum over the lanes of max(request - theta, 0) = stock. It is bracketed by bisection; where fractions
    are fine it is then solved for on the lanes that are served, so that gradients flow through it.
    """
    return by_units(
        network,
        lambda: _least_shortfall(network, requests, available, whole=True),
        lambda: _least_shortfall(network, requests, available, whole=False),
    )


def _least_shortfall(
    network: NetworkArrays, requests: LaneItem, available: LaneItem, *, whole: bool
) -> LaneItem:
    low, high = jnp.zeros_like(available), jnp.full_like(available, 1.0) + _at_most(network, requests)
    stock = jnp.floor(available) if whole else available
    for _ in range(_HALVINGS):
        middle = jnp.floor((low + high) / 2) if whole else (low + high) / 2
        fits = _sum(network, jnp.maximum(requests - middle, 0.0)) <= stock
        low, high = jnp.where(fits, low, middle), jnp.where(fits, middle, high)
    short = _sum(network, requests) > stock
    if not whole:
        served = (requests > high).astype(requests.dtype)
        count = jnp.maximum(_sum(network, served), 1.0)
        theta = (_sum(network, served * requests) - stock) / count
        return jnp.where(short, served * jnp.maximum(requests - theta, 0.0), requests)
    base = jnp.maximum(requests - high, 0.0)
    rest = stock - _sum(network, base)
    wants = (requests >= high).astype(requests.dtype)
    more = wants * (served_before(network, wants, by_priority=False) < rest)
    return jnp.where(short, base + more, requests)


def _sum(network: NetworkArrays, quantity: LaneItem) -> LaneItem:
    return at_source(network, out_of_nodes(network, quantity))


def _at_most(network: NetworkArrays, requests: LaneItem) -> Array:
    """Return an upper bound on every request, the same everywhere."""
    return jnp.broadcast_to(requests.max((0, 1)), requests.shape)
