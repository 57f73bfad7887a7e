"""Known demand over some periods, a fixed cost per order, and the same capacity in every period."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from basestock.decision import Solution


class Horizon(NamedTuple):
    """What is known of the periods.

    Parameters
    ----------
    demand
        Units by period.
    fixed_costs, unit_costs
        Money per order and per unit ordered, by period.
    holding_costs
        Money per unit left at the end of a period, by period.
    """

    demand: Sequence[float]
    fixed_costs: Sequence[float]
    holding_costs: Sequence[float]
    unit_costs: Sequence[float]

    def require(self, name: str) -> None:
        """Refuse lists of different lengths and numbers below 0.

        Raises
        ------
        ValueError
            Naming the lists that are wrong.
        """
        count = len(self.demand)
        wrong = [
            f"{field} is {list(values)}"
            for field, values in self._asdict().items()
            if len(values) != count or not all(value >= 0 and math.isfinite(value) for value in values)
        ]
        if wrong or count == 0:
            rule = f"must be one finite number >= 0 for each of the {count} periods, one period at least"
            raise ValueError(f"{name}: {'; '.join(wrong) or 'demand is empty'}, {rule}. Correct them.")


class _Plan(NamedTuple):
    cost: float
    orders: tuple[float, ...]


def capacitated_lot_sizing(
    demand: Sequence[float],
    fixed_costs: Sequence[float],
    holding_costs: Sequence[float],
    unit_costs: Sequence[float],
    capacity: float,
) -> Solution:
    """Return the cheapest orders of at most a capacity (Florian and Klein 1971, doi:10.1287/mnsc.18.1.12).

    Parameters
    ----------
    demand
        Units by period.
    fixed_costs, unit_costs
        Money per order and per unit ordered, by period.
    holding_costs
        Money per unit left at the end of a period, by period.
    capacity
        Units of an order at most.

    Returns
    -------
    Solution
        Total cost, and ``orders`` by period in units.

    Raises
    ------
    ValueError
        If a list is wrong, or the capacity cannot meet demand, with the period by which it falls short.

    Notes
    -----
    Between two periods that end without stock, every order but one is nothing or the full capacity. For each such
    stretch a dynamic program over (full orders so far, odd order placed) finds the cheapest; together they take
    O(T^4) steps.

    Examples
    --------
    >>> found = capacitated_lot_sizing([90, 120, 80, 70], [500] * 4, [2] * 4, [0] * 4, 200.0)
    >>> found.value, found.decision["orders"]
    (1580.0, [160.0, 200.0, 0.0, 0.0])
    """
    horizon = Horizon(demand, fixed_costs, holding_costs, unit_costs)
    horizon.require("capacitated_lot_sizing")
    _require_capacity(demand, capacity)
    best: list[_Plan | None] = [_Plan(0.0, ())]
    for end in range(1, len(demand) + 1):
        options: list[_Plan] = []
        for first in range(end):
            before, stretch = best[first], _stretch(horizon, capacity, first, end)
            if before is not None and stretch is not None:
                options.append(_Plan(before.cost + stretch.cost, before.orders + stretch.orders))
        best.append(min(options, default=None))
    last = best[-1]
    if last is None:
        raise ValueError("capacitated_lot_sizing: capacity falls short. Raise it.")
    return Solution(last.cost, {"orders": list(last.orders)}, "dynamic program of Florian and Klein 1971")


def _require_capacity(demand: Sequence[float], capacity: float) -> None:
    if not capacity >= 0:
        raise ValueError(f"capacitated_lot_sizing: capacity is {capacity}, must be >= 0. Correct it.")
    asked = 0.0
    for period, units in enumerate(demand):
        asked += units
        if asked > capacity * (period + 1) + 1e-9:
            raise ValueError(
                f"capacitated_lot_sizing: capacity is {capacity}, must be at least {asked / (period + 1):g}: the "
                f"first {period + 1} periods ask for {asked:g} units. Raise it."
            )


def _stretch(horizon: Horizon, capacity: float, first: int, end: int) -> _Plan | None:
    """Return the cheapest orders of periods that begin and end without stock, and hold some between."""
    total = sum(horizon.demand[first:end])
    full = int(total / capacity + 1e-9) if capacity > 0 else 0
    odd = total - full * capacity
    odd = 0.0 if odd < 1e-9 * max(total, 1.0) else odd
    states: dict[tuple[int, bool], _Plan] = {(0, odd == 0.0): _Plan(0.0, ())}
    asked = 0.0
    for period in range(first, end):
        asked += horizon.demand[period]
        found: dict[tuple[int, bool], _Plan] = {}
        for (count, placed), plan in states.items():
            moves = [(count, placed, 0.0)]
            moves += [(count + 1, placed, capacity)] if count < full else []
            moves += [] if placed else [(count, True, odd)]
            for number, is_placed, order in moves:
                left = number * capacity + (odd if is_placed else 0.0) - asked
                if left < -1e-9 * max(total, 1.0):
                    continue
                cost = plan.cost + (horizon.fixed_costs[period] if order else 0.0)
                cost += order * horizon.unit_costs[period] + max(left, 0.0) * horizon.holding_costs[period]
                known = found.get((number, is_placed))
                if known is None or cost < known.cost:
                    found[number, is_placed] = _Plan(cost, (*plan.orders, order))
        states = found
    return states.get((full, True))
