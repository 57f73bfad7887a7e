"""One order before one random demand."""

import functools
from collections.abc import Sequence

import numpy as np

from basestock.decision import Solution
from basestock.uncertainty import ContinuousLaw, DemandLaw, DiscreteLaw, Normal

_METHOD = "newsvendor, Arrow, Harris and Marschak 1951"


def newsvendor(law: DemandLaw, holding_cost: float, shortage_cost: float) -> Solution:
    """Return min over y of h E(y - D)+ + p E(D - y)+.

    Parameters
    ----------
    law
        Law of the demand, units.
    holding_cost, shortage_cost
        Money per unit left over [h] and per unit short [p].

    Returns
    -------
    Solution
        Optimal cost, and ``order_up_to_level`` in units.

    Raises
    ------
    ValueError
        If the law has seasons or a memory.

    Examples
    --------
    >>> from basestock.uncertainty import Poisson
    >>> round(newsvendor(Poisson(6.0), 1.0, 4.0).value, 5)
    3.57011
    """
    share = shortage_cost / (holding_cost + shortage_cost) if shortage_cost > 0 else 0.0
    if isinstance(law, Normal):
        return _normal(law, holding_cost, shortage_cost, share)
    values, masses = _points(law)
    best = float(values[min(int(np.searchsorted(np.cumsum(masses), share - 1e-12)), len(values) - 1)])
    cost = expected_cost(law, best, holding_cost, shortage_cost)
    return Solution(cost, {"order_up_to_level": best}, _METHOD)


@functools.lru_cache(maxsize=16)
def _points(law: DemandLaw) -> tuple[np.ndarray, np.ndarray]:
    """Return values of a demand and their probabilities."""
    if isinstance(law, DiscreteLaw):
        return law.support()
    if isinstance(law, ContinuousLaw):
        # Midpoints of equal steps of probability: exact enough for smooth quantiles, 1e-6 of the cost.
        levels = (np.arange(200_000) + 0.5) / 200_000
        return law.quantile(levels), np.full(len(levels), 1 / len(levels))
    kind = type(law).__name__
    raise ValueError(
        f"newsvendor: the law is {kind}, must be the law of one demand. Give one without seasons."
    )


def _normal(law: Normal, holding_cost: float, shortage_cost: float, share: float) -> Solution:
    """Return (h + p) sigma phi(z), z the standard quantile of p / (h + p)."""
    from scipy.special import ndtri

    if not 0 < share < 1:
        return Solution(0.0, {"order_up_to_level": law.mean if share else 0.0}, _METHOD)
    score = float(ndtri(share))
    density = float(np.exp(-score * score / 2) / np.sqrt(2 * np.pi))
    cost = (holding_cost + shortage_cost) * law.deviation * density
    return Solution(cost, {"order_up_to_level": law.average + law.deviation * score}, _METHOD)


def newsvendor_profit(
    law: DemandLaw, price: float, unit_cost: float, *, salvage: float = 0.0, goodwill: float = 0.0
) -> Solution:
    """Return the order of most expected profit, where what is left is sold off.

    Parameters
    ----------
    law
        Law of the demand, units.
    price, unit_cost, salvage
        Money per unit sold [r], bought [c] and left over [v]; r >= c >= v.
    goodwill
        Money per unit of demand that is not met [p].

    Returns
    -------
    Solution
        Expected profit, and ``order_up_to_level`` in units.

    Raises
    ------
    ValueError
        If the unit cost is not between salvage and price.

    Notes
    -----
    (r - c) E D less the cost of the newsvendor with h = c - v and shortage r - c + p.

    Examples
    --------
    >>> from basestock.uncertainty import Normal
    >>> found = newsvendor_profit(Normal(50.0, 8.0), 1.0, 0.3, salvage=0.12)
    >>> round(found.decision["order_up_to_level"], 3), round(found.value, 3)
    (56.604, 33.002)
    """
    if not salvage <= unit_cost <= price or goodwill < 0 or salvage == price:
        raise ValueError(
            f"newsvendor_profit: price is {price}, unit_cost {unit_cost}, salvage {salvage} and goodwill {goodwill}, "
            "must have salvage <= unit cost <= price, salvage < price, and goodwill >= 0. Correct them."
        )
    found = newsvendor(law, unit_cost - salvage, price - unit_cost + goodwill)
    return Solution((price - unit_cost) * law.mean - found.value, found.decision, _METHOD)


def newsvendor_budget(
    laws: Sequence[DemandLaw],
    holding_costs: Sequence[float],
    shortage_costs: Sequence[float],
    uses: Sequence[float],
    budget: float,
) -> Solution:
    """Return the orders of several items that share a budget or capacity (Hadley and Whitin 1963).

    Parameters
    ----------
    laws
        Law of the demand of each item, units.
    holding_costs, shortage_costs
        Money per unit left over [h] and per unit short [p], by item.
    uses
        What a unit takes of the budget [w], by item.
    budget
        What sum of w y may take at most.

    Returns
    -------
    Solution
        Expected cost; ``order_up_to_levels`` in units, and ``price_of_budget``, money per unit of the budget.

    Raises
    ------
    ValueError
        If lists differ in length, or a number is out of range.

    Notes
    -----
    P(D <= y) = (p - theta w) / (p + h) with the smallest theta >= 0 that keeps the budget. Where demand is discrete
    that leaves a rest, which the items take unit by unit in the order of what a unit of the budget saves; it is
    optimal if the uses are equal, and otherwise within the saving of the one unit that did not fit.

    Examples
    --------
    >>> from basestock.uncertainty import Normal
    >>> laws = [Normal(50.0, 10.0), Normal(80.0, 10.0)]
    >>> found = newsvendor_budget(laws, [1.0, 1.0], [4.0, 9.0], [1.0, 1.0], 130.0)
    >>> [round(level, 2) for level in found.decision["order_up_to_levels"]], round(found.value, 3)
    ([45.69, 84.31], 54.54)
    """
    count = len(laws)
    numbers = (*holding_costs, *shortage_costs)
    same = count == len(holding_costs) == len(shortage_costs) == len(uses) > 0
    if not same or min(numbers) < 0 or min(uses) <= 0 or budget < 0:
        raise ValueError(
            "newsvendor_budget: laws, costs and uses must be given for each item, costs and budget >= 0, uses > 0. "
            "Correct them."
        )
    items = list(zip(laws, holding_costs, shortage_costs, uses, strict=True))

    def levels(price: float) -> list[float]:
        return [_level(law, (p - price * w) / (h + p) if h + p else 0.0) for law, h, p, w in items]

    def taken(chosen: Sequence[float]) -> float:
        return sum(use * level for use, level in zip(uses, chosen, strict=True))

    low, high = 0.0, max(p / w for _, _, p, w in items)
    if taken(levels(low)) <= budget:
        high = low
    for _ in range(200 if high else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if taken(levels(middle)) > budget else (low, middle)
    chosen = _filled(items, levels(high), budget)
    value = sum(expected_cost(law, level, h, p) for (law, h, p, _), level in zip(items, chosen, strict=True))
    return Solution(value, {"order_up_to_levels": chosen, "price_of_budget": high}, "Hadley and Whitin 1963")


def _filled(
    items: list[tuple[DemandLaw, float, float, float]], levels: list[float], budget: float
) -> list[float]:
    """Return the levels with what is left of the budget spent on the next value of discrete demand, best first."""
    chosen = list(levels)
    while True:
        left = budget - sum(item[3] * level for item, level in zip(items, chosen, strict=True))
        options: list[tuple[float, int, float]] = []
        for number, ((law, h, p, w), level) in enumerate(zip(items, chosen, strict=True)):
            if isinstance(law, DiscreteLaw):
                values = law.support()[0]
                above = values[values > level + 1e-9]
                if len(above) and w * (above[0] - level) <= left + 1e-9:
                    saved = expected_cost(law, level, h, p) - expected_cost(law, float(above[0]), h, p)
                    options.append((saved / (w * (above[0] - level)), number, float(above[0])))
        if not options or max(options)[0] <= 1e-12:
            return chosen
        _, number, level = max(options)
        chosen[number] = level


def _level(law: DemandLaw, share: float) -> float:
    """Return the smallest level at which demand is met with a probability; 0 for none."""
    if share <= 0:
        return 0.0
    if isinstance(law, Normal):
        return float(law.quantile(np.array([min(share, 1 - 1e-16)]))[0])
    values, masses = _points(law)
    return float(values[min(int(np.searchsorted(np.cumsum(masses), share - 1e-12)), len(values) - 1)])


def expected_cost(law: DemandLaw, level: float, holding_cost: float, shortage_cost: float) -> float:
    """Return h E(y - D)+ + p E(D - y)+ of a level, money.

    Parameters
    ----------
    law
        Law of the demand, units.
    level
        Level [y], units.
    holding_cost, shortage_cost
        Money per unit left over and per unit short.

    Examples
    --------
    >>> from basestock.uncertainty import Normal
    >>> round(expected_cost(Normal(50.0, 8.0), 50.0, 1.0, 1.0), 4)
    6.3831
    """
    if isinstance(law, Normal):
        from basestock.optimal.closed_form.safety_stock import normal_loss

        score = (
            (level - law.average) / law.deviation if law.deviation else np.inf * np.sign(level - law.average)
        )
        short = law.deviation * normal_loss(score) if law.deviation else max(law.average - level, 0.0)
        return float(holding_cost * (level - law.average + short) + shortage_cost * short)
    values, masses = _points(law)
    gaps = level - values
    return float(masses @ (holding_cost * np.maximum(gaps, 0) + shortage_cost * np.maximum(-gaps, 0)))
