"""Networks that decide: what their outputs mean as quantities."""

import abc
import dataclasses
from collections.abc import Iterator
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
from basestock.learning.encoding import Encoder
from basestock.learning.networks import Mlp
from basestock.policies import Newsvendor

BARELY = -2.8
"""Where softplus beyond :data:`UNIT` is a tenth."""

LARGEST = 1e9
"""Units that no quantity exceeds."""

UNIT = float(np.log(np.e - 1.0))
"""Where softplus is 1."""


class Actor(Policy):
    """A network and what its outputs mean.

    Parameters
    ----------
    encoder
        What the network reads.
    network
        The network.
    codec
        The quantities that are decided.
    """

    encoder: Encoder
    network: Mlp
    codec: ActionCodec
    form: ClassVar[str]
    reads: ClassVar[Any] = Mlp

    @abc.abstractmethod
    def quantities(self, outputs: Float[Array, "output replication"]) -> Float[Array, "slot replication"]:
        """Return what the outputs stand for, units."""

    @classmethod
    def of(cls, encoder: Encoder, network: Mlp, codec: ActionCodec) -> "Actor":
        """Return the actor of a network that was learned."""
        return cls(encoder, network, codec)

    @classmethod
    def of_problem(cls, problem: Problem, encoder: Encoder, network: Any, codec: ActionCodec) -> "Actor":
        """Return the actor of a network that was learned, for a problem that it may ask for more than the codec."""
        return cls.of(encoder, network, codec)

    def decided(self, observation: Observation) -> Float[Array, "slot replication"]:
        """Return the quantities that are decided on what is seen, units."""
        return self.quantities(self.network(self.encoder(observation)))

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
        ``[slot]`` largest quantity that the network allows, units. What is beyond it is cut off, and still followed
        downhill: a policy that starts beyond would never come back otherwise.
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
        cls, problem: Problem, encoder: Encoder, codec: ActionCodec, network: Mlp, share: float = 1.0
    ) -> "QuantityActor":
        """Return the actor of a network that begins as a smooth base stock at a share of newsvendor levels.

        What the lane of first priority does not bring begins with a tenth of its average period.
        """
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
    def of(cls, encoder: Encoder, network: Mlp, codec: ActionCodec) -> "QuantityActor":
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
        beyond = jnp.maximum(units - self.limit[:, None], 0.0)
        units = units - jax.lax.stop_gradient(beyond)
        low, high = self.codec.low[:, None], self.codec.high[:, None]
        found = jnp.where(self.priced[:, None] > 0, low + (high - low) * jax.nn.sigmoid(outputs), units)
        return jnp.where(self.codec.whole[:, None] > 0, jnp.round(found), found) if self.rounds else found

    def learning(self) -> "QuantityActor":
        """Return the actor that does not round."""
        return dataclasses.replace(self, rounds=False)

    def deciding(self) -> "QuantityActor":
        """Return the actor that rounds."""
        return dataclasses.replace(self, rounds=True)


def units_of(codec: ActionCodec) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``[slot]`` the quantity of an average period, the largest that is allowed, and 1 for prices."""
    typical = [slot.typical if slot.typical > 0 else 1.0 for slot in codec.slots]
    limit = [LARGEST if slot.limit is None else slot.limit for slot in codec.slots]
    priced = [slot.name == "price" for slot in codec.slots]
    return np.array(typical, np.float32), np.array(limit, np.float32), np.array(priced, np.float32)


def supplied(problem: Problem, codec: ActionCodec) -> Iterator[tuple[int, int] | None]:
    """Return the node and item that each quantity is the first supply of; ``None`` for others."""
    arrays, network = problem.arrays, problem.network
    primary, ends = np.asarray(arrays.primary), np.asarray(arrays.lane_destination)
    for slot, row, item in zip(codec.slots, np.asarray(codec.rows), np.asarray(codec.items), strict=True):
        if slot.name == "order" and primary[row, item, 0] > 0:
            yield int(ends[row]), int(item)
        elif slot.name == "start":
            process = network.processes[row]
            made = max(process.produces, key=lambda name: process.produces[name])
            yield network.node_index[process.node], network.item_index[made]
        else:
            yield None


class ShareActor(Actor):
    """Outputs are squashed into shares of the range of each quantity: the action of the continuous codec."""

    form = "share"

    def quantities(self, outputs: Float[Array, "output replication"]) -> Float[Array, "slot replication"]:
        """Return the quantities; outputs beyond the number of slots are not means."""
        return self.codec.quantities(jnp.tanh(outputs[: len(self.codec.slots)]))


class ChoiceActor(Actor):
    """Outputs are scores of the choices; the best is taken, of all joint ones or slot by slot."""

    form = "choice"

    def quantities(self, outputs: Float[Array, "output replication"]) -> Float[Array, "slot replication"]:
        """Return the quantities of the best choices."""
        return self.codec.quantities(best_choices(self.codec, outputs))


FORMS: dict[str, type[Actor]] = {"quantity": QuantityActor, "share": ShareActor, "choice": ChoiceActor}
"""Actors by the name that they are saved under."""
