"""Customers are served from stock; what cannot be served waits or is lost."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.demand import bent_market
from basestock.dynamics.stages.fill_backorders import fill_backorders
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import take
from basestock.dynamics.units import by_units
from basestock.uncertainty import Event


def serve(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Serve waiting demand first, then the demand of the period."""
    state, flows = fill_backorders(network, state, decision, event, flows)
    market = bent_market(network, state, decision, event)
    demand = market.sum(0)
    state, sales = _hand_over(network, state, market, demand)
    short = demand - sales
    if state.backorders is None:
        return state, dataclasses.replace(flows, demand=demand, sales=sales, lost=short)
    lost = _lost(network, short)
    waiting = short - lost
    state = dataclasses.replace(state, backorders=state.backorders + waiting)
    flows = dataclasses.replace(flows, demand=demand, sales=sales, lost=lost, newly_backordered=waiting)
    return state, flows


def _hand_over(network: NetworkArrays, state: State, market: Array, demand: Array) -> tuple[State, Array]:
    """Serve one class of customers after the other where it matters which units they take."""
    sales = jnp.minimum(state.on_hand, demand)
    if state.lots is None or network.life is None or network.life.class_share is None:
        return take(network, state, sales), sales
    for number in range(market.shape[0]):
        state = take(network, state, jnp.minimum(state.on_hand, market[number]), number)
    return state, sales


def _lost(network: NetworkArrays, short: jnp.ndarray) -> jnp.ndarray:
    lost = short * network.lost_share
    partial = (network.lost_share > 0) & (network.lost_share < 1)
    return by_units(network, lambda: jnp.where(partial, jnp.floor(lost + 1e-4), lost), lambda: lost)
