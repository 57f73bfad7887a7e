"""Sources ship what was ordered, as far as they can, and it goes under way."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.allocation import allocate
from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.books import shipped_first_come
from basestock.dynamics.deliveries import shippable
from basestock.dynamics.lanes import by_index, lead_time_now, out_of_nodes, require
from basestock.dynamics.lots import depart
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import take
from basestock.uncertainty import Event

LaneItem = Float[Array, "lane item replication"]


def ship(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Ship orders: outside suppliers all of them, nodes what they have, by the rule of allocation."""
    if not network.features.internal:
        ordered = require(flows.ordered, "ordered")
        return send(network, state, event, ordered), dataclasses.replace(flows, shipped=ordered)
    unfilled = require(state.unfilled, "unfilled")
    wanted = shippable(network, event, _reserved(unfilled, decision))
    shipped = allocate(network, wanted, state.on_hand, state.waiting)
    rest = unfilled - shipped
    lost = rest * network.unfilled_lost if network.features.lost_unfilled else jnp.zeros_like(rest)
    left = take(network, state, out_of_nodes(network, shipped))
    state = dataclasses.replace(depart(network, state, left, event, shipped), unfilled=rest - lost)
    state = shipped_first_come(state, shipped, rest - lost)
    total = shipped if flows.shipped is None else flows.shipped + shipped
    flows = dataclasses.replace(flows, shipped=total, unfilled=rest - lost, unfilled_lost=lost)
    return send(network, state, event, shipped), flows


def _reserved(unfilled: LaneItem, decision: Decision) -> LaneItem:
    """Hold requests to what the decision reserves for each lane, where it says so."""
    share = decision.allocation
    if share is None:
        return unfilled
    return jnp.minimum(unfilled, jnp.where((share > 0) & jnp.isfinite(share), share, 0.0))


def send(network: NetworkArrays, state: State, event: Event, shipped: LaneItem) -> State:
    """Put what is shipped under way on its lanes, units."""
    state = dataclasses.replace(state, in_transit=state.in_transit + shipped)
    if state.outstanding is not None:
        # What was outstanding has been looked at in this period and is one period older in the next.
        if network.revealed is None:
            revealed = shipped * require(network.reveals_on_arrival, "reveals_on_arrival")
            outstanding, shipped = _older(state.outstanding, revealed), shipped - revealed
        else:
            places = network.revealed
            waited, revealed = places.read(state.outstanding), places.read(shipped)
            outstanding = places.write(state.outstanding, _older(waited, revealed))
            shipped = places.write(shipped, jnp.zeros_like(revealed))
        state = dataclasses.replace(state, outstanding=outstanding)
    if state.due is not None:
        arrival = state.period + lead_time_now(network, event)
        state = dataclasses.replace(state, due=_add_at_slot(state.due, arrival, shipped))
    return state


def _older(outstanding: Array, new: Array) -> Array:
    return jnp.concatenate([new[None], outstanding[:-1]])


def _add_at_slot(
    due: Float[Array, "slot lane item replication"], arrival: Array, shipped: Array
) -> Float[Array, "slot lane item replication"]:
    slots = due.shape[0]
    target = arrival % slots
    if by_index(due) and target.shape[-1] == 1:
        lane, item = jnp.indices(due.shape[1:3])
        return due.at[target[..., 0], lane, item].add(shipped, unique_indices=True, mode="promise_in_bounds")
    here = jnp.arange(slots)[:, None, None, None] == target[None]
    return due + jnp.where(here, shipped[None], 0.0)
