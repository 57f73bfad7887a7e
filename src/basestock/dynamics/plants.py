"""Runs and units: from what is wanted to runs of processes, and from runs to what they take and make."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import out_of_nodes, require
from basestock.dynamics.production import Production
from basestock.dynamics.state import PeriodOutcome, State

NodeItem = Float[Array, "node item replication"]
PerProcess = Float[Array, "process replication"]
PerResource = Float[Array, "resource #replication"]

ROUNDING = 1e-4
"""Shares such as 3 * (2 / 6) must not fall to 0.9999999 and lose a run, nor 7.0000001 gain one."""


def up_to_whole(units: Array) -> Array:
    """Round up to whole units."""
    return jnp.ceil(units - ROUNDING)


def at_plants(production: Production, quantity: NodeItem) -> Float[Array, "process item replication"]:
    """Read a node quantity at the node of each process; 0 for padding."""
    outside = jnp.zeros((1, *quantity.shape[1:]), quantity.dtype)
    return jnp.concatenate([quantity, outside])[production.node]


def to_plants(
    production: Production, quantity: Float[Array, "process item replication"], num_nodes: int
) -> NodeItem:
    """Add up a quantity of processes by their node."""
    return jax.ops.segment_sum(quantity, production.node, num_nodes + 1)[:num_nodes]


def consumption(production: Production, runs: PerProcess) -> Float[Array, "process item replication"]:
    """Return what runs take, scrap included; whole units are rounded up."""
    return production.in_units(runs[:, None, :] * production.consumes, up_to_whole)


def expected_output(network: NetworkArrays, runs: PerProcess) -> NodeItem:
    """Return what runs make at each node on average, units."""
    production = require(network.production, "production")
    made = (runs * production.good_share)[:, None, :] * production.produces
    return to_plants(production, made, network.num_nodes)


def runs_for(network: NetworkArrays, units: NodeItem) -> PerProcess:
    """Return the runs that make wanted units on average, rounded up to whole batches.

    Parameters
    ----------
    network
        A network with processes.
    units
        Wanted of each item at each node; an item with several processes is made by the first by priority number and
        name, one that a lane brings by none.
    """
    production = require(network.production, "production")
    wanted = at_plants(production, jnp.maximum(units, 0.0)) * production.pulls
    each = production.good_share[:, None, :] * production.produces
    made = each > 0
    runs = jnp.where(made, wanted / jnp.where(made, each, 1.0), 0.0).max(1)
    batch = production.batch
    fixed = batch > 0
    size = jnp.where(fixed, batch, 1.0)
    return jnp.where(fixed, jnp.ceil(runs / size - ROUNDING) * size, runs)


def pulled_runs(network: NetworkArrays, state: State, demand: NodeItem | None = None) -> PerProcess:
    """Return the runs that what waits asks for: made to order, level by level of the bills.

    Parameters
    ----------
    network, state
        A network with processes, and its state.
    demand
        Demand of the period, where it is known before runs start.

    Notes
    -----
    An item is short at a node by its backorders, the orders of other nodes that are not shipped, and what the runs
    that it is a component of will take, less what is on hand and what runs under way will make.
    """
    production = require(network.production, "production")
    asked = jnp.zeros_like(state.on_hand) if state.backorders is None else state.backorders
    if state.unfilled is not None:
        asked = asked + out_of_nodes(network, state.unfilled)
    if demand is not None:
        asked = asked + demand
    under_way = require(state.work_in_process, "work_in_process").sum(0)
    supply = state.on_hand + expected_output(network, under_way)
    runs = runs_for(network, asked - supply)
    for _ in range(production.levels - 1):
        dependent = to_plants(production, consumption(production, runs), network.num_nodes)
        runs = runs_for(network, asked + dependent - supply)
    return runs


def owed_components(network: NetworkArrays, state: State) -> NodeItem:
    """Return the requirements that stock must still meet, units: what waiting orders take of components and products.

    What a node makes is owed to the nodes whose orders wait for it; what their runs will take is owed to the runs.
    """
    production = require(network.production, "production")
    taken = consumption(production, pulled_runs(network, state))
    owed = to_plants(production, taken, network.num_nodes)
    if state.unfilled is None:
        return owed
    made = to_plants(production, production.pulls, network.num_nodes) > 0
    return owed + jnp.where(made, out_of_nodes(network, state.unfilled), 0.0)


def idle_plants(network: NetworkArrays, num_replications: int) -> dict[str, Array]:
    """Return the leaves of a state whose plants work on nothing and whose resources are up and not set up."""
    production = network.production
    if production is None:
        return {}
    runs = (production.slots, production.num_processes, num_replications)
    leaves = {"work_in_process": jnp.zeros(runs)}
    resources = (production.num_resources, num_replications)
    if production.num_resources:
        leaves |= {"resource_status": jnp.ones(resources), "repair_left": jnp.zeros(resources)}
    if production.changeover is not None:
        leaves["resource_setup"] = jnp.zeros(resources)
    return leaves


def money_at_plants(network: NetworkArrays, money: Array, *, of_resources: bool) -> NodeItem:
    """Allocate money of processes or resources to what is made, at the node where it is made.

    Parameters
    ----------
    network
        A network with processes.
    money
        ``[process, replication]`` or ``[resource, replication]``.
    of_resources
        Whether the money is that of resources.
    """
    production = require(network.production, "production")
    if of_resources:
        money = (production.resource_share * money[:, None, :]).sum(0)
    return to_plants(production, money[:, None, :] * production.process_share, network.num_nodes)


RESOURCE_STATES = ("operational", "idle", "maintenance", "down")
"""What a resource is in during a period; :func:`resource_states` gives positions in this tuple."""


def resource_states(
    network: NetworkArrays, before: State, after: State, outcome: PeriodOutcome
) -> Int[Array, "resource replication"]:
    """Return what each resource was in during a period, as a position in :data:`RESOURCE_STATES`.

    Parameters
    ----------
    network
        A network with resources.
    before, after, outcome
        The period: state at its start and at its end, and its quantities.

    Notes
    -----
    Maintenance comes before breakdown, and a crew of which a share is missing is down though the rest of it works.
    """
    production = require(network.production, "production")
    in_maintenance = maintained(production, before)
    hours = require(outcome.hours_used, "hours_used") + require(outcome.hours_changeover, "hours_changeover")
    down = require(after.resource_status, "resource_status") < 1.0 - in_maintenance
    return jnp.where(in_maintenance > 0, 2, jnp.where(down, 3, jnp.where(hours > 0, 0, 1)))


def maintained(production: Production, state: State) -> PerResource:
    """Return 1 for resources that are in maintenance in the present period."""
    every = jnp.maximum(production.maintenance_every, 1)
    within = (state.period - production.maintenance_phase) % every < production.maintenance_length
    return (within & (production.maintenance_every > 0)).astype(jnp.float32)


def plant_residuals(
    network: NetworkArrays, before: State, after: State, outcome: PeriodOutcome
) -> tuple[Array, Array]:
    """Return the largest violations of SIM-111 (hours) and of SIM-207 (bills of material, runs under way)."""
    production = network.production
    if production is None or outcome.started is None or outcome.completed is None:
        return jnp.zeros(()), jnp.zeros(())
    taken = to_plants(production, consumption(production, outcome.started), network.num_nodes)
    good = outcome.completed - require(outcome.scrapped, "scrapped")
    made = production.in_units(good[:, None, :] * production.produces, jnp.round)
    ring_before, ring_after = (require(s.work_in_process, "work_in_process") for s in (before, after))
    runs = ring_after.sum(0) - ring_before.sum(0) - outcome.started + outcome.completed
    bill = [
        taken - require(outcome.consumed, "consumed"),
        to_plants(production, made, network.num_nodes) - require(outcome.produced, "produced"),
        runs,
    ]
    return _excess_hours(production, outcome), jnp.stack([jnp.abs(gap).max() for gap in bill]).max()


def _excess_hours(production: Production, outcome: PeriodOutcome) -> Array:
    """Return hours used beyond regular hours of what is up plus overtime, relative to them."""
    if production.num_resources == 0:
        return jnp.zeros(())
    used = require(outcome.hours_used, "hours_used") + require(outcome.hours_changeover, "hours_changeover")
    allowed = production.hours - require(outcome.hours_down, "hours_down") + production.overtime
    excess = jnp.where(production.limited, used - allowed, 0.0) / (1.0 + allowed)
    # Hours are real numbers in single precision, which sum to within this.
    return jnp.where(excess < 1e-5, 0.0, excess).max()
