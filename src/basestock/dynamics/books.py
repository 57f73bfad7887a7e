"""The books of sources: orders on their way, orders that wait, and orders that are withdrawn."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import require
from basestock.dynamics.state import PeriodOutcome, State
from basestock.dynamics.supply import WAITING_CLASSES, Supply
from basestock.uncertainty.places import read_rows, write_rows

LaneItem = Float[Array, "lane item replication"]


def empty_books(network: NetworkArrays, num_replications: int) -> dict[str, Array]:
    """Return the leaves of a state that order books and interrupted lanes need, all zero, by field name."""
    supply, ordering = network.supply, network.ordering
    shape = (network.num_lanes, network.num_items, num_replications)
    leaves: dict[str, Array] = {}
    if supply is not None and supply.slips:
        leaves["order_slips"] = jnp.zeros((supply.slips, *shape))
        leaves["incoming"] = jnp.zeros((network.num_nodes, *shape[1:]))
    if supply is not None and supply.interrupted:
        leaves["held"] = jnp.zeros(shape)
    if supply is not None and "first_come" in supply.rules:
        leaves["waiting"] = jnp.zeros((WAITING_CLASSES, *shape))
    if ordering is not None and ordering.remembers:
        leaves["previous_order"] = jnp.zeros(shape)
    return leaves


def on_the_way_to_sources(network: NetworkArrays, state: State) -> LaneItem | float:
    """Add up the orders that their sources have not received yet, units."""
    supply, slips = network.supply, state.order_slips
    if supply is None or supply.delayed is None or slips is None:
        return 0.0
    return write_rows(jnp.zeros_like(slips[0]), supply.delayed, read_rows(slips, supply.delayed).sum(0))


def withdraw(state: State, cancel: LaneItem | None, flows: PeriodOutcome) -> tuple[State, PeriodOutcome]:
    """Take back orders that have not been shipped, the last ones first; what has been shipped cannot be taken back."""
    if cancel is None or state.unfilled is None:
        return state, flows
    wish = jnp.where((cancel > 0) & jnp.isfinite(cancel), cancel, 0.0)
    slips = state.order_slips
    gone = jnp.zeros_like(wish)
    if slips is not None:
        share = jnp.minimum(wish, slips.sum(0))
        # The ring is emptied from the slip that arrives last.
        turned = jnp.roll(slips, -(state.period % slips.shape[0]), axis=0)
        later = jnp.flip(jnp.cumsum(jnp.flip(turned, 0), 0), 0) - turned
        turned = turned - jnp.clip(share - later, 0.0, turned)
        gone, slips = share, jnp.roll(turned, state.period % slips.shape[0], axis=0)
    taken = jnp.minimum(wish - gone, state.unfilled)
    state = dataclasses.replace(state, order_slips=slips, unfilled=state.unfilled - taken)
    return _unqueue(state, taken), dataclasses.replace(flows, cancelled=gone + taken)


def _unqueue(state: State, taken: LaneItem) -> State:
    if state.waiting is None:
        return state
    earlier = jnp.cumsum(state.waiting, 0) - state.waiting
    return dataclasses.replace(state, waiting=state.waiting - jnp.clip(taken - earlier, 0.0, state.waiting))


def book(network: NetworkArrays, state: State, ordered: LaneItem) -> State:
    """Send orders to their sources, and open those that arrive there in this period."""
    supply = network.supply
    if supply is None or supply.delayed is None or state.order_slips is None:
        return _enter(state, ordered)
    lanes, delay = supply.delayed, require(supply.order_delay, "order_delay")
    target = (state.period + delay) % supply.slips
    slips = state.order_slips.at[target, lanes].add(
        read_rows(ordered, lanes), mode="drop", unique_indices=True
    )
    slips, arrived = _open(supply, slips, state.period)
    arrived = write_rows(ordered, lanes, arrived)
    return _enter(dataclasses.replace(state, order_slips=slips), arrived)


def _open(supply: Supply, slips: Array, period: Array) -> tuple[Array, Array]:
    """Return the ring without the slips that arrive now, and these by delayed lane."""
    now, lanes = period % slips.shape[0], require(supply.delayed, "delayed")
    arrived = slips.at[now, lanes].get(mode="fill", fill_value=0.0)
    return slips.at[now, lanes].set(0.0, mode="drop", unique_indices=True), arrived


def open_slips(network: NetworkArrays, state: State) -> tuple[State, LaneItem]:
    """Move the orders that reach their source in this period into its books; return them as well."""
    supply, before = require(network.supply, "supply"), require(state.order_slips, "order_slips")
    slips, now = _open(supply, before, state.period)
    lanes = require(supply.delayed, "delayed")
    arrived = write_rows(jnp.zeros_like(before[0]), lanes, now)
    return _enter(dataclasses.replace(state, order_slips=slips), arrived), arrived


def _enter(state: State, arrived: LaneItem) -> State:
    if state.waiting is not None:
        older = state.waiting[-2:].sum(0)
        waiting = jnp.concatenate([arrived[None], state.waiting[:-2], older[None]])
        state = dataclasses.replace(state, waiting=waiting)
    return dataclasses.replace(state, unfilled=require(state.unfilled, "unfilled") + arrived)


def shipped_first_come(state: State, shipped: LaneItem, rest: LaneItem) -> State:
    """Take what was shipped from the orders that wait longest; with nothing left to wait the queue is empty."""
    if state.waiting is None:
        return state
    older = jnp.flip(jnp.cumsum(jnp.flip(state.waiting, 0), 0), 0) - state.waiting
    waiting = state.waiting - jnp.clip(shipped - older, 0.0, state.waiting)
    return dataclasses.replace(state, waiting=jnp.where(rest > 0, waiting, 0.0))
