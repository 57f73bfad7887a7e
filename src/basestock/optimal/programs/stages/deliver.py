"""What arrives, and what sources ship."""

import numpy as np

from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.walk import Walk


def receive(walk: Walk) -> None:
    """Take in what is due; closed lanes whose interruption is ``wait`` hold it (SIM-106)."""
    frame = walk.frame
    nothing = Linear.zeros(frame.num_lanes, frame.num_items)
    first = "received" not in walk.flows
    ready = walk.due.pop(walk.period, nothing) + (walk.held if first else nothing)
    kept = nothing if first else walk.held
    stop = _held_back(walk)
    walk.held = kept + ready * stop
    received = ready * (1.0 - stop)
    walk.add("received", received)
    walk.put(frame.into_nodes(received))


def _held_back(walk: Walk) -> np.ndarray:
    waits = np.array([lane.interruption == "wait" for lane in walk.frame.problem.network.lanes])
    return np.where(waits & (walk.path.opened[walk.period] <= 0), 1.0, 0.0)[:, None]


def ship(walk: Walk) -> None:
    """Ship what is ordered at once, within stock and capacities; orders of the start when the plan says so.

    A plan orders what its source can ship: what would wait in the books of a source is ordered later instead.
    """
    shipped = leaving(walk)
    walk.take(walk.frame.out_of_nodes(shipped), group="stock_at_source")
    send(walk, shipped)


def leaving(walk: Walk) -> Linear:
    """Return ``[lane, item]`` what is shipped, within capacities; the stock that it takes is not taken yet."""
    frame = walk.frame
    entered = walk.flows.get("entered", Linear.zeros(frame.num_lanes, frame.num_items))
    shipped = entered + _released(walk)
    closed = _closed(walk)[:, None] & np.ones_like(frame.carried)
    walk.constrain("lane_open", shipped, "<=", 0.0, frame.lane_label, where=closed)
    _capacities(walk, shipped)
    walk.add("shipped", shipped)
    walk.add("unfilled", walk.unfilled)
    return shipped


def send(walk: Walk, shipped: Linear) -> None:
    """Put what is shipped on its way."""
    period = walk.period
    lag = walk.path.lag[period]
    for ahead in np.unique(lag[~shipped.fixed | (shipped.constant != 0)]).tolist():
        target, part = period + int(ahead), shipped * (lag == ahead)
        walk.due[target] = walk.due[target] + part if target in walk.due else part


def _closed(walk: Walk) -> np.ndarray:
    if not any(lane.interruption != "never" for lane in walk.frame.problem.network.lanes):
        return np.zeros(walk.frame.num_lanes, dtype=bool)
    return walk.path.opened[walk.period] <= 0


def _released(walk: Walk) -> Linear:
    """Return what is shipped of orders that waited at the start."""
    frame, waiting = walk.frame, walk.unfilled
    there = ~waiting.fixed | (waiting.constant > 0)
    if not there.any():
        return waiting
    release = walk.chosen.release
    if release is None:
        whole = frame.whole[None, :] & np.ones_like(frame.carried)
        release = walk.variables("release", waiting, frame.lane_label, where=there, whole=whole)
        walk.chosen.release = release
    walk.unfilled = waiting - release
    walk.constrain("waiting_orders", walk.unfilled, ">=", 0.0, frame.lane_label)
    capped = _capped(walk) | (frame.source >= 0) | _closed(walk)
    at_once = ~capped[:, None] & np.ones_like(frame.carried)
    walk.constrain("waiting_orders", walk.unfilled, "==", 0.0, frame.lane_label, where=at_once)
    return release


def _capped(walk: Walk) -> np.ndarray:
    supply = walk.frame.problem.arrays.supply
    if supply is None or supply.capped is None:
        return np.zeros(walk.frame.num_lanes, dtype=bool)
    return np.asarray(supply.capped)[: walk.frame.num_lanes, 0, 0] > 0


def _capacities(walk: Walk, shipped: Linear) -> None:
    """Keep within the capacities of suppliers and lanes, and the hard limits on what moves (SIM-112)."""
    supply = walk.frame.problem.arrays.supply
    for number, caps in enumerate(() if supply is None else supply.caps):
        weight = np.asarray(caps.lanes, dtype=np.float64)[:, : walk.frame.num_lanes]
        opened = (weight * walk.path.opened[walk.period]).sum(1) + (1.0 - weight.sum(1))
        cap_sums(walk, "capacity", f"{number}", caps, shipped, opened)


def cap_sums(
    walk: Walk, group: str, name: str, caps: object, quantity: Linear, opened: np.ndarray | float
) -> None:
    """Keep weighted sums over lines (a lane and an item) within their caps.

    Parameters
    ----------
    walk
        The walk.
    group, name
        Name of the constraints.
    caps
        :class:`basestock.dynamics.caps.Caps`.
    quantity
        ``[lane, item]``.
    opened
        What each cap is multiplied by.
    """
    lanes, items = quantity.shape
    owner, item = np.asarray(caps.lines.owner), np.asarray(caps.lines.item)  # type: ignore[attr-defined]
    load = np.asarray(caps.load, dtype=np.float64)[..., 0]  # type: ignore[attr-defined]
    cap = np.asarray(caps.cap, dtype=np.float64)[:, 0, 0] * opened  # type: ignore[attr-defined]
    for row in range(len(cap)):
        inside = (owner[row] < lanes) & (item[row] < items) & (load[row] > 0)
        if not inside.any() or cap[row] >= 1e29:
            continue
        lines = quantity[owner[row][inside], item[row][inside]] * load[row][inside]
        walk.constrain(group, lines.sum(), "<=", cap[row], lambda _, row=row: f"{name}.{row}")
