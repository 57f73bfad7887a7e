"""Deep Q-learning: its parts compute what they say, and what it learns is close to the optimum."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.envs import action_codec
from basestock.learning import loaded_actor, saved_actor
from basestock.learning.actors import ChoiceActor
from basestock.learning.dqn import Branches, DqnConfig, _rates, train
from basestock.learning.expectation import Expectation
from basestock.learning.local_search import LocalSearchActor
from basestock.learning.networks import Mlp
from basestock.learning.results import STOPPED_BY_DIVERGENCE
from basestock.learning.settings import SettingError
from basestock.problems import lost_sales
from basestock.problems.assembly import assembly_dqn_2025
from basestock.problems.dual_sourcing import dual_sourcing
from tests.learning.conftest import plain_encoder, seen

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
@pytest.mark.requirement("E-07")
def test_local_search_moves_from_the_greedy_choice_to_what_a_period_ahead_says_is_cheaper() -> None:
    # Nothing that is ordered in the last period arrives: every unit costs 1, and buys nothing.
    problem = assembly_dqn_2025(consumption=(1,), lead_times=((1.0,),), horizon=1)
    encoder, codec = plain_encoder(problem), action_codec(problem, "multi_discrete")
    values = np.where(np.arange(codec.sizes[0]) == 3, 1.0, 0.0)
    network = Mlp.create((encoder.width, 1, codec.sizes[0]), jax.random.key(0), last=0.0).biased(values)
    greedy = ChoiceActor(encoder, network, codec)
    searching = LocalSearchActor(encoder, network, codec, Expectation.of(problem, codec))
    again = loaded_actor(saved_actor(searching, problem, {}), problem)
    observation = seen(problem)
    orders = [
        each(observation, None, key=jax.random.key(0))[0].order[0, 0] for each in (greedy, searching, again)
    ]
    # Two rounds, each by one.
    assert [order.tolist() for order in orders] == [[3.0] * 3, [1.0] * 3, [1.0] * 3]


def test_a_share_of_nothing_is_not_reached_by_a_factor() -> None:
    with pytest.raises(SettingError, match="must be above 0 where falling is 'geometric'"):
        DqnConfig(falling="geometric", final_epsilon=0.0)
    assert DqnConfig(falling="linear", final_epsilon=0.0).final_epsilon == 0.0
