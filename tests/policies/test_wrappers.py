"""Policies around policies: legal quantities, first orders, choices by place."""

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.policies import BaseStock, ConstantOrder, Either, FirstOrder, Legal
from basestock.problems import backorder
from tests.policies.observations import Propose, leaf, orders, positions, shop

LIMITS = {"order_minimum": 10.0, "order_multiple": 6.0, "order_maximum": 40.0}


def _limited():
    import dataclasses

    problem = backorder(lead_time=2, mean=5.0, fixed_order_cost=0.0)
    lane = dataclasses.replace(problem.network.lanes[0], **LIMITS)
    return dataclasses.replace(problem, network=dataclasses.replace(problem.network, lanes=(lane,)))


@pytest.fixture(scope="module")
def seen():
    return positions(*[0.0] * 9, problem=_limited())


def _legal(proposed: list[float], seen) -> list[float]:
    return orders(Legal(Propose(jnp.asarray(proposed, dtype=jnp.float32).reshape(1, 1, -1))), seen)


def test_proposals_become_legal_quantities(seen) -> None:
    """SIM-301: nothing, or a multiple between the minimum and the maximum."""
    assert _legal([0, 2, 3, 11, 14, 15, 20, 39, 100], seen) == [0, 0, 12, 12, 12, 18, 18, 36, 36]


def test_legal_quantities_stay_as_they_are(seen) -> None:
    """SIM-302."""
    once = _legal([0, 1, 3, 9, 13, 21, 33, 50, 1000], seen)
    assert _legal(once, seen) == once


def test_larger_proposals_never_become_smaller_orders(seen) -> None:
    """SIM-304."""
    assert np.all(np.diff(_legal([0, 2, 3, 5, 9, 15, 22, 31, 90], seen)) >= 0)


@pytest.mark.parametrize("wild", [float("nan"), float("inf"), float("-inf"), -1.0])
def test_what_is_no_quantity_is_no_order(seen, wild: float) -> None:
    """SIM-303."""
    assert _legal([wild] * 9, seen) == [0.0] * 9


def test_without_limits_a_proposal_is_rounded_to_whole_packs_of_one() -> None:
    assert _legal([0.4, 0.5, 7.2], positions(0, 0, 0)) == [0, 1, 7]


def test_a_first_order_is_given_once() -> None:
    policy = FirstOrder(leaf(3), ConstantOrder(leaf(8)))
    assert orders(policy, positions(0, 0, period=0)) == [3, 3]
    assert orders(policy, positions(0, 0, period=1)) == [8, 8]


def test_either_policy_decides_where_it_is_told() -> None:
    first, second = BaseStock(leaf(20)), ConstantOrder(leaf(1))
    assert orders(Either(leaf(1), first, second), positions(5, 30)) == [15, 0]
    assert orders(Either(leaf(0), first, second), positions(5, 30)) == [1, 1]
    assert shop().name == "backorder"
