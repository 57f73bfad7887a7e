"""What customers and markets remember of the period."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.binomial import binomial_quantile
from basestock.dynamics.caps import divided
from basestock.dynamics.demand import decided_price
from basestock.dynamics.lanes import require
from basestock.dynamics.market import Market, Returns
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.units import by_units
from basestock.uncertainty import Event


def remember(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Book what will come back, let satisfaction move, and keep the price as the last one."""
    if flows.supply_price is None:
        flows = dataclasses.replace(flows, supply_price=event.supply_price)
    if network.market is None:
        return state, flows
    market, price = network.market, decided_price(network, state, decision)
    sold = require(flows.sales, "sales") + (
        0.0 if flows.backorders_filled is None else flows.backorders_filled
    )
    if market.memories is not None:
        satisfaction = _satisfaction(market, state, flows, price, sold)
        state = dataclasses.replace(state, satisfaction=satisfaction)
    if market.returns is not None:
        state = dataclasses.replace(
            state, returns_due=_booked(network, market.returns, state, event, flows, sold)
        )
    if price is not None:
        state, flows = (
            dataclasses.replace(state, previous_price=price),
            dataclasses.replace(flows, price=price),
        )
    return state, flows


def _satisfaction(
    market: Market, state: State, flows: PeriodOutcome, price: Array | None, sold: Array
) -> Array:
    effects = market.memories
    assert effects is not None
    demand = require(flows.demand, "demand")
    waiting = 0.0 if flows.newly_backordered is None else flows.newly_backordered
    unmet = divided(require(flows.lost, "lost") + waiting, demand)
    experience = 1.0 - effects.stockout_effect * unmet
    if price is not None and market.answers is not None:
        last, reference = require(state.previous_price, "previous_price"), market.answers.reference_price
        experience = experience - effects.price_effect * divided(jnp.abs(price - last), reference)
    if flows.came_back is not None:
        back = jnp.minimum(divided(flows.came_back, sold), 1.0)
        experience = experience - effects.return_effect * back
    satisfaction = require(state.satisfaction, "satisfaction")
    return effects.memory * satisfaction + (1.0 - effects.memory) * jnp.maximum(experience, 0.0)


def _booked(
    network: NetworkArrays, returns: Returns, state: State, event: Event, flows: PeriodOutcome, sold: Array
) -> Array:
    """Add what will come back of the units sold to the ring."""
    share = returns.share + returns.overtime_share * _overtime(flows)
    units = returns.places.read(sold)
    each = jnp.broadcast_to(share, units.shape)
    coming = by_units(
        network,
        lambda: binomial_quantile(require(event.returns, "returns"), units, each),
        lambda: units * share,
        at=returns.places.item,
    )
    due = require(state.returns_due, "returns_due")
    target = (state.period + returns.delay) % due.shape[0]
    here = jnp.arange(due.shape[0])[:, None, None] == target[None]
    return due + jnp.where(here, coming[None], 0.0)


def _overtime(flows: PeriodOutcome) -> Array:
    """Return the share of the hours of all resources that is overtime, ``[replication]``."""
    if flows.hours_overtime is None or flows.hours_used is None:
        return jnp.zeros(())
    return jnp.clip(divided(flows.hours_overtime.sum(0), flows.hours_used.sum(0)), 0.0, 1.0)
