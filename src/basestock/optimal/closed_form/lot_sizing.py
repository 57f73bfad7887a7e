"""Known demand over some periods, with a fixed cost per order."""

from collections.abc import Sequence

from basestock.decision import Solution


def lot_sizing(
    demand: Sequence[float],
    fixed_costs: Sequence[float],
    holding_costs: Sequence[float],
    unit_costs: Sequence[float],
) -> Solution:
    """Return the cheapest orders that meet known demand (Wagner and Whitin 1958, doi:10.1287/mnsc.5.1.89).

    Parameters
    ----------
    demand
        Units by period.
    fixed_costs, unit_costs
        Money per order and per unit ordered, by period.
    holding_costs
        Money per unit left at the end of a period, by period.

    Returns
    -------
    Solution
        Total cost, and ``orders`` by period in units.

    Notes
    -----
    An order covers the demand of whole periods; best[t] = min over the last order s <= t of best[s - 1] + its cost.

    Examples
    --------
    >>> lot_sizing([90, 120, 80, 70], [500] * 4, [2] * 4, [0] * 4).value
    1380.0
    """
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(demand) + 1):
        options: list[tuple[float, int]] = []
        for first in range(end):
            cost, carried = 0.0, 0.0
            for period in range(end - 1, first, -1):
                carried += demand[period]
                cost += carried * holding_costs[period - 1]
            units = carried + demand[first]
            cost += units * unit_costs[first] + (fixed_costs[first] if units else 0.0)
            options.append((best[first][0] + cost, first))
        best.append(min(options))
    orders, end = [0.0] * len(demand), len(demand)
    while end:
        first = best[end][1]
        orders[first] = float(sum(demand[first:end]))
        end = first
    return Solution(float(best[-1][0]), {"orders": orders}, "dynamic program of Wagner and Whitin 1958")
