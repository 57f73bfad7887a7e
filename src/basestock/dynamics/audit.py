"""Residuals of the conservation laws, one fused look at each period."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.books import on_the_way_to_sources
from basestock.dynamics.lanes import into_nodes, out_of_nodes
from basestock.dynamics.lots import lot_residual
from basestock.dynamics.market_audit import market_residuals
from basestock.dynamics.plants import plant_residuals
from basestock.dynamics.rollout import Step
from basestock.dynamics.state import PeriodOutcome, State
from basestock.dynamics.supply_audit import supply_residuals
from basestock.dynamics.transition import under_way

AUDITED = (
    "SIM-101",
    "SIM-102",
    "SIM-104",
    "SIM-201",
    "SIM-202",
    "SIM-203",
    "SIM-204",
    "SIM-205",
    "SIM-301",
    "SIM-111",
    "SIM-207",
    "SIM-110",
    "SIM-112",
    "SIM-302",
    "SIM-213",
    "SIM-214",
    "SIM-108",
)
"""Codes of ``invariants.md`` in the order of :func:`residuals`."""


def _or_zero(leaf: Array | None) -> Array:
    return jnp.zeros(()) if leaf is None else leaf


def residuals(network: NetworkArrays, step: Step) -> Float[Array, " code"]:
    """Return the largest violation of each audited law in one period, 0 where it holds.

    Parameters
    ----------
    network
        The network.
    step
        The period.

    Returns
    -------
    Array
        Violations in units, in the order of :data:`AUDITED`; NaN counts as infinite for SIM-102.
    """
    outcome, before, after = step.outcome, step.start, step.next_state
    leaves = [after.on_hand, after.backorders, after.due, after.outstanding, after.unfilled]
    leaves += [after.work_in_process, after.repair_left, after.order_slips, after.held, after.waiting]
    present = [leaf for leaf in leaves if leaf is not None]
    negative = jnp.stack([jnp.maximum(-leaf, 0).max() for leaf in present]).max()
    finite = jnp.stack([jnp.isfinite(leaf).all() for leaf in present]).all()
    forbidden = _or_zero(outcome.lost) * (network.lost_share == 0) + _or_zero(outcome.backorders) * (
        network.lost_share == 1
    )
    violations = [
        negative,
        jnp.where(finite, 0.0, jnp.inf),
        jnp.abs(forbidden).max(),
        jnp.abs(_node_balance(network, before, after, outcome)).max(),
        jnp.abs(_lane_balance(before, after, outcome)).max(),
        jnp.abs(_order_book(network, before, after, outcome)).max(),
        jnp.abs(_demand_split(outcome)).max(),
        jnp.abs(_backlog(before, after, outcome)).max(),
        (_or_zero(outcome.ordered) * (network.lane_active == 0)).max(),
        *plant_residuals(network, before, after, outcome),
        *supply_residuals(network, step),
        *market_residuals(network, step),
        lot_residual(network, after),
    ]
    return jnp.stack(violations)


def _node_balance(network: NetworkArrays, before: State, after: State, outcome: PeriodOutcome) -> Array:
    received = _or_zero(outcome.received) - _or_zero(outcome.rejected)
    inflow = into_nodes(network, received) + _or_zero(outcome.produced) + _or_zero(outcome.returned)
    shipped = out_of_nodes(network, outcome.shipped) if outcome.shipped is not None else 0.0
    handed_over = _or_zero(outcome.sales) + _or_zero(outcome.backorders_filled)
    outflow = (
        handed_over
        + shipped
        + _or_zero(outcome.consumed)
        + _or_zero(outcome.expired)
        + _or_zero(outcome.overflow)
        + _or_zero(outcome.recalled)
    )
    return after.on_hand - (before.on_hand + inflow + _or_zero(outcome.adjusted) - outflow)


def _lane_balance(before: State, after: State, outcome: PeriodOutcome) -> Array:
    like = _or_zero(outcome.shipped)
    moved = like - _or_zero(outcome.received) - _or_zero(outcome.lost_in_transit)
    drift = jnp.abs(under_way(after) - after.in_transit)
    return jnp.abs(under_way(after) - under_way(before) - moved) + drift


def _order_book(network: NetworkArrays, before: State, after: State, outcome: PeriodOutcome) -> Array:
    gone = _or_zero(outcome.shipped) + _or_zero(outcome.cancelled) + _or_zero(outcome.unfilled_lost)
    kept = _or_zero(after.unfilled) + on_the_way_to_sources(network, after)
    had = _or_zero(before.unfilled) + on_the_way_to_sources(network, before)
    return kept - had - (_or_zero(outcome.ordered) - gone)


def _demand_split(outcome: PeriodOutcome) -> Array:
    parts = _or_zero(outcome.sales) + _or_zero(outcome.newly_backordered) + _or_zero(outcome.lost)
    switched = _or_zero(outcome.switched_to) - _or_zero(outcome.switched_away)
    return _or_zero(outcome.demand) + switched - parts


def _backlog(before: State, after: State, outcome: PeriodOutcome) -> Array:
    change = _or_zero(outcome.newly_backordered) - _or_zero(outcome.backorders_filled)
    return _or_zero(after.backorders) - _or_zero(before.backorders) - change
