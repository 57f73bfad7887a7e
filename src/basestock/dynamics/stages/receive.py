"""Arrivals join the stock of the lane's destination."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.deliveries import deliver, not_begun
from basestock.dynamics.lanes import by_index, into_nodes, require
from basestock.dynamics.lots import arrive
from basestock.dynamics.stages.inspect import inspect_arrivals
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import put
from basestock.uncertainty import Event

LaneItem = Float[Array, "lane item replication"]


def receive(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Take in what is due now and what the event lets arrive.

    Run a second time after shipping, it takes in what was shipped with lead time 0.
    """
    received = jnp.zeros_like(decision.order)
    if state.due is not None:
        received, due = _take_slot(state.due, state.period % state.due.shape[0])
        state = dataclasses.replace(state, due=due)
    if state.outstanding is not None and not_begun(flows, "received"):
        received, outstanding = _revealed(network, state.outstanding, event, received)
        state = dataclasses.replace(state, outstanding=outstanding)
    waiting = state.held
    state, received, flows = deliver(network, state, event, received, flows)
    state = dataclasses.replace(state, in_transit=state.in_transit - received)
    total = received if flows.received is None else flows.received + received
    state, passed, flows = inspect_arrivals(network, state, event, received, flows)
    if state.lots is None:
        state, flows = put(network, state, into_nodes(network, passed)), flows
    else:
        state, flows = _join(network, state, event, received, passed, waiting, flows)
    return state, dataclasses.replace(flows, received=total)


def _revealed(
    network: NetworkArrays, outstanding: Array, event: Event, received: LaneItem
) -> tuple[LaneItem, Array]:
    """Add what the event lets arrive to what is received, and take it from what is outstanding."""
    arrives, places = require(event.arrives, "arrives"), network.revealed
    if places is None:
        arriving = outstanding * arrives
        return received + arriving.sum(0), outstanding - arriving
    waited = places.read(outstanding)
    arriving = waited * arrives
    return places.add(received, arriving.sum(0)), places.write(outstanding, waited - arriving)


def _join(
    network: NetworkArrays,
    state: State,
    event: Event,
    received: LaneItem,
    passed: LaneItem,
    waiting: LaneItem | None,
    flows: PeriodOutcome,
) -> tuple[State, PeriodOutcome]:
    """Add the lots that passed to the stock; what expired of them on its way is thrown away."""
    inner = None if network.life is None else network.life.inner
    slots = 1 if inner is None else inner.slots
    under_way = range(1, slots) if not_begun(flows, "received") else ()
    at_once = () if not_begun(flows, "shipped") else (0,)
    ages = (*at_once, *under_way)
    state, spoiled = arrive(network, state, event, received, passed, waiting, ages)
    if inner is None:
        return state, flows
    expired = spoiled if flows.expired is None else flows.expired + spoiled
    return state, dataclasses.replace(flows, expired=expired)


def _take_slot(
    due: Float[Array, "slot lane item replication"], slot: Int[Array, ""]
) -> tuple[Float[Array, "lane item replication"], Float[Array, "slot lane item replication"]]:
    """Return what lies in a slot, and the ring with the slot empty."""
    if not by_index(due):
        received = jax.lax.dynamic_index_in_dim(due, slot, 0, keepdims=False)
        return received, jax.lax.dynamic_update_index_in_dim(due, jnp.zeros_like(received), slot, 0)
    # Read and written by index, one after the other: a slice would be read again later, from a copy of the whole ring.
    lane, item = jnp.indices(due.shape[1:3])
    here = due.at[jnp.full_like(lane, slot), lane, item]
    received = jax.lax.optimization_barrier(here.get(mode="promise_in_bounds", unique_indices=True))
    return received, here.add(-received, mode="promise_in_bounds", unique_indices=True)
