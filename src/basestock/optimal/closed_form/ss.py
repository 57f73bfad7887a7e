"""Exact (s, S) policies for discrete demand whose unmet part waits."""

import numpy as np

from basestock.decision import Solution
from basestock.uncertainty import DiscreteLaw


def ss_exact(
    law: DiscreteLaw, lead_time: int, holding_cost: float, backorder_cost: float, fixed_cost: float
) -> Solution:
    """Return the optimal (s, S) of periodic review (Zheng and Federgruen 1991, doi:10.1287/opre.39.4.654).

    Parameters
    ----------
    law
        Law of the demand of a period, whole units.
    lead_time
        Periods between the order and its arrival before demand [L]; 0 for at once.
    holding_cost, backorder_cost
        Money per unit and period on hand and waiting at the end of a period [h, p].
    fixed_cost
        Money per order [K].

    Returns
    -------
    Solution
        Average cost per period; ``reorder_point`` (an order is placed at or below it) and ``order_up_to_level``.

    Raises
    ------
    ValueError
        If demand is not whole or always 0, the lead time is not a whole number >= 0, or a cost is out of range.

    Notes
    -----
    c(s, S) = [K + sum over j < S - s of m(j) G(S - j)] / M(S - s), with m the renewal density of demand, m(0) =
    1 / (1 - P(D = 0)), and G(y) the expected cost of L + 1 periods' demand. From S* = argmin G, the algorithm lowers s
    until c(s, S*) <= G(s), then raises S while G(S) is below the best cost, lowering s where it improves.

    Examples
    --------
    >>> from basestock.uncertainty import Poisson
    >>> found = ss_exact(Poisson(10.0), 0, 1.0, 9.0, 64.0)
    >>> round(found.value, 3), found.decision
    (35.022, {'reorder_point': 6, 'order_up_to_level': 40})
    """
    values, masses = law.support()
    _require(values, masses, lead_time, (holding_cost, backorder_cost, fixed_cost))
    one = np.zeros(int(values[-1]) + 1)
    one[values.astype(int)] = masses
    total = one
    for _ in range(lead_time):
        total = np.convolve(total, one)
    return _search(_Renewal(one), _Loss(total, holding_cost, backorder_cost), fixed_cost)


def _require(
    values: np.ndarray, masses: np.ndarray, lead_time: int, costs: tuple[float, float, float]
) -> None:
    holding, backorder, fixed = costs
    wrong: list[str] = []
    if (values != np.round(values)).any() or float(values @ masses) == 0:
        wrong.append("demand must be of whole units, and not always 0.")
    if lead_time < 0:
        wrong.append(f"lead_time is {lead_time}, must be a whole number >= 0.")
    if not (holding > 0 and backorder > 0 and fixed >= 0):
        wrong.append(
            f"holding_cost is {holding}, backorder_cost {backorder} and fixed_cost {fixed}, must be > 0, > 0 and >= 0."
        )
    if wrong:
        raise ValueError(f"ss_exact: {' '.join(wrong)} Correct them.")


class _Loss:
    """Expected cost of a period by the position after ordering, kept once computed."""

    def __init__(self, masses: np.ndarray, holding: float, backorder: float) -> None:
        self.masses, self.units = masses, np.arange(len(masses))
        self.holding, self.backorder = holding, backorder
        self.kept: dict[int, float] = {}

    def __call__(self, level: int) -> float:
        if level not in self.kept:
            gaps = level - self.units
            costs = self.holding * np.maximum(gaps, 0) + self.backorder * np.maximum(-gaps, 0)
            self.kept[level] = float(self.masses @ costs)
        return self.kept[level]

    @property
    def best(self) -> int:
        """The level of least cost."""
        share = self.backorder / (self.backorder + self.holding)
        return int(np.searchsorted(np.cumsum(self.masses), share - 1e-12))


class _Renewal:
    """Renewal density of demand: expected visits to j units below the order-up-to level."""

    def __init__(self, masses: np.ndarray) -> None:
        self.masses, self.density = masses, [1.0 / (1.0 - masses[0])]

    def __call__(self, below: int) -> float:
        while len(self.density) <= below:
            size = len(self.density)
            reach = min(size, len(self.masses) - 1)
            past = np.array(self.density[size - reach :])[::-1]
            self.density.append(float(self.masses[1 : reach + 1] @ past) * self.density[0])
        return self.density[below]


def _search(renewal: _Renewal, loss: _Loss, fixed_cost: float) -> Solution:
    def cost(low: int, high: int) -> float:
        visits = [renewal(j) for j in range(high - low)]
        held = sum(visit * loss(high - j) for j, visit in enumerate(visits))
        return (fixed_cost + held) / sum(visits)

    best = high = loss.best
    low = best - 1
    while cost(low, high) > loss(low):
        low -= 1
    value = cost(low, high)
    level = high + 1
    while loss(level) <= value:
        if cost(low, level) < value:
            high = level
            while cost(low, high) <= loss(low + 1) and low + 1 < best:
                low += 1
            value = cost(low, high)
        level += 1
    policy = {"reorder_point": low, "order_up_to_level": high}
    return Solution(float(value), policy, "Zheng and Federgruen 1991")
