"""Customers who find their item missing take another one."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.binomial import binomial_quantile
from basestock.dynamics.lanes import require
from basestock.dynamics.market import Substitutes
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import take
from basestock.dynamics.units import by_units
from basestock.uncertainty import Event


def substitute(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Sell substitutes, as far as they are there, to the customers who were not served and would take them.

    They are demand of what they took, not of what they missed: ``switched_to`` and ``switched_away``.
    """
    if network.market is None or network.market.substitutes is None:
        return state, flows
    pairs = network.market.substitutes
    lost, waiting = require(flows.lost, "lost"), flows.newly_backordered
    short = lost if waiting is None else lost + waiting
    granted = _granted(network, pairs, state.on_hand, short, event.substitution)
    to, away = _collect(pairs.taken, granted, lost), _collect(pairs.missing, granted, lost)
    from_lost = jnp.minimum(away, lost)
    state = take(network, state, to)
    flows = dataclasses.replace(
        flows,
        sales=require(flows.sales, "sales") + to,
        lost=lost - from_lost,
        switched_to=to,
        switched_away=away,
    )
    if waiting is None:
        return state, flows
    state = dataclasses.replace(
        state, backorders=require(state.backorders, "backorders") - (away - from_lost)
    )
    return state, dataclasses.replace(flows, newly_backordered=waiting - (away - from_lost))


def _granted(
    network: NetworkArrays, pairs: Substitutes, on_hand: Array, short: Array, levels: Array | None
) -> Array:
    """Return the units each pair gets, first come first served among pairs that take from one place."""
    flat = lambda quantity: quantity.reshape(-1, quantity.shape[-1])  # noqa: E731
    unserved = flat(short)[pairs.missing]
    wanted = unserved * pairs.share
    wanted = _in_units_of_both(network, pairs, wanted, 1e-4)
    if pairs.by_chance is not None:
        level = flat(require(levels, "substitution"))[pairs.missing]
        wanted = jnp.where(pairs.by_chance, binomial_quantile(level, unserved, pairs.share), wanted)
    wanted = _in_units_of_both(network, pairs, jnp.minimum(wanted, unserved))
    before = jnp.cumsum(wanted, axis=0) - wanted
    taken_before = before - before[pairs.first]
    granted = jnp.clip(flat(on_hand)[pairs.taken] - taken_before, 0.0, wanted)
    return _in_units_of_both(network, pairs, granted)


def _in_units_of_both(network: NetworkArrays, pairs: Substitutes, exact: Array, slack: float = 0.0) -> Array:
    """Round a quantity down where what is missing or what is taken exists in whole units."""
    item, other = pairs.missing % network.num_items, pairs.taken % network.num_items
    of_missing = by_units(network, lambda: jnp.floor(exact + slack), lambda: exact, item)
    if network.whole is None:
        return of_missing
    return by_units(network, lambda: jnp.floor(of_missing + slack), lambda: of_missing, other)


def _collect(places: Array, quantity: Array, like: Array) -> Array:
    total = jax.ops.segment_sum(quantity, places, like.shape[0] * like.shape[1])
    return total.reshape(like.shape)
