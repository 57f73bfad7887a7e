"""Laws of random actions: what the outputs of a policy network are the parameters of."""

import abc
import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.envs import ActionCodec
from basestock.learning.choices import places_of

LOG_SPREADS = -4.0, 1.0
"""Bounds on the logarithm of the standard deviation of a continuous action before it is squashed."""


class Law(eqx.Module):
    """The law of actions that the outputs of a policy network stand for."""

    @abc.abstractmethod
    def draw(self, outputs: Float[Array, "output replication"], spread: Array, noise: Array) -> Array:
        """Return the actions, as the law counts them, that noise ``[slot, replication]`` stands for."""

    @abc.abstractmethod
    def action(self, drawn: Array) -> Array:
        """Return the action of the codec."""

    @abc.abstractmethod
    def logarithm(
        self, outputs: Float[Array, "output replication"], spread: Array, drawn: Array
    ) -> Float[Array, " replication"]:
        """Return the logarithm of the chance or density of actions."""

    @abc.abstractmethod
    def entropy(
        self, outputs: Float[Array, "output replication"], spread: Array
    ) -> Float[Array, " replication"]:
        """Return the entropy, nats."""

    @abc.abstractmethod
    def divergence(
        self,
        before: tuple[Float[Array, "output replication"], Array],
        after: tuple[Float[Array, "output replication"], Array],
    ) -> Float[Array, " replication"]:
        """Return the Kullback-Leibler divergence between laws of outputs and spreads, nats."""


class SquashedGaussian(Law):
    """Shares are hyperbolic tangents of independent Gaussians with the outputs as means.

    Notes
    -----
    Densities and entropies are those before squashing: ratios of densities are the same after it. What squashing takes
    off the logarithm is :meth:`squashing`.
    """

    def draw(self, outputs: Float[Array, "output replication"], spread: Array, noise: Array) -> Array:
        """Return shares before squashing, of standard normal noise."""
        return outputs + jnp.exp(spread) * noise

    def action(self, drawn: Array) -> Array:
        """Return shares."""
        return jnp.tanh(drawn)

    def logarithm(
        self, outputs: Float[Array, "output replication"], spread: Array, drawn: Array
    ) -> Float[Array, " replication"]:
        """Return the logarithm of the density."""
        far = (drawn - outputs) * jnp.exp(-spread)
        return (-0.5 * far**2 - spread - 0.5 * math.log(2 * math.pi)).sum(0)

    def squashing(self, drawn: Float[Array, "slot replication"]) -> Float[Array, " replication"]:
        """Return the logarithm of the slope of squashing, which the density of shares is divided by."""
        # log(1 - tanh(x)^2), without cancellation.
        return (2.0 * (math.log(2.0) - drawn - jax.nn.softplus(-2.0 * drawn))).sum(0)

    def entropy(
        self, outputs: Float[Array, "output replication"], spread: Array
    ) -> Float[Array, " replication"]:
        """Return the entropy."""
        each = (spread + 0.5 * math.log(2 * math.pi * math.e)).sum()
        return jnp.broadcast_to(each, outputs.shape[-1:])

    def divergence(
        self,
        before: tuple[Float[Array, "output replication"], Array],
        after: tuple[Float[Array, "output replication"], Array],
    ) -> Float[Array, " replication"]:
        """Return the divergence."""
        (mean, spread), (new, width) = before, after
        apart = (jnp.exp(2.0 * spread) + (mean - new) ** 2) * jnp.exp(-2.0 * width)
        return (width - spread + 0.5 * (apart - 1.0)).sum(0)


class Choices(Law):
    """Outputs are scores of choices: of every slot, or of all joint actions.

    Parameters
    ----------
    places
        ``[slot, choice]`` which output is the score of a choice.
    there
        ``[slot, choice]`` whether a slot has so many choices.
    joint
        Whether one index stands for all slots.
    """

    places: Array
    there: Array
    joint: bool = eqx.field(static=True)

    @classmethod
    def of(cls, codec: ActionCodec) -> "Choices":
        """Return the law of a codec."""
        places, there = places_of(codec)
        return cls(jnp.asarray(places), jnp.asarray(there), codec.kind == "discrete")

    def logarithms(self, outputs: Float[Array, "output replication"]) -> Array:
        """Return ``[slot, choice, replication]`` the logarithm of the chance of every choice, of padding about -1e9."""
        scores = jnp.where(self.there[..., None], outputs[self.places], -1e9)
        return jax.nn.log_softmax(scores, axis=1)

    def draw(self, outputs: Float[Array, "output replication"], spread: Array, noise: Array) -> Array:
        """Return ``[slot, replication]`` indices, of uniform noise."""
        below = jnp.cumsum(jnp.exp(self.logarithms(outputs)), axis=1) <= noise[: len(self.places), None]
        # Rounding of sums may point beyond the last choice.
        return jnp.minimum(below.sum(1), self.there.sum(1)[:, None] - 1)

    def action(self, drawn: Array) -> Array:
        """Return indices."""
        return drawn[0] if self.joint else drawn

    def logarithm(
        self, outputs: Float[Array, "output replication"], spread: Array, drawn: Array
    ) -> Float[Array, " replication"]:
        """Return the logarithm of the chance."""
        return jnp.take_along_axis(self.logarithms(outputs), drawn[:, None], axis=1).sum((0, 1))

    def entropy(
        self, outputs: Float[Array, "output replication"], spread: Array
    ) -> Float[Array, " replication"]:
        """Return the entropy."""
        logarithms = self.logarithms(outputs)
        return -(jnp.exp(logarithms) * logarithms).sum((0, 1))

    def divergence(
        self,
        before: tuple[Float[Array, "output replication"], Array],
        after: tuple[Float[Array, "output replication"], Array],
    ) -> Float[Array, " replication"]:
        """Return the divergence."""
        old, new = self.logarithms(before[0]), self.logarithms(after[0])
        return (jnp.exp(old) * (old - new)).sum((0, 1))


def law_of(codec: ActionCodec) -> Law:
    """Return the law of the actions of a codec."""
    return SquashedGaussian() if codec.kind == "continuous" else Choices.of(codec)
