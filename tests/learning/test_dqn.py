"""Deep Q-learning: its parts compute what they say, and what it learns is close to the optimum."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.envs import action_codec
from basestock.evaluation.certificates import value_of
from basestock.learning.dqn import Branches, DqnConfig, _rates, train
from basestock.learning.networks import Mlp
from basestock.learning.results import STOPPED_BY_DIVERGENCE
from basestock.optimal.mdp import optimize
from basestock.problems import backorder, lost_sales
from basestock.problems.dual_sourcing import dual_sourcing
from basestock.problems.perishable import perishable_single_class

QUICK = DqnConfig(updates=2, hidden=(8,), paths=8, periods=4, gradient_steps=2, draws=16, capacity=64)


def two_lanes() -> Problem:
    return dual_sourcing()


@pytest.mark.parametrize("kind", ["discrete", "multi_discrete"])
def test_folded_networks_say_what_dueling_heads_do(kind: str) -> None:
    codec = dataclasses.replace(action_codec(two_lanes(), "multi_discrete", levels=3), kind=kind)
    branches = Branches.of(codec, dueling=True, summed=True)
    network = Mlp.create((5, 8, branches.width), jax.random.key(0))
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(5, 7)), dtype=jnp.float32)
    values = branches.values(network(inputs))
    assert np.allclose(branches.folded(network)(inputs), values, atol=1e-5)
    assert values.shape == (math.prod(codec.sizes) if kind == "discrete" else sum(codec.sizes), 7)


def test_advantages_of_a_branch_have_no_mean() -> None:
    codec = action_codec(two_lanes(), "multi_discrete", levels=4)
    sizes = codec.sizes
    branches = Branches.of(codec, dueling=True, summed=False)
    outputs = jnp.asarray(np.random.default_rng(1).normal(size=(branches.width, 3)), dtype=jnp.float32)
    values = np.asarray(branches.values(outputs))
    assert np.allclose(values[: sizes[0]].mean(0), outputs[0], atol=1e-5)
    assert np.allclose(values[sizes[0] :].mean(0), outputs[0], atol=1e-5)


def test_values_of_slots_of_unequal_size_are_found() -> None:
    table = jnp.asarray(np.array([[0, 1, 1], [2, 3, 4]], np.int32))
    real = jnp.asarray(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]], np.float32))
    branches = Branches(table, real, jnp.asarray(np.array([0, 0, 1, 1, 1], np.int32)), False, True)
    values = jnp.array([[1.0], [4.0], [2.0], [0.0], [7.0]])
    judged = jnp.array([[3.0], [2.0], [0.0], [5.0], [1.0]])
    assert np.array_equal(branches.best(values, values)[:, 0], [4.0, 7.0])
    assert np.array_equal(branches.best(values, judged)[:, 0], [1.0, 0.0])
    assert np.array_equal(branches.taken(values, jnp.array([[1], [2]]))[:, 0], [4.0, 7.0])
    assert float(branches.joint(branches.best(values, values))[0]) == 11.0


@pytest.mark.requirement("A-20")
def test_random_choices_become_fewer() -> None:
    shares = [float(_rates(DqnConfig(decay=0.5), share).epsilon) for share in (0.0, 0.25, 0.5, 1.0)]
    np.testing.assert_allclose(shares, [1.0, 0.525, 0.05, 0.05], rtol=1e-6)


@pytest.mark.slow
def test_the_same_key_gives_the_same_run() -> None:
    problem = lost_sales(lead_time=1, mean=2.0)
    config = dataclasses.replace(QUICK, power=0.6, steps=2)
    first, again = (train(problem, config, key=jax.random.key(3)) for _ in range(2))
    for one, other in zip(jax.tree.leaves(first.policy), jax.tree.leaves(again.policy), strict=True):
        assert np.array_equal(one, other)
    assert first.updates == 2


@pytest.mark.slow
def test_many_joint_actions_are_factorized_and_a_horizon_ends() -> None:
    problem = dataclasses.replace(two_lanes(), criterion="finite_horizon_total_cost", horizon=6, warm_up=0)
    config = dataclasses.replace(QUICK, joint=4, double=False, dueling=False, summed=False)
    found = train(problem, config, key=jax.random.key(0))
    assert found.policy.codec.kind == "multi_discrete"
    assert np.isfinite(found.curve[-1].values["cost"])


@pytest.mark.slow
def test_exploding_values_stop_the_run_and_keep_the_last_good_parameters() -> None:
    config = dataclasses.replace(QUICK, updates=20, learning_rate=1e9)
    found = train(lost_sales(lead_time=1, mean=2.0), config, key=jax.random.key(0))
    assert found.stopped == STOPPED_BY_DIVERGENCE
    assert found.updates < 20
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found.policy.network))


@pytest.mark.slow
@pytest.mark.requirement("C-15")
@pytest.mark.parametrize(
    "problem",
    [
        lost_sales(lead_time=2, mean=3.0, lost_sale_cost=4.0),
        backorder(lead_time=1, mean=3.0, fixed_order_cost=0.0),
        perishable_single_class(mean=2.0, max_order=6, lead_time=1),
    ],
    ids=["lost sales", "backorder", "perishable"],
)
def test_what_is_learned_is_within_five_percent_of_the_optimum(problem: Problem) -> None:
    optimum = optimize(problem, max_bytes=2 * 10**9, max_seconds=60.0).value
    found = train(problem, DqnConfig(updates=400), key=jax.random.key(0))
    value = value_of(problem, found.policy, replications=200, seed=1).mean
    assert value is not None
    assert problem.sign * (value - optimum) < 0.05 * abs(optimum)
