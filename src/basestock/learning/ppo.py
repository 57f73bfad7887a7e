"""Proximal policy optimization."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.on_policy import Batch, Method, OnPolicyConfig, learned_on_policy
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell, tell_nobody
from basestock.learning.settings import Count, Positive


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

    epochs: Count = 4
    minibatches: Count = 4
    clip: Positive = 0.2
    most_change: Positive = 0.03


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


def train(
    problem: Problem,
    config: PPOConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn a policy by proximal policy optimization.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Notes
    -----
    Schulman et al. 2017, doi:10.48550/arXiv.1707.06347, with generalized advantage estimation and networks of their own
    for policy and critic. Problems of the long run are continuing tasks: the mean reward is taken off, and the critic
    says what follows where paths are cut.
    """
    method = Clipped(config.epochs, config.minibatches, config.most_change, config.clip)
    return learned_on_policy(problem, config, method, key=key, tell=tell, checkpoint=checkpoint)
