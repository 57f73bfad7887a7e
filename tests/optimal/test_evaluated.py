"""Exact values of policies that reach ever more states: what is cut off is stated, what grows is refused."""

import dataclasses
import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix

import basestock.optimal.mdp.evaluated as module
from basestock.decision import Problem
from basestock.optimal.mdp import TooLargeError, evaluate_exactly
from basestock.optimal.mdp.chain import Chain, long_run, whereabouts
from basestock.optimal.mdp.evaluated import ExactValue, NoLongRunError
from basestock.policies import from_parameters
from basestock.uncertainty import Discrete
from tests.optimal.small import losing, waiting

THREE_OR_NONE = Discrete((0.0, 3.0), (0.5, 0.5))


@pytest.fixture(scope="module")
def lost() -> Problem:
    return losing(cost=4.0, law=THREE_OR_NONE)


def valued(problem: Problem, name: str, **parameters: float) -> ExactValue:
    return evaluate_exactly(problem, from_parameters(problem, name, parameters))


@pytest.mark.slow
def test_a_constant_order_costs_what_its_walk_does(lost: Problem) -> None:
    """The stock before demand moves x -> (x - D)+ + 1: up by one or down by two, a walk of geometric tail."""
    found = valued(lost, "constant_order", quantity=1)
    most = 300
    matrix = np.zeros((most, most))
    for stock in range(most):
        for demand in (0, 3):
            matrix[stock, min(max(stock - demand, 0) + 1, most - 1)] += 0.5
    share = np.linalg.matrix_power(0.5 * (np.eye(most) + matrix), 1 << 14)[1]
    stock = np.arange(most)
    by_hand = share @ (0.5 * stock + 0.5 * np.maximum(stock - 3, 0) + 0.5 * 4.0 * np.maximum(3 - stock, 0))
    assert found.value == pytest.approx(by_hand, rel=1e-8)
    assert 0.0 < found.tail <= module.MOST_TAIL
    assert found.error <= 1e-8 * found.value
    assert found.num_states < 500


@pytest.mark.parametrize("quantity", [2, 3])
def test_a_constant_order_above_demand_has_no_long_run(lost: Problem, quantity: int) -> None:
    with pytest.raises(
        NoLongRunError, match=r"ConstantOrder, on_hand\[0, 0\] grows without end.* must come to rest"
    ):
        valued(lost, "constant_order", quantity=quantity)


@pytest.mark.slow
def test_backorders_of_a_cap_above_demand_are_cut_and_below_are_refused() -> None:
    problem = waiting(lead_time=0, cost=9.0, law=THREE_OR_NONE)
    found = valued(problem, "capped_base_stock", base_stock_level=3, cap=2)
    assert 0.0 < found.tail <= module.MOST_TAIL
    # Short of the level by y: (y - 2)+ after the order, then demand. P(y) = r^k on a walk +1 / -2, by its own chain.
    most = 400
    matrix = np.zeros((most, most))
    for short in range(most):
        for demand in (0, 3):
            matrix[short, min(max(short - 2, 0) + demand, most - 1)] += 0.5
    share = np.linalg.matrix_power(0.5 * (np.eye(most) + matrix), 1 << 14)[0]
    net = 3 - np.arange(most)
    assert found.value == pytest.approx(
        float(share @ (np.maximum(net, 0) + 9.0 * np.maximum(-net, 0))), rel=1e-7
    )
    with pytest.raises(NoLongRunError, match="grows without end"):
        valued(problem, "capped_base_stock", base_stock_level=3, cap=1)


def test_a_horizon_that_is_cut_off_says_what_it_may_miss(
    lost: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = dataclasses.replace(lost, criterion="finite_horizon_total_cost", horizon=20, warm_up=0)
    whole = valued(short, "constant_order", quantity=1)
    assert (whole.tail, whole.error) == (0.0, 0.0)
    monkeypatch.setattr(module, "LAYERS", 5)
    monkeypatch.setattr(module, "MOST_TAIL", 1e-3)
    cut = valued(short, "constant_order", quantity=1)
    assert cut.num_states < whole.num_states
    assert 0.0 < cut.tail <= 1e-3
    assert abs(cut.value - whole.value) <= cut.error


def test_what_is_finite_is_not_cut(lost: Problem) -> None:
    found = valued(lost, "base_stock", base_stock_level=4)
    assert (found.tail, found.error, found.num_classes) == (0.0, 0.0, 1)
    assert json.loads(json.dumps(dataclasses.asdict(found)))["tail"] == 0.0


@pytest.mark.slow
def test_what_does_not_fit_is_refused_before_all_is_tried() -> None:
    problem = losing(lead_time=4)
    policy = from_parameters(problem, "base_stock", {"base_stock_level": 12})
    with pytest.raises(TooLargeError, match=r"BaseStock reaches more than [\d,]+ states, must be at most"):
        evaluate_exactly(problem, policy, max_links=2_000)


def test_a_chain_that_leaks_comes_back_to_where_it_began() -> None:
    """Two states in turn, of which the second leaves for a state that is cut off one time in ten."""
    whole = Chain(
        csr_matrix([[0.0, 1.0, 0.0], [0.9, 0.0, 0.1], [0.0, 0.0, 0.0]]),
        np.array([1.0, 3.0, 0.0]),
        np.eye(3)[0],
    )
    rest = long_run(whole.within(np.array([True, True, False])))
    assert rest.gain == pytest.approx(2.0)
    assert rest.leak == pytest.approx(0.05)
    np.testing.assert_allclose(whereabouts(whole, np.eye(3)[0]), np.array([1.0, 1.0, 0.1]) / 2.1, atol=1e-12)


def test_states_that_only_leave_are_no_recurrent_class() -> None:
    chain = Chain(
        csr_matrix([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), np.arange(3.0), np.eye(3)[0]
    )
    rest = long_run(chain)
    assert rest.num_classes == 1
    assert rest.classes.tolist() == [-1, 0, -1]
