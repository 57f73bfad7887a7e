"""Scores of choices that are learned from what simulation says they cost."""

import dataclasses
import math
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from basestock.envs import ActionCodec
from basestock.learning.choices import places_of
from basestock.learning.networks import Mlp
from basestock.learning.order_rule import typical_of

OUTSIDE = 0.05
"""Weight of what is lost to choices that were not compared, in costs of a period per nat."""


def shapes(
    codec: ActionCodec, cap: Float[np.ndarray, " slot"], waves: int
) -> Float[np.ndarray, "output shape"]:
    """Return functions of the quantity that scores are made of, those of a slot beside those of the others.

    Parameters
    ----------
    codec
        Choices of every slot.
    cap
        Quantity of each slot beyond which the first rule does not go, units.
    waves
        Number of cosines, from long to short.

    Notes
    -----
    The quantity, its square, whether it is the smallest, what is beyond the cap, and cosines: scores of choices next to
    each other say much about each other, and a network with an output for each would have to find that out.
    """
    found = np.zeros((sum(codec.sizes), len(codec.slots) * (4 + waves)), np.float32)
    typical = 2.0 * typical_of(codec)
    row = 0
    for at, slot in enumerate(codec.slots):
        amounts = np.array(slot.choices)
        units = (amounts - amounts[0]) / typical[at]
        share = np.linspace(0.0, 1.0, len(amounts))
        columns = [units, units**2 / 4.0, units == 0.0, np.maximum(amounts - cap[at], 0.0) / typical[at]]
        columns += [np.cos(np.pi * wave * share) for wave in range(1, waves + 1)]
        first = at * len(columns)
        found[row : row + len(amounts), first : first + len(columns)] = np.stack(columns, 1)
        row += len(amounts)
    return found


DOUBT = 0.01
"""Excess, in costs of a period, by which a choice is e times less likely to be the best one."""

SURPRISE = 0.02
"""Weight of how unlikely scores find what is likely to be best."""

LOWEST = -1e9
"""Score of what does not count."""

FAR, STRAYED, STRAY = 1024, 128, (2.0, 100.0)
"""Inputs that lie far from those that were met, how many of them a step looks at, and how far they lie, spreads."""


class Scorer(eqx.Module):
    """Scores of a first rule, and what was learned beyond it.

    Parameters
    ----------
    first
        The rule: linear in what is read.
    shapes
        ``[output, shape]`` functions of the quantity.
    network
        Their weights, of what is read.
    """

    first: Mlp
    shapes: Float[Array, "output shape"]
    network: Mlp

    def __call__(self, inputs: Float[Array, "input replication"]) -> Float[Array, "output replication"]:
        """Return the scores."""
        return self.rule(inputs) + self.shapes @ self.network(inputs)

    def rule(self, inputs: Float[Array, "input replication"]) -> Float[Array, "output replication"]:
        """Return the scores of the first rule."""
        return self.first.linear @ inputs + self.first.biases[-1]

    def folded(self) -> Mlp:
        """Return the network whose outputs are the scores."""
        *weights, last = self.network.weights
        *biases, bias = self.network.biases
        return Mlp(
            (*weights, self.shapes @ last),
            (*biases, self.shapes @ bias + self.first.biases[-1]),
            self.shapes @ self.network.linear + self.first.linear,
        )


class Lessons(eqx.Module):
    """Comparisons to learn from, filled up to a fixed number.

    Parameters
    ----------
    inputs
        What was read.
    candidates
        Outputs that were compared.
    excess
        What each costs beyond the cheapest, in costs of a period; infinite where there is no such candidate.
    slot
        The slot that they are choices of.
    weight
        How much a comparison counts.
    size
        Number of comparisons that are none of the filling.
    """

    inputs: Float[Array, "input lesson"]
    candidates: Int[Array, "candidate lesson"]
    excess: Float[Array, "candidate lesson"]
    slot: Int[Array, " lesson"]
    weight: Float[Array, " lesson"]
    size: Int[Array, ""]


def regret(
    scorer: Scorer, lessons: Lessons, picked: Int[Array, " draw"], branch: Int[Array, " output"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return what scores are fitted by, and the mean cost of drawing candidates by them beyond that of the cheapest.

    Both are in costs of a period.

    Parameters
    ----------
    scorer, lessons, picked
        Scores, comparisons, and those of them that count.
    branch
        Slot of each output.
    """
    scores = scorer(lessons.inputs[:, picked])
    excess = lessons.excess[:, picked]
    there = jnp.isfinite(excess)
    here = jnp.where(there, jnp.take_along_axis(scores, lessons.candidates[:, picked], 0), LOWEST)
    # Where nothing at all is best the other choices are still kept near those that were compared: the best of them is
    # where the next comparisons are made.
    smallest = jnp.diff(branch, prepend=-1) > 0
    beyond = (branch[:, None] == lessons.slot[picked]) & ~smallest[:, None]
    compared = there & ~smallest[lessons.candidates[:, picked]]
    outside = _largest(scores, beyond) - _largest(here, compared)
    expected = (jax.nn.softmax(here, axis=0) * jnp.where(there, excess, 0.0)).sum(0)
    # Scores that are sure of the wrong one of two good choices far apart do not learn from what they expect alone.
    likely = jax.nn.softmax(jnp.where(there, -excess / DOUBT, LOWEST), axis=0)
    surprise = -(likely * jnp.where(there, jax.nn.log_softmax(here, axis=0), 0.0)).sum(0)
    weight = lessons.weight[picked]
    return (weight * (expected + OUTSIDE * outside + SURPRISE * surprise)).mean(), (weight * expected).mean()


def _largest(scores: Array, counts: Array) -> Float[Array, " draw"]:
    """Return the logarithm of the sum of exponentials of scores that count, about the largest of them."""
    return jax.nn.logsumexp(jnp.where(counts, scores, LOWEST), axis=0)


def strayed(scorer: Scorer, codec: ActionCodec, inputs: Float[Array, "input column"]) -> Float[Array, ""]:
    """Return how unlikely scores find what the first rule would choose, in nats.

    Parameters
    ----------
    scorer, codec
        Scores, and the choices.
    inputs
        What is read far from all states that were met: nothing is known there, and a policy that orders ever more the
        more there is would never come back.
    """
    places, there = places_of(codec)
    here = there[..., None]
    usual = jnp.where(here, scorer.rule(inputs)[places], -jnp.inf).argmax(1)
    scores = jax.nn.log_softmax(jnp.where(here, scorer(inputs)[places], LOWEST), axis=1)
    return -jnp.take_along_axis(scores, usual[:, None], 1).mean()


def _far(inputs: Float[np.ndarray, "input lesson"]) -> Float[np.ndarray, "input column"]:
    """Return inputs that lie far from given ones: more of everything, or less, by one to many spreads."""
    draw = np.random.default_rng(0)
    begin = inputs[:, draw.integers(0, inputs.shape[1], FAR)]
    size = draw.choice([1.0, 1.0, 1.0, -1.0], FAR) * np.exp(
        draw.uniform(math.log(STRAY[0]), math.log(STRAY[1]), FAR)
    )
    return begin + size * np.abs(draw.normal(size=begin.shape)) * inputs.std(1, keepdims=True)


def fitted(
    scorer: Scorer, lessons: Lessons, codec: ActionCodec, key: Array, rate: Array, steps: int, draws: int
) -> tuple[Scorer, Float[Array, " step"]]:
    """Return scores that were fitted to comparisons, and what drawing by them costs beyond the cheapest at every step.

    Parameters
    ----------
    scorer, lessons, codec
        Scores, comparisons, and the choices.
    key
        Key of what is drawn.
    rate
        Step of Adam at first; half a cosine leads to 0.
    steps, draws
        Steps, and comparisons of each.
    """
    told = np.asarray(lessons.inputs)[:, : int(lessons.size)]
    far = jnp.asarray(_far(told), jnp.float32)
    return _fitted(scorer, lessons, far, codec, key, rate, steps, draws)


@eqx.filter_jit
def _fitted(
    scorer: Scorer,
    lessons: Lessons,
    far: Float[Array, "input column"],
    codec: ActionCodec,
    key: Array,
    rate: Array,
    steps: int,
    draws: int,
) -> tuple[Scorer, Float[Array, " step"]]:
    branch = jnp.asarray(np.repeat(np.arange(len(codec.sizes)), codec.sizes))
    adam = optax.scale_by_adam(0.9, 0.999)

    def loss(network: Mlp, picked: Array) -> tuple[Array, Array]:
        learned = dataclasses.replace(scorer, network=network)
        fit, value = regret(learned, lessons, picked, branch)
        return fit + SURPRISE * strayed(learned, codec, far[:, picked[:STRAYED] % FAR]), value

    def descend(carry: tuple[Mlp, Any], at: Array) -> tuple[tuple[Mlp, Any], Array]:
        network, means = carry
        picked = jax.random.randint(jax.random.fold_in(key, at), (draws,), 0, lessons.size)
        (_, value), gradient = jax.value_and_grad(loss, has_aux=True)(network, picked)
        move, means = adam.update(gradient, means)
        now = rate * 0.5 * (1.0 + jnp.cos(jnp.pi * at / steps))
        network = jax.tree.map(lambda old, by: old - now * by, network, move)
        return (network, means), value

    begin = scorer.network, adam.init(cast(Any, scorer.network))
    (network, _), losses = jax.lax.scan(descend, begin, jnp.arange(steps))
    return dataclasses.replace(scorer, network=network), losses
