"""Resources break down, are repaired and are maintained."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import require
from basestock.dynamics.plants import maintained
from basestock.dynamics.production import Production
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event


def break_down(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Find the share of hours that each resource has in the period, once; a breakdown starts at once.

    The quantile of the event decides both whether a resource that is up breaks down and for how long.
    """
    production = network.production
    if production is None or production.num_resources == 0 or flows.hours_down is not None:
        return state, flows
    left = require(state.repair_left, "repair_left")
    if production.breaks:
        level = require(event.resource_up, "resource_up")
        fails = (left <= 0) & (level < production.breakdown)
        left = jnp.where(fails, _length(production, level), left)
    broken = (left > 0).astype(left.dtype)
    share = (1.0 - broken * production.breakdown_share) * (1.0 - maintained(production, state))
    state = dataclasses.replace(state, repair_left=jnp.maximum(left - 1.0, 0.0), resource_status=share)
    regular = jnp.where(production.limited, production.hours, 0.0)
    return state, dataclasses.replace(flows, hours_down=regular * (1.0 - share))


def _length(production: Production, level: Array) -> Array:
    possible = production.breakdown > 0
    within = level / jnp.where(possible, production.breakdown, 1.0)
    return 1.0 + (within[None] > production.repair).sum(0)
