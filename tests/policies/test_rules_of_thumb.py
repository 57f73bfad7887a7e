"""Rules in words, by hand."""

import dataclasses

import pytest

from basestock.evaluation import evaluate
from basestock.policies import (
    REGISTRY,
    BaseStock,
    FixedQuantity,
    FuzzyControl,
    OrderUpTo,
    PeriodicFixedQuantity,
    RuleBase,
    fit,
    from_parameters,
)
from basestock.problems import lost_sales
from tests.policies.observations import leaf, orders, positions

pytestmark = pytest.mark.requirement("B-21")


@pytest.mark.parametrize(
    ("last_demand", "expected"), [(0, 6), (2.5, 9), (5, 12), (7.5, 15), (10, 18), (90, 18)]
)
def test_the_trend_moves_the_order(last_demand: float, expected: float) -> None:
    """12 short of the level; half of it is the weight, 5 is steady."""
    seen = positions(8)
    told = dataclasses.replace(seen, last_demand=seen.last_demand + last_demand)
    assert orders(FuzzyControl(leaf(20), leaf(0.5), leaf(5)), told) == [expected]


def test_without_weight_a_fuzzy_controller_is_base_stock() -> None:
    seen = positions(-3, 0, 7, 25)
    assert orders(FuzzyControl(leaf(20), leaf(0), leaf(5)), seen) == orders(BaseStock(leaf(20)), seen)


def test_the_first_rule_that_holds_fires() -> None:
    seen = positions(-3, 0, 6, 7, 8, 25)
    assert orders(RuleBase(leaf(7), leaf(20), leaf(4)), seen) == [27, 24, 14, 13, 0, 0]
    assert orders(RuleBase(leaf(7), leaf(20), leaf(0)), seen) == orders(OrderUpTo(leaf(7), leaf(20)), seen)


@pytest.mark.parametrize(("period", "expected"), [(0, [14, 7, 0]), (1, [0, 0, 0]), (3, [14, 7, 0])])
def test_multiples_are_ordered_at_fixed_reviews_alone(period: int, expected: list[float]) -> None:
    seen = positions(-3, 4, 5, period=period)
    assert orders(PeriodicFixedQuantity(leaf(3), leaf(4), leaf(7)), seen) == expected
    every = PeriodicFixedQuantity(leaf(1), leaf(4), leaf(7))
    assert orders(every, seen) == orders(FixedQuantity(leaf(4), leaf(7)), seen)


GIVEN = {
    "fixed_quantity": {"reorder_point": 8.0, "order_quantity": 12.0},
    "periodic_fixed_quantity": {"review_period": 2.0, "reorder_point": 8.0, "order_quantity": 12.0},
    "base_stock": {"base_stock_level": 20.0},
    "minimum_stock": {"minimum_stock": 6.0, "order_quantity": 12.0},
    "fuzzy": {"base_stock_level": 20.0, "trend_weight": 0.5},
    "rule_base": {"reorder_point": 8.0, "order_up_to_level": 20.0, "surge": 3.0},
}
"""Baselines with parameters as a plant might publish them."""


@pytest.mark.slow
def test_all_baselines_stand_in_one_table_as_published_and_tuned() -> None:
    """A tuned one never costs more than the published one of its class, but for the width of the interval."""
    problem = lost_sales(lead_time=1, fixed_order_cost=5.0, horizon=30, warm_up=0)
    assert {*GIVEN, "eoq"} <= set(REGISTRY)
    players = {"eoq": fit(problem, "eoq", replications=4).policy}
    for name, parameters in GIVEN.items():
        players[f"{name}, published"] = from_parameters(problem, name, parameters)
        players[f"{name}, tuned"] = fit(problem, name, replications=4).policy
    totals = {row.policy: row.total for row in evaluate(problem, players, replications=64, seed=9).rows}
    assert set(totals) == set(players)
    for name in GIVEN:
        tuned, published = totals[f"{name}, tuned"], totals[f"{name}, published"]
        assert tuned.mean <= published.mean + tuned.half_width + published.half_width
