"""Closed forms and short recursions against enumeration, simulation of the same sums, and the literature."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize

from basestock.optimal.closed_form.capacitated_lot_sizing import capacitated_lot_sizing
from basestock.optimal.closed_form.eoq import (
    all_units_discount,
    eoq,
    incremental_discount,
    order_period,
    shared_budget,
)
from basestock.optimal.closed_form.joint_replenishment import power_of_two
from basestock.optimal.closed_form.lot_sizing import lot_sizing
from basestock.optimal.closed_form.newsvendor import (
    expected_cost,
    newsvendor,
    newsvendor_budget,
    newsvendor_profit,
)
from basestock.optimal.closed_form.random_lead_time import base_stock_random_lead_time
from basestock.optimal.closed_form.safety_stock import (
    adaptive_deviation,
    normal_loss,
    reorder_point,
    safety_stock,
    score_for_fill_rate,
)
from basestock.optimal.closed_form.ss import ss_exact
from basestock.optimal.programs.lot_sizing import lot_sizing_program
from basestock.optimal.programs.model import InfeasibleError
from basestock.problems.published import BACKORDER_FIXED_COST
from basestock.uncertainty import Discrete, Empirical, Gamma, Normal, Poisson

BREAKS, PRICES = [0.0, 400.0, 800.0], [0.75, 0.72, 0.68]


def incremental_cost(quantity: float, fixed: float, rate: float, demand: float) -> float:
    ends = [*BREAKS[1:], math.inf]
    price = sum(
        c * max(min(quantity, high) - low, 0) for c, low, high in zip(PRICES, BREAKS, ends, strict=True)
    )
    return demand * (price + fixed) / quantity + rate * price / 2


@pytest.mark.requirement("D-02")
@pytest.mark.parametrize("fixed", [8.0, 60.0, 400.0])
def test_incremental_discounts_by_trying_every_quantity(fixed: float) -> None:
    tried = min(incremental_cost(q, fixed, 0.3, 1300.0) for q in np.arange(50, 5000, 0.5))
    found = incremental_discount(fixed, 0.3, 1300.0, BREAKS, PRICES)
    assert found.value == pytest.approx(tried, rel=1e-6)
    assert incremental_cost(found.decision["order_quantity"], fixed, 0.3, 1300.0) == pytest.approx(
        found.value
    )


def test_a_price_without_breaks_is_the_plain_order_quantity() -> None:
    plain = eoq(8.0, 0.3 * 0.75, 1300.0).value + 0.75 * 1300
    assert incremental_discount(8.0, 0.3, 1300.0, [0.0], [0.75]).value == pytest.approx(plain)
    assert all_units_discount(8.0, 0.3, 1300.0, [0.0], [0.75]).value == pytest.approx(plain)


def test_discounts_that_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="costs above 0 that do not rise"):
        incremental_discount(8.0, 0.3, 1300.0, [0.0, 10.0], [1.0, 2.0])


@pytest.mark.parametrize("budget", [30.0, 150.0, 1e4])
def test_items_under_a_budget_as_by_a_general_optimizer(budget: float) -> None:
    fixed, holding, rates, uses = [10.0, 20.0, 5.0], [1.0, 2.0, 0.5], [50.0, 80.0, 20.0], [3.0, 5.0, 1.0]
    found = shared_budget(fixed, holding, rates, uses, budget)
    k, h, d, w = map(np.array, (fixed, holding, rates, uses))
    cost = lambda q: float((k * d / q + h * q / 2).sum())  # noqa: E731
    room = {"type": "ineq", "fun": lambda q: budget - w @ q}
    start = np.full(3, budget / w.sum() / 2)
    tried = minimize(
        cost, start, bounds=[(1e-3, None)] * 3, constraints=room, options={"ftol": 1e-12, "maxiter": 500}
    )
    assert found.value == pytest.approx(tried.fun, rel=1e-5)
    assert w @ np.array(found.decision["order_quantities"]) <= budget * (1 + 1e-9)


def test_what_is_wrong_with_a_budget_is_told() -> None:
    with pytest.raises(ValueError, match=r"uses is \[0\.0\]"):
        shared_budget([1.0], [1.0], [1.0], [0.0], 5.0)


@pytest.mark.requirement("E-26")
def test_the_period_order_quantity_covers_all_demand_and_no_more() -> None:
    demand = [0.0, 5.0, 0.0, 7.0, 9.0, 0.0, 3.0]
    covered, orders = order_period(30.0, 1.0, demand)
    assert covered == round(eoq(30.0, 1.0, 24 / 7).decision["order_quantity"] / (24 / 7))
    assert sum(orders) == sum(demand)
    assert (np.cumsum(orders) >= np.cumsum(demand)).all()
    assert order_period(30.0, 1.0, [0.0, 0.0]) == (1, [0.0, 0.0])
    assert order_period(30.0, 0.0, demand)[1][1] == sum(demand)


@pytest.mark.requirement("E-27")
@pytest.mark.parametrize(
    "law", [Normal(50.0, 8.0), Gamma(50.0, 20.0), Poisson(7.0), Empirical((0.0, 1.0), (10.0, 30.0))]
)
def test_the_newsvendor_of_profit_by_trying_levels(law: Normal | Gamma | Poisson | Empirical) -> None:
    found = newsvendor_profit(law, 5.0, 3.0, salvage=1.0, goodwill=0.5)
    best = found.decision["order_up_to_level"]

    def profit(level: float) -> float:
        short, left = expected_cost(law, level, 0.0, 1.0), expected_cost(law, level, 1.0, 0.0)
        return 5.0 * (law.mean - short) + 1.0 * left - 3.0 * level - 0.5 * short

    assert found.value == pytest.approx(profit(best))
    assert all(profit(best + step) <= found.value + 1e-9 for step in (-9.0, -1.0, 1.0, 9.0))


def test_a_level_costs_what_scipy_integrates() -> None:
    law, level = Normal(50.0, 8.0), 57.0
    over = stats.norm(50, 8).expect(lambda d: level - d, ub=level)
    under = stats.norm(50, 8).expect(lambda d: d - level, lb=level)
    assert expected_cost(law, level, 2.0, 3.0) == pytest.approx(2 * over + 3 * under)


def test_prices_out_of_order_are_told() -> None:
    with pytest.raises(ValueError, match="salvage <= unit cost <= price"):
        newsvendor_profit(Poisson(3.0), 1.0, 2.0)


@settings(max_examples=15)
@given(st.integers(0, 24))
def test_newsvendors_under_a_budget_by_trying_all(budget: int) -> None:
    laws = [Poisson(3.0), Poisson(5.0), Poisson(2.0)]
    holding, shortage = [1.0, 1.0, 2.0], [4.0, 9.0, 3.0]
    found = newsvendor_budget(laws, holding, shortage, [1.0] * 3, float(budget))
    options = itertools.product(range(13), range(13), range(13))
    table = [
        [expected_cost(law, float(y), h, p) for y in range(13)]
        for law, h, p in zip(laws, holding, shortage, strict=True)
    ]
    tried = min(
        sum(row[y] for row, y in zip(table, each, strict=True)) for each in options if sum(each) <= budget
    )
    assert found.value == pytest.approx(tried)


def test_a_budget_that_does_not_bind_changes_nothing() -> None:
    laws = [Normal(50.0, 10.0), Gamma(30.0, 10.0)]
    found = newsvendor_budget(laws, [1.0, 1.0], [4.0, 9.0], [1.0, 1.0], 1e4)
    alone = sum(newsvendor(law, 1.0, p).value for law, p in zip(laws, (4.0, 9.0), strict=True))
    assert found.value == pytest.approx(alone)
    assert found.decision["price_of_budget"] == 0


@pytest.mark.parametrize("mean", sorted(BACKORDER_FIXED_COST))
def test_the_published_reorder_policies_are_found(mean: float) -> None:
    found = ss_exact(Poisson(float(mean)), 0, 1.0, 9.0, 64.0)
    assert found.value == pytest.approx(BACKORDER_FIXED_COST[mean], abs=6e-4)


@pytest.mark.parametrize("lead_time", [0, 2])
def test_reorder_policies_by_trying_all(lead_time: int) -> None:
    law = Discrete((0.0, 1.0, 4.0), (0.3, 0.5, 0.2))
    total = np.array([1.0])
    one = np.array([0.3, 0.5, 0.0, 0.0, 0.2])
    for _ in range(lead_time + 1):
        total = np.convolve(total, one)

    def cost(low: int, high: int) -> float:
        """Return the average cost from the stationary law of the position, after ordering."""
        positions = np.arange(low + 1, high + 1)
        moves = np.zeros((len(positions), len(positions)))
        for row, at in enumerate(positions):
            for units, mass in zip((0, 1, 4), (0.3, 0.5, 0.2), strict=True):
                after = at - units
                moves[row, (high if after <= low else after) - low - 1] += mass
        law_ = np.linalg.lstsq(
            np.vstack([moves.T - np.eye(len(positions)), np.ones(len(positions))]),
            np.append(np.zeros(len(positions)), 1.0),
            rcond=None,
        )[0]
        gaps = positions[:, None] - np.arange(len(total))
        held = (np.maximum(gaps, 0) * 1.0 + np.maximum(-gaps, 0) * 5.0) @ total
        ordered = sum(
            law_[row] * mass
            for row, at in enumerate(positions)
            for units, mass in zip((0, 1, 4), (0.3, 0.5, 0.2), strict=True)
            if at - units <= low
        )
        return float(law_ @ held + 7.0 * ordered)

    tried = min(cost(low, high) for low in range(-4, 10) for high in range(low + 1, 22))
    assert ss_exact(law, lead_time, 1.0, 5.0, 7.0).value == pytest.approx(tried)


def test_without_a_fixed_cost_the_policy_is_a_base_stock() -> None:
    found = ss_exact(Poisson(5.0), 2, 1.0, 9.0, 0.0)
    assert found.value == pytest.approx(newsvendor(Poisson(15.0), 1.0, 9.0).value)
    assert found.decision["order_up_to_level"] - found.decision["reorder_point"] == 1


def test_demand_that_never_comes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not always 0.*lead_time is -1"):
        ss_exact(Discrete((0.0,), (1.0,)), -1, 1.0, 9.0, 1.0)


@pytest.mark.parametrize("crossing", [False, True])
def test_a_fixed_lead_time_is_a_newsvendor_over_it(crossing: bool) -> None:
    found = base_stock_random_lead_time(Poisson(5.0), {3: 1.0}, 1.0, 9.0, crossing=crossing)
    assert found.value == pytest.approx(newsvendor(Poisson(20.0), 1.0, 9.0).value, rel=1e-9)


@pytest.mark.parametrize("crossing", [False, True])
def test_random_lead_times_as_by_simulation(crossing: bool) -> None:
    """Sums of 200,000 periods; the tolerance is about four standard errors."""
    rng, times, level = np.random.default_rng(1), np.array([0, 1, 4]), 23.0
    found = base_stock_random_lead_time(Poisson(5.0), {0: 0.3, 1: 0.3, 4: 0.4}, 1.0, 9.0, crossing=crossing)
    periods = 200_000
    demand = rng.poisson(5.0, periods + 5)
    drawn = rng.choice(times, (periods, 4), p=[0.3, 0.3, 0.4])
    if not crossing:
        drawn[:] = drawn[:, :1]
    out = sum(demand[4 - age : 4 - age + periods] * (drawn[:, age] > age) for age in range(4))
    left = found.decision["order_up_to_level"] - out - demand[5 : 5 + periods]
    cost = np.maximum(left, 0) + 9 * np.maximum(-left, 0)
    assert cost.mean() == pytest.approx(found.value, abs=8 * cost.std() / math.sqrt(periods))
    assert level > 0


def test_lead_times_that_are_no_law_are_told() -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        base_stock_random_lead_time(Poisson(5.0), {1: 0.5}, 1.0, 9.0, crossing=True)


def lists(count: int, most: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, most), min_size=count, max_size=count)


@settings(max_examples=20)
@given(lists(5, 9), lists(5, 30), lists(5, 3), lists(5, 4), st.integers(0, 9))
def test_capacitated_lots_by_two_methods(
    demand: list[int], fixed: list[int], holding: list[int], unit: list[int], spare: int
) -> None:
    capacity = max(math.ceil(sum(demand[: t + 1]) / (t + 1)) for t in range(5)) + spare
    exact = capacitated_lot_sizing(demand, fixed, holding, unit, float(capacity))
    program = lot_sizing_program(demand, fixed, holding, unit, [capacity] * 5)
    assert exact.value == pytest.approx(program.value, abs=1e-6)
    orders = exact.decision["orders"]
    assert max(orders) <= capacity + 1e-9
    stock = np.cumsum(np.array(orders) - np.array(demand))
    assert (stock >= -1e-9).all()
    spent = sum(k * (q > 0) + c * q for k, c, q in zip(fixed, unit, orders, strict=True))
    assert exact.value == pytest.approx(spent + stock @ np.array(holding))


def test_a_large_capacity_is_the_plain_lot_sizing() -> None:
    arguments = ([90.0, 120.0, 80.0, 70.0], [500.0] * 4, [2.0] * 4, [1.0] * 4)
    assert capacitated_lot_sizing(*arguments, 1e6).value == pytest.approx(lot_sizing(*arguments).value)


def test_a_capacity_that_falls_short_is_told_with_the_period() -> None:
    with pytest.raises(ValueError, match=r"at least 7: the first 2 periods"):
        capacitated_lot_sizing([4.0, 10.0], [1.0] * 2, [1.0] * 2, [0.0] * 2, 6.0)
    with pytest.raises(InfeasibleError):
        lot_sizing_program([4.0, 10.0], [1.0] * 2, [1.0] * 2, [0.0] * 2, [6.0, 6.0])
    with pytest.raises(ValueError, match="fixed_costs is"):
        lot_sizing_program([4.0, 10.0], [1.0], [1.0] * 2, [0.0] * 2, [6.0, 6.0])


@settings(max_examples=30)
@given(
    st.integers(0, 200), st.lists(st.tuples(st.integers(1, 60), st.integers(1, 500)), min_size=1, max_size=5)
)
def test_powers_of_two_are_within_their_bounds(shared: int, items: list[tuple[int, int]]) -> None:
    costs, rates = [float(k) for k, _ in items], [float(rate) for _, rate in items]
    arguments = (float(shared), costs, [1.0] * len(items), rates)
    best, given_base = power_of_two(*arguments), power_of_two(*arguments, base_period=1.0)
    low = best.decision["lower_bound"]
    assert low <= best.value * (1 + 1e-12)
    assert best.value <= 1.0202 * low
    assert best.value <= given_base.value * (1 + 1e-12) <= 1.0607 * low * (1 + 1e-9)
    powers = np.log2(np.array(given_base.decision["intervals"]))
    np.testing.assert_allclose(powers, np.round(powers))


def test_one_item_is_an_economic_order_quantity() -> None:
    found = power_of_two(50.0, [10.0], [2.0], [30.0])
    assert found.value == pytest.approx(eoq(60.0, 2.0, 30.0).value)


def test_items_without_cost_are_told() -> None:
    with pytest.raises(ValueError, match="a number > 0 for each item"):
        power_of_two(1.0, [0.0], [1.0], [1.0])


@pytest.mark.requirement("E-27")
def test_textbook_safety_factors() -> None:
    assert normal_loss(0.0) == pytest.approx(1 / math.sqrt(2 * math.pi))
    assert normal_loss(2.0) == pytest.approx(stats.norm.expect(lambda z: z - 2, lb=2))
    score = score_for_fill_rate(0.95, 50.0, 20.0)
    assert 20.0 * normal_loss(score) == pytest.approx(0.05 * 50)
    assert score_for_fill_rate(0.01, 1000.0, 1.0) < -900


@pytest.mark.requirement("D-02")
@pytest.mark.parametrize("law", [Poisson(6.0), Gamma(6.0, 3.0), Normal(60.0, 3.0)])
def test_reorder_points_meet_demand_as_often_as_asked(law: Poisson | Gamma | Normal) -> None:
    point = reorder_point(law, 0.95)
    reference = {
        Poisson: stats.poisson(6).ppf(0.95),
        Gamma: stats.gamma(4, scale=1.5).ppf(0.95),
        Normal: stats.norm(60, 3).ppf(0.95),
    }
    assert point == pytest.approx(reference[type(law)])
    assert safety_stock(law, 0.95) == pytest.approx(point - law.mean)


def test_certainty_costs_no_finite_stock() -> None:
    with pytest.raises(ValueError, match=r"service_level is 1\.0"):
        reorder_point(Normal(5.0, 1.0), 1.0)


def test_errors_that_stay_alike_leave_the_deviation_alone() -> None:
    assert adaptive_deviation(np.zeros(9), np.full(9, -3.0)) == pytest.approx(3.0)
    with pytest.raises(ValueError, match="2 forecasts, 1 demands"):
        adaptive_deviation(np.zeros(2), np.zeros(1))
