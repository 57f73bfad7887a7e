"""Small problems that exact solutions are tried on."""

import dataclasses

import numpy as np

from basestock.decision import Problem
from basestock.optimal.mdp import Box
from basestock.optimal.mdp.rows import orders_of
from basestock.problems import backorder, lost_sales
from basestock.uncertainty import DemandLaw, Discrete, Uncertainty

DEMAND = Discrete((0.0, 1.0, 2.0, 3.0, 5.0), (0.2, 0.3, 0.25, 0.15, 0.1))
"""Mean 1.75 units."""

PLACE = ("store", "item")


def with_demand(problem: Problem, law: DemandLaw = DEMAND, **changes: object) -> Problem:
    """Return a problem of one item with other demand, and other fields."""
    return dataclasses.replace(problem, uncertainty=Uncertainty({PLACE: law}), known=None, **changes)  # type: ignore[arg-type]


def losing(lead_time: int = 1, cost: float = 9.0, holding: float = 1.0, law: DemandLaw = DEMAND) -> Problem:
    """Return a lost-sales problem."""
    return with_demand(lost_sales(lead_time=lead_time, lost_sale_cost=cost, holding_cost=holding), law)


def waiting(lead_time: int = 1, cost: float = 9.0, fixed: float = 0.0, law: DemandLaw = DEMAND) -> Problem:
    """Return a problem in which demand waits."""
    return with_demand(backorder(lead_time=lead_time, fixed_order_cost=fixed, backorder_cost=cost), law)


def box_of(problem: Problem, *, max_order: float, max_position: float, min_position: float = -np.inf) -> Box:
    """Return the same bounds for every control and every place, without any rule of the problem."""
    controls = len(orders_of(problem)) + len(problem.network.processes)
    places = problem.arrays.num_nodes * problem.arrays.num_items
    return Box(
        np.full(controls, max_order, dtype=np.int64),
        np.full(places, float(max_position)),
        np.full(places, float(min_position)),
        "given by the test",
        np.full(controls, np.inf),
        np.full(places, np.inf),
    )
