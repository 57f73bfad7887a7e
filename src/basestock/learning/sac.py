"""Soft actor-critic."""

import dataclasses
import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.envs import ActionCodec
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.exploration import first_outputs
from basestock.learning.laws import LOG_SPREADS, SquashedGaussian
from basestock.learning.networks import Mlp
from basestock.learning.off_policy import (
    ActorCriticMethod,
    Learned,
    OffPolicyConfig,
    learned_off_policy,
    worth,
)
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell, tell_nobody
from basestock.learning.settings import Positive


@dataclasses.dataclass(frozen=True)
class SACConfig(OffPolicyConfig):
    """Settings of SAC, besides those that it shares with TD3 and DDPG.

    Parameters
    ----------
    spread
        Standard deviation of actions at first, before they are squashed.
    entropy, final_entropy
        Entropy of each share that is aimed at, at first and at the end (linear in between), nats; that of even shares
        is 0.69. The worth of entropy is learned so that it is met.
    """

    spread: Positive = 0.4
    entropy: float = -1.0
    final_entropy: float = -2.5


class Soft(ActorCriticMethod):
    """A squashed Gaussian policy whose entropy is worth something.

    Parameters
    ----------
    spread
        Standard deviation at first.
    """

    spread: float = eqx.field(static=True)
    name: ClassVar[str] = "sac"
    values_entropy: ClassVar[bool] = True

    def first_outputs(self, codec: ActionCodec) -> np.ndarray:
        """Return means of an average period, and logarithms of standard deviations."""
        means = first_outputs(codec)
        return np.concatenate([means, np.full_like(means, math.log(self.spread))])

    def followed(self, network: Mlp, critics: tuple[Mlp, ...]) -> tuple[Mlp, ...]:
        """Return the critics."""
        return critics

    def explored(
        self, outputs: Float[Array, "output replication"], noise: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return random shares."""
        return _drawn(outputs, noise)[0]

    def ahead(self, learned: Learned, inputs: Array, noise: Array) -> Float[Array, " decision"]:
        """Return what the lowest target says of random shares, and what their entropy is worth."""
        shares, logarithms = _drawn(learned.network(inputs), noise)
        return worth(learned.targets, inputs, shares).min(0) - jnp.exp(learned.temperature) * logarithms

    def loss(
        self, changed: tuple[Mlp, Array], learned: Learned, inputs: Array, noise: Array, entropy: Array
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return minus what the lowest critic says and what entropy is worth; that worth rises where entropy lacks."""
        network, temperature = changed
        shares, logarithms = _drawn(network(inputs), noise)
        said = worth(learned.critics, inputs, shares).min(0)
        alpha = jnp.exp(temperature)
        policy = (jax.lax.stop_gradient(alpha) * logarithms - said).mean()
        return policy - temperature * jax.lax.stop_gradient(logarithms.mean() + entropy), policy


def _drawn(outputs: Array, noise: Array) -> tuple[Array, Array]:
    """Return shares that noise stands for, and the logarithms of their densities."""
    law, slots = SquashedGaussian(), len(noise)
    means, spread = outputs[:slots], jnp.clip(outputs[slots:], *LOG_SPREADS)
    drawn = law.draw(means, spread, noise)
    return law.action(drawn), law.logarithm(means, spread, drawn) - law.squashing(drawn)


def train(
    problem: Problem,
    config: SACConfig,
    *,
    key: Array,
    tell: Tell = tell_nobody,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Learn a policy by soft actor-critic.

    Parameters and result are those of every learner: :class:`basestock.learning.registry.Train`.

    Notes
    -----
    Haarnoja et al. 2018, doi:10.48550/arXiv.1812.05905, with twin critics and a learned temperature. The entropy that
    is aimed at falls, for a policy that orders at random costs more than one that does not. Problems of the long run
    are continuing tasks: the mean reward is taken off, and nothing ends.
    """
    method = Soft(twins=2, delay=1, spread=config.spread)
    entropies = config.entropy, config.final_entropy
    return learned_off_policy(
        problem, config, method, key=key, tell=tell, checkpoint=checkpoint, entropies=entropies
    )
