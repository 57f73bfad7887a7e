"""Items that are ordered together, by hand."""

import dataclasses

import numpy as np
import pytest

from basestock.decision import Observation, Policy
from basestock.dynamics import empty_state
from basestock.policies import CanOrder, JointOrderUpTo, OrderUpTo, find, fit, from_parameters
from basestock.policies.boxes import joint_shares
from basestock.policies.clusters import clusters_of
from basestock.policies.formulas import leaf
from basestock.problems.joint_replenishment import joint_replenishment
from tests.policies.observations import KEY, observe

PROBLEM = joint_replenishment()


def seen(first: float, second: float, period: int = 0) -> Observation:
    """Net stock of both items."""
    state = empty_state(PROBLEM.arrays, 1)
    net = np.array([first, second])
    return observe(
        PROBLEM,
        dataclasses.replace(
            state,
            period=np.int32(period) + state.period,
            on_hand=state.on_hand.at[0, :2, 0].set(np.maximum(net, 0.0)),
            backorders=state.backorders.at[0, :2, 0].set(np.maximum(-net, 0.0)),
        ),
    )


def each(*values: float) -> np.ndarray:
    """One parameter for each item."""
    full = np.zeros((PROBLEM.arrays.num_nodes, PROBLEM.arrays.num_items))
    full[0, :2] = values
    return leaf(full)


def ordered(policy: Policy, look: Observation) -> list[float]:
    return np.asarray(policy(look, None, key=KEY)[0].order)[0, :2, 0].tolist()


CAN = CanOrder(each(2, 1), each(6, 4), each(10, 8))


@pytest.mark.parametrize(
    ("stock", "expected"),
    [((3, 2), [0, 0]), ((2, 5), [8, 0]), ((2, 4), [8, 4]), ((6, 1), [4, 7]), ((7, -2), [0, 10])],
)
def test_who_must_order_takes_along_who_can(stock: tuple[float, float], expected: list[float]) -> None:
    assert ordered(CAN, seen(*stock)) == expected


def test_with_equal_points_every_item_orders_for_itself() -> None:
    alone, joint = OrderUpTo(each(2, 1), each(10, 8)), CanOrder(each(2, 1), each(2, 1), each(10, 8))
    for stock in ((0, 0), (2, 5), (3, 1), (9, 9), (-4, 2)):
        assert ordered(joint, seen(*stock)) == ordered(alone, seen(*stock))


@pytest.mark.parametrize(
    ("stock", "period", "expected"),
    [
        ((8, 5), 0, [0, 0]),
        ((7, 5), 0, [3, 3]),
        ((0, 0), 1, [0, 0]),
        ((0, 0), 2, [10, 8]),
        ((11, 2), 0, [0, 6]),
    ],
)
def test_a_lane_orders_when_all_its_items_are_short_enough(stock, period: int, expected: list[float]) -> None:
    """Every second period, from 6 units short in all, up to 10 and 8."""
    assert ordered(JointOrderUpTo(each(2, 2), each(6, 6), each(10, 8)), seen(*stock, period)) == expected


def test_items_that_share_trucks_are_tuned_together() -> None:
    found = clusters_of(PROBLEM)
    assert found.number[0, 0] == found.number[0, 1]
    assert sorted(found.turn[0, :2].tolist()) == [0, 1]


def test_levels_rise_with_the_units_that_a_lane_waits_for() -> None:
    """Demand of 2.5 and 1.5: of the 5 units that a lane which waits for 6 is short of, 3 and 2."""
    shares = joint_shares(PROBLEM)
    np.testing.assert_allclose(shares[0, :2, :2], [[0.625, 0.375]] * 2)
    entry = find("joint_order_up_to")
    searched = {
        "review_period": each(1, 1),
        "order_quantity": each(6, 0),
        "level_without_waiting": each(4, 3),
    }
    policy = entry.make(PROBLEM, searched)
    assert np.asarray(policy.order_up_to_level)[0, :2, 0].tolist() == [7, 5]
    alone = entry.make(PROBLEM, searched | {"order_quantity": each(0, 0)})
    assert np.asarray(alone.order_up_to_level)[0, :2, 0].tolist() == [4, 3]
    given = from_parameters(
        PROBLEM,
        "joint_order_up_to",
        {"review_period": 1.0, "order_quantity": 6.0, "order_up_to_level": 7.0},
    )
    assert np.asarray(given.order_up_to_level)[0, :2, 0].tolist() == [7, 7]


@pytest.mark.slow
def test_where_orders_of_an_item_are_dear_a_lane_waits_for_a_full_truck() -> None:
    dear = joint_replenishment(item_order_cost=(40.0, 10.0), horizon=300)
    joint, alone = (fit(dear, name, replications=16) for name in ("joint_order_up_to", "base_stock"))
    assert joint.search_cost < 0.985 * alone.search_cost
    assert joint.parameters["order_quantity"].max() > 1
