"""What the slots of an action are in a problem: typical quantities, places they supply, jumps of the cost, lots."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from basestock.decision import Problem
from basestock.envs import ActionCodec
from basestock.policies import economic_lot, money_at_stake, protection_demand
from basestock.policies.protection import review_periods

LARGEST = 1e9
"""Units that no quantity exceeds."""

PER_ORDER = ("fixed_order", "joint_order", "vehicle", "carbon_vehicle")
"""Rates that are paid for an order or a vehicle, whatever is in it."""


def units_of(codec: ActionCodec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``[slot]`` the quantity of an average period, the largest that is allowed, and 1 for prices."""
    typical = [slot.typical if slot.typical > 0 else 1.0 for slot in codec.slots]
    limit = [LARGEST if slot.limit is None else slot.limit for slot in codec.slots]
    priced = [slot.name == "price" for slot in codec.slots]
    return np.array(typical, np.float32), np.array(limit, np.float32), np.array(priced, np.float32)


def supplied(problem: Problem, codec: ActionCodec) -> Iterator[tuple[int, int] | None]:
    """Return the node and item that each quantity is the first supply of; ``None`` for others."""
    arrays, network = problem.arrays, problem.network
    primary, ends = np.asarray(arrays.primary), np.asarray(arrays.lane_destination)
    for slot, row, item in zip(codec.slots, np.asarray(codec.rows), np.asarray(codec.items), strict=True):
        if slot.name == "order" and primary[row, item, 0] > 0:
            yield int(ends[row]), int(item)
        elif slot.name == "start":
            process = network.processes[row]
            made = max(process.produces, key=lambda name: process.produces[name])
            yield network.node_index[process.node], network.item_index[made]
        else:
            yield None


def jumping(problem: Problem, codec: ActionCodec) -> Bool[np.ndarray, " slot"]:
    """Return which quantities make the cost or what is delivered jump where they begin.

    Orders do with a cost per order or vehicle, a smallest quantity or value, a multiple, full vehicles, or a largest
    number of orders; runs of a process do where a resource must change over to it.
    """
    rows, items = np.asarray(codec.rows), np.asarray(codec.items)
    orders = np.array([slot.name == "order" for slot in codec.slots])
    starts = np.array([slot.name == "start" for slot in codec.slots])
    lanes = _lanes_that_jump(problem)
    found = orders & lanes[np.where(orders, rows, 0), np.where(orders, items, 0)]
    production = problem.arrays.production
    if production is None or production.changeover is None:
        return found
    changes = np.asarray(production.changeover).max((0, 1)) > 0
    return found | (starts & changes[np.where(starts, rows, 0)])


def _lanes_that_jump(problem: Problem) -> Bool[np.ndarray, "lane item"]:
    network, _arrays = problem.network, problem.arrays
    found = _per_order(problem) > 0
    smallest = {supplier.name for supplier in network.suppliers if supplier.minimum_value}
    counted = any(limit.hard and limit.metric == "orders" for limit in network.limits)
    for row, lane in enumerate(network.lanes):
        lots_only = any(part is not None for part in (lane.order_minimum, lane.order_multiple))
        found[row] |= lots_only or lane.full_vehicles or lane.source in smallest or counted
    return found


def _per_order(problem: Problem) -> Float[np.ndarray, "lane item"]:
    """Return what an order costs, whatever is in it, money."""
    arrays, tariff = problem.arrays, problem.tariff
    found = np.zeros((arrays.num_lanes, arrays.num_items))
    for name in PER_ORDER:
        rate = getattr(tariff, name)
        if rate is not None:
            # [lane, item, 1], or [lane, 1] where all items share it.
            found += np.asarray(rate, dtype=np.float64).reshape(arrays.num_lanes, -1)
    return found


def lots(problem: Problem, codec: ActionCodec) -> Float[np.ndarray, " slot"]:
    """Return the economic lot of each slot, units; at least what its lane takes. No more than 0 for other slots."""
    rows, items = np.asarray(codec.rows), np.asarray(codec.items)
    demand, (underage, overage) = protection_demand(problem), money_at_stake(problem)
    holding, ends = overage / review_periods(problem), np.asarray(problem.arrays.lane_destination)
    fixed, found = _per_order(problem), np.zeros(len(codec.slots))
    for at, slot in enumerate(codec.slots):
        if slot.name == "order":
            lane, place = problem.network.lanes[rows[at]], (int(ends[rows[at]]), int(items[at]))
            each = (np.atleast_1d(part[place]) for part in (demand.rate, holding, underage))
            lot, _ = economic_lot(np.atleast_1d(fixed[rows[at], items[at]]), *each)
            found[at] = max(float(lot[0]), lane.order_limit("order_minimum", slot.item) or 0.0)
    return found
