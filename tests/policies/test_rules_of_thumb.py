"""Rules in words, by hand."""

import dataclasses

import pytest

from basestock.policies import BaseStock, FuzzyControl, OrderUpTo, RuleBase
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
