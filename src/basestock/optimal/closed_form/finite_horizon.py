"""Random demand over some periods with a fixed cost per order: the best level of each period."""

import dataclasses

import numpy as np

from basestock.decision import Solution
from basestock.uncertainty import DemandLaw, DiscreteLaw, Normal


@dataclasses.dataclass(frozen=True)
class Costs:
    """Costs of a finite horizon.

    Parameters
    ----------
    holding, shortage
        Money per unit on hand and short after demand [h, p].
    terminal_holding, terminal_shortage
        The same at the end of the horizon [hT, pT].
    purchase, fixed
        Money per unit and per order [c, K].
    """

    holding: float
    shortage: float
    terminal_holding: float
    terminal_shortage: float
    purchase: float
    fixed: float


def finite_horizon(law: DemandLaw, costs: Costs, *, periods: int, discount: float, initial: int) -> Solution:
    """Return the optimal expected discounted cost by backward induction (Scarf 1960).

    Parameters
    ----------
    law
        Law of the demand of a period: discrete on whole units, or normal. The cost of a period follows the law as it
        is; stock at its end is rounded to whole units.
    costs
        What things cost.
    periods, discount
        Length of the horizon, and factor per period.
    initial
        Net inventory at the start, units.

    Returns
    -------
    Solution
        Expected discounted cost, and by period ``reorder_points`` [s] and ``order_up_to_levels`` [S].

    Raises
    ------
    ValueError
        If demand has another law.

    Notes
    -----
    V_t(x) = min over y >= x of K 1(y > x) + c (y - x) + E[h (y - D)+ + p (D - y)+ + gamma V_(t+1)(y - D)], an order
    when x <= s. Below the grid V_t(x) rises by c a unit, because ordering is best there.
    """
    values, masses = whole_units(law)
    demand = values.astype(np.int64)
    top = int(demand.max()) * (periods + 1) + max(initial, 0)
    low = -int(demand.max()) * (periods + 1) + min(initial, 0)
    stock = np.arange(low, top + 1)
    period_cost = costs.holding * (stock - law.mean) + (costs.holding + costs.shortage) * shortfall(
        law, stock
    )
    after = np.maximum(stock, 0) * costs.terminal_holding + np.maximum(-stock, 0) * costs.terminal_shortage
    ahead = np.maximum(stock[:, None] - demand[None, :], low)
    points: list[int] = []
    levels: list[int] = []
    for _ in range(periods):
        expected = period_cost + discount * (after[ahead - low] @ masses) + costs.purchase * stock
        # Cheapest level from each stock on, from the top down.
        reach = np.minimum.accumulate(expected[::-1])[::-1] + costs.fixed
        inside = stock >= low + demand.max()
        best = int(np.argmin(np.where(inside, expected, np.inf)))
        ordering = inside & (reach < expected - 1e-12) & (stock < stock[best])
        levels.append(int(stock[best]))
        points.append(int(stock[ordering].max(initial=low)))
        after = np.minimum(expected, reach) - costs.purchase * stock
    start = after[initial - low]
    policy = {"reorder_points": points[::-1], "order_up_to_levels": levels[::-1]}
    return Solution(float(start), policy, "backward induction on whole units")


def whole_units(law: DemandLaw) -> tuple[np.ndarray, np.ndarray]:
    """Return the law on whole units: a normal law has P(D = d) = F(d + 1/2) - F(d - 1/2).

    Raises
    ------
    ValueError
        If the law is neither discrete on whole units nor normal.
    """
    if isinstance(law, DiscreteLaw) and all(float(value).is_integer() for value in law.support()[0]):
        return law.support()
    if not isinstance(law, Normal) or law.deviation == 0:
        kind = type(law).__name__
        raise ValueError(
            f"finite_horizon: the law is {kind}, must be discrete on whole units or normal. Choose one."
        )
    from scipy.special import ndtr

    low, high = (int(law.mean + way * 9 * law.deviation) for way in (-1, 1))
    values = np.arange(max(low, 0), high + 2)
    masses = np.diff(ndtr((np.append(values, values[-1] + 1) - 0.5 - law.mean) / law.deviation))
    return values.astype(np.float64), masses / masses.sum()


def shortfall(law: DemandLaw, levels: np.ndarray) -> np.ndarray:
    """Return E(D - y)+ at each level."""
    if isinstance(law, Normal):
        from scipy.special import ndtr

        z = (levels - law.average) / law.deviation
        return law.deviation * (np.exp(-z * z / 2) / np.sqrt(2 * np.pi) - z * ndtr(-z))
    values, masses = whole_units(law)
    return np.maximum(values[None, :] - levels[:, None], 0.0) @ masses
