"""What customers get."""

import numpy as np

from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.walk import Walk


def fill_backorders(walk: Walk) -> None:
    """Hand over to those who wait: min(on hand, backorders)."""
    waiting = walk.backorders
    if not (~waiting.fixed | (waiting.constant > 0)).any():
        return
    filled = _handed_over(walk, "filled", waiting)
    walk.take(filled, group="stock_on_hand")
    walk.backorders = waiting - filled
    walk.add("backorders_filled", filled)


def serve(walk: Walk) -> None:
    """Serve the demand of the period: min(on hand, demand); the rest is lost, or waits."""
    fill_backorders(walk)
    frame = walk.frame
    demand = _asked(walk)
    sales = _handed_over(walk, "sales", demand)
    walk.take(sales, group="stock_on_hand")
    short = demand - sales
    share = frame.trimmed(frame.problem.arrays.lost_share, frame.num_nodes)
    walk.add("demand", demand)
    walk.add("sales", sales)
    walk.add("lost", short * share)
    walk.add("newly_backordered", short * (1.0 - share))
    walk.backorders = walk.backorders + short * (1.0 - share)


def _asked(walk: Walk) -> Linear:
    """Return the demand of the period: data, or in proportion to how satisfied customers are."""
    market = walk.path.demand[walk.period]
    return Linear.of(market) if walk.satisfaction is None else walk.satisfaction * market


def _handed_over(walk: Walk, name: str, wanted: Linear) -> Linear:
    """Return variables for min(on hand, wanted)."""
    frame = walk.frame
    there = ~wanted.fixed | (wanted.constant > 0)
    units = walk.variables(name, wanted, frame.node_label, where=there)
    label = frame.node_label
    walk.constrain(name, units - wanted, "<=", 0.0, label, where=there, relaxable=False)
    must = there & _forced(walk)
    if must.any() and not frame.relaxed:
        # Either nothing stays on hand, or nobody is left without.
        bound = np.broadcast_to(frame.stock_bound, wanted.shape)
        served = walk.variables(f"{name}_all", wanted, label, where=must, high=1.0, whole=True)
        left = walk.on_hand - units
        most = _most_wanted(walk)
        walk.constrain(
            f"{name}_greedily", left - served * bound, "<=", 0.0, label, where=must, relaxable=False
        )
        unmet = wanted - units + served * most
        walk.constrain(f"{name}_greedily", unmet, "<=", most, label, where=must, relaxable=False)
    return units


def _most_wanted(walk: Walk) -> np.ndarray:
    """Return ``[node, item]`` units that can be wanted at once: all demand, and all that waited at the start."""
    backorders = walk.frame.start.backorders
    waited = 0.0 if backorders is None else walk.frame.trimmed(backorders, walk.frame.num_nodes)
    return walk.path.demand.sum(0) + waited


def _forced(walk: Walk) -> np.ndarray:
    """Return the places where a plan might gain by holding stock back from customers, which the physics never does.

    Notes
    -----
    Where nothing but customers takes an item from a place, serving now instead of later changes no order, lowers
    stock and the number of those who wait, and moves a sale (or a loss avoided) to an earlier period. It is never worse
    when handing over costs no more than losing, and no part of a shortage is shared between loss and waiting. Customers
    who remember shortages may be worth holding back for: a plan may, which is on the safe side of a bound.
    """
    frame, prices = walk.frame, walk.prices
    network = frame.problem.network
    forced = np.zeros((frame.num_nodes, frame.num_items), dtype=bool)
    for node in frame.source[frame.source >= 0].tolist():
        forced[node] |= frame.carried[frame.source == node].any(0)
    for process in network.processes:
        for item in process.consumes:
            forced[network.node_index[process.node], network.item_index[item]] = True
    share = frame.trimmed(frame.problem.arrays.lost_share, frame.num_nodes)
    forced |= (share > 0) & (share < 1)
    rates = [
        np.zeros(share.shape) if table is None else table[0][: frame.num_nodes, : frame.num_items]
        for table in map(prices.of, ("sales", "backorders_filled", "lost", "newly_backordered"))
    ]
    sales, filled, lost, waiting = rates
    forced |= (sales > np.where(share > 0, lost, 0.0)) | (waiting != 0) | (lost < 0)
    forced |= (share < 1) & (sales != filled)
    if "shortage_occurrence" in prices.stepped:
        forced[:] = True
    return forced
