"""Economic order quantities: a constant demand rate, in variants."""

import itertools
import math
from collections.abc import Sequence

from basestock.decision import Solution
from basestock.optimal.closed_form.roots import root


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


def incremental_discount(
    fixed_cost: float,
    holding_rate: float,
    demand_rate: float,
    breakpoints: Sequence[float],
    unit_costs: Sequence[float],
) -> Solution:
    """Return the optimal cost rate where only the units beyond certain quantities are cheaper.

    Parameters
    ----------
    fixed_cost
        Money per order [K].
    holding_rate
        Share of the average unit cost of an order per time unit [i].
    demand_rate
        Units per time unit [lambda].
    breakpoints, unit_costs
        Quantities from which each unit cost holds, units and money per unit; the first is 0.

    Returns
    -------
    Solution
        Money per time unit with purchases, and ``order_quantity``.

    Raises
    ------
    ValueError
        If unit costs do not fall, or breakpoints do not rise from 0.

    Notes
    -----
    An order of Q in the range of c_j costs c_j Q + a_j with a_j = sum of the savings that its first units miss, as if
    the fixed cost were K + a_j: Q_j = sqrt(2 (K + a_j) lambda / (i c_j)); the best Q_j that lies in its own range is
    optimal (Snyder and Shen 2019, section 3.4.3).

    Examples
    --------
    >>> found = incremental_discount(8.0, 0.3, 1300.0, [0, 400, 800], [0.75, 0.72, 0.68])
    >>> round(found.decision["order_quantity"], 2), round(found.value, 3)
    (304.05, 1043.411)
    """
    _require_breaks("incremental_discount", breakpoints, unit_costs)
    missed, found = 0.0, list[tuple[float, float]]()
    for number, (low, unit_cost) in enumerate(zip(breakpoints, unit_costs, strict=True)):
        if number:
            missed += (unit_costs[number - 1] - unit_cost) * low
        high = breakpoints[number + 1] if number + 1 < len(breakpoints) else math.inf
        quantity = math.sqrt(2 * (fixed_cost + missed) * demand_rate / (holding_rate * unit_cost))
        if low <= quantity <= high:
            own = unit_cost + missed / quantity
            found.append(
                (demand_rate * (own + fixed_cost / quantity) + holding_rate * own * quantity / 2, quantity)
            )
    value, quantity = min(found)
    return Solution(value, {"order_quantity": quantity}, "incremental discount, best quantity of each price")


def _require_breaks(name: str, breakpoints: Sequence[float], unit_costs: Sequence[float]) -> None:
    rising = list(breakpoints) == sorted(set(breakpoints)) and len(breakpoints) > 0 and breakpoints[0] == 0
    falling = all(a >= b for a, b in itertools.pairwise(unit_costs))
    if not (rising and falling and len(breakpoints) == len(unit_costs) and unit_costs[-1] > 0):
        raise ValueError(
            f"{name}: breakpoints are {list(breakpoints)} and unit_costs {list(unit_costs)}, must be 0 and rising "
            "quantities with costs above 0 that do not rise. Correct them."
        )


def shared_budget(
    fixed_costs: Sequence[float],
    holding_costs: Sequence[float],
    demand_rates: Sequence[float],
    uses: Sequence[float],
    budget: float,
) -> Solution:
    """Return the order quantities of several items that share a budget, storage space or another capacity.

    Parameters
    ----------
    fixed_costs, holding_costs, demand_rates
        Money per order [K], money per unit and time unit [h], units per time unit [lambda], by item.
    uses
        What a unit takes of the budget [w], by item.
    budget
        What sum of w Q may take at most, when all orders arrive at once [W].

    Returns
    -------
    Solution
        Money per time unit; ``order_quantities`` in units, and ``price_of_budget``: money per time unit that one more
        unit of the budget saves.

    Raises
    ------
    ValueError
        If lists differ in length, or a number is not above 0.

    Notes
    -----
    Q_j = sqrt(2 K_j lambda_j / (h_j + 2 theta w_j)) with the smallest theta >= 0 that keeps the budget (Hadley and
    Whitin 1963, section 2-7).

    Examples
    --------
    >>> found = shared_budget([10.0, 20.0], [1.0, 2.0], [50.0, 80.0], [3.0, 5.0], 200.0)
    >>> [round(quantity, 3) for quantity in found.decision["order_quantities"]], round(found.value, 3)
    ([20.729, 27.563], 120.098)
    """
    lists = {
        "fixed_costs": fixed_costs,
        "holding_costs": holding_costs,
        "demand_rates": demand_rates,
        "uses": uses,
    }
    wrong = [
        f"{name} is {list(each)}" for name, each in lists.items() if not all(value > 0 for value in each)
    ]
    if wrong or len({len(each) for each in lists.values()}) > 1 or not budget > 0 or not fixed_costs:
        raise ValueError(
            f"shared_budget: {'; '.join(wrong) or f'budget is {budget}'}, must be one number > 0 for each item, and a "
            "budget > 0. Correct them."
        )
    items = list(zip(fixed_costs, holding_costs, demand_rates, uses, strict=True))

    def quantities(price: float) -> list[float]:
        return [math.sqrt(2 * k * rate / (h + 2 * price * use)) for k, h, rate, use in items]

    def excess(price: float) -> float:
        return sum(use * quantity for use, quantity in zip(uses, quantities(price), strict=True)) - budget

    # At this price every item takes at most its share of the budget.
    top = max(len(items) ** 2 * k * rate * use for k, _, rate, use in items) / budget**2
    price = root(excess, 0.0, top, accuracy=1e-15 * top) if excess(0.0) > 0 else 0.0
    chosen = quantities(price)
    value = sum(k * rate / q + h * q / 2 for (k, h, rate, _), q in zip(items, chosen, strict=True))
    decision = {"order_quantities": chosen, "price_of_budget": price}
    return Solution(value, decision, "order quantities under one constraint, Hadley and Whitin 1963")


def order_period(fixed_cost: float, holding_cost: float, demand: Sequence[float]) -> tuple[int, list[float]]:
    """Return the whole periods that an order covers, and the orders: the periodic order quantity of MRP.

    Parameters
    ----------
    fixed_cost, holding_cost
        Money per order, and per unit and period.
    demand
        Units by period.

    Returns
    -------
    tuple
        EOQ / mean demand, rounded and at least 1; units by period.

    Notes
    -----
    Silver, Pyke and Thomas 2017, section 5.6.1. A period of no demand does not begin an order.

    Examples
    --------
    >>> order_period(100.0, 1.0, [10.0, 0.0, 30.0, 20.0, 15.0, 15.0])
    (4, [60.0, 0.0, 0.0, 0.0, 30.0, 0.0])
    """
    mean = sum(demand) / max(len(demand), 1)
    if mean == 0:
        return 1, [0.0] * len(demand)
    lot = eoq(fixed_cost, holding_cost, mean).decision["order_quantity"]
    covered = min(max(round(lot / mean), 1), len(demand)) if math.isfinite(lot) else len(demand)
    orders, at = [0.0] * len(demand), 0
    while at < len(demand):
        if demand[at] > 0:
            orders[at] = float(sum(demand[at : at + covered]))
            at += covered
        else:
            at += 1
    return covered, orders


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
