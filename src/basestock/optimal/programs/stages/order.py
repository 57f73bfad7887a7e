"""What is ordered: multiples, minima, maxima, vehicles, budgets, numbers of orders, and smallest values."""

import numpy as np

from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.stages.deliver import cap_sums
from basestock.optimal.programs.walk import Walk


def repair_orders(walk: Walk) -> None:
    """Make every order legal, so that no rule changes it (SIM-301 to 304, 306, 307)."""
    ordering = walk.frame.problem.arrays.ordering
    if ordering is None or walk.chosen.ruled:
        return
    walk.chosen.ruled = True
    _box(walk)
    _full_vehicles(walk)
    for number, caps in enumerate(ordering.caps):
        cap_sums(walk, "order_limit", f"{number}", caps, walk.chosen.order, 1.0)
    _order_counts(walk)
    _least_values(walk)


def placed(walk: Walk) -> Linear:
    """Return ``[lane, item]`` 1 where something is ordered; made when it is first asked for."""
    if walk.chosen.ordering is None:
        frame, order = walk.frame, walk.chosen.order
        free = ~order.fixed
        ordering = walk.variables("ordering", order, frame.lane_label, where=free, high=1.0, whole=True)
        walk.constrain(
            "ordering",
            order - ordering * frame.largest,
            "<=",
            0.0,
            frame.lane_label,
            where=free,
            relaxable=False,
        )
        walk.chosen.ordering = ordering
    return walk.chosen.ordering


def box_of(walk: Walk) -> tuple[np.ndarray, np.ndarray]:
    """Return smallest and largest order of each line, units; 0 and infinite where there is no limit."""
    frame, ordering = walk.frame, walk.frame.problem.arrays.ordering
    least, most = np.zeros(frame.carried.shape), np.full(frame.carried.shape, np.inf)
    if ordering is None or ordering.boxed is None or ordering.least is None or ordering.most is None:
        return least, most
    lane, item = np.asarray(ordering.boxed.owner), np.asarray(ordering.boxed.item)
    inside = (lane < frame.num_lanes) & (item < frame.num_items)
    least[lane[inside], item[inside]] = np.asarray(ordering.least)[inside, 0]
    most[lane[inside], item[inside]] = np.asarray(ordering.most)[inside, 0]
    return least, most


def _box(walk: Walk) -> None:
    """An order is nothing, or at least its minimum; and at most its maximum."""
    frame, order = walk.frame, walk.chosen.order
    least, most = box_of(walk)
    walk.constrain(
        "order_maximum", order, "<=", most, frame.lane_label, where=np.isfinite(most) & ~order.fixed
    )
    needs = (least > frame.step) & ~order.fixed
    if needs.any():
        walk.constrain(
            "order_minimum", order - placed(walk) * least, ">=", 0.0, frame.lane_label, where=needs
        )


def _full_vehicles(walk: Walk) -> None:
    """An order of a lane fills whole vehicles."""
    network, order = walk.frame.problem.network, walk.chosen.order
    for row, lane in enumerate(network.lanes):
        if not lane.full_vehicles or lane.vehicle_capacity is None or order[row].fixed.all():
            continue
        volume = max(item.volume for item in network.items if network.carries(lane, item.name))
        units = lane.vehicle_capacity / volume
        label = lambda _, lane=lane: lane.name  # noqa: E731
        loads = walk.variables("full_vehicles", Linear.zeros(), label, whole=True)
        walk.constrain("full_vehicles", order[row].sum() - loads * units, "==", 0.0, label)


def _order_counts(walk: Walk) -> None:
    ordering = walk.frame.problem.arrays.ordering
    if ordering is None or ordering.order_lanes is None or ordering.order_caps is None:
        return
    lanes = np.asarray(ordering.order_lanes)[..., 0][:, : walk.frame.num_lanes]
    caps = np.asarray(ordering.order_caps, dtype=np.float64)
    for number in range(len(caps)):
        if lanes[number].any():
            opened = lane_orders(walk)[lanes[number] > 0].sum()
            walk.constrain("order_count", opened, "<=", caps[number], lambda _, k=number: f"{k}")


def lane_orders(walk: Walk) -> Linear:
    """Return ``[lane]`` 1 where a lane has an order of any item."""
    if "lane_orders" not in walk.flows:
        frame, ordering = walk.frame, placed(walk)
        free = ~ordering.fixed.all(1)
        name = lambda flat: frame.problem.network.lanes[flat].name  # noqa: E731
        any_item = walk.variables(
            "lane_order", Linear.zeros(frame.num_lanes), name, where=free, high=1.0, whole=True
        )
        spread = any_item[np.repeat(np.arange(frame.num_lanes), frame.num_items)]
        below = ordering[
            np.arange(frame.num_lanes).repeat(frame.num_items),
            np.tile(np.arange(frame.num_items), frame.num_lanes),
        ]
        walk.constrain("lane_order", below - spread, "<=", 0.0, frame.lane_label, relaxable=False)
        walk.flows["lane_orders"] = any_item
    return walk.flows["lane_orders"]


def _least_values(walk: Walk) -> None:
    """An order to a supplier is worth nothing, or at least the smallest value it takes."""
    ordering, frame = walk.frame.problem.arrays.ordering, walk.frame
    if (
        ordering is None
        or ordering.value is None
        or ordering.least_value is None
        or ordering.supplied is None
    ):
        return
    value = frame.trimmed(ordering.value, frame.num_lanes)
    supplied = np.asarray(ordering.supplied)[:, : frame.num_lanes] > 0
    least = np.asarray(ordering.least_value, dtype=np.float64)[:, 0, 0]
    for number in range(len(least)):
        if not supplied[number].any() or least[number] <= 0:
            continue
        label = lambda _, k=number: f"{k}"  # noqa: E731
        buys = walk.variables("buys", Linear.zeros(), label, high=1.0, whole=True)
        worth = (walk.chosen.order * value)[supplied[number]].sum()
        most = float((value * frame.largest)[supplied[number]].sum())
        walk.constrain("minimum_value", worth - buys * least[number], ">=", 0.0, label)
        walk.constrain("minimum_value", worth - buys * most, "<=", 0.0, label)


def place_orders(walk: Walk) -> None:
    """Send orders to their sources, where those with a delay arrive later."""
    frame, order = walk.frame, walk.chosen.order
    walk.add("ordered", order)
    delays = np.array([lane.order_delay for lane in frame.problem.network.lanes], dtype=np.int64)
    for delay in np.unique(delays).tolist():
        target, part = walk.period + int(delay), order * (delays == delay)[:, None]
        walk.slips[target] = walk.slips[target] + part if target in walk.slips else part
    walk.add("entered", walk.slips.pop(walk.period, Linear.zeros(frame.num_lanes, frame.num_items)))
