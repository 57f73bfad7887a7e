"""Exact dynamic programming against closed forms (SIM-701, SIM-708 to 710, SIM-804, SIM-809)."""

import dataclasses
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation import play
from basestock.optimal.mdp import (
    METHODS,
    Method,
    NotClosedError,
    NotWholeError,
    Optimum,
    TooLargeError,
    evaluate_exactly,
    optimize,
)
from basestock.optimal.mdp.first_box import first_box
from basestock.optimal.mdp.iteration import solve_average
from basestock.optimal.mdp.pieces import list_problem
from basestock.policies import BaseStock
from basestock.problems.perishable import perishable_single_class
from basestock.uncertainty import Discrete, Normal, Seasonal
from basestock.uncertainty.support import SupportError
from tests.optimal.small import DEMAND, box_of, losing, waiting

VALUES, MASSES = (np.array(part) for part in (DEMAND.values, DEMAND.probabilities))


def base_stock(level: float) -> BaseStock:
    return BaseStock(jnp.full((1, 1, 1), float(level)))


@lru_cache
def _lost(lead_time: int, cost: float, holding: float = 1.0) -> tuple[Problem, Optimum]:
    problem = losing(lead_time, cost, holding)
    return problem, optimize(problem, tolerance=1e-9)


@lru_cache
def _waiting(lead_time: int) -> tuple[Problem, Optimum]:
    problem = waiting(lead_time)
    return problem, optimize(problem, tolerance=1e-9)


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


@pytest.mark.parametrize("lead_time", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_with_backorders_the_optimum_is_the_newsvendor_over_lead_time_and_review(lead_time: int) -> None:
    found = _waiting(lead_time)[1]
    costs = _newsvendor(np.arange(15), _sum_of(lead_time + 1), 9.0)
    assert found.value == pytest.approx(costs.min(), abs=1e-6)
    assert (found.boundary_share, found.num_classes) == (0.0, 1)


@pytest.mark.slow
def test_without_lead_time_each_period_is_a_newsvendor_of_its_own() -> None:
    """SIM-804, lost sales: a unit left over saves buying it again, nothing else carries over."""
    costs = _newsvendor(np.arange(11), (VALUES, MASSES), 9.0)
    assert _lost(0, 9.0)[1].value == pytest.approx(costs.min(), abs=1e-6)


@pytest.mark.parametrize("level", [1, 3, 5])
def test_a_base_stock_level_costs_its_closed_form(level: int) -> None:
    found = evaluate_exactly(_waiting(1)[0], base_stock(level))
    assert found.value == pytest.approx(float(_newsvendor(np.array(level), _sum_of(2), 9.0)), abs=1e-6)
    assert found.num_classes == 1


@pytest.mark.slow
def test_a_simulation_agrees_with_the_enumeration_of_the_same_transition() -> None:
    """SIM-809, SIM-716: the exact value lies inside the interval, and below it for the optimum."""
    problem, optimum = _lost(1, 9.0)
    short = dataclasses.replace(problem, horizon=400, warm_up=20)
    exact = evaluate_exactly(problem, base_stock(6)).value
    totals = play(short, base_stock(6), replications=200, seed=3).totals
    error = totals.std(ddof=1) / np.sqrt(200)
    assert abs(totals.mean() - exact) < 4 * error
    assert optimum.lower <= exact + 1e-9
    assert optimum.value <= totals.mean() + 3 * error


def test_the_optimal_decisions_cost_the_optimum() -> None:
    problem, optimum = _lost(1, 9.0)
    assert evaluate_exactly(problem, optimum.policy(problem)).value == pytest.approx(optimum.value, abs=1e-6)


def test_the_optimum_is_concave_and_rises_in_the_cost_of_lost_sales() -> None:
    """SIM-701: a minimum of linear functions."""
    low, middle, high = (_lost(1, cost)[1].value for cost in (4.0, 9.0, 14.0))
    assert low < middle < high
    assert middle >= (low + high) / 2


def test_scaling_all_rates_scales_the_optimum_alone() -> None:
    """SIM-403."""
    one, two = _lost(1, 9.0)[1], _lost(1, 18.0, 2.0)[1]
    assert two.value == pytest.approx(2 * one.value, abs=1e-6)
    np.testing.assert_array_equal(one.solved[0].best, two.solved[0].best)


@pytest.mark.slow
def test_a_longer_lead_time_never_lowers_the_optimum() -> None:
    """SIM-710."""
    values = [_lost(1, 9.0)[1].value, _lost(2, 9.0)[1].value]
    assert values == sorted(values)


@pytest.mark.parametrize("lead_time", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_optimal_orders_fall_with_stock_by_at_most_the_stock(lead_time: int) -> None:
    """SIM-708, on every pair of listed states that differ by one unit on hand."""
    optimum = _lost(lead_time, 9.0)[1]
    (process,), (solved,) = optimum.pieces.processes, optimum.solved
    carried, mixed = np.nonzero(process.valid)
    order = process.decisions[solved.best[0, carried, mixed]].sum(1)
    stock = process.kernels[0].names.index("on_hand[0, 0]")
    rows = process.rows(carried, mixed)
    at = {tuple(row): number for number, row in enumerate(rows.tolist())}
    one = np.eye(rows.shape[1], dtype=int)[stock]
    pairs = [(at[tuple(row)], at.get(tuple(row + one), -1)) for row in rows]
    found = {int(order[more] - order[less]) for less, more in pairs if more >= 0}
    assert sum(more >= 0 for _, more in pairs) == len(rows) - {1: 1, 2: len(process.carried)}[lead_time]
    assert found == {-1, 0}


@pytest.mark.parametrize(("max_order", "max_position"), [(1, 16), (6, 3)])
def test_a_narrow_box_is_told_by_its_edge(max_order: int, max_position: int) -> None:
    problem, wide = _lost(1, 9.0)
    narrow = optimize(problem, box=box_of(problem, max_order=max_order, max_position=max_position))
    assert narrow.boundary_share > 0.05
    assert narrow.value > wide.value
    assert narrow.reason == "given by the caller" or narrow.reason == "given by the test"
    assert wide.boundary_share == 0.0


def test_the_bounds_close_around_the_value() -> None:
    optimum = _lost(1, 9.0)[1]
    assert optimum.lower <= optimum.value <= optimum.upper
    assert optimum.upper - optimum.lower < 1e-8
    with pytest.raises(
        NotClosedError, match=r"the bounds are .* after 2 sweeps, must meet\. Allow more sweeps"
    ):
        solve_average(optimum.pieces.processes[0], max_sweeps=2)


def test_a_policy_that_orders_fractions_is_refused() -> None:
    with pytest.raises(NotWholeError, match="must be a whole number of at most 32,767"):
        evaluate_exactly(_waiting(1)[0], base_stock(2.5))


def test_what_cannot_be_enumerated_is_refused() -> None:
    with pytest.raises(SupportError, match="Normal has no finite support, must be a discrete law"):
        optimize(waiting(law=Normal(5.0, 1.0)))
    with pytest.raises(NotWholeError, match="must be a whole number of at most 32,767"):
        optimize(waiting(law=Discrete((0.0, 1.5), (0.5, 0.5))))


def test_what_does_not_fit_is_refused_with_the_numbers() -> None:
    problem = _lost(1, 9.0)[0]
    with pytest.raises(TooLargeError, match=r"need 0\.00 GiB, must be at most 0\.00 GiB\. Allow more memory"):
        optimize(problem, max_bytes=64)
    told: list[str] = []
    with pytest.raises(TooLargeError, match=r"s, must be at most the 0 s that are left\. Allow more time"):
        optimize(problem, max_seconds=1e-9, tell=told.append)
    optimize(problem, tell=told.append)
    assert "states and" in told[-1] and "combinations with decisions and events: about" in told[-1]


def test_no_decision_inside_the_box_is_told_with_the_state() -> None:
    problem = waiting(1)
    with pytest.raises(NotClosedError, match=r"no decision keeps the state \(.*\) inside the box, one must"):
        optimize(problem, box=box_of(problem, max_order=1, max_position=6, min_position=5))


def test_bounds_are_close_in_the_size_of_the_optimum_not_of_what_nothing_costs() -> None:
    problem = losing(1, 1000.0)
    found = optimize(problem, tolerance=1e-7)
    assert 1000.0 * DEMAND.mean > 100 * found.value
    assert found.upper - found.lower <= 1e-7 * (1 + found.value)


def test_laws_that_end_have_no_long_run() -> None:
    ends = losing(1, 9.0, law=Seasonal((DEMAND, Discrete((1.0,), (1.0,))), repeats=False))
    for solve in (optimize, lambda problem: evaluate_exactly(problem, base_stock(5.0))):
        with pytest.raises(SupportError, match="end after 2 periods"):
            solve(ends)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "problem",
    [
        "average",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("discounted", "issued last in, first out")),
    ],
)
def test_every_method_comes_to_the_same_optimum_and_decisions(method: Method, problem: str) -> None:
    given = {
        "average": losing(2),
        "discounted": dataclasses.replace(losing(1), criterion="discounted_cost", discount=0.95),
        "issued last in, first out": perishable_single_class(issuing="lifo", shelf_life=2, max_order=6),
    }[problem]
    found, usual = optimize(given, method=method), optimize(given)
    assert found.value == pytest.approx(usual.value, rel=1e-6)
    assert evaluate_exactly(given, found.policy(given)).value == pytest.approx(usual.value, rel=1e-5)
    assert found.lower <= usual.upper + 1e-9
    assert found.upper >= usual.lower - 1e-9


def test_policy_iteration_improves_few_times() -> None:
    process = list_problem(losing(2), first_box(losing(2))).processes[0]
    sweeps = {method: solve_average(process, method=method).sweeps for method in METHODS}
    assert sweeps["policy_iteration"] <= sweeps["modified_policy_iteration"] < sweeps["value_iteration"]
