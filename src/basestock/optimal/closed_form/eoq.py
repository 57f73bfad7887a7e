"""Economic order quantities: a constant demand rate, in variants."""

import math
from collections.abc import Sequence

from basestock.decision import Solution


def eoq(
    fixed_cost: float,
    holding_cost: float,
    demand_rate: float,
    *,
    backorder_cost: float | None = None,
    production_rate: float | None = None,
) -> Solution:
    """Return the optimal cost rate of a constant demand rate (Harris 1913).

    Parameters
    ----------
    fixed_cost
        Money per order [K].
    holding_cost, backorder_cost
        Money per unit and time unit on hand [h] and waiting [b]; without the latter nobody waits.
    demand_rate, production_rate
        Units per time unit [lambda, mu]; without the latter an order arrives at once.

    Returns
    -------
    Solution
        Money per time unit, and ``order_quantity`` in units.

    Raises
    ------
    ValueError
        If production is slower than demand.

    Notes
    -----
    sqrt(2 K lambda h'), with h' = h (1 - lambda / mu) b / (h + b) for what production and waiting leave of h.

    Examples
    --------
    >>> round(eoq(8.0, 0.225, 1300.0).value, 4)
    68.4105
    """
    if production_rate is not None and production_rate <= demand_rate:
        rule = f"must be above the demand rate, which is {demand_rate}"
        raise ValueError(f"eoq: production_rate is {production_rate}, {rule}. Raise it.")
    kept = 1.0 if production_rate is None else 1 - demand_rate / production_rate
    rate = holding_cost * kept
    if backorder_cost is not None:
        rate *= backorder_cost / (holding_cost + backorder_cost)
    value = math.sqrt(2 * fixed_cost * demand_rate * rate)
    quantity = math.sqrt(2 * fixed_cost * demand_rate / rate) if rate else math.inf
    return Solution(value, {"order_quantity": quantity}, "economic order quantity, Harris 1913")


def all_units_discount(
    fixed_cost: float,
    holding_rate: float,
    demand_rate: float,
    breakpoints: Sequence[float],
    unit_costs: Sequence[float],
) -> Solution:
    """Return the optimal cost rate where the price of all units of an order falls from certain quantities on.

    Parameters
    ----------
    fixed_cost
        Money per order.
    holding_rate
        Share of the unit cost per time unit.
    demand_rate
        Units per time unit.
    breakpoints, unit_costs
        Quantities from which each unit cost holds, units and money per unit; the first is 0.

    Returns
    -------
    Solution
        Money per time unit with purchases, and ``order_quantity``.
    """
    found: list[tuple[float, float]] = []
    for number, (low, unit_cost) in enumerate(zip(breakpoints, unit_costs, strict=True)):
        high = breakpoints[number + 1] if number + 1 < len(breakpoints) else math.inf
        holding = holding_rate * unit_cost
        best = math.sqrt(2 * fixed_cost * demand_rate / holding)
        quantity = max(best, low)
        if quantity < high:
            cost = unit_cost * demand_rate + fixed_cost * demand_rate / quantity + holding * quantity / 2
            found.append((cost, quantity))
    value, quantity = min(found)
    return Solution(value, {"order_quantity": quantity}, "all-units discount, best quantity of each price")


def disrupted(
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
    demand_rate: float,
    disruption_rate: float,
    recovery_rate: float,
) -> Solution:
    """Return the optimal cost rate where the supplier is down at times (Berk and Arreola-Risa 1994).

    Parameters
    ----------
    fixed_cost
        Money per order [K].
    holding_cost
        Money per unit and time unit [h].
    stockout_cost
        Money per unit of demand lost [p].
    demand_rate
        Units per time unit [D].
    disruption_rate, recovery_rate
        Rates of the exponential times up and down, per time unit [lambda, mu].

    Returns
    -------
    Solution
        Money per time unit, and ``order_quantity``.

    Notes
    -----
    The supplier is down when stock runs out with probability B = lambda / (lambda + mu) (1 - e^(-(lambda + mu) Q / D)),
    and a cycle lasts Q / D + B / mu: (K + h Q^2 / (2 D) + D p B / mu) / (Q / D + B / mu).
    """
    from scipy.optimize import minimize_scalar

    total = disruption_rate + recovery_rate

    def rate(quantity: float) -> float:
        down = disruption_rate / total * -math.expm1(-total * quantity / demand_rate) / recovery_rate
        cycle = (
            fixed_cost + holding_cost * quantity**2 / (2 * demand_rate) + demand_rate * stockout_cost * down
        )
        return cycle / (quantity / demand_rate + down)

    start = math.sqrt(2 * fixed_cost * demand_rate / holding_cost)
    top = 4 * start + 20 * math.sqrt(demand_rate * stockout_cost / holding_cost * demand_rate / recovery_rate)
    # The rate may have a second valley: the best point of a grid names the one to search.
    grid = [top * (step + 1) / 4000 for step in range(4000)]
    near = min(range(4000), key=lambda step: rate(grid[step]))
    low, high = grid[max(near - 1, 0)], grid[min(near + 1, 3999)]
    best = minimize_scalar(rate, bounds=(low, high), method="bounded", options={"xatol": 1e-9 * top})
    return Solution(float(best.fun), {"order_quantity": float(best.x)}, "Berk and Arreola-Risa 1994")
