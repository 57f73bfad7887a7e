"""Gates: whether anything is ordered at all, where that makes the cost jump and a derivative does not see it."""

import dataclasses
from typing import Any, ClassVar, NamedTuple, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.decision import Observation, Policy, Problem, advance
from basestock.dynamics import Decision, Moving
from basestock.envs import ActionCodec
from basestock.learning.actors import BARELY, UNIT, QuantityActor, weighed
from basestock.learning.experience import Scene
from basestock.learning.networks import generator
from basestock.learning.objectives import Loss
from basestock.learning.selection import ServedCost
from basestock.learning.slots import jumping, lots, supplied, units_of
from basestock.learning.tokens import FILL, TokenEncoder

Network = TypeVar("Network")

OPEN = 30.0
"""Output of a gate that is always open: its probability is 1 in single precision, and has no derivative."""

STEEPNESS = 3.0
"""Slope of the first gates: logits of a quantity of an average period."""


class Gated(QuantityActor):
    """Decides quantities, and beside them whether each is decided at all."""

    def opened(
        self, observation: Observation
    ) -> tuple[Float[Array, "slot replication"], Float[Array, "slot replication"]]:
        """Return logits of gates, and the quantities where these are open, units."""
        outputs = self.outputs(observation).reshape(2, len(self.codec.slots), -1)
        return outputs[1], self.quantities(outputs[0])

    def decided(self, observation: Observation) -> Float[Array, "slot replication"]:
        """Return the quantities of gates that are rather open than not, units."""
        logits, quantities = self.opened(observation)
        return jnp.where(logits > 0, quantities, 0.0)


class GatedActor(Gated):
    """A quantity and a gate for each slot, both outputs of the network."""

    form = "gated"
    heads: ClassVar[int] = 2

    @classmethod
    def create(
        cls,
        problem: Problem,
        encoder: Any,
        codec: ActionCodec,
        network: Any,
        share: float = 1.0,
    ) -> "GatedActor":
        """Return the actor of a network that begins about as (s, S) an economic lot apart, around a base stock.

        The base stock is that of :meth:`QuantityActor.create`; S lies half a lot above its level, s half a lot below.
        """
        typical, limit, priced = map(jnp.asarray, units_of(codec))
        if isinstance(encoder, TokenEncoder):
            begun = network.leading(*cls.filling(encoder, share))
            return cls(encoder, begun, codec, typical, limit, priced)
        base = super().create(problem, encoder, codec, network, share).network
        linear, bias = np.array(base.linear), np.array(base.biases[-1])
        slots, lot = len(codec.slots), lots(problem, codec) / units_of(codec)[0]
        jumps, places = jumping(problem, codec), list(supplied(problem, codec))
        for at, place in enumerate(places):
            gate = slots + at
            if not jumps[at]:
                bias[gate] = OPEN
            elif place is None:
                bias[gate] = BARELY
            else:
                position = encoder.position(*place)
                bias[at] += lot[at] / 2
                linear[gate, position] = STEEPNESS * linear[at, position]
                # The derivative of softplus beyond the first output is not 1: from here on in average periods short.
                bias[gate] = STEEPNESS * (bias[at] - lot[at])
        biases = (*base.biases[:-1], jnp.asarray(bias))
        begun = dataclasses.replace(base, linear=jnp.asarray(linear), biases=biases)
        return cls(encoder, begun, codec, typical, limit, priced)

    @classmethod
    def filling(
        cls, encoder: TokenEncoder, share: float
    ) -> tuple[Float[np.ndarray, "head input"], Float[np.ndarray, " head"]]:
        """Return the weights and biases that make a network which serves every slot begin in the same way."""
        weights, biases = super().filling(encoder, share)
        lot = weighed(encoder, {"lot": 0.5 / FILL})
        gate = {
            "gated_level": STEEPNESS * share / FILL,
            "gated_position": -STEEPNESS / FILL,
            "lot": -STEEPNESS * 0.5 / FILL,
            "jumps": BARELY - OPEN,
            "gated": -STEEPNESS * UNIT - BARELY,
        }
        rows = np.stack([weights[0] + lot, weighed(encoder, gate)])
        return rows, np.append(biases, OPEN)


class Tries(NamedTuple):
    """What is random of gates in an update, and how they are drawn.

    Parameters
    ----------
    noise
        ``[period, slot, path]`` uniform in [0, 1): a gate is open where this lies below its probability.
    period, slot
        ``[path]`` the gate that is tried both ways.
    entropy
        What the entropy of a gate is worth, in what a period costs, nats.
    softness
        What logits are divided by.
    """

    noise: Float[Array, "period slot path"]
    period: Int[Array, " path"]
    slot: Int[Array, " path"]
    entropy: Float[Array, ""]
    softness: Float[Array, ""]


class Trial(eqx.Module):
    """What may be tried in a problem.

    Parameters
    ----------
    slots
        Slots with gates.
    num_slots
        Number of all slots.
    decided
        Periods whose decisions are learned from; later the actor is taken as given.
    """

    slots: tuple[int, ...] = eqx.field(static=True)
    num_slots: int = eqx.field(static=True)
    decided: int = eqx.field(static=True)

    def draws(self, key: Array, scene: Scene, *, entropy: float, softness: float) -> Tries:
        """Draw what is random; the events never come from the same key."""
        draw, paths = generator(key), scene.paths
        slot = np.array(self.slots)[draw.integers(0, len(self.slots), paths)]
        return Tries(
            jnp.asarray(draw.random((scene.periods, self.num_slots, paths), np.float32)),
            jnp.asarray(draw.integers(0, self.decided, paths), dtype=jnp.int32),
            jnp.asarray(slot, dtype=jnp.int32),
            jnp.asarray(np.float32(entropy)),
            jnp.asarray(np.float32(softness)),
        )


class GatedPlay(Policy):
    """Draws gates, but for one on each path, which is open in the first half of the paths and shut in the second.

    Parameters
    ----------
    actor
        The actor.
    tries
        What is random, for both halves.
    branch
        ``[path]`` whether the gate that is tried is open.
    trial
        What may be tried.
    """

    actor: Gated
    tries: Tries
    branch: Bool[Array, " path"]
    trial: Trial

    def init(self, observation: Observation) -> Any:
        """Return the number of the period, the probability of the gate that is tried, and sums of entropies."""
        nothing = jnp.zeros(observation.on_hand.shape[-1])
        return jnp.zeros((), dtype=jnp.int32), nothing, nothing

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide, and remember."""
        count, chosen, entropy = memory
        learns = (count < self.trial.decided).astype(jnp.float32)
        actor = dataclasses.replace(self.actor, network=taken_as_given(self.actor.network, learns))
        logits, quantities = actor.opened(observation)
        logits = logits / self.tries.softness
        chance = jax.nn.sigmoid(logits)
        mine = (count == self.tries.period) & (jnp.arange(len(chance))[:, None] == self.tries.slot)
        opened = jnp.where(mine, self.branch, self.tries.noise[count] < chance)
        mixed = (jax.nn.softplus(logits) - logits * chance)[np.array(self.trial.slots)].sum(0)
        decision = actor.codec.decide(jnp.where(opened, quantities, 0.0))
        return decision, (count + 1, chosen + (chance * mine).sum(0), entropy + learns * mixed)


def taken_as_given(network: Network, learns: Array) -> Network:
    """Return a network with its own values, whose derivatives are the share that learns."""
    return jax.tree.map(lambda leaf: learns * leaf + (1.0 - learns) * jax.lax.stop_gradient(leaf), network)


def gated_cost(
    actor: Gated, scene: Scene, moving: Moving, root: Array, tries: Tries, trial: Trial, priced: Loss
) -> tuple[Float[Array, ""], Moving]:
    """Return what is minimized, per decided period and scaled, and where paths go on.

    Notes
    -----
    Every path is played twice on the same events and draws, but for one gate that is open in one play and shut in the
    other. With p its probability and A, B the costs of the plays, p A + (1 - p) B is the expectation over that gate;
    its derivative in p is A - B: the score function summed over both draws, also known as the measure-valued derivative
    (Mohamed et al. 2020, doi:10.48550/arXiv.1906.10652, sections 4 and 6). The gate that is tried is any of them with
    equal probability, so that its derivative counts for all. Derivatives of quantities are those along paths (Schulman
    et al. 2015, doi:10.48550/arXiv.1506.05254); they include how a quantity moves the probability of a later gate.
    """
    count = scene.paths
    twice = Tries(*(_twice(leaf, count) for leaf in tries))
    branch = jnp.arange(2 * count) < count
    start = jax.tree.map(lambda leaf: _twice(leaf, count), moving)
    nothing = jnp.zeros(2 * count)
    memory = (start.memory[0], (jnp.zeros((), dtype=jnp.int32), nothing, nothing))
    fold = ServedCost(scene.fold)
    path = advance(
        scene.game,
        GatedPlay(actor, twice, branch, trial),
        dataclasses.replace(start, memory=memory),
        root=root,
        replications=jnp.tile(jnp.arange(count), 2),
        num_periods=scene.periods,
        fold=fold,
        initial=fold.initial(2 * count),
    )
    seen, (_, chance, entropy) = path.end.memory
    first, second = priced(path.folded).reshape(2, count)
    chance, given = chance[:count], jax.lax.stop_gradient(chance[:count])
    cost = given * first + (1.0 - given) * second
    saved = jax.lax.stop_gradient(first - second)
    jump = trial.decided * len(trial.slots) * (chance - given) * saved
    loss = (cost + jump - tries.entropy * entropy.reshape(2, count).mean(0)).mean() / trial.decided
    drawn = tries.noise[tries.period, tries.slot, jnp.arange(count)] < given
    end = dataclasses.replace(path.end, memory=(seen, None))
    end = jax.tree.map(lambda leaf: _one_of(leaf, drawn, count), end)
    return loss, jax.lax.stop_gradient(end)


def _twice(leaf: Any, count: int) -> Any:
    """Put paths beside themselves; other leaves stay as they are."""
    wide = eqx.is_array(leaf) and leaf.ndim > 0 and leaf.shape[-1] == count
    return jnp.concatenate([leaf, leaf], -1) if wide else leaf


def _one_of(leaf: Any, first: Bool[Array, " path"], count: int) -> Any:
    """Return of paths beside themselves those of the first half, or of the second."""
    wide = eqx.is_array(leaf) and leaf.ndim > 0 and leaf.shape[-1] == 2 * count
    return jnp.where(first, leaf[..., :count], leaf[..., count:]) if wide else leaf
