"""Runs are completed: what turned out good joins the stock."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.binomial import binomial_quantile
from basestock.dynamics.lanes import require
from basestock.dynamics.plants import to_plants
from basestock.dynamics.production import Production
from basestock.dynamics.quality import sample_lots
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import put
from basestock.uncertainty import Event


def complete_processes(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Take the runs that are due out of work and put their good output into stock.

    Run a second time after starting, it completes the runs that take no time.
    """
    production = network.production
    if production is None or (flows.completed is not None and not production.instant):
        return state, flows
    ring = require(state.work_in_process, "work_in_process")
    slot = state.period % ring.shape[0]
    done = jax.lax.dynamic_index_in_dim(ring, slot, 0, keepdims=False)
    ring = jax.lax.dynamic_update_index_in_dim(ring, jnp.zeros_like(done), slot, 0)
    good = good_runs(production, done, event)
    state, good = _inspected(network, state, event, good)
    made = production.in_units(good[:, None, :] * production.produces, jnp.round)
    produced = to_plants(production, made, network.num_nodes)
    state = put(network, dataclasses.replace(state, work_in_process=ring), produced)
    before = flows.completed
    new = {"completed": done, "scrapped": done - good, "produced": produced}
    if before is not None:
        new = {name: getattr(flows, name) + quantity for name, quantity in new.items()}
    return state, dataclasses.replace(flows, **new)


def _inspected(network: NetworkArrays, state: State, event: Event, good: Array) -> tuple[State, Array]:
    """Sample the lot of each process: what does not pass is scrapped, defective units that pass join the stock."""
    production, quality = require(network.production, "production"), network.quality
    if quality is None or quality.processes is None or event.process_defect_fraction is None:
        return state, good
    units = production.produces.sum(1)
    levels = require(event.process_defects, "process_defects")
    lot = good * units
    verdict = sample_lots(quality.processes, quality.double, lot, event.process_defect_fraction, levels)
    share = production.produces / jnp.where(units > 0, units, 1.0)[:, None]
    bad = to_plants(production, verdict.defective[:, None, :] * share, network.num_nodes)
    state = dataclasses.replace(state, defective=require(state.defective, "defective") + bad)
    return state, jnp.where(verdict.rejected > 0, 0.0, good)


def good_runs(production: Production, done: Array, event: Event) -> Array:
    """Return the runs that turn out good, through the law of each process at the quantile of the event."""
    good = done * production.good_share
    if production.share_table is None and production.binomial is None:
        return good
    level = require(event.process_yield, "process_yield")
    if production.share_table is not None:
        good = done * _interpolated(production.share_table, level)
    if production.binomial is not None:
        counted = binomial_quantile(level, done, production.good_share)
        good = jnp.where(production.binomial, counted, good)
    return good


def _interpolated(table: Array, level: Array) -> Array:
    points = table.shape[0]
    place = jnp.clip(level * points - 0.5, 0.0, points - 1.001)
    low = jnp.floor(place).astype(jnp.int32)
    process = jnp.arange(table.shape[1])[:, None]
    below, above = table[low, process, 0], table[low + 1, process, 0]
    return below + (place - low) * (above - below)
