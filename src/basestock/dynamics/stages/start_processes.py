"""Processes start: components and hours are taken, runs go under way."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import require
from basestock.dynamics.plants import ROUNDING, consumption, pulled_runs, to_plants, up_to_whole
from basestock.dynamics.production import UNLIMITED, Production
from basestock.dynamics.stages.break_down import break_down
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import take
from basestock.uncertainty import Event


def start_processes(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Start the runs that are decided, or pulled by what waits where nothing is decided, as far as they can.

    Repair by the rule "in turn": by priority number, then what its resources are set up for, then by name, each
    process starts as many whole batches as components and hours allow. What is asked for and not started is reported as
    ``unstarted``.
    """
    if network.production is None:
        return state, flows
    requested = pulled_runs(network, state) if decision.start is None else decision.start
    return _start(network, state, decision, event, flows, requested)


def assemble_to_order(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Start the runs that the demand of the period and what waits ask for, whatever is decided."""
    if network.production is None:
        return state, flows
    requested = pulled_runs(network, state, require(event.market, "market").sum(0))
    return _start(network, state, decision, event, flows, requested)


class _Left(eqx.Module):
    """What is left while processes take their turns."""

    stock: Float[Array, "node item replication"]
    started: Float[Array, "process replication"]
    hours: Float[Array, "resource replication"]
    spent: Float[Array, "resource replication"]
    setup: Int[Array, "resource replication"]


def _start(
    network: NetworkArrays,
    state: State,
    decision: Decision,
    event: Event,
    flows: PeriodOutcome,
    requested: Array,
) -> tuple[State, PeriodOutcome]:
    production = require(network.production, "production")
    state, flows = break_down(network, state, decision, event, flows)
    real = (production.node < network.num_nodes)[:, None]
    # Comparing with 0 is false for NaN, which would pass through a maximum.
    requested = jnp.where((requested > 0) & jnp.isfinite(requested) & real, requested, 0.0)
    requested = jnp.broadcast_to(requested, (production.num_processes, state.on_hand.shape[-1]))
    available = _hours(production, state, decision)
    left = _Left(
        stock=state.on_hand,
        started=jnp.zeros_like(requested),
        hours=available,
        spent=jnp.zeros_like(available),
        setup=_setup(state, available),
    )

    def turn(left: _Left, step: tuple[Array, Array]) -> tuple[_Left, None]:
        return _take_turn(production, decision, requested, left, *step), None

    left, _ = jax.lax.scan(turn, left, (production.order, production.pass_number))
    taken = to_plants(production, consumption(production, left.started), network.num_nodes)
    state = _under_way(production, take(network, state, taken), left)
    flows = dataclasses.replace(
        flows, started=left.started, unstarted=requested - left.started, consumed=taken
    )
    return state, _with_hours(production, state, flows, left)


def _hours(production: Production, state: State, decision: Decision) -> Array:
    """Return the hours that may be used: regular ones of what is up, and the overtime that is called for."""
    if production.num_resources == 0:
        return jnp.zeros((0, state.on_hand.shape[-1]))
    status = require(state.resource_status, "resource_status")
    hours = production.hours * status
    if decision.overtime is None:
        return hours
    called = jnp.where((decision.overtime > 0) & jnp.isfinite(decision.overtime), decision.overtime, 0.0)
    return hours + jnp.minimum(called, production.overtime * status)


def _setup(state: State, hours: Array) -> Array:
    if state.resource_setup is None:
        return jnp.zeros(hours.shape, dtype=jnp.int32)
    return state.resource_setup.astype(jnp.int32)


def _take_turn(
    production: Production, decision: Decision, requested: Array, left: _Left, at: Array, turn: Array
) -> _Left:
    """Let one process start what it can."""
    node = jnp.minimum(production.node[at], left.stock.shape[0] - 1)
    bill = production.consumes[at]
    wanted = requested[at] - left.started[at]
    runs = jnp.minimum(wanted, _possible(left.stock[node], bill))
    change = jnp.zeros_like(left.hours)
    uses = production.uses[:, at]
    if production.num_resources:
        change = _change(production, left.setup, at) * (uses > 0)
        runs = jnp.minimum(runs, _possible(jnp.maximum(left.hours - change, 0.0), uses))
        if decision.assign is not None:
            assigned = _possible(jnp.maximum(decision.assign[:, at], 0.0), uses)
            runs = jnp.minimum(runs, jnp.maximum(assigned - left.started[at], 0.0))
        ready = (change.sum(0) == 0) | (turn == 1)
        runs = jnp.where(ready, runs, 0.0)
    runs = _whole_batches(runs, production.batch[at])
    works = runs > 0
    used = uses * runs
    taken = production.in_units(runs * bill, up_to_whole)
    return _Left(
        stock=left.stock.at[node].add(-taken),
        started=left.started.at[at].add(runs),
        hours=left.hours - used - change * works,
        spent=left.spent + change * works,
        setup=jnp.where(works & (uses > 0), at + 1, left.setup),
    )


def _possible(available: Array, each: Array) -> Array:
    """Return the number of runs that the scarcest of several needs allows."""
    needed = each > 0
    return jnp.where(needed, available / jnp.where(needed, each, 1.0), UNLIMITED).min(0, initial=UNLIMITED)


def _change(production: Production, setup: Array, at: Array) -> Array:
    if production.changeover is None:
        return jnp.zeros(setup.shape)
    return jnp.take_along_axis(production.changeover[:, :, at], setup, axis=1)


def _whole_batches(runs: Array, batch: Array) -> Array:
    fixed = batch > 0
    size = jnp.where(fixed, batch, 1.0)
    return jnp.where(fixed, jnp.floor(runs / size + ROUNDING) * size, runs)


def _under_way(production: Production, state: State, left: _Left) -> State:
    ring = require(state.work_in_process, "work_in_process")
    slots = ring.shape[0]
    target = (state.period + production.duration) % slots
    here = jnp.arange(slots)[:, None, None] == target[None]
    state = dataclasses.replace(state, work_in_process=ring + jnp.where(here, left.started[None], 0.0))
    if state.resource_setup is None:
        return state
    return dataclasses.replace(state, resource_setup=left.setup.astype(state.resource_setup.dtype))


def _with_hours(production: Production, state: State, flows: PeriodOutcome, left: _Left) -> PeriodOutcome:
    """Split the hours: used by runs, by changeovers, idle, beyond the regular ones."""
    if production.num_resources == 0:
        return flows
    used = (production.uses * left.started[None]).sum(1)
    regular = jnp.where(production.limited, production.hours, 0.0) * require(
        state.resource_status, "resource_status"
    )
    busy = jnp.where(production.limited, used + left.spent, 0.0)
    return dataclasses.replace(
        flows,
        hours_used=used,
        hours_changeover=left.spent,
        hours_idle=jnp.maximum(regular - busy, 0.0),
        hours_overtime=jnp.maximum(busy - regular, 0.0),
    )
