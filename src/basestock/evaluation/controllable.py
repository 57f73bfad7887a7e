"""What of a cost a policy can change: a gap in percent of it all says little where most is the price of the goods."""

import numpy as np

from basestock.decision import Problem
from basestock.optimal.programs.hierarchy.strategic import unit_costs
from basestock.optimal.programs.paths import mean_demand
from basestock.optimal.programs.refusal import UnsupportedError


def purchase_of_demand(problem: Problem) -> float:
    """Return what it costs to bring mean demand in on the cheapest way, or not to serve it where that is cheaper.

    Parameters
    ----------
    problem
        Any problem.

    Returns
    -------
    float
        Money as the criterion counts it: per period, or all counted periods together, discounted to the first of them.
        0 where nothing is paid by unit, where goods are made from others, where costs do not grow with quantities
        alone, and where customers do not come in periods.
    """
    network = problem.network
    if problem.kind != "periodic" or network.processes:
        return 0.0
    try:
        rates = unit_costs(problem)
    except UnsupportedError:
        return 0.0
    shape = (len(network.nodes), len(network.items))
    way = np.full(shape, np.inf)
    for _ in network.nodes:
        for row, lane in enumerate(network.lanes):
            source = network.node_index.get(lane.source)
            before = 0.0 if source is None else way[source]
            target = network.node_index[lane.destination]
            way[target] = np.minimum(way[target], before + rates["lane"][row])
    lost = (
        np.asarray(problem.arrays.lost_share).reshape(problem.arrays.num_nodes, -1)[: shape[0], : shape[1]]
        > 0
    )
    way = np.where(lost, np.minimum(way, rates["lost"]), way)
    unit = np.where(np.isfinite(way), way, 0.0)
    if not unit.any():
        return 0.0
    demand = mean_demand(problem, problem.horizon, first_period=problem.warm_up)
    spent = (demand * unit).sum(axis=(1, 2))
    if problem.averages:
        return float(spent.mean())
    factor = problem.discount if problem.discounts else 1.0
    return float(factor ** np.arange(problem.horizon) @ spent)
