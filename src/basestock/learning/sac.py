"""Soft actor-critic."""

import dataclasses
import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.envs import ActionCodec, action_codec
from basestock.envs.actions import ActionKind
from basestock.learning.actors import Actor, ChoiceActor
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.deadline import linear
from basestock.learning.encoding import Encoder
from basestock.learning.exploration import first_outputs
from basestock.learning.laws import LOG_SPREADS, Choices, SquashedGaussian
from basestock.learning.off_policy import (
    ActorCriticMethod,
    Learned,
    OffPolicyConfig,
    learned_off_policy,
    worth,
)
from basestock.learning.recurrence import History, Network, network_of
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell, tell_nobody
from basestock.learning.settings import Positive, Share, Widths


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
    choice_entropy, final_choice_entropy
        The same of choices, as a share of the entropy of even chances.
    actions
        Encoding of actions: ``continuous``, ``multi_discrete`` or ``discrete``.
    """

    spread: Positive = 0.4
    entropy: float = -1.0
    final_entropy: float = -2.5
    choice_entropy: Share = 0.5
    final_choice_entropy: Share = 0.05
    actions: ActionKind = "continuous"


class Soft(ActorCriticMethod):
    """A squashed Gaussian policy whose entropy is worth something.

    Parameters
    ----------
    spread
        Standard deviation at first.
    entropies
        Entropy of a share that is aimed at, at first and at the end, nats.
    """

    spread: float = eqx.field(static=True)
    entropies: tuple[float, float] = eqx.field(static=True)
    name: ClassVar[str] = "sac"

    def first_outputs(self, codec: ActionCodec) -> np.ndarray:
        """Return means of an average period, and logarithms of standard deviations."""
        means = first_outputs(codec)
        return np.concatenate([means, np.full_like(means, math.log(self.spread))])

    def aimed(self, codec: ActionCodec, share: float) -> float:
        """Return the entropy of all shares that is aimed at, nats."""
        return len(codec.slots) * linear(share, *self.entropies)

    def followed(self, network: Network, critics: tuple[Network, ...]) -> tuple[Network, ...]:
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
        self, changed: tuple[Network, Array], learned: Learned, inputs: Array, noise: Array, entropy: Array
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return minus what the lowest critic says and what entropy is worth; that worth rises where entropy lacks."""
        network, temperature = changed
        shares, logarithms = _drawn(network(inputs), noise)
        said = worth(learned.critics, inputs, shares).min(0)
        alpha = jnp.exp(temperature)
        policy = (jax.lax.stop_gradient(alpha) * logarithms - said).mean()
        return policy - temperature * jax.lax.stop_gradient(logarithms.mean() + entropy), policy

    def told(self, learned: Learned, inputs: Array, noise: Array) -> dict[str, Array]:
        """Return what entropy is worth, and an estimate of the entropy of all shares together, nats."""
        entropy = -_drawn(learned.network(inputs), noise)[1].mean()
        return {"losses/alpha": jnp.exp(learned.temperature), "losses/entropy": entropy}


class SoftChoices(ActorCriticMethod):
    """A policy of choices whose entropy is worth something; critics say what every choice is worth.

    Parameters
    ----------
    law
        What outputs of the policy stand for, and which output of a critic values which choice.
    entropies
        Entropy that is aimed at, at first and at the end, as a share of that of even chances.

    Notes
    -----
    Christodoulou 2019, doi:10.48550/arXiv.1910.07207: expectations over choices are sums, nothing is drawn for them.
    Where every slot has choices of its own, chances multiply, and what critics say of slots adds up.
    """

    law: Choices
    entropies: tuple[float, float] = eqx.field(static=True)
    name: ClassVar[str] = "sac"
    form: ClassVar[type[Actor]] = ChoiceActor
    kind: ClassVar[DTypeLike] = np.int32

    def branches(self, codec: ActionCodec) -> int:
        """Return the number of choices of an action."""
        return len(self.law.places)

    def critic(self, reads: Encoder | History, codec: ActionCodec, hidden: Widths, key: Array) -> Network:
        """Return a critic with an output for every choice."""
        return network_of(reads, (*hidden, len(first_outputs(codec))), key, last=0.1)

    def first_outputs(self, codec: ActionCodec) -> np.ndarray:
        """Return scores of choices of an average period."""
        return first_outputs(codec)

    def aimed(self, codec: ActionCodec, share: float) -> float:
        """Return the entropy of all choices that is aimed at, nats."""
        return linear(share, *self.entropies) * sum(math.log(size) for size in codec.sizes)

    def followed(self, network: Network, critics: tuple[Network, ...]) -> tuple[Network, ...]:
        """Return the critics."""
        return critics

    def explored(
        self, outputs: Float[Array, "output replication"], noise: Float[Array, "slot replication"]
    ) -> Array:
        """Return random choices."""
        return self.law.draw(outputs, jnp.zeros(()), noise).astype(jnp.int32)

    def action(self, drawn: Array) -> Array:
        """Return the action of the codec."""
        return self.law.action(drawn)

    def moved(self, before: Array, after: Array, slots: int) -> Float[Array, ""]:
        """Return the mean Kullback-Leibler divergence between policies, nats."""
        nothing = jnp.zeros(())
        return self.law.divergence((before, nothing), (after, nothing)).mean()

    def said(
        self, critics: tuple[Network, ...], inputs: Array, drawn: Array
    ) -> Float[Array, "critic decision"]:
        """Return what each critic says of choices."""
        values = jnp.stack([critic(inputs)[self.law.places] for critic in critics])
        return jnp.take_along_axis(values, drawn[None, :, None], axis=2).sum((1, 2))

    def _lowest(self, critics: tuple[Network, ...], inputs: Array) -> Float[Array, "slot choice decision"]:
        """Return the lowest value of every choice."""
        return jnp.stack([critic(inputs) for critic in critics]).min(0)[self.law.places]

    def ahead(self, learned: Learned, inputs: Array, noise: Array) -> Float[Array, " decision"]:
        """Return the expectation of the lowest target over choices, and what their entropy is worth."""
        logarithms = self.law.logarithms(learned.network(inputs))
        each = self._lowest(learned.targets, inputs) - jnp.exp(learned.temperature) * logarithms
        return (jnp.exp(logarithms) * each).sum((0, 1))

    def loss(
        self, changed: tuple[Network, Array], learned: Learned, inputs: Array, noise: Array, entropy: Array
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return minus what choices and entropy are worth; the worth of entropy rises where it lacks."""
        network, temperature = changed
        logarithms = self.law.logarithms(network(inputs))
        chances, alpha = jnp.exp(logarithms), jax.lax.stop_gradient(jnp.exp(temperature))
        policy = (chances * (alpha * logarithms - self._lowest(learned.critics, inputs))).sum((0, 1)).mean()
        lacking = entropy + (chances * logarithms).sum((0, 1)).mean()
        return policy - temperature * jax.lax.stop_gradient(lacking), policy

    def told(self, learned: Learned, inputs: Array, noise: Array) -> dict[str, Array]:
        """Return what entropy is worth, and the entropy of all choices together, nats."""
        logarithms = self.law.logarithms(learned.network(inputs))
        entropy = -(jnp.exp(logarithms) * logarithms).sum((0, 1)).mean()
        return {"losses/alpha": jnp.exp(learned.temperature), "losses/entropy": entropy}


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
    Haarnoja et al. 2018, doi:10.48550/arXiv.1812.05905, with twin critics and a learned temperature; with choices
    instead of shares :class:`SoftChoices`. The entropy that is aimed at falls, for a policy that orders at random costs
    more than one that does not. Problems of the long run are continuing tasks: the mean reward is taken off, and
    nothing ends.
    """
    if config.actions == "continuous":
        method = Soft(2, 1, config.spread, (config.entropy, config.final_entropy))
    else:
        law = Choices.of(action_codec(problem, config.actions))
        method = SoftChoices(2, 1, law, (config.choice_entropy, config.final_choice_entropy))
    return learned_off_policy(
        problem, config, method, key=key, tell=tell, checkpoint=checkpoint, actions=config.actions
    )
