"""Several items share a fixed cost per order, at constant demand rates: power-of-two intervals."""

import math
from collections.abc import Sequence

from basestock.decision import Solution


def power_of_two(
    shared_cost: float,
    item_costs: Sequence[float],
    holding_costs: Sequence[float],
    demand_rates: Sequence[float],
    *,
    base_period: float | None = None,
) -> Solution:
    """Return power-of-two order intervals and the bound that they lie near (Jackson, Maxwell and Muckstadt 1985).

    Parameters
    ----------
    shared_cost
        Money per order, whatever it holds [K].
    item_costs
        Money per order that an item is part of [k], by item.
    holding_costs, demand_rates
        Money per unit and time unit [h], and units per time unit [lambda], by item.
    base_period
        Every interval is this times a power of two; the best one is chosen if not given.

    Returns
    -------
    Solution
        Money per time unit; ``intervals`` by item in time units, ``base_period``, and ``lower_bound``: money per time
        unit below which no policy costs.

    Raises
    ------
    ValueError
        If lists differ in length, or a number is out of range.

    Notes
    -----
    Items with small k / (h lambda / 2) are ordered together as often as the shared cost makes worth while, the others
    at their own pace; that relaxation is a lower bound. Rounded to powers of two its intervals cost at most
    1 / (sqrt(2) ln 2) = 1.0201 times as much with the best base period, and (sqrt(2) + 1 / sqrt(2)) / 2 = 1.0607 times
    with any (IIE Transactions 17, 25-32; Roundy 1985, doi:10.1287/mnsc.31.11.1416).

    Examples
    --------
    >>> found = power_of_two(50.0, [10.0, 20.0, 5.0], [1.0, 2.0, 1.0], [100.0, 10.0, 400.0])
    >>> round(found.value, 3), round(found.decision["lower_bound"], 3)
    (284.605, 283.235)
    """
    items = _items(shared_cost, item_costs, holding_costs, demand_rates, base_period)
    ideal = _relaxed(shared_cost, items)
    bound = sum(k / time + g * time for (k, g), time in zip(items, ideal, strict=True)) + shared_cost / min(
        ideal
    )
    bases = _bases(shared_cost, items, ideal) if base_period is None else [base_period]
    value, intervals, base = min(_rounded(shared_cost, items, ideal, base) for base in bases)
    decision = {"intervals": intervals, "base_period": base, "lower_bound": bound}
    return Solution(value, decision, "power-of-two intervals, Jackson, Maxwell and Muckstadt 1985")


Items = list[tuple[float, float]]


def _items(
    shared: float,
    costs: Sequence[float],
    holding: Sequence[float],
    rates: Sequence[float],
    base: float | None,
) -> Items:
    same = len(costs) == len(holding) == len(rates) > 0
    fine = same and all(k > 0 for k in costs) and all(h * r > 0 for h, r in zip(holding, rates, strict=True))
    if not fine or not shared >= 0 or (base is not None and not base > 0):
        raise ValueError(
            f"power_of_two: item_costs are {list(costs)}, holding_costs {list(holding)}, demand_rates {list(rates)}, "
            f"shared_cost {shared} and base_period {base}, must be a number > 0 for each item, >= 0, and > 0 where "
            "given. Correct them."
        )
    return [(k, h * rate / 2) for k, h, rate in zip(costs, holding, rates, strict=True)]


def _relaxed(shared: float, items: Items) -> list[float]:
    """Return the intervals of least cost when any interval of at least that of the orders is allowed."""
    order = sorted(range(len(items)), key=lambda number: items[number][0] / items[number][1])
    fixed, held, joint = shared, 0.0, math.inf
    for number in order:
        k, g = items[number]
        if math.sqrt(k / g) >= joint:
            break
        fixed, held = fixed + k, held + g
        joint = math.sqrt(fixed / held)
    return [max(joint, math.sqrt(k / g)) for k, g in items]


def _rounded(
    shared: float, items: Items, ideal: Sequence[float], base: float
) -> tuple[float, list[float], float]:
    """Return cost and intervals, each the power of two times a base period next to the ideal one, and the base."""
    intervals = [base * 2.0 ** math.ceil(math.log2(time / (math.sqrt(2) * base)) - 1e-12) for time in ideal]
    value = shared / min(intervals)
    value += sum(k / time + g * time for (k, g), time in zip(items, intervals, strict=True))
    return value, intervals, base


def _bases(shared: float, items: Items, ideal: Sequence[float]) -> list[float]:
    """Return the base periods among which a best one is: of each pattern of powers of two the ends and the best."""
    ends = sorted({2.0 ** ((math.log2(time) - 0.5) % 1.0) for time in ideal})
    found = list(ends)
    for low, high in zip(ends, [*ends[1:], 2 * ends[0]], strict=True):
        middle = math.sqrt(low * high)
        scale = [time / middle for time in _rounded(shared, items, ideal, middle)[1]]
        fixed = shared / min(scale) + sum(k / factor for (k, _), factor in zip(items, scale, strict=True))
        held = sum(g * factor for (_, g), factor in zip(items, scale, strict=True))
        found.append(min(max(math.sqrt(fixed / held), low), high))
    return found
