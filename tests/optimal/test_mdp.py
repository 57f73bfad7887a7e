"""Exact dynamic programming against closed forms (SIM-701, SIM-708 to 710, SIM-804, SIM-809)."""

import dataclasses
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation import play
from basestock.optimal.mdp import (
    AverageCostSolution,
    FiniteProcess,
    box_share,
    choices_of,
    enumerate_process,
    evaluate_choices,
    minimize_average_cost,
)
from basestock.policies import BaseStock, ConstantOrder
from basestock.problems import backorder, lost_sales
from basestock.uncertainty import Discrete, Normal, Uncertainty

SMALL = Discrete((0.0, 1.0, 2.0, 3.0, 5.0), (0.2, 0.3, 0.25, 0.15, 0.1))
VALUES, MASSES = (np.array(part) for part in (SMALL.values, SMALL.probabilities))


def _with(problem: Problem, law=SMALL) -> Problem:
    return dataclasses.replace(problem, uncertainty=Uncertainty({("store", "item"): law}), known=None)


@lru_cache
def _lost(lead_time: int, cost: float, holding: float = 1.0) -> tuple[FiniteProcess, AverageCostSolution]:
    problem = _with(lost_sales(lead_time=lead_time, lost_sale_cost=cost, holding_cost=holding))
    process = enumerate_process(problem, max_order=6, max_position=16)
    return process, minimize_average_cost(process)


def _newsvendor(level: np.ndarray, law: tuple[np.ndarray, np.ndarray], short: float) -> np.ndarray:
    gap = np.asarray(level)[..., None] - law[0]
    return (np.maximum(gap, 0) + short * np.maximum(-gap, 0)) @ law[1]


def _sum_of(periods: int) -> tuple[np.ndarray, np.ndarray]:
    dense = np.zeros(6)
    dense[VALUES.astype(int)] = MASSES
    total = np.ones(1)
    for _ in range(periods):
        total = np.convolve(total, dense)
    return np.arange(len(total)), total


@lru_cache
def _waiting(lead_time: int) -> tuple[Problem, FiniteProcess, AverageCostSolution]:
    problem = _with(backorder(lead_time=lead_time, fixed_order_cost=0.0, backorder_cost=9.0))
    process = enumerate_process(problem, max_order=12, max_position=14, min_position=0)
    return problem, process, minimize_average_cost(process)


@pytest.mark.parametrize("lead_time", [0, 1])
def test_with_backorders_the_optimum_is_the_newsvendor_over_lead_time_and_review(lead_time: int) -> None:
    _, process, solution = _waiting(lead_time)
    costs = _newsvendor(np.arange(15), _sum_of(lead_time + 1), 9.0)
    assert solution.value == pytest.approx(costs.min(), abs=1e-6)
    assert box_share(process, solution.best) == 0.0


def test_without_lead_time_each_period_is_a_newsvendor_of_its_own() -> None:
    """SIM-804, lost sales: a unit left over saves buying it again, nothing else carries over."""
    problem = _with(lost_sales(lead_time=0, lost_sale_cost=9.0))
    process = enumerate_process(problem, max_order=8, max_position=10)
    costs = _newsvendor(np.arange(11), (VALUES, MASSES), 9.0)
    assert minimize_average_cost(process).value == pytest.approx(costs.min(), abs=1e-6)


@pytest.mark.parametrize("level", [1, 3, 5])
def test_a_base_stock_level_costs_its_closed_form(level: int) -> None:
    problem, process, _ = _waiting(1)
    choices = choices_of(problem, process, BaseStock(jnp.full((1, 1, 1), float(level))))
    found = evaluate_choices(process, choices)
    assert found.upper - found.lower < 1e-8
    assert found.value == pytest.approx(float(_newsvendor(np.array(level), _sum_of(2), 9.0)), abs=1e-6)


@pytest.mark.slow
def test_a_simulation_agrees_with_the_enumeration_of_the_same_transition() -> None:
    """SIM-809, SIM-716: the exact value lies inside the interval, and below it for the optimum."""
    problem = dataclasses.replace(_with(lost_sales(lead_time=1, lost_sale_cost=9.0)), horizon=400, warm_up=20)
    process, solution = _lost(1, 9.0)
    policy = BaseStock(jnp.full((1, 1, 1), 6.0))
    exact = evaluate_choices(process, choices_of(problem, process, policy)).value
    totals = play(problem, policy, replications=200, seed=3).totals
    error = totals.std(ddof=1) / np.sqrt(200)
    assert abs(totals.mean() - exact) < 4 * error
    assert solution.lower <= exact + 1e-9
    assert solution.value <= totals.mean() + 3 * error


def test_the_optimal_decisions_cost_the_optimum() -> None:
    process, solution = _lost(1, 9.0)
    assert evaluate_choices(process, solution.best).value == pytest.approx(solution.value, abs=1e-6)


def test_the_optimum_is_concave_and_rises_in_the_cost_of_lost_sales() -> None:
    """SIM-701: a minimum of linear functions."""
    low, middle, high = (_lost(1, cost)[1].value for cost in (4.0, 9.0, 14.0))
    assert low < middle < high
    assert middle >= (low + high) / 2


def test_scaling_all_rates_scales_the_optimum_alone() -> None:
    """SIM-403."""
    one, two = _lost(1, 9.0)[1], _lost(1, 18.0, 2.0)[1]
    assert two.value == pytest.approx(2 * one.value, abs=1e-6)
    np.testing.assert_array_equal(one.best, two.best)


@pytest.mark.slow
def test_a_longer_lead_time_never_lowers_the_optimum() -> None:
    """SIM-710."""
    values = [_lost(1, 9.0)[1].value, _lost(2, 9.0)[1].value]
    assert values == sorted(values)


@pytest.mark.slow
@pytest.mark.parametrize("lead_time", [1, 2])
def test_optimal_orders_fall_with_stock_by_at_most_the_stock(lead_time: int) -> None:
    """SIM-708, on every pair of states that differ by one unit on hand."""
    process, solution = _lost(lead_time, 9.0)
    order = process.decisions.sum((1, 2))[solution.best]
    at = {tuple(state): number for number, state in enumerate(process.states.tolist())}
    found = [
        (order[at[(state[0] + 1, *state[1:])]] - order[number])
        for state, number in at.items()
        if (state[0] + 1, *state[1:]) in at
    ]
    assert len(found) == {1: 16, 2: 91}[lead_time]
    assert set(found) == {-1.0, 0.0}


def test_a_narrow_box_is_told_by_its_edge() -> None:
    problem = _with(lost_sales(lead_time=1, lost_sale_cost=9.0))
    for options in ({"max_order": 1, "max_position": 16}, {"max_order": 6, "max_position": 3}):
        narrow = enumerate_process(problem, **options)
        solution = minimize_average_cost(narrow)
        assert box_share(narrow, solution.best) > 0.05
        assert solution.value > _lost(1, 9.0)[1].value
    process, solution = _lost(1, 9.0)
    assert box_share(process, solution.best) == 0.0


def test_the_bounds_close_around_the_value() -> None:
    solution = _lost(1, 9.0)[1]
    assert solution.lower <= solution.value <= solution.upper
    assert solution.upper - solution.lower < 1e-8
    with pytest.raises(ValueError, match="have not closed to 1e-08 in 2 sweeps"):
        minimize_average_cost(_lost(1, 9.0)[0], max_iterations=2)


def test_a_policy_that_orders_beyond_the_process_is_refused() -> None:
    problem = _with(lost_sales(lead_time=1, lost_sale_cost=9.0))
    process, _ = _lost(1, 9.0)
    with pytest.raises(ValueError, match=r"the policy orders \[7\.0\], must be whole numbers up to 6"):
        choices_of(problem, process, ConstantOrder(jnp.full((1, 1, 1), 7.0)))
    with pytest.raises(ValueError, match="is not allowed, must be inside the box"):
        evaluate_choices(process, choices_of(problem, process, ConstantOrder(jnp.full((1, 1, 1), 6.0))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"law": Normal(5.0, 1.0)}, "Normal has no finite support"),
        ({"lead_time": {1: 0.5, 2: 0.5}}, "a lead time is random, must be fixed"),
        ({"max_states": 5}, "more than 5 states are reached"),
        ({"law": Discrete((0.0, 1.5), (0.5, 0.5))}, "holds a fraction or more than 32,767 units"),
    ],
)
def test_what_cannot_be_enumerated_is_refused(change: dict[str, object], message: str) -> None:
    problem = _with(backorder(fixed_order_cost=0.0, lead_time=1), change.get("law", SMALL))
    if "lead_time" in change:
        lane = dataclasses.replace(problem.network.lanes[0], lead_time=change["lead_time"])
        problem = dataclasses.replace(problem, network=dataclasses.replace(problem.network, lanes=(lane,)))
    with pytest.raises(ValueError, match=message):
        enumerate_process(
            problem, max_order=6, max_position=8, min_position=0, max_states=change.get("max_states", 10_000)
        )


@pytest.mark.slow
def test_a_fixed_cost_gives_the_published_optimum() -> None:
    """Zheng and Federgruen 1991, Table 1, mean 10: 35.022."""
    process = enumerate_process(
        backorder(mean=10.0), max_order=75, max_position=60, min_position=-10, max_states=100_000
    )
    solution = minimize_average_cost(process, tolerance=1e-5)
    assert solution.value == pytest.approx(35.022, abs=0.0005)
