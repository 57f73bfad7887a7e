"""Unit demands in continuous time and exponential lead times of single units that cross: exact average cost."""

import dataclasses

import numpy as np

from basestock.decision import Solution

MOST_IMPROVEMENTS = 200
STILL = 1e-9


@dataclasses.dataclass(frozen=True, eq=False)
class UnitOrders:
    """Optimal orders right after a demand, by net stock and units under way.

    Parameters
    ----------
    value
        Average money per unit of time.
    lowest
        Net stock of the first row, units.
    order
        ``[net stock, under way]`` units to order, both counted right after a demand.
    edge_share
        Long-run probability of the edges of the listed states.
    """

    value: float
    lowest: int
    order: np.ndarray
    edge_share: float


def optimal_unit_orders(
    *, rate: float, mean_lead_time: float, holding_cost: float, backorder_cost: float, max_batch: int
) -> UnitOrders:
    """Return the optimal orders where every unit has its own exponential lead time.

    Parameters
    ----------
    rate
        Demands per unit of time [lambda].
    mean_lead_time
        Time [1 / mu].
    holding_cost, backorder_cost
        Money per unit and unit of time [h, b].
    max_batch
        Largest order after a demand, units, at least 2.

    Returns
    -------
    UnitOrders
        By policy iteration on (net stock, number under way), which is all that matters since the law has no memory; the
        listed states are widened until the value stops moving.

    Raises
    ------
    ValueError
        If a number is not positive, or the largest order below 2.

    Notes
    -----
    With V relative values between demands: (lambda + n mu) V(x, n) = h x+ + b x- - g + lambda min_q V(x - 1, n + q) +
    n mu V(x + 1, n - 1).
    """
    given = {
        "rate": rate,
        "mean_lead_time": mean_lead_time,
        "holding_cost": holding_cost,
        "backorder_cost": backorder_cost,
        "max_batch": max_batch,
    }
    wrong = [f"{name} is {value}" for name, value in given.items() if not 0 < value < np.inf]
    if wrong:
        raise ValueError(f"optimal_unit_orders: {', '.join(wrong)}, must be numbers > 0. Correct them.")
    if max_batch < 2:
        raise ValueError(
            f"optimal_unit_orders: max_batch is {max_batch}, must be at least 2: with one unit at most after each "
            "demand what is in stock and under way never rises, and the optimum depends on the start. Allow more."
        )
    load = rate * mean_lead_time
    spread = 4 * np.sqrt(load) + 6
    ratio = backorder_cost / holding_cost
    low, high, most = int(-spread * (1 + 2 / (1 + ratio))), int(spread * 1.5), int(load + spread + max_batch)
    found = _solve(rate, 1 / mean_lead_time, holding_cost, backorder_cost, max_batch, (low, high, most))
    while True:
        low, high, most = int(low * 1.3) - 2, int(high * 1.3) + 2, int(most * 1.3) + 2
        further = _solve(rate, 1 / mean_lead_time, holding_cost, backorder_cost, max_batch, (low, high, most))
        if abs(further.value - found.value) <= 1e-7 * (1 + found.value) and further.edge_share < 1e-9:
            return further
        found = further


def _solve(
    rate: float, speed: float, holding: float, backorder: float, batch: int, box: tuple[int, int, int]
) -> UnitOrders:
    """Solve inside a box (lowest and highest net stock, most under way) by policy iteration."""
    low, high, most = box
    stock, under_way = np.meshgrid(np.arange(low, high + 1), np.arange(most + 1), indexing="ij")
    order = np.clip(int(rate / speed) - under_way, 0, np.minimum(batch, most - under_way))
    states = _Listed(stock, under_way, rate, speed, holding, backorder)
    share = value = np.zeros(0)
    gain = np.inf
    for _ in range(MOST_IMPROVEMENTS):
        gain, value, share = states.evaluated(order)
        better, least = order, states.after_demand(value, order)
        for quantity in range(batch + 1):
            possible = under_way + quantity <= most
            tried = states.after_demand(value, np.where(possible, quantity, order))
            improves = possible & (tried < least - STILL * (1 + np.abs(least)))
            better, least = np.where(improves, quantity, better), np.where(improves, tried, least)
        if np.array_equal(better, order):
            break
        order = better
    edge = (stock == low) | (stock == high) | (under_way == most)
    return UnitOrders(gain, low - 1, order, float(share[edge.reshape(-1)].sum()))


@dataclasses.dataclass(frozen=True, eq=False)
class _Listed:
    """States (net stock, under way) between demands, and what moves between them."""

    stock: np.ndarray
    under_way: np.ndarray
    rate: float
    speed: float
    holding: float
    backorder: float

    def _after(self, order: np.ndarray) -> np.ndarray:
        """Return the numbers of the states after a demand and an order; stock ends at its lowest."""
        width = self.stock.shape[1]
        row = np.maximum(np.arange(len(self.stock)) - 1, 0)[:, None]
        return row * width + self.under_way + order

    def after_demand(self, value: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Return the values of what an order after the next demand leads to."""
        return value[self._after(order)]

    def evaluated(self, order: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return average cost, relative values and long-run shares of time of given orders."""
        from scipy.sparse import coo_matrix, hstack, vstack
        from scipy.sparse.linalg import splu

        size, width = self.stock.size, self.stock.shape[1]
        here = np.arange(size).reshape(self.stock.shape)
        arrivals = self.speed * self.under_way
        # At the highest stock what arrives is not counted any more; the share of that edge is reported.
        up = np.minimum(here + width - 1, size - 1)
        up[-1] = here[-1]
        rows = np.concatenate([here.reshape(-1)] * 4)
        columns = np.concatenate([each.reshape(-1) for each in (here, self._after(order), here, up)])
        demand = np.full(size, self.rate)
        moved = arrivals.reshape(-1)
        data = np.concatenate([-demand, demand, -moved, moved])
        generator = coo_matrix((data, (rows, columns)), shape=(size, size)).tocsr()
        cost = self.holding * np.maximum(self.stock, 0) + self.backorder * np.maximum(-self.stock, 0)
        fixed = coo_matrix(([1.0], ([0], [size // 2])), shape=(1, size))
        system = vstack([hstack([generator, -np.ones((size, 1))]), hstack([fixed, np.zeros((1, 1))])]).tocsc()
        factor = splu(system)
        found = factor.solve(np.concatenate([-cost.reshape(-1), [0.0]]))
        # The last row of the inverse's transpose weighs the costs: it is the long-run law.
        unit = np.zeros(size + 1)
        unit[-1] = 1.0
        share = -factor.solve(unit, trans="T")[:size]
        return float(found[-1]), found[:-1], share


def solution_of_unit_orders(**given: float) -> Solution:
    """Return the optimum as the solution of a problem: the arguments are those of :func:`optimal_unit_orders`."""
    found = optimal_unit_orders(**{**given, "max_batch": int(given["max_batch"])})  # type: ignore[arg-type]
    decision = {"lowest_net_stock": found.lowest, "order_by_net_stock_and_under_way": found.order.tolist()}
    return Solution(found.value, decision, "policy iteration on net stock and units under way")
