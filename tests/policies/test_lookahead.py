"""Policies that weigh what an order meets when it arrives, by hand and against enumeration."""

import dataclasses
import itertools
from functools import lru_cache

import numpy as np
import pytest

from basestock.decision import Observation, Problem
from basestock.dynamics import empty_state
from basestock.policies import (
    BaseStock,
    DualBalancing,
    Myopic,
    Myopic2,
    Newsvendor,
    ProjectedInventoryLevel,
    VectorBaseStock,
)
from basestock.policies.formulas import leaf
from basestock.policies.stock_law import StockLaw
from basestock.problems import backorder, lost_sales
from basestock.uncertainty import Discrete, Uncertainty
from tests.policies.observations import observe, orders

VALUES, MASSES = (0.0, 2.0, 3.0), (0.5, 0.3, 0.2)


@lru_cache
def problem_of(lead_time: int, waits: bool = False, cost: float = 3.7) -> Problem:
    """One item whose demand is 0, 2 or 3; h = 1."""
    base = (
        backorder(lead_time=lead_time, backorder_cost=cost, fixed_order_cost=0.0)
        if waits
        else lost_sales(lead_time=lead_time, lost_sale_cost=cost)
    )
    law = Uncertainty({("store", "item"): Discrete(VALUES, MASSES)})
    return dataclasses.replace(base, uncertainty=law, known=None)


def seen(problem: Problem, on_hand: float, *pipeline: float, backlog: float = 0.0) -> Observation:
    """One place with stock, and what arrives 1, 2, ... periods from now."""
    state = empty_state(problem.arrays, 1)
    due = state.due
    if due is not None:
        for slot, units in enumerate(pipeline, start=1):
            due = due.at[slot, 0, 0].set(units)
    waiting = None if state.backorders is None else state.backorders.at[0, 0].set(backlog)
    return observe(
        problem,
        dataclasses.replace(
            state,
            on_hand=state.on_hand.at[0, 0].set(on_hand),
            backorders=waiting,
            due=due,
            in_transit=state.in_transit if due is None else due.sum(0),
        ),
    )


def stock_found(on_hand: float, pipeline: tuple[float, ...]) -> dict[float, float]:
    """Enumerate the stock that an order finds: demand of today, the arrival of tomorrow, and so on."""
    found: dict[float, float] = {}
    for path in itertools.product(range(3), repeat=len(pipeline) + 1):
        stock, weight = on_hand, 1.0
        for period, outcome in enumerate(path):
            stock = max(stock - VALUES[outcome], 0.0) + (*pipeline, 0.0)[period]
            weight *= MASSES[outcome]
        found[stock] = found.get(stock, 0.0) + weight
    return found


def cost_of(stock: float, cost: float = 3.7) -> float:
    """Expected money of a period that starts with a stock."""
    return sum(
        mass * (max(stock - value, 0.0) + cost * max(value - stock, 0.0))
        for value, mass in zip(VALUES, MASSES, strict=True)
    )


@pytest.mark.parametrize(("on_hand", "pipeline"), [(0, (0,)), (3, (1,)), (5, (0,)), (1, (4,)), (40, (40,))])
def test_the_law_of_the_stock_is_that_of_all_paths(on_hand: float, pipeline: tuple[float, ...]) -> None:
    problem = problem_of(2)
    law = StockLaw.for_problem(problem)
    found = np.asarray(law.on_arrival(seen(problem, on_hand, *pipeline)))[:, 0, 0, 0]
    expected = np.zeros_like(found)
    for stock, weight in stock_found(on_hand, pipeline).items():
        expected[min(int(stock), len(found) - 1)] += weight
    if on_hand < 10:
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("on_hand", "pipeline"), [(0, (0,)), (3, (1,)), (2, (0,)), (1, (2,)), (9, (9,))])
def test_myopic_orders_the_cheapest_quantity_for_the_period_of_arrival(
    on_hand: float, pipeline: tuple[float, ...]
) -> None:
    problem, found = problem_of(2), stock_found(on_hand, pipeline)
    costs = [sum(weight * cost_of(stock + q) for stock, weight in found.items()) for q in range(6)]
    assert orders(Myopic.for_problem(problem), seen(problem, on_hand, *pipeline)) == [np.argmin(costs)]


@pytest.mark.slow
@pytest.mark.parametrize(("on_hand", "pipeline"), [(0, (0,)), (3, (1,)), (2, (0,)), (1, (2,)), (9, (9,))])
def test_myopic2_also_counts_the_next_period_with_its_best_order(
    on_hand: float, pipeline: tuple[float, ...]
) -> None:
    problem = problem_of(2)

    def later(quantity: float) -> float:
        total = 0.0
        for value, mass in zip(VALUES, MASSES, strict=True):
            left = stock_found(max(on_hand - value, 0.0) + pipeline[0], ())
            total += mass * min(
                sum(
                    weight * m * cost_of(max(stock + quantity - v, 0.0) + following)
                    for stock, weight in left.items()
                    for v, m in zip(VALUES, MASSES, strict=True)
                )
                for following in range(6)
            )
        return total

    found = stock_found(on_hand, pipeline)
    costs = [sum(w * cost_of(s + q) for s, w in found.items()) + later(q) for q in range(6)]
    assert orders(Myopic2.for_problem(problem), seen(problem, on_hand, *pipeline)) == [np.argmin(costs)]


@pytest.mark.slow
@pytest.mark.parametrize(("on_hand", "expected"), [(0.0, 2.0), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0)])
def test_without_lead_time_myopic_fills_up_to_the_critical_quantile(on_hand: float, expected: float) -> None:
    """P(D <= 2) = 0.8 > 3.5 / (3.5 + 1)."""
    problem = problem_of(0, cost=3.5)
    assert orders(Myopic.for_problem(problem), seen(problem, on_hand)) == [expected]


def test_a_projected_level_counts_what_is_left_on_average() -> None:
    """3 on hand leave 3, 1 or 0 with probability 0.5, 0.3, 0.2: 1.8 on average; to 4.5 it takes 2 whole units."""
    problem = problem_of(1)
    policy = ProjectedInventoryLevel(leaf(np.full((1, 1), 4.5)), StockLaw.for_problem(problem))
    assert orders(policy, seen(problem, 3)) == [2.0]
    assert orders(policy, seen(problem, 40)) == [0.0]


@pytest.mark.slow
def test_balancing_meets_between_holding_and_shortage() -> None:
    """Without stock: q units cost what 0, 2 or 3 a period leave for ever; short is 3.7 E(D - q)+."""
    problem = problem_of(0)
    held = {0: 0.0}
    for units in (1, 2, 3, 4):
        left = sum(m * max(units - v, 0.0) for v, m in zip(VALUES, MASSES, strict=True))
        again = sum(m * held[max(units - int(v), 0)] for v, m in zip(VALUES, MASSES, strict=True) if v > 0)
        held[units] = (left + again) / (1 - MASSES[0])
    short = {q: 3.7 * sum(m * max(v - q, 0.0) for v, m in zip(VALUES, MASSES, strict=True)) for q in held}
    expected = min(held, key=lambda q: max(held[q], short[q]))
    assert orders(DualBalancing.for_problem(problem), seen(problem, 0)) == [expected]
    assert orders(DualBalancing.of_all_stock(problem), seen(problem, 0)) == [expected]


@pytest.mark.slow
def test_weighing_all_stock_orders_less_than_weighing_the_ordered_units() -> None:
    """What is left of 4 units is held whoever ordered it: it counts in the one balance and not in the other."""
    problem = problem_of(1)
    marginal, whole = DualBalancing.for_problem(problem), DualBalancing.of_all_stock(problem)
    ordered = [
        orders(marginal, seen(problem, stock))[0] - orders(whole, seen(problem, stock))[0]
        for stock in range(5)
    ]
    assert min(ordered) >= 0
    assert max(ordered) > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Myopic, Myopic2])
def test_where_demand_waits_both_are_base_stock(kind: type) -> None:
    problem = problem_of(2, waits=True)
    policy, level = kind.for_problem(problem), Newsvendor.for_problem(problem)
    for on_hand, coming in ((0, 0), (0, 5), (3, 1), (7, 0), (12, 8)):
        look = seen(problem, on_hand, coming, backlog=2.0 * (on_hand == 0))
        assert orders(policy, look) == orders(level, look)


def test_where_demand_waits_a_projected_level_is_base_stock_less_the_mean_demand() -> None:
    """E[I] = IP - 2 x 1.2: the level 3.6 lifts the position to 6."""
    problem = problem_of(2, waits=True)
    policy = ProjectedInventoryLevel(leaf(np.full((1, 1), 3.6)), StockLaw.for_problem(problem))
    for look in (seen(problem, 3, 1), seen(problem, 0, 2, backlog=3.0), seen(problem, 9, 0)):
        assert orders(policy, look) == orders(BaseStock(leaf(np.full((1, 1), 6.0))), look)


def levels(*values: float) -> VectorBaseStock:
    return VectorBaseStock(leaf(np.array(values).reshape(-1, 1, 1)))


@pytest.mark.parametrize(
    ("vector", "expected"),
    [((9, 99, 99), 3), ((99, 7, 99), 4), ((99, 99, 2), 2), ((9, 7, 2), 2), ((4, 99, 99), 0)],
)
def test_the_least_of_the_shortages_is_ordered(vector: tuple[float, ...], expected: float) -> None:
    """3 on hand and 3 on their way: short of the first level by S - 6, of the second by S - 3, of the last by S."""
    problem = problem_of(2)
    assert orders(levels(*vector), seen(problem, 3, 3)) == [expected]


def test_the_standard_levels_are_the_critical_quantiles_of_ever_fewer_periods() -> None:
    problem = lost_sales(lead_time=2, lost_sale_cost=4.0)
    found = np.asarray(VectorBaseStock.standard(problem).base_stock_levels)[:, 0, 0, 0]
    assert found.tolist() == [18.0, 13.0, 7.0]


def test_a_lead_time_with_too_many_levels_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match=r"longest lead time is 80 periods.*Use capped_base_stock"):
        VectorBaseStock.standard(lost_sales(lead_time=80, horizon=10))
