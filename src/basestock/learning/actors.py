"""Networks that decide: what their outputs mean as quantities."""

import abc
import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision
from basestock.envs import ActionCodec
from basestock.learning.choices import best_choices
from basestock.learning.networks import Mlp
from basestock.learning.slots import supplied, units_of
from basestock.learning.tokens import FILL, TokenEncoder
from basestock.policies import Newsvendor
from basestock.policies.saved import SavedPolicy

BARELY = -2.8
"""Where softplus beyond :data:`UNIT` is a tenth."""

UNIT = float(np.log(np.e - 1.0))
"""Where softplus is 1."""


class Actor(Policy):
    """A network and what its outputs mean.

    Parameters
    ----------
    encoder
        What the network reads: an :class:`~basestock.learning.encoding.Encoder`, a
        :class:`~basestock.learning.recurrence.History` of what that says, or a
        :class:`~basestock.learning.tokens.TokenEncoder` where all slots share the network.
    network
        The network, which fits what is read.
    codec
        The quantities that are decided.
    """

    encoder: Any
    network: Any
    codec: ActionCodec
    form: ClassVar[str]
    reads: ClassVar[Any] = Mlp

    @abc.abstractmethod
    def quantities(self, outputs: Float[Array, "output replication"]) -> Float[Array, "slot replication"]:
        """Return what the outputs stand for, units."""

    @classmethod
    def of(cls, encoder: Any, network: Any, codec: ActionCodec) -> "Actor":
        """Return the actor of a network that was learned."""
        return cls(encoder, network, codec)

    @classmethod
    def of_problem(cls, problem: Problem, encoder: Any, network: Any, codec: ActionCodec) -> "Actor":
        """Return the actor of a network that was learned, for a problem that it may ask for more than the codec."""
        return cls.of(encoder, network, codec)

    @classmethod
    def of_saved(
        cls, problem: Problem, encoder: Any, network: Any, codec: ActionCodec, saved: SavedPolicy
    ) -> "Actor":
        """Return the actor of a file, which may say more of it."""
        return cls.of_problem(problem, encoder, network, codec)

    def outputs(self, observation: Observation) -> Float[Array, "output replication"]:
        """Return the outputs of the network, the first of all slots before the second."""
        outputs = self.network(self.encoder(observation))
        return outputs.reshape(-1, outputs.shape[-1])

    def decided(self, observation: Observation) -> Float[Array, "slot replication"]:
        """Return the quantities that are decided on what is seen, units."""
        return self.quantities(self.outputs(observation))

    def deciding(self) -> "Actor":
        """Return the actor as it decides when nothing is learned any more."""
        return self

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide on what the network says."""
        return self.codec.decide(self.decided(observation)), memory


class QuantityActor(Actor):
    """Outputs are quantities: never negative, in units of an average period; shares of their range for prices.

    Parameters
    ----------
    typical
        ``[slot]`` quantity of an output of 0, units.
    limit
        ``[slot]`` largest quantity that is allowed, units. What is beyond it is cut off, and followed back downhill.
    priced
        ``[slot]`` 1 where the quantity is a price.
    rounds
        Whether whole quantities are rounded; not while learning, which follows gradients.
    """

    typical: Float[Array, " slot"]
    limit: Float[Array, " slot"]
    priced: Float[Array, " slot"]
    rounds: bool = eqx.field(static=True, default=True)
    form = "quantity"
    heads: ClassVar[int] = 1
    """Outputs of the network for each slot."""

    @classmethod
    def create(
        cls,
        problem: Problem,
        encoder: Any,
        codec: ActionCodec,
        network: Any,
        share: float = 1.0,
    ) -> "QuantityActor":
        """Return the actor of a network that begins as a smooth base stock at a share of newsvendor levels.

        What the lane of first priority does not bring begins with a tenth of its average period.
        """
        if isinstance(encoder, TokenEncoder):
            return cls.of(encoder, network.leading(*cls.filling(encoder, share)), codec)
        typical, _, priced = units_of(codec)
        linear, bias = np.array(network.linear), np.array(network.biases[-1])
        level = np.asarray(Newsvendor.for_problem(problem).base_stock_level)[..., 0]
        for at, place in enumerate(supplied(problem, codec)):
            if place is None:
                bias[at] += 0.0 if priced[at] else BARELY
            else:
                position = encoder.position(*place)
                center, scale = float(encoder.center[position]), float(encoder.scale[position])
                linear[at, position] -= scale / typical[at]
                bias[at] += (share * level[place] - center) / typical[at] - UNIT
        biases = (*network.biases[:-1], jnp.asarray(bias))
        begun = dataclasses.replace(network, linear=jnp.asarray(linear), biases=biases)
        return cls.of(encoder, begun, codec)

    @classmethod
    def filling(
        cls, encoder: TokenEncoder, share: float
    ) -> tuple[Float[np.ndarray, "head input"], Float[np.ndarray, " head"]]:
        """Return the weights and biases that make a network which serves every slot begin in the same way."""
        weights = {"level": share / FILL, "position": -1.0 / FILL, "first": -UNIT - BARELY, "priced": -BARELY}
        return weighed(encoder, weights)[None], np.array([BARELY])

    @classmethod
    def of(cls, encoder: Any, network: Any, codec: ActionCodec) -> "QuantityActor":
        """Return the actor of a network that was learned."""
        typical, limit, priced = map(jnp.asarray, units_of(codec))
        return cls(encoder, network, codec, typical, limit, priced)

    def quantities(self, outputs: Float[Array, "output replication"]) -> Float[Array, "slot replication"]:
        """Return the quantities."""
        return self.allowed(self.typical[:, None] * jax.nn.softplus(outputs + UNIT), outputs)

    def allowed(
        self, units: Float[Array, "slot replication"], outputs: Float[Array, "slot replication"]
    ) -> Float[Array, "slot replication"]:
        """Return quantities within their limits, rounded where they are whole; prices are shares that outputs say."""
        units = at_most(units, self.limit[:, None])
        low, high = self.codec.low[:, None], self.codec.high[:, None]
        found = jnp.where(self.priced[:, None] > 0, low + (high - low) * jax.nn.sigmoid(outputs), units)
        return self.codec.rounded(found) if self.rounds else found

    def learning(self) -> "QuantityActor":
        """Return the actor that does not round."""
        return dataclasses.replace(self, rounds=False)

    def deciding(self) -> "QuantityActor":
        """Return the actor that rounds."""
        return dataclasses.replace(self, rounds=True)


@jax.custom_vjp
def at_most(units: Float[Array, "slot replication"], limit: Float[Array, "slot 1"]) -> Array:
    """Return quantities cut off at their limits, whose derivative beyond a limit leads back alone.

    Without any derivative there what lies beyond would never come back; with the whole of it, it would be driven ever
    further where a limit binds.
    """
    return jnp.minimum(units, limit)


def _cut(units: Array, limit: Array) -> tuple[Array, tuple[Array, Array]]:
    return jnp.minimum(units, limit), (units > limit, limit)


def _back(beyond: tuple[Array, Array], slope: Array) -> tuple[Array, Array]:
    which, limit = beyond
    return jnp.where(which, jnp.maximum(slope, 0.0), slope), jnp.zeros_like(limit)


at_most.defvjp(_cut, _back)


def weighed(encoder: TokenEncoder, weights: Mapping[str, float]) -> Float[np.ndarray, " input"]:
    """Return the weights of inputs by name; 0 for all others."""
    return np.array([weights.get(name, 0.0) for name in encoder.names])


class ReadingActor(Actor):
    """An actor whose quantities follow from outputs alone; it remembers what its encoder keeps."""

    @property
    def remembers(self) -> bool:
        """Whether its encoder keeps anything."""
        return self.encoder.opened(1) is not None

    def init(self, observation: Observation) -> Any:
        """Return the memory before the first decision."""
        return self.encoder.opened(observation.on_hand.shape[-1])

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide on what the network says, and remember."""
        inputs, memory = self.encoder.read(observation, memory)
        return self.codec.decide(self.quantities(self.network(inputs))), memory


class ShareActor(ReadingActor):
    """Outputs are squashed into shares of the range of each quantity: the action of the continuous codec."""

    form = "share"

    def quantities(self, outputs: Float[Array, "output replication"]) -> Float[Array, "slot replication"]:
        """Return the quantities; outputs beyond the number of slots are not means."""
        return self.codec.quantities(jnp.tanh(outputs[: len(self.codec.slots)]))


class ChoiceActor(ReadingActor):
    """Outputs are scores of the choices; the best is taken, of all joint ones or slot by slot."""

    form = "choice"

    def quantities(self, outputs: Float[Array, "output replication"]) -> Float[Array, "slot replication"]:
        """Return the quantities of the best choices."""
        return self.codec.quantities(best_choices(self.codec, outputs))


FORMS: dict[str, type[Actor]] = {"quantity": QuantityActor, "share": ShareActor, "choice": ChoiceActor}
"""Actors by the name that they are saved under."""
