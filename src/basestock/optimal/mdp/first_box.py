"""Where to look first, and how to look further."""

import dataclasses
import math

import numpy as np

from basestock.decision import OrderChoices, Problem
from basestock.decision.joint_index import JointIndex
from basestock.network.types import smallest_order
from basestock.optimal.mdp.analysis import is_endless
from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.edges import Edges
from basestock.optimal.mdp.following import asked_for, follows_demand, largest_requirements
from basestock.optimal.mdp.rows import orders_of
from basestock.policies.formulas import Eoq
from basestock.policies.protection import protection_demand
from basestock.uncertainty import DiscreteLaw
from basestock.uncertainty.support import event_support

SPREAD = 3.0
"""Standard deviations of the demand of the protection interval above its mean to which the first box reaches."""

WIDER = 1.25
"""Factor by which a box grows."""

DEEPER = 1.5
"""Factor by which the demand that may wait grows, where orders cannot follow any demand."""


def first_box(problem: Problem) -> Box:
    """Return a box that should hold an optimal policy: by theorem where one is known, else a guess to be widened.

    Parameters
    ----------
    problem
        Periodic problem whose orders are whole units.

    Notes
    -----
    One item that one lane of fixed lead time L supplies, demand lost, linear costs, no fixed cost: the position after
    ordering need not exceed the critical fractile of the demand of L + 1 periods, nor an order that of one period, at
    the ratio (p - c) / (p - c + h) (Zipkin 2008, doi:10.1287/opre.1070.0471). Elsewhere positions reach
    :data:`SPREAD` deviations and a lot beyond the mean of the protection interval.
    """
    rule_order, rule_position = _rules(problem)
    guess = _by_theorem(problem) or _guess(problem, rule_order)
    max_order = np.minimum(guess.max_order, np.where(np.isfinite(rule_order), rule_order, np.inf))
    max_position = np.minimum(guess.max_position, rule_position)
    ruled = bool((np.isfinite(rule_position) | ~_supplied(problem)).all())
    reason = guess.reason or (
        "a rule of the problem bounds the position" if ruled and (rule_position <= max_position).all() else ""
    )
    return dataclasses.replace(
        guess,
        max_order=max_order.astype(np.int64),
        max_position=max_position,
        reason=reason,
        rule_order=rule_order,
        rule_position=rule_position,
    )


def wider(box: Box, touched: Edges | None = None) -> Box:
    """Return a box that reaches further wherever no rule of the problem holds it.

    Parameters
    ----------
    box
        Where was looked.
    touched
        Which edges are to be moved; all if not given.
    """
    grown, up = np.ceil(box.max_order * WIDER), np.ceil(box.max_position * WIDER)
    down = np.where(np.isfinite(box.min_position), box.min_position - np.ceil(up - box.max_position), -np.inf)
    most = box.max_backorders
    # How rarely as many wait as the box keeps is bounded itself: more of them need no look of their own.
    waits = most if most is None or touched is None else np.ceil(most * DEEPER)
    if touched is not None:
        grown = np.where(touched.orders, grown, box.max_order)
        up, down = (
            np.where(touched.positions, new, old)
            for new, old in ((up, box.max_position), (down, box.min_position))
        )
        # What is turned away at one place for nothing makes room at others: all move together.
        waits = waits if touched.backorders.any() else most
    return dataclasses.replace(
        box,
        max_order=np.minimum(np.where(box.max_order == 0, 0, grown), box.rule_order).astype(np.int64),
        max_position=np.minimum(np.where(box.max_position == 0, 0, up), box.rule_position),
        min_position=down,
        max_backorders=waits,
    )


def _supplied(problem: Problem) -> np.ndarray:
    """Tell which places anything is ordered to or made at."""
    return protection_demand(problem).periods.reshape(-1) > 0


def _rules(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return what rules of the problem allow: orders by control, and positions by place, units."""
    network, places = problem.network, problem.arrays.num_nodes * problem.arrays.num_items
    controls = orders_of(problem)
    orders = np.full(len(controls) + len(network.processes), np.inf)
    action = problem.action_map
    for at, (lane, item) in enumerate(controls):
        name = network.items[item].name
        most = network.lanes[lane].order_limit("order_maximum", name)
        step = network.lanes[lane].order_limit("order_multiple", name) or 1.0
        if most is not None:
            orders[at] = math.floor(most / step + 1e-9) * step
        node = network.node_index.get(network.lanes[lane].destination, -1)
        if isinstance(action, JointIndex):
            for size, where, what in zip(action.sizes, action.nodes, action.items, strict=True):
                if (where, what) == (node, item):
                    orders[at] = min(orders[at], size - 1)
        if isinstance(action, OrderChoices):
            orders[at] = min(orders[at], float(np.max(action.quantities)))
    bounds = [
        float(each) for stage in problem.sequence.after if (each := getattr(stage, "max_position", None))
    ]
    return orders, np.full(places, min(bounds, default=np.inf))


def _by_theorem(problem: Problem) -> Box | None:
    """Return the box of the lost-sales system, where the problem is one."""
    network, tariff = problem.network, problem.tariff
    rates = {term.rate for term in problem.ledger.terms}
    plain = (
        (len(network.lanes), len(network.items), len(network.nodes)) == (1, 1, 1)
        and network.unmet == "lost"
        and problem.criterion == "average_cost_per_period"
        and rates <= {"holding", "lost_sale", "purchase"}
        and not (network.processes or network.limits or network.inspections or problem.terms)
        and network.items[0].shelf_life is None
        and network.items[0].decay_rate is None
        and not _limited(problem)
        and set(event_support(problem.uncertainty, network).sure) == {"market"}
    )
    laws = problem.uncertainty.laws_at(network.nodes[0].name, network.items[0].name) if plain else ()
    if len(laws) != 1 or not isinstance(laws[0], DiscreteLaw) or network.lanes[0].review_period != 1:
        return None
    node, item = 0, 0
    holding, lost = (
        float(np.asarray(getattr(tariff, name))[node, item, 0]) for name in ("holding", "lost_sale")
    )
    purchase = 0.0 if tariff.purchase is None else float(np.asarray(tariff.purchase)[0, item, 0])
    gain = lost - purchase
    lead_time = max(network.lanes[0].lead_time_law(network.items[0].name))
    if gain <= 0 or holding <= 0:
        return None
    ratio = gain / (gain + holding)
    values, masses = laws[0].support()
    order = _fractile(values, masses, 1, ratio)
    position = _fractile(values, masses, lead_time + 1, ratio)
    if not np.array_equal(values, np.round(values)):
        return None
    places = np.zeros(problem.arrays.num_nodes * problem.arrays.num_items)
    places[node * problem.arrays.num_items + item] = max(position, order)
    reason = (
        "no optimal order leads beyond the critical fractile of the demand of L + 1 periods, nor exceeds that of one "
        "period (Zipkin 2008, doi:10.1287/opre.1070.0471)"
    )
    none = np.zeros(0)
    return Box(np.array([order]), places, np.full(len(places), -np.inf), reason, none, none)


def _limited(problem: Problem) -> bool:
    """Tell whether anything holds single orders or stocks to more than whole units."""
    network = problem.network
    limits = (
        "order_minimum",
        "order_multiple",
        "order_maximum",
        "order_days",
        "capacity",
        "vehicle_capacity",
    )
    return bool(
        any(getattr(lane, name) is not None for lane in network.lanes for name in limits)
        or any(
            lane.order_delay or lane.price_breaks or lane.interruption != "never" for lane in network.lanes
        )
        or any(each.capacity is not None or each.minimum_value is not None for each in network.suppliers)
        or any(node.storage for node in network.nodes)
    )


def _fractile(values: np.ndarray, masses: np.ndarray, periods: int, ratio: float) -> float:
    """Return the smallest total of some periods that is exceeded with at most 1 - ratio."""
    first, size = int(values[0]), int(values[-1] - values[0]) + 1
    one = np.zeros(size)
    one[values.astype(int) - first] = masses
    width = periods * (size - 1) + 1
    total = np.fft.irfft(np.fft.rfft(one, width) ** periods, width)
    return float(periods * first + np.searchsorted(np.cumsum(total), ratio - 1e-12))


def _guess(problem: Problem, rule_order: np.ndarray) -> Box:
    """Return a first guess: some deviations and a lot around the mean of the protection interval."""
    demand, network = protection_demand(problem), problem.network
    lots = np.asarray(Eoq.for_problem(problem).order_quantity, dtype=np.float64)[..., 0]
    lot = np.where(_fixed_costs(problem), np.nan_to_num(lots, posinf=0.0), 0.0)
    supplied, largest = demand.periods > 0, largest_requirements(problem)
    # A horizon that begins empty begins with more than is kept later: what is missing first is missing for long.
    spread = SPREAD if is_endless(problem) else SPREAD + 1
    reach = np.ceil(demand.mean + spread * demand.deviation)
    least = _smallest_orders(problem)
    up = np.where(supplied, np.maximum(reach + np.ceil(1.5 * lot) + 1, least), 0.0)
    low = np.floor(np.minimum(demand.mean - SPREAD * demand.deviation, 0.0)) - 1
    if not is_endless(problem):
        # Towards the end of a horizon nothing is ordered any more, for as long as it would take to come.
        low = np.minimum(low, np.floor(demand.mean - reach) - 1)
    waits = problem.arrays.features.backorders != 0
    follows = follows_demand(problem, rule_order, largest)
    # Where nobody but other places asks for something, decisions alone lower the position.
    down = np.where(supplied & waits & (follows | ~asked_for(problem)), low, -np.inf)
    # Too small a largest order slows the iteration down: states then wander for long.
    one = np.ceil(
        demand.rate + (SPREAD + 1) * demand.deviation / np.sqrt(np.maximum(demand.periods, 1)) + 1.5 * lot + 1
    )
    # After the largest demand one order must lead back, or states that owe much would have no way into the box.
    one = np.maximum(np.minimum(one, up), np.where(np.isfinite(down), largest, 0.0))
    one = np.maximum(one, least)
    if not is_endless(problem):
        # A horizon that begins empty begins with an order for all of it.
        one = np.maximum(one, up)
    controls = orders_of(problem)
    most = np.zeros(len(controls) + len(network.processes))
    for at, (lane, item) in enumerate(controls):
        node = network.node_index[network.lanes[lane].destination]
        full = (network.lanes[lane].full_vehicles and network.lanes[lane].vehicle_capacity) or 1.0
        most[at] = math.ceil(math.ceil(one[node, item] / full) * full)
    for at, process in enumerate(network.processes, start=len(controls)):
        node = network.node_index[process.node]
        runs = [
            up[node, network.item_index[item]] / (units * process.yield_)
            for item, units in process.produces.items()
        ]
        most[at] = math.ceil(max(runs, default=0.0))
    none = np.zeros(0)
    deepest = _deepest(problem, reach + largest, largest) if waits and not follows.all() else None
    if deepest is not None:
        deepest = np.where(follows, np.inf, deepest).reshape(-1)
    return Box(most, up.reshape(-1), down.reshape(-1), "", none, none, deepest)


def _deepest(problem: Problem, guess: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Return ``[node, item]``: demand that waits at most, no more than a horizon can bring."""
    if is_endless(problem):
        return guess + 1
    return np.minimum(guess, problem.horizon * largest) + 1


def _smallest_orders(problem: Problem) -> np.ndarray:
    """Return ``[node, item]``: the smallest order that some lane into a place takes, units."""
    network = problem.network
    least = np.zeros((problem.arrays.num_nodes, problem.arrays.num_items))
    for lane, item in orders_of(problem):
        limits = (
            network.lanes[lane].order_limit(name, network.items[item].name)
            for name in ("order_minimum", "order_multiple")
        )
        place = network.node_index[network.lanes[lane].destination], item
        least[place] = max(least[place], math.ceil(smallest_order(*limits)))
    return least


def _fixed_costs(problem: Problem) -> np.ndarray:
    """Tell at which places an order costs something beyond its units."""
    tariff = problem.tariff
    shape = (problem.arrays.num_nodes, problem.arrays.num_items)
    names = ("fixed_order", "joint_order", "vehicle", "carbon_vehicle", "production_run")
    charged = [
        rate for name in names if (rate := getattr(tariff, name)) is not None and np.any(np.asarray(rate))
    ]
    return np.full(shape, bool(charged))
