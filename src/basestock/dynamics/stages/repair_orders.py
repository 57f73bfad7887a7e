"""Requested orders become legal ones, each change by a named rule."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.caps import whole_steps, within
from basestock.dynamics.lanes import require
from basestock.dynamics.ordering import LARGEST_ORDER, Ordering
from basestock.dynamics.stages.place_orders import can_order
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.units import by_units
from basestock.uncertainty import Event
from basestock.uncertainty.places import Places

LaneItem = Float[Array, "lane item replication"]

REPAIRS = (
    "drop_not_taken",
    "cut_to_maximum",
    "raise_to_minimum_or_drop",
    "round_up_to_multiple",
    "fill_vehicles",
    "cut_in_order_of_priority",
    "scale_proportionally",
    "drop_below_minimum_value",
)
"""Rules in the order in which they are applied: the first axis of ``PeriodOutcome.repaired``."""


def repair_orders(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Make the requested orders legal and say by which rule each changed (SIM-301 to 304, 306, 307).

    What is no finite number, or negative, is a request for nothing. ``repaired[rule]`` is the signed change: the
    requested quantity plus all of them is the ordered one.
    """
    asked = decision.order if flows.ordered is None else flows.ordered
    requested = jnp.where((asked > 0) & jnp.isfinite(asked), asked, 0.0)
    changes: dict[str, Array] = {}
    order = _applied(
        changes, "drop_not_taken", requested, requested * network.lane_active * can_order(network, state)
    )
    if network.ordering is not None:
        order = _line_rules(network, network.ordering, order, changes)
        order = _shared_rules(network.ordering, order, changes)
    nothing = jnp.zeros_like(order)
    repaired = jnp.stack([changes.get(rule, nothing) for rule in REPAIRS])
    return state, dataclasses.replace(flows, requested=requested, repaired=repaired, ordered=order)


def _applied(changes: dict[str, Array], rule: str, before: LaneItem, after: LaneItem) -> LaneItem:
    changes[rule] = changes.get(rule, 0.0) + after - before
    return after


def _line_rules(
    network: NetworkArrays, ordering: Ordering, order: LaneItem, changes: dict[str, Array]
) -> LaneItem:
    """Bring each line into its own limits: maximum, minimum, multiple."""
    cut = raised = jnp.minimum(order, LARGEST_ORDER)
    rounded = by_units(network, lambda: _up(cut, jnp.ones((1, 1))), lambda: cut)
    boxed = ordering.boxed
    if boxed is not None:
        # From the order as it came: each line is written once, and a multiple may be a fraction even of whole units.
        lines = _box(ordering, boxed, order)
        cut, raised, rounded = (
            boxed.write(whole, line) for whole, line in zip((cut, raised, rounded), lines, strict=True)
        )
    steps = (order, cut, raised, rounded)
    for rule, before, after in zip(REPAIRS[1:4], steps, steps[1:], strict=False):
        _applied(changes, rule, before, after)
    if ordering.full_vehicles is None:
        return rounded
    return _applied(changes, "fill_vehicles", rounded, _fill_vehicles(ordering, rounded))


def _box(ordering: Ordering, boxed: Places, order: LaneItem) -> tuple[Array, Array, Array]:
    """Return the lines with limits of their own, cut to their maximum, raised to their minimum, in whole steps."""
    least, most = require(ordering.least, "least"), require(ordering.most, "most")
    cut = jnp.minimum(boxed.read(order), most)
    raised = jnp.where(cut >= least, cut, jnp.where(2 * cut >= least, least, 0.0))
    raised = jnp.where(cut > 0, raised, 0.0)
    return cut, raised, _up(raised, boxed.read(ordering.step))


def _up(order: Array, step: Array) -> Array:
    size = jnp.where(step > 0, step, 1.0)
    return jnp.where(step > 0, jnp.ceil(order / size * (1 - 1e-6) - 1e-6) * size, order)


def _fill_vehicles(ordering: Ordering, order: LaneItem) -> LaneItem:
    """Scale the order of a lane up to whole vehicles; single units go to the first items.

    What is less than a unit goes to the first item that comes in fractions.
    """
    chosen = require(ordering.full_vehicles, "full_vehicles") > 0
    size = jnp.where(chosen, _units_a_vehicle(ordering), 1.0)
    total = order.sum(1, keepdims=True)
    target = jnp.ceil(total / size - 1e-6) * size
    exact = order * target / jnp.where(total > 0, total, 1.0)
    base = jnp.where(ordering.step > 0, jnp.floor(exact + 1e-4), exact)
    rest = target - base.sum(1, keepdims=True)
    units = jnp.floor(rest + 1e-4)
    whole = ((order > 0) & (ordering.step > 0)).astype(order.dtype)
    some = ((order > 0) & (ordering.step <= 0)).astype(order.dtype)
    first = some * (jnp.cumsum(some, 1) <= 1)
    filled = base + jnp.clip(units - _before(whole), 0.0, 1.0) * whole
    filled = filled + (target - filled.sum(1, keepdims=True)) * first
    return jnp.where(chosen & (target > total), filled, order)


def _before(lines: LaneItem) -> LaneItem:
    return jnp.cumsum(lines, 1) - lines


def _units_a_vehicle(ordering: Ordering) -> Array:
    volume = require(ordering.volume, "volume").max()
    return require(ordering.vehicle_capacity, "vehicle_capacity") / jnp.where(volume > 0, volume, 1.0)


def _shared_rules(ordering: Ordering, order: LaneItem, changes: dict[str, Array]) -> LaneItem:
    """Bring the orders of a period under the limits that they share."""
    for caps in ordering.caps:
        rule = "scale_proportionally" if caps.proportional else "cut_in_order_of_priority"
        order = _applied(changes, rule, order, _legal_again(ordering, within(caps, order)))
    if ordering.order_lanes is not None:
        order = _applied(changes, "cut_in_order_of_priority", order, _fewer_orders(ordering, order))
    if ordering.supplied is None:
        return order
    return _applied(changes, "drop_below_minimum_value", order, _worth_it(ordering, order))


def _legal_again(ordering: Ordering, order: LaneItem) -> LaneItem:
    """Drop what a cut left below its minimum, and what no longer fills a vehicle."""
    if ordering.boxed is not None:
        lines = ordering.boxed.read(order)
        enough = lines >= require(ordering.least, "least") * (1 - 1e-6)
        order = ordering.boxed.write(order, jnp.where(enough, lines, 0.0))
    if ordering.full_vehicles is None:
        return order
    size = jnp.where(ordering.full_vehicles > 0, _units_a_vehicle(ordering), 1.0)
    room = jnp.floor(order.sum(1, keepdims=True) / size + 1e-6) * size
    before = _before(order)
    kept = whole_steps(jnp.clip(room - before, 0.0, order), ordering.step)
    return jnp.where(ordering.full_vehicles > 0, kept, order)


def _fewer_orders(ordering: Ordering, order: LaneItem) -> LaneItem:
    """Drop the orders of lanes served last until no more are placed than allowed."""
    lanes, caps = require(ordering.order_lanes, "order_lanes"), require(ordering.order_caps, "order_caps")
    rank = require(ordering.lane_order, "lane_order")
    for number in range(caps.shape[0]):
        placed = (order > 0).any(1) * lanes[number]
        before = jnp.einsum("kl,lr->kr", rank, placed)
        fine = (before + placed <= caps[number] + 1e-6) | (lanes[number] == 0)
        order = jnp.where(fine[:, None], order, 0.0)
    return order


def _worth_it(ordering: Ordering, order: LaneItem) -> LaneItem:
    """Drop the orders at a supplier that together are worth less than it takes."""
    supplied, least = require(ordering.supplied, "supplied"), require(ordering.least_value, "least_value")
    worth = (order * require(ordering.value, "value")).sum(1)
    enough = jnp.einsum("sl,lr->sr", supplied, worth) >= least[:, 0] * (1 - 1e-6)
    dropped = jnp.einsum("sl,sr->lr", supplied, (~enough).astype(order.dtype))
    return jnp.where(dropped[:, None] > 0, 0.0, order)
