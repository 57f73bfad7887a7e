"""Quantities that contracts, vehicles and price lists are charged by."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import require
from basestock.dynamics.ordering import Ordering
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event
from basestock.uncertainty.places import read_rows, write_rows

LaneItem = Float[Array, "lane item replication"]


def account_terms(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Count vehicles, units by price bracket, and what contracts miss or exceed; keep the order for the next period."""
    ordering = network.ordering
    if ordering is None or flows.ordered is None:
        return state, flows
    counted: dict[str, Array] = {}
    if ordering.vehicle_capacity is not None and flows.shipped is not None:
        counted["vehicles"] = _vehicles(ordering, flows.shipped)
    if ordering.agreed is not None:
        taken = (ordering.agreed * flows.ordered[None]).sum((1, 2))
        counted["contract_shortfall"] = jnp.maximum(require(ordering.floor, "floor") - taken, 0.0)
        counted["limit_excess"] = jnp.maximum(taken - require(ordering.soft_cap, "soft_cap"), 0.0)
    if ordering.breaks is not None:
        counted["by_bracket"] = _by_bracket(ordering, flows.ordered)
    if ordering.remembers:
        state = dataclasses.replace(state, previous_order=flows.ordered)
    return state, dataclasses.replace(flows, **counted)


def _vehicles(ordering: Ordering, shipped: LaneItem) -> Float[Array, "lane replication"]:
    lanes = require(ordering.vehicle_lanes, "vehicle_lanes")
    volume = (read_rows(shipped, lanes) * require(ordering.volume, "volume")).sum(1, keepdims=True)
    capacity = read_rows(require(ordering.vehicle_capacity, "vehicle_capacity"), lanes)
    count = jnp.ceil(volume / jnp.where(capacity > 0, capacity, 1.0) * (1 - 1e-6) - 1e-6)
    count = jnp.where(capacity > 0, count, 0.0)
    return write_rows(jnp.zeros_like(shipped[:, :1]), lanes, count)[:, 0]


def _by_bracket(ordering: Ordering, ordered: LaneItem) -> Float[Array, "level lane item replication"]:
    """Split an order over the brackets of its price list; the whole order lies in one where prices hold for all."""
    breaks = require(ordering.breaks, "breaks")
    edges = jnp.concatenate([jnp.zeros_like(breaks[:1]), breaks])
    upper = jnp.concatenate([breaks, jnp.full_like(breaks[:1], 1e30)])
    inside = (ordered[None] >= edges) & (ordered[None] < upper)
    part = jnp.clip(ordered[None] - edges, 0.0, upper - edges)
    incremental = require(ordering.incremental, "incremental")[None]
    return jnp.where(incremental > 0, part, jnp.where(inside, ordered[None], 0.0))
