"""The native vector environment and the functional one play the same game."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import basestock as bs
import basestock.envs as envs


def make(num_envs=4, **settings):
    return gymnasium.make_vec(
        "basestock/LostSales-v0",
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        horizon=3,
        **settings,
    )


def test_shapes_and_autoreset():
    env = make()
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    observations, _ = env.reset(seed=1)
    assert observations.shape == (4, env.single_observation_space.shape[0])
    ends = []
    for _ in range(5):
        observations, rewards, terminated, truncated, _ = env.step(env.action_space.sample())
        assert rewards.shape == (4,)
        assert not terminated.any()
        ends.append(truncated.all())
    assert ends == [False, False, True, False, False]
    assert env.observation_space.contains(observations)


def test_the_step_after_the_end_only_begins_anew():
    env = make()
    env.reset(seed=1)
    for _ in range(3):
        env.step(np.ones((4, 1), dtype=np.float32))
    observations, rewards, *_ = env.step(np.ones((4, 1), dtype=np.float32))
    assert not rewards.any()
    assert not observations.any()


@pytest.mark.slow
def test_environments_meet_the_same_events_whatever_their_number():
    def first(num_envs):
        env = make(num_envs)
        env.reset(seed=5)
        return [env.step(np.zeros((num_envs, 1), dtype=np.float32))[1][:2] for _ in range(3)]

    assert np.array_equal(first(2), first(7))


def test_dict_observations():
    env = make(observations="dict")
    observations, _ = env.reset(seed=0)
    assert env.observation_space.contains(observations)


@pytest.mark.parametrize("bad", [np.zeros((3, 1)), np.full((4, 1), np.nan)])
def test_wrong_actions_are_refused(bad):
    env = make()
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"must be finite and of shape \(4, 1\)"):
        env.step(bad)


def test_a_list_of_seeds_is_refused():
    with pytest.raises(ValueError, match="seed is a list"):
        make().reset(seed=[1, 2, 3, 4])


@pytest.mark.slow
def test_vmap_over_environments():
    environment = envs.make_environment(bs.problems.lost_sales(lead_time=1), horizon=10)
    states, observations = jax.vmap(environment.reset)(jax.random.split(jax.random.key(0), 3))
    result = jax.vmap(environment.step)(states, jnp.full((3, 1), -0.5))
    assert observations.shape == result.observation.shape
    assert result.reward.shape == (3,)


@pytest.mark.slow
def test_a_batch_is_a_loop():
    environment = envs.make_environment(bs.problems.lost_sales(lead_time=2), horizon=10)
    key = jax.random.key(4)
    actions = jax.random.uniform(jax.random.key(1), (5, 1, 3), minval=-1)
    state, _ = environment.reset_batch(key, 3)
    singles = [environment.reset_replications(key, jnp.array([number]))[0] for number in range(3)]
    for action in actions:
        together = environment.step_batch(state, action)
        state = together.state
        apart = [environment.step_batch(single, action[:, [n]]) for n, single in enumerate(singles)]
        singles = [each.state for each in apart]
        assert np.array_equal(together.reward, np.concatenate([each.reward for each in apart]))


@pytest.mark.slow
def test_whole_rollouts_on_device():
    environment = envs.make_environment(bs.problems.lost_sales(lead_time=1), horizon=20)
    end, rewards = envs.rollout_environment(
        environment, lambda seen, key: jnp.full((1, seen.shape[-1]), -0.6), jax.random.key(0), 8
    )
    assert rewards.shape == (20, 8)
    assert int(end.elapsed) == 20


@pytest.mark.slow
def test_nodes_share_the_reward():
    environment = envs.make_environment(bs.problems.lost_sales(lead_time=1), horizon=20)
    state, _ = environment.reset(jax.random.key(0))
    result = environment.step(state, jnp.array([0.0]))
    assert float(result.places.sum()) == pytest.approx(float(result.reward))
