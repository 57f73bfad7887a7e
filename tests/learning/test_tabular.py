"""Tabular Q-learning: states are told apart by few numbers, and what is learned is the optimum of a small problem."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation.certificates import value_of
from basestock.learning.tabular import Table, TabularConfig, TooManyStatesError, _telling, train
from basestock.optimal.mdp import optimize
from basestock.problems import backorder, lost_sales
from basestock.problems.perishable import perishable_single_class

QUICK = TabularConfig(updates=2, paths=16, periods=4)


def table(cycle: int = 1) -> Table:
    counts = np.array([3, 2], np.int32)
    return Table(
        jnp.arange(6.0 * cycle)[None],
        jnp.asarray(np.array([0, 2], np.int32)),
        jnp.asarray(np.array([-1.0, 0.0], np.float32)),
        jnp.asarray(np.array([1.0, 0.5], np.float32)),
        jnp.asarray(counts),
        jnp.asarray(np.array([cycle], np.int32)),
    )


def test_states_are_numbered_and_the_ends_stand_for_what_lies_beyond() -> None:
    inputs = jnp.array([[-1.0, 0.0, 1.0, 9.0], [5.0, 5.0, 5.0, 5.0], [0.0, 0.5, 0.0, 7.0]])
    assert np.array_equal(table().states(inputs), [0, 3, 4, 5])
    assert np.array_equal(table()(inputs)[0], [0.0, 3.0, 4.0, 5.0])


def test_the_phase_of_a_calendar_is_told_by_the_last_inputs() -> None:
    turn = 2 * np.pi * np.arange(7) / 7
    inputs = jnp.asarray(np.stack([-np.ones(7), np.zeros(7), np.zeros(7), np.sin(turn), np.cos(turn)]))
    assert np.array_equal(table(cycle=7).states(inputs), np.arange(7))


def test_rows_that_follow_from_others_are_not_read() -> None:
    draw = np.random.default_rng(0)
    first, second = draw.integers(0, 9, (2, 50))
    rows = np.stack([np.full(50, 3), first, second, first + second - 1, 2 * first])
    assert np.array_equal(_telling(rows), [1, 2])


def test_tables_are_written_and_read_as_arrays() -> None:
    again = Table.of_arrays(table(7).arrays("network_"), "network_")
    for one, other in zip(jax.tree.leaves(table(7)), jax.tree.leaves(again), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.slow
def test_the_same_key_gives_the_same_run_and_a_table_decides() -> None:
    problem = lost_sales(lead_time=1, mean=2.0)
    first, again = (train(problem, QUICK, key=jax.random.key(1)) for _ in range(2))
    for one, other in zip(jax.tree.leaves(first.policy), jax.tree.leaves(again.policy), strict=True):
        assert np.array_equal(one, other)
    assert first.updates == 2


@pytest.mark.slow
def test_too_many_states_are_refused() -> None:
    with pytest.raises(TooManyStatesError, match="at most 100 values"):
        train(
            lost_sales(lead_time=2, mean=2.0),
            dataclasses.replace(QUICK, most_values=100),
            key=jax.random.key(0),
        )


@pytest.mark.slow
@pytest.mark.requirement("B-09")
@pytest.mark.parametrize(
    "problem",
    [
        lost_sales(lead_time=1, mean=2.0, lost_sale_cost=4.0),
        backorder(lead_time=1, mean=3.0, fixed_order_cost=0.0),
        perishable_single_class(mean=2.0, max_order=6, lead_time=1),
    ],
    ids=["lost sales", "backorder", "perishable"],
)
def test_the_exact_value_is_reached(problem: Problem) -> None:
    optimum = optimize(problem, max_bytes=2 * 10**9, max_seconds=60.0).value
    found = train(problem, TabularConfig(updates=1000), key=jax.random.key(0))
    value = value_of(problem, found.policy, replications=200, seed=1).mean
    assert value is not None
    assert problem.sign * (value - optimum) < 0.05 * abs(optimum)
