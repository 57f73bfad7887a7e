"""Learners that nobody here wrote train on the environments as they are; run where their packages are installed."""

import warnings

import gymnasium
import pytest

import basestock.envs  # noqa: F401  registers the ids

ENVIRONMENT = "basestock/LostSales-v0"


@pytest.mark.slow
def test_stable_baselines_trains_unmodified():
    learners = pytest.importorskip("stable_baselines3", reason="needs basestock[torch]")
    from stable_baselines3.common.env_checker import check_env

    env = gymnasium.make(ENVIRONMENT, horizon=20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
    model = learners.PPO("MlpPolicy", env, n_steps=64, batch_size=64, seed=0, device="cpu").learn(256)
    assert model.num_timesteps == 256


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_rllib_trains_unmodified():
    ray = pytest.importorskip("ray", reason="needs basestock[rllib]")
    pytest.importorskip("torch", reason="needs basestock[rllib]")
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.tune.registry import register_env

    register_env("lost_sales", lambda config: gymnasium.make(ENVIRONMENT, **config))
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        config = PPOConfig().environment("lost_sales", env_config={"horizon": 20})
        config = config.env_runners(num_env_runners=0)
        config = config.training(train_batch_size=100, minibatch_size=50, num_epochs=1)
        result = config.build_algo().train()
        assert result["env_runners"]["episode_return_mean"] < 0
    finally:
        ray.shutdown()
