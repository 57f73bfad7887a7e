"""Customers without stock are sent their units straight from the source."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.binomial import binomial_quantile
from basestock.dynamics.lanes import at_destination, at_source, into_nodes, out_of_nodes, require
from basestock.dynamics.sharing import served_before
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import take
from basestock.uncertainty import Event


def special_delivery(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Ask each lost customer, with the lane's probability, to take a unit of the source's stock instead.

    The number who agree is binomial, by the quantile of the event. A unit delivered so is ordered, shipped, received
    and sold within the period; a source that is short serves its lanes by name, and where several lanes lead to the
    customers, nobody is served by more than one of them.
    """
    supply = network.supply
    if supply is None or supply.special_share is None or flows.lost is None:
        return state, flows
    lost = at_destination(network, flows.lost) * network.lane_active * (supply.special_share > 0)
    level = at_destination(network, require(event.special, "special"))
    level = jnp.where(network.lane_active > 0, level, 0.5)
    asked = jnp.where(lost > 0, binomial_quantile(level, lost, supply.special_share), 0.0)
    left = at_source(network, state.on_hand) - served_before(network, asked, by_priority=False)
    special = jnp.clip(left, 0.0, asked)
    special = jnp.clip(lost - _delivered_before(network, special), 0.0, special)
    served = into_nodes(network, special)
    state = take(network, state, out_of_nodes(network, special))
    more = {name: _plus(getattr(flows, name), special) for name in ("ordered", "shipped", "received")}
    return state, dataclasses.replace(
        flows, special=special, lost=flows.lost - served, sales=_plus(flows.sales, served), **more
    )


def _delivered_before(network: NetworkArrays, special: jnp.ndarray) -> jnp.ndarray:
    """Add up what the lanes into the same place that come first by name deliver."""
    same = network.lane_destination[:, None] == network.lane_destination[None, :]
    before = same & (network.lane_rank[None, :] < network.lane_rank[:, None])
    return jnp.einsum("kl,lir->kir", before.astype(special.dtype), special)


def _plus(leaf: jnp.ndarray | None, units: jnp.ndarray) -> jnp.ndarray:
    return units if leaf is None else leaf + units
