"""Decisions of every classical rule, computed by hand."""

import numpy as np
import pytest

from basestock.decision import OrderUpToLevels
from basestock.policies import (
    BaseStock,
    CappedBaseStock,
    ConstantOrder,
    EchelonBaseStock,
    FixedQuantity,
    OrderUpTo,
    PeriodicMinMax,
    PeriodicOrderUpTo,
)
from tests.policies.observations import KEY, leaf, orders, positions, random_chain

POSITIONS = (-3.0, 0.0, 7.0, 8.0, 20.0, 25.0)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (BaseStock(leaf(20)), [23, 20, 13, 12, 0, 0]),
        (CappedBaseStock(leaf(20), leaf(15)), [15, 15, 13, 12, 0, 0]),
        (CappedBaseStock(leaf(20), leaf(0)), [0, 0, 0, 0, 0, 0]),
        (OrderUpTo(leaf(7), leaf(20)), [23, 20, 13, 0, 0, 0]),
        (OrderUpTo(leaf(-1), leaf(20)), [23, 0, 0, 0, 0, 0]),
        (FixedQuantity(leaf(7), leaf(4)), [12, 8, 4, 0, 0, 0]),
        (FixedQuantity(leaf(7), leaf(100)), [100, 100, 100, 0, 0, 0]),
        (ConstantOrder(leaf(5)), [5, 5, 5, 5, 5, 5]),
        (EchelonBaseStock(leaf(20)), [23, 20, 13, 12, 0, 0]),
    ],
    ids=lambda case: type(case).__name__,
)  # fmt: skip
def test_orders_by_hand(policy, expected: list[float]) -> None:
    assert orders(policy, positions(*POSITIONS)) == expected


@pytest.mark.parametrize(("period", "looks"), [(0, True), (1, False), (2, False), (3, True), (300, True)])
def test_periodic_rules_order_every_third_period(period: int, looks: bool) -> None:
    seen = positions(6, 12, period=period)
    assert orders(PeriodicOrderUpTo(leaf(3), leaf(20)), seen) == ([14, 8] if looks else [0, 0])
    assert orders(PeriodicMinMax(leaf(3), leaf(10), leaf(20)), seen) == ([14, 0] if looks else [0, 0])


def test_a_review_every_period_is_the_rule_without_reviews() -> None:
    seen = positions(*POSITIONS, period=5)
    assert orders(PeriodicOrderUpTo(leaf(1), leaf(20)), seen) == orders(BaseStock(leaf(20)), seen)
    assert orders(PeriodicMinMax(leaf(1), leaf(7), leaf(20)), seen) == orders(
        OrderUpTo(leaf(7), leaf(20)), seen
    )


def test_multiples_lift_the_position_just_above_the_reorder_point() -> None:
    """The defining property of (s, Q), at every position."""
    levels = np.arange(-30.0, 30.0)
    after = levels + np.array(orders(FixedQuantity(leaf(7), leaf(4)), positions(*levels)))
    assert (after > 7).all()
    assert (after[levels <= 7] <= 11).all()


@pytest.mark.parametrize(
    "policy",
    [BaseStock(leaf(20)), CappedBaseStock(leaf(20), leaf(9)), EchelonBaseStock(leaf(20))],
    ids=lambda case: type(case).__name__,
)
def test_more_stock_never_raises_the_order_of_a_level_rule(policy) -> None:
    """SIM-708, and the order falls by at most the stock that is added."""
    slope = np.diff(orders(policy, positions(*np.arange(-10.0, 40.0))))
    assert ((slope <= 0) & (slope >= -1)).all()


def test_planning_again_proposes_nothing() -> None:
    """SIM-308: what is ordered is in the position."""
    for policy in (BaseStock(leaf(20)), OrderUpTo(leaf(7), leaf(20)), FixedQuantity(leaf(7), leaf(4))):
        first = np.array(orders(policy, positions(*POSITIONS)))
        assert orders(policy, positions(*(np.array(POSITIONS) + first))) == [0.0] * len(POSITIONS)


def test_orders_go_to_the_lane_of_first_priority() -> None:
    seen = random_chain(4)
    decision = OrderUpToLevels()(leaf(99, 99), seen)
    order = np.asarray(decision.order)
    assert (order[:2] > 0).all()
    assert (order[2] == 0).all()


def test_an_echelon_position_is_the_sum_of_its_parts() -> None:
    """SIM-210: own and downstream positions, what one owes the other counted once."""
    seen = random_chain(200)
    local, echelon, owed = map(np.asarray, (seen.inventory_position, seen.echelon_position, seen.unfilled))
    np.testing.assert_array_equal(echelon[1], local[1])
    np.testing.assert_array_equal(echelon[0], local[0] + local[1] - owed[1])


def test_echelon_base_stock_in_series_is_local_base_stock_that_sees_what_is_short_downstream() -> None:
    """Clark and Scarf 1960: local level = echelon level - downstream level, when downstream stands at its level."""
    seen = random_chain(200)
    downstream, upstream = 14.0, 40.0
    echelon = np.asarray(EchelonBaseStock(leaf(upstream, downstream))(seen, None, key=KEY)[0].order)
    local = np.asarray(BaseStock(leaf(upstream - downstream, downstream))(seen, None, key=KEY)[0].order)
    np.testing.assert_array_equal(echelon[1], local[1])
    position, owed = np.asarray(seen.inventory_position), np.asarray(seen.unfilled)
    short = downstream - position[1] + owed[1]
    expected = np.maximum(upstream - downstream - position[0] + short, 0)
    np.testing.assert_array_equal(echelon[0], expected)
    settled = short[0] == 0
    np.testing.assert_array_equal(echelon[0][0, settled], local[0][0, settled])
