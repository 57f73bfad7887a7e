"""Where the parameters of policies are searched, and in which steps."""

from typing import NamedTuple

import numpy as np

from basestock.decision import Problem
from basestock.policies.formulas import Eoq
from basestock.policies.protection import ProtectionDemand, lead_periods, protection_demand
from basestock.policies.vector import standard_levels

FINE = 100
"""Steps of a box where quantities are continuous."""


class Box(NamedTuple):
    """Range of a parameter.

    Parameters
    ----------
    low, high
        ``[node, item]`` ends; a search that ends at one of them goes on beyond.
    step
        ``[node, item]`` smallest difference that is tried; 1 for whole units.
    least
        What the parameter cannot fall below; a search does not go on beyond it.
    counted
        Whether the parameter is a number of periods, and no fraction of its step has a meaning.
    """

    low: np.ndarray
    high: np.ndarray
    step: np.ndarray
    least: float = 0.0
    counted: bool = False


def _units(problem: Problem, low: float | np.ndarray, high: np.ndarray, least: float = 0.0) -> Box:
    """Return a box of quantities: in whole units where items come in them, else in hundredths of the box."""
    ends = np.broadcast_arrays(np.asarray(low, dtype=float), high)
    if problem.arrays.features.whole_units:
        return Box(ends[0], np.ceil(ends[1]), np.ones_like(ends[1]), least)
    step = 10.0 ** np.floor(np.log10(np.maximum(ends[1] - ends[0], 1e-6) / FINE))
    return Box(np.floor(ends[0] / step) * step, np.ceil(ends[1] / step) * step, step, least)


def _highest(demand: ProtectionDemand) -> np.ndarray:
    return demand.mean + 5 * demand.deviation + _margin(demand)


def _margin(demand: ProtectionDemand) -> np.ndarray:
    """Return two units, or less where demand is a fraction of that."""
    return np.minimum(2.0, 2.0 * np.maximum(demand.mean, demand.deviation) + 0.1)


def levels(problem: Problem) -> Box:
    """Return where base-stock levels are searched; with demand that waits they may turn out negative."""
    least = 0.0 if not problem.arrays.features.backorders else -np.inf
    return _units(problem, 0.0, _highest(protection_demand(problem)), least)


def projected_levels(problem: Problem) -> Box:
    """Return where projected levels are searched: an expectation is finer than a unit."""
    box = levels(problem)
    return box._replace(step=box.step / 4)


def echelon_levels(problem: Problem) -> Box:
    """Return where echelon levels are searched."""
    reach = np.asarray(problem.arrays.descendants, dtype=np.float64)
    return _units(problem, 0.0, reach @ np.ceil(_highest(protection_demand(problem))), -np.inf)


def reorder_points(problem: Problem) -> Box:
    """Return where reorder points are searched: from "never before stock is gone" on."""
    return _units(problem, -1.0, _highest(protection_demand(problem)), -np.inf)


def per_period(problem: Problem) -> Box:
    """Return where orders of a period are searched."""
    demand = protection_demand(problem)
    return _units(problem, 0.0, 3 * demand.rate + 3 * demand.deviation + _margin(demand))


def lots(problem: Problem) -> Box:
    """Return where lot sizes are searched, around the economic order quantity."""
    lot = np.asarray(Eoq.for_problem(problem).order_quantity, dtype=np.float64)[..., 0]
    step = 1.0 if problem.arrays.features.whole_units else 0.0
    return _units(problem, np.full_like(lot, step), 4 * lot + 4, step)


def gaps(problem: Problem) -> Box:
    """Return where distances between two levels are searched."""
    lot = np.asarray(Eoq.for_problem(problem).order_quantity, dtype=np.float64)[..., 0]
    return _units(problem, 0.0, 4 * lot + 4)


def joint_lots(problem: Problem) -> Box:
    """Return where the units that make a lane order are searched: of all the items that it brings."""
    box = gaps(problem)
    return box._replace(high=np.broadcast_to(box.high.sum(1, keepdims=True), box.high.shape).copy())


def joint_shares(problem: Problem) -> np.ndarray:
    """Return ``[node, item, item]``: share of the second item in the demand of what its lane brings with the first."""
    arrays, rate = problem.arrays, protection_demand(problem).rate
    first = np.asarray(arrays.primary)[..., 0] > 0
    lane = np.full(rate.shape, -1)
    for at, item in np.argwhere(first):
        lane[int(np.asarray(arrays.lane_destination)[at]), item] = at
    same = (lane[:, :, None] == lane[:, None, :]) & (lane[:, :, None] >= 0)
    weight = same * np.maximum(rate, 1e-9)[:, None, :]
    return weight / np.maximum(weight.sum(2, keepdims=True), 1e-12)


def reviews(problem: Problem) -> Box:
    """Return where review periods are searched."""
    ones = np.ones((problem.arrays.num_nodes, problem.arrays.num_items))
    return Box(ones, 12 * ones, ones, 1.0, counted=True)


def leads(problem: Problem) -> Box:
    """Return where safety lead times are searched, periods."""
    most = lead_periods(problem) + 2.0
    return Box(np.zeros_like(most), most, np.ones_like(most), counted=True)


def shares(problem: Problem, most: float) -> Box:
    """Return where factors without unit are searched."""
    ones = np.ones((problem.arrays.num_nodes, problem.arrays.num_items))
    return Box(0.0 * ones, most * ones, 0.05 * ones)


def smoothing(problem: Problem) -> dict[str, Box]:
    """Return where weights of a smoothed forecast are searched, and what its first guess is worth, periods."""
    return {
        "smoothing": shares(problem, 1.0),
        "trend_smoothing": shares(problem, 0.5),
        "prior": shares(problem, 10.0),
    }


def vector_levels(problem: Problem) -> dict[str, Box]:
    """Return a box for the level of each part of the pipeline: up to Morton's bound and a little beyond."""
    bound = standard_levels(problem)
    return {
        f"level_{ahead}": _units(problem, np.zeros_like(bound[ahead]), bound[ahead] + 1.0)
        for ahead in range(len(bound))
    }
