"""PPO and A2C: advantages, laws of actions, continuing paths, and what they reach on tiny problems."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.envs import action_codec
from basestock.learning import ppo, sac
from basestock.learning.exploration import first_outputs
from basestock.learning.laws import law_of
from basestock.learning.on_policy import advantages_of
from basestock.learning.updates import is_fine, kept
from basestock.problems import lost_sales, make_problem


def test_advantages_by_hand():
    rewards = np.array([[1.0], [2.0]], np.float32)
    values = np.array([[0.5], [1.0], [3.0]], np.float32)
    discounts = jnp.asarray(np.array([0.9, 0.9], np.float32))
    found = advantages_of(jnp.asarray(rewards), jnp.asarray(values), discounts, 0.5)
    last = 2.0 + 0.9 * 3.0 - 1.0
    first = 1.0 + 0.9 * 1.0 - 0.5
    np.testing.assert_allclose(found[:, 0], [first + 0.45 * last, last], rtol=1e-6)
    found = advantages_of(jnp.asarray(rewards), jnp.asarray(values), discounts.at[0].set(0.0), 0.5)
    np.testing.assert_allclose(found[:, 0], [0.5, last], rtol=1e-6)


def test_joint_and_separate_choices_are_the_same_law():
    problem = make_problem("dual_sourcing")
    separate = action_codec(problem, "multi_discrete", levels=3)
    joint = action_codec(problem, "discrete", levels=3)
    first, second = first_outputs(separate), first_outputs(joint)
    assert len(first) == sum(separate.sizes) and len(second) == math.prod(joint.sizes)
    spread = jnp.zeros((2, 1))
    laws = law_of(separate), law_of(joint)
    outputs = [jnp.asarray(each[:, None], dtype=jnp.float32) for each in (first, second)]
    entropies = [law.entropy(each, spread)[0] for law, each in zip(laws, outputs, strict=True)]
    np.testing.assert_allclose(*entropies, rtol=1e-5)
    slots = jnp.array([[1], [2]])
    index = jnp.array([[1 * joint.sizes[1] + 2]])
    chances = [
        law.logarithm(out, spread, drawn)[0]
        for law, out, drawn in zip(laws, outputs, (slots, index), strict=True)
    ]
    np.testing.assert_allclose(*chances, rtol=1e-5)


def test_choices_are_drawn_by_their_chances():
    codec = action_codec(lost_sales(lead_time=0, mean=1.0), "multi_discrete")
    law = law_of(codec)
    scores = np.log(np.arange(1, sum(codec.sizes) + 1, dtype=np.float32))
    noise = np.linspace(0.0, 1.0, 6000, endpoint=False, dtype=np.float32)[None]
    outputs = jnp.asarray(np.broadcast_to(scores[:, None], (len(scores), noise.shape[1])))
    drawn = law.draw(outputs, jnp.zeros((1, 1)), jnp.asarray(noise))
    shares = np.bincount(np.asarray(drawn[0]), minlength=len(scores)) / noise.shape[1]
    np.testing.assert_allclose(shares, np.exp(scores) / np.exp(scores).sum(), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learner", "config"),
    [(ppo, ppo.PPOConfig(updates=40)), (sac, sac.SACConfig(updates=40))],
    ids=["ppo", "sac"],
)
def test_learns_to_the_horizon(learner, config):
    problem = make_problem("or_gym/inv_management_v0")
    found = learner.train(problem, config, key=jax.random.key(0))
    assert problem.sign * found.curve[-1].values["cost"] < problem.sign * found.curve[0].values["cost"]


def test_bad_parameters_are_not_kept():
    good, bad = {"a": jnp.ones(2)}, {"a": jnp.array([1.0, jnp.nan])}
    assert bool(is_fine(good)) and not bool(is_fine(bad)) and not bool(is_fine({"a": jnp.full(1, 1e9)}))
    np.testing.assert_array_equal(kept(is_fine(bad), bad, good)["a"], good["a"])


@pytest.mark.slow
def test_the_same_key_gives_the_same_run():
    config = ppo.PPOConfig(updates=3, paths=32)
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0)
    first, second = (ppo.train(problem, config, key=jax.random.key(4)) for _ in range(2))
    for one, other in zip(jax.tree.leaves(first.policy), jax.tree.leaves(second.policy), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_divergence_is_told_and_the_last_good_parameters_are_kept():
    found = ppo.train(
        lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0),
        ppo.PPOConfig(updates=5, paths=32, learning_rate=1e9),
        key=jax.random.key(0),
    )
    assert "diverged" in found.stopped and found.updates < 5
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found.policy.network))
