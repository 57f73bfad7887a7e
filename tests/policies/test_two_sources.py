"""Policies of a slow source and a fast one, by hand."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Observation, Policy
from basestock.dynamics import empty_state
from basestock.policies import (
    BaseStock,
    CappedDualIndex,
    ConstantOrder,
    DualIndex,
    SingleIndex,
    TailoredBaseSurge,
)
from basestock.policies.two_sources import slow_and_fast
from basestock.problems import lost_sales
from basestock.problems.dual_sourcing import dual_sourcing
from tests.policies.observations import KEY, leaf, observe, orders, positions

PROBLEM = dual_sourcing(regular_lead_time=3, expedited_lead_time=1)
REGULAR, EXPEDITED = 0, 1


def seen(net: float, *coming: float) -> Observation:
    """Net stock, and what arrives 1, 2, ... periods from now, all from the regular source."""
    state = empty_state(PROBLEM.arrays, 1)
    due = state.due
    for slot, units in enumerate(coming, start=1):
        due = due.at[slot, REGULAR, 0].set(units)
    state = dataclasses.replace(
        state,
        on_hand=state.on_hand.at[0, 0].set(max(net, 0.0)),
        backorders=state.backorders.at[0, 0].set(max(-net, 0.0)),
        due=due,
        in_transit=due.sum(0),
    )
    return observe(PROBLEM, state)


def both(policy: Policy, look: Observation) -> list[float]:
    """Return the regular and the expedited order."""
    order = policy(look, None, key=KEY)[0].order
    return [float(order[REGULAR, 0, 0]), float(order[EXPEDITED, 0, 0])]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        # Net 1, 2 arrive tomorrow, 3 the day after: IP = 6, within the expedited lead time of 1 there are 3.
        (SingleIndex(leaf(8), leaf(11)), [3, 2]),
        (SingleIndex(leaf(5), leaf(11)), [5, 0]),
        (DualIndex(leaf(5), leaf(11)), [3, 2]),
        (DualIndex(leaf(3), leaf(11)), [5, 0]),
        (DualIndex(leaf(9), leaf(11)), [0, 6]),
        (CappedDualIndex(leaf(5), leaf(11), leaf(2)), [2, 2]),
        (CappedDualIndex(leaf(5), leaf(11), leaf(0)), [0, 2]),
        (TailoredBaseSurge(leaf(4), leaf(5)), [4, 2]),
        (TailoredBaseSurge(leaf(0), leaf(2)), [0, 0]),
    ],
)
def test_orders_by_hand(policy: Policy, expected: list[float]) -> None:
    assert both(policy, seen(1, 2, 3)) == expected


def test_without_a_cap_the_capped_index_is_the_dual_index_and_without_a_level_a_surge() -> None:
    for look in (seen(-4), seen(0, 1, 1), seen(5, 0, 9), seen(2, 2)):
        assert both(CappedDualIndex(leaf(4), leaf(9), leaf(1e6)), look) == both(
            DualIndex(leaf(4), leaf(9)), look
        )
        surge = TailoredBaseSurge(leaf(2), leaf(4))
        assert both(CappedDualIndex(leaf(4), leaf(1e6), leaf(2)), look) == both(surge, look)


def test_the_lanes_are_told_apart_by_their_lead_times() -> None:
    slow, fast = (np.asarray(lanes)[:2, 0, 0].tolist() for lanes in slow_and_fast(PROBLEM.arrays))
    assert (slow, fast) == ([1, 0], [0, 1])
    turned = dual_sourcing(regular_lead_time=1, expedited_lead_time=4).arrays
    assert np.asarray(slow_and_fast(turned)[0])[:2, 0, 0].tolist() == [0, 1]


def test_with_one_lane_there_is_nothing_to_expedite_with() -> None:
    look = positions(-3, 0, 7, 25)
    level, constant = orders(BaseStock(leaf(20)), look), orders(ConstantOrder(leaf(2)), look)
    assert orders(SingleIndex(leaf(9), leaf(20)), look) == level
    assert orders(DualIndex(leaf(9), leaf(20)), look) == level
    assert orders(TailoredBaseSurge(leaf(2), leaf(9)), look) == constant
    _, fast = slow_and_fast(lost_sales().arrays)
    assert jnp.sum(fast) == 0
