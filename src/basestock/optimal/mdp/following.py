"""Where orders can follow any demand at once, and what is required of a place at most."""

import numpy as np

from basestock.decision import Problem
from basestock.network import Lane
from basestock.optimal.mdp.rows import orders_of
from basestock.policies.dependent import Requirements
from basestock.uncertainty import DemandLaw, DiscreteLaw, Seasonal


def largest_requirements(problem: Problem) -> np.ndarray:
    """Return ``[node, item]``: the largest demand of a period at a place and at all that it supplies, units."""
    requirements = Requirements(problem)
    largest = np.zeros((problem.arrays.num_nodes, problem.arrays.num_items))
    for node in range(len(problem.network.nodes)):
        for item in range(len(problem.network.items)):
            largest[node, item] = sum(_largest(law) for law in requirements.laws(node, item))
    return largest


def _largest(law: DemandLaw) -> float:
    """Return the largest listed value of a law; laws without one are refused elsewhere, by name."""
    if isinstance(law, Seasonal):
        return max(map(_largest, law.laws))
    return float(law.support()[0].max()) if isinstance(law, DiscreteLaw) else law.mean


def asked_for(problem: Problem) -> np.ndarray:
    """Tell ``[node, item]`` where customers or processes ask for something, whatever is decided."""
    network = problem.network
    found = np.zeros((problem.arrays.num_nodes, problem.arrays.num_items), dtype=bool)
    for node, place in enumerate(network.nodes):
        for item, goods in enumerate(network.items):
            found[node, item] = bool(problem.uncertainty.laws_at(place.name, goods.name))
    for process in network.processes:
        for name in process.consumes:
            found[network.node_index[process.node], network.item_index[name]] = True
    return found


def follows_demand(problem: Problem, rule_order: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Tell at which places an order of the period can always make up for all that was asked for in it.

    Parameters
    ----------
    problem
        The problem.
    rule_order
        ``[control]`` largest order by the rules of the problem, units.
    largest
        ``[node, item]`` largest demand of a period, units.

    Returns
    -------
    np.ndarray
        ``[node, item]``. There a lane takes orders of any such size in every period, from a supplier without limits, or
        from a node that lets requests wait and can follow them in turn. Places that nobody orders for are told so too.
    """
    network, found = problem.network, ~asked_for(problem)
    lanes = [(lane, network.lanes[lane], item) for lane, item in orders_of(problem)]
    for lane, _, item in lanes:
        found[network.node_index[network.lanes[lane].destination], item] = False
    if _has_shared_limits(problem):
        return found
    for _ in network.nodes:
        for at, (_, lane, item) in enumerate(lanes):
            node = network.node_index[lane.destination]
            if not _takes_any_order(lane) or rule_order[at] < largest[node, item]:
                continue
            source = network.node_index.get(lane.source)
            found[node, item] |= source is None or (lane.unfilled == "wait" and bool(found[source, item]))
    return found


def _takes_any_order(lane: Lane) -> bool:
    plain = lane.review_period == 1 and lane.order_days is None and lane.order_delay == 0
    return plain and lane.capacity is None and lane.interruption == "never"


def _has_shared_limits(problem: Problem) -> bool:
    """Tell whether something beside the lanes limits what is ordered, kept or made, or what arrives."""
    network, supply = problem.network, problem.uncertainty.supply
    return bool(
        any(limit.hard for limit in network.limits)
        or any(each.capacity is not None for each in network.suppliers)
        or any(node.storage for node in network.nodes)
        or network.processes
        or network.inspections
        or supply is not None
    )
