"""Proximal policy optimization."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.learning.on_policy import Batch, Method, OnPolicyConfig, learned_on_policy
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell


@dataclasses.dataclass(frozen=True)
class PPOConfig(OnPolicyConfig):
    """Settings of PPO, besides those that it shares with A2C.

    Parameters
    ----------
    epochs
        Times that every decision is learned from.
    minibatches
        Steps of an epoch.
    clip
        Relative change of the chance of a decision beyond which it is not learned from.
    most_change
        Approximate Kullback-Leibler divergence from the policy that played, beyond which no further epoch is made.
    """

    epochs: int = 4
    minibatches: int = 4
    clip: float = 0.2
    most_change: float = 0.03


class Clipped(Method):
    """The clipped surrogate.

    Parameters
    ----------
    clip
        Relative change beyond which there is no slope.
    """

    clip: float = eqx.field(static=True)
    name: ClassVar[str] = "ppo"

    def loss(self, logarithms: Float[Array, " decision"], batch: Batch) -> Float[Array, ""]:
        """Return minus the clipped mean advantage."""
        ratio = jnp.exp(logarithms - batch.logarithms)
        within = jnp.clip(ratio, 1.0 - self.clip, 1.0 + self.clip)
        return -jnp.minimum(ratio * batch.advantages, within * batch.advantages).mean()


def train(problem: Problem, config: PPOConfig, *, key: Array, tell: Tell = lambda point: None) -> TrainResult:
    """Learn a policy by proximal policy optimization.

    Parameters
    ----------
    problem
        Any simulated problem.
    config
        Settings.
    key
        Key of the run: weights, training and selection events follow from it.
    tell
        Is told every point of the curve, with scalars named as CleanRL does (``losses/policy_loss`` and so on).

    Returns
    -------
    TrainResult
        The cheapest candidate on events of selection, without exploration: last parameters, their running average, or
        the best point of the curve.

    Notes
    -----
    Schulman et al. 2017, doi:10.48550/arXiv.1707.06347, with generalized advantage estimation and networks of their own
    for policy and critic. Problems of the long run are continuing tasks: the mean reward is taken off, and the critic
    says what follows where paths are cut.
    """
    method = Clipped(config.epochs, config.minibatches, config.most_change, config.clip)
    return learned_on_policy(problem, config, method, key=key, tell=tell)
