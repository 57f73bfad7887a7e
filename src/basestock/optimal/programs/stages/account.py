"""Quantities that vehicles, contracts and price lists are charged by; made only where somebody charges them."""

import numpy as np

from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.walk import Walk


def account_terms(walk: Walk) -> None:
    """Count vehicles, units by price bracket, and what contracts miss or exceed; keep the order for the next period."""
    ordering = walk.frame.problem.arrays.ordering
    if ordering is None:
        return
    if walk.prices.of("vehicles") is not None:
        _vehicles(walk)
    if walk.prices.of("contract_shortfall") is not None or walk.prices.of("limit_excess") is not None:
        _contracts(walk)
    if walk.prices.of("by_bracket") is not None:
        _brackets(walk)


def _vehicles(walk: Walk) -> None:
    """A lane sends at least volume over capacity of them; since each costs money, no more."""
    network, shipped = walk.frame.problem.network, walk.flows["shipped"]
    capacity = np.array([lane.vehicle_capacity or 0.0 for lane in network.lanes])
    volume = np.array([item.volume for item in network.items])
    load = (shipped * volume).sum(1)
    name = lambda flat: network.lanes[flat].name  # noqa: E731
    there = (capacity > 0) & ~load.fixed
    vehicles = walk.variables("vehicles", load, name, where=there, whole=True)
    walk.constrain("vehicles", load - vehicles * capacity, "<=", 0.0, name, where=there, relaxable=False)
    given = np.where(
        (capacity > 0) & ~there, np.ceil(load.constant / np.maximum(capacity, 1e-30) - 1e-6), 0.0
    )
    walk.add("vehicles", vehicles + given)


def _contracts(walk: Walk) -> None:
    """What orders fall short of the floor of a contract, and exceed a soft limit by."""
    frame, ordering = walk.frame, walk.frame.problem.arrays.ordering
    count = len(frame.problem.network.limits)
    if ordering is None or ordering.agreed is None or ordering.floor is None or ordering.soft_cap is None:
        return
    agreed = frame.trimmed(ordering.agreed, frame.num_lanes)[:count]
    lane, item = np.meshgrid(np.arange(frame.num_lanes), np.arange(frame.num_items), indexing="ij")
    ordered = walk.flows["ordered"]
    floor, soft = (
        np.asarray(part, dtype=np.float64)[:count, 0] for part in (ordering.floor, ordering.soft_cap)
    )
    name = lambda flat: frame.problem.network.limits[flat].label  # noqa: E731
    weights = agreed.reshape(count, -1)
    limit, line = np.nonzero(weights)
    taken = (ordered[lane.ravel()[line], item.ravel()[line]] * weights[limit, line]).placed(limit, (count,))
    short = walk.variables("contract_shortfall", taken, name, where=floor > 0)
    walk.constrain("contract_floor", short + taken, ">=", floor, name, where=floor > 0, relaxable=False)
    over = walk.variables("limit_excess", taken, name, where=soft < 1e29)
    walk.constrain("soft_limit", taken - over, "<=", soft, name, where=soft < 1e29, relaxable=False)
    walk.add("contract_shortfall", short)
    walk.add("limit_excess", over)


def _brackets(walk: Walk) -> None:
    """Split orders over price brackets: one bracket for all units, or filled one after the other."""
    network, frame, ordered = walk.frame.problem.network, walk.frame, walk.flows["ordered"]
    rates = walk.prices.of("by_bracket")
    assert rates is not None
    levels = rates.shape[1]
    parts = [Linear.zeros(frame.num_lanes, frame.num_items) for _ in range(levels)]
    for row, lane in enumerate(network.lanes):
        edges = [0.0, *lane.price_breaks][:levels]
        if len(edges) == 1:
            parts[0] = parts[0] + ordered * (np.arange(frame.num_lanes) == row)[:, None]
            continue
        for column in np.flatnonzero(~ordered[row].fixed).tolist():
            split = _split(walk, row, column, edges, incremental=lane.break_kind == "incremental")
            place = np.array([row * frame.num_items + column])
            for level in range(len(edges)):
                part = split[level : level + 1]
                parts[level] = parts[level] + part.placed(place, (frame.num_lanes, frame.num_items))
    flat = [part[None] for part in parts]
    size = frame.num_lanes * frame.num_items
    shape = (levels, frame.num_lanes, frame.num_items)
    total = Linear.zeros(*shape)
    for level, part in enumerate(flat):
        total = total + part.placed(level * size + np.arange(size), shape)
    walk.add("by_bracket", total)


def _split(walk: Walk, row: int, column: int, edges: list[float], *, incremental: bool) -> Linear:
    """Return ``[bracket]`` units of one order in each bracket."""
    frame = walk.frame
    low = np.array(edges)
    largest = float(frame.largest[row, column])
    high = np.append(low[1:], max(largest, low[-1]))
    name = lambda flat: f"{frame.lane_label(row * frame.num_items + column)},{flat}"  # noqa: E731
    units = walk.variables("bracket", Linear.zeros(len(low)), name)
    used = walk.variables("bracket_used", Linear.zeros(len(low)), name, high=1.0, whole=True)
    one = lambda _: name(0)  # noqa: E731
    walk.constrain(
        "brackets", units.sum() - walk.flows["ordered"][row, column], "==", 0.0, one, relaxable=False
    )
    if incremental:
        walk.constrain("brackets", units - used * (high - low), "<=", 0.0, name, relaxable=False)
        filled = units[:-1] - used[1:] * (high - low)[:-1]
        walk.constrain("brackets", filled, ">=", 0.0, name, relaxable=False)
        return units
    # The next price holds from its break on: a bracket ends one step below it.
    step = frame.step[row, column] or 1e-4 * float(low[1])
    last = np.append(high[:-1] - step, high[-1])
    walk.constrain("brackets", units - used * last, "<=", 0.0, name, relaxable=False)
    walk.constrain("brackets", units - used * low, ">=", 0.0, name, relaxable=False)
    walk.constrain("brackets", used.sum(), "<=", 1.0, one, relaxable=False)
    return units
