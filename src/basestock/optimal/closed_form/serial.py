"""Serial lines in continuous review: echelon base-stock levels stage by stage."""

from collections.abc import Sequence

import numpy as np

from basestock.decision import Solution
from basestock.uncertainty import DemandLaw, Normal, Poisson

_STEPS = 200
"""Grid points per standard deviation of the shortest lead-time demand."""


def serial(
    law: DemandLaw, lead_times: Sequence[float], echelon_holding_costs: Sequence[float], backorder_cost: float
) -> Solution:
    """Return the optimal cost rate of a serial line (Clark and Scarf 1960, doi:10.1287/mnsc.6.4.475).

    Parameters
    ----------
    law
        Law of the demand of one time unit: Poisson or normal, so that every part of it has one.
    lead_times
        Time units into each stage [L], downstream stage first.
    echelon_holding_costs
        Money per unit and time unit [h], downstream stage first.
    backorder_cost
        Money per unit and time unit that customers wait [p].

    Returns
    -------
    Solution
        Money per time unit; ``echelon_base_stock_levels``, downstream stage first, units.

    Raises
    ------
    ValueError
        If demand has another law.

    Notes
    -----
    With C_0(x) = (p + sum h) x^-, stage j takes C_j(y) = E[h_j (y - D_j) + C_(j-1)(min(S_(j-1), y - D_j))] for D_j the
    demand of exactly L_j, and S_j its minimum; the cost is C_N(S_N).
    """
    if not isinstance(law, Normal | Poisson):
        raise ValueError(
            f"serial: the law is {type(law).__name__}, must be Poisson or Normal. Choose one of them."
        )
    parts = [_lead_time_demand(law, lead_time, lead_times) for lead_time in lead_times]
    step = parts[0][0]
    reach = sum(lead_times) * law.mean + 10 * np.sqrt(law.variance * sum(lead_times)) + 10 * step
    half = int(np.ceil(reach / step))
    below = sum(len(masses) + abs(first) for _, first, masses in parts)
    grid = np.arange(-(half + below), half + 1) * step
    cost = (backorder_cost + sum(echelon_holding_costs)) * np.maximum(-grid, 0.0)
    levels: list[float] = []
    value = 0.0
    for (_, first, masses), holding in zip(parts, echelon_holding_costs, strict=True):
        expected = _expectation(cost + holding * grid, first, masses)
        best = int(np.argmin(expected))
        levels.append(float(grid[best]))
        value = float(expected[best])
        cost = expected.copy()
        cost[best:] = value
    return Solution(
        value, {"echelon_base_stock_levels": levels}, "recursion of Clark and Scarf 1960 on a grid"
    )


def _lead_time_demand(
    law: Normal | Poisson, lead_time: float, lead_times: Sequence[float]
) -> tuple[float, int, np.ndarray]:
    """Return grid step, first grid number and masses of the demand of a lead time."""
    if isinstance(law, Poisson):
        values, masses = Poisson(law.rate * lead_time).support()
        return 1.0, int(values[0]), masses
    from scipy.special import ndtr

    step = law.deviation * np.sqrt(min(each for each in lead_times if each > 0)) / _STEPS
    deviation = law.deviation * np.sqrt(lead_time)
    first, last = (int(np.floor((law.average * lead_time + way * 8 * deviation) / step)) for way in (-1, 1))
    if deviation == 0:
        return step, 0, np.ones(1)
    edges = (np.arange(first, last + 2) - 0.5) * step
    masses = np.diff(ndtr((edges - law.average * lead_time) / deviation))
    return step, first, masses / masses.sum()


def _expectation(function: np.ndarray, first: int, masses: np.ndarray) -> np.ndarray:
    """Return E f(y - D) on the grid; left of it f goes on in a straight line."""
    reach = first + len(masses)
    slope = function[1] - function[0]
    left = function[0] + slope * np.arange(-reach, 0)
    # Large values cancel in the transform: the straight line is taken off first and added exactly.
    line = function[0] + slope * np.arange(-reach, len(function))
    bent = np.concatenate([left, function]) - line
    mean = float(masses @ (first + np.arange(len(masses))))
    size = 1 << (len(bent) + len(masses)).bit_length()
    whole = np.fft.irfft(np.fft.rfft(bent, size) * np.fft.rfft(masses, size), size)
    smooth = whole[reach - first : reach - first + len(function)]
    return smooth + line[reach:] - slope * mean
