"""Continuous review: order Q when the inventory position falls to r."""

import numpy as np

from basestock.decision import Solution
from basestock.optimal.closed_form.roots import root


def rq_normal(
    holding_cost: float, backorder_cost: float, fixed_cost: float, rate: float, mean: float, deviation: float
) -> Solution:
    """Return the optimal (r, Q) for normal demand over the lead time (Zheng 1992, doi:10.1287/mnsc.38.1.87).

    Parameters
    ----------
    holding_cost, backorder_cost
        Money per unit and time unit on hand and waiting [h, p].
    fixed_cost
        Money per order [K].
    rate
        Units per time unit [lambda].
    mean, deviation
        Of the demand over the lead time, units.

    Returns
    -------
    Solution
        Money per time unit; ``reorder_point`` and ``order_quantity`` in units.

    Notes
    -----
    (K lambda + integral of g from r to r + Q) / Q with g(y) = h E(y - D)+ + p E(D - y)+. For every height c above the
    least g, [r, r + Q] is where g <= c, and c is the cost where the integral of c - g equals K lambda.
    """
    from scipy.special import ndtr, ndtri

    total = holding_cost + backorder_cost

    def cost(level: float) -> float:
        z = (level - mean) / deviation
        density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
        return float(holding_cost * (level - mean) + total * deviation * (density - z * ndtr(-z)))

    def area(low: float, high: float) -> float:
        """Return the integral of the cost: antiderivatives of the normal loss are known."""

        def whole(level: float) -> float:
            z = (level - mean) / deviation
            density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
            loss = -((z * z + 1) * ndtr(-z) - z * density) / 2
            return float(holding_cost * (level - mean) ** 2 / 2 + total * deviation**2 * loss)

        return whole(high) - whole(low)

    best = mean + deviation * float(ndtri(backorder_cost / total))

    def ends(height: float) -> tuple[float, float]:
        # The cost is at least that of the mean demand, so these levels cost more than the height.
        low = mean - height / backorder_cost - deviation
        high = mean + height / holding_cost + deviation
        return (
            root(lambda y: cost(y) - height, low, best),
            root(lambda y: cost(y) - height, best, high),
        )

    def missing(height: float) -> float:
        low, high = ends(height)
        return height * (high - low) - area(low, high) - fixed_cost * rate

    least = cost(best)
    high = 2 * least + np.sqrt(2 * fixed_cost * rate * holding_cost) * 2 + 1e-6
    while missing(high) < 0:
        high *= 2
    value = root(missing, least * (1 + 1e-12) + 1e-12, high) if fixed_cost else least
    low, top = ends(value) if fixed_cost else (best, best)
    return Solution(
        value, {"reorder_point": low, "order_quantity": top - low}, "level sets of the cost, Zheng 1992"
    )


def rq_poisson(
    holding_cost: float, backorder_cost: float, fixed_cost: float, rate: float, lead_time: float
) -> Solution:
    """Return the optimal (r, Q) for Poisson arrivals (Federgruen and Zheng 1992, doi:10.1287/opre.40.4.808).

    Parameters
    ----------
    holding_cost, backorder_cost, fixed_cost
        Money per unit and time unit on hand and waiting, and per order.
    rate, lead_time
        Demands per time unit, and time units.

    Returns
    -------
    Solution
        Money per time unit; whole ``reorder_point`` and ``order_quantity``.

    Notes
    -----
    Positions r + 1, ..., r + Q are equally likely: take them in the order of their cost while that lowers the average.
    """
    from basestock.uncertainty import Poisson

    values, masses = Poisson(rate * lead_time).support()

    def cost(level: int) -> float:
        gaps = level - values
        return float(masses @ (holding_cost * np.maximum(gaps, 0) + backorder_cost * np.maximum(-gaps, 0)))

    low = min(range(int(values[0]), int(values[-1]) + 2), key=cost)
    high, total, quantity = low, fixed_cost * rate + cost(low), 1
    while True:
        below, above = cost(low - 1), cost(high + 1)
        if min(below, above) >= total / quantity:
            break
        low, high = (low - 1, high) if below <= above else (low, high + 1)
        total, quantity = total + min(below, above), quantity + 1
    policy = {"reorder_point": low - 1, "order_quantity": quantity}
    return Solution(total / quantity, policy, "positions by their cost, Federgruen and Zheng 1992")
