"""Policies that explore: they decide on noise that is drawn before, and remember what they read and did."""

import abc
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy
from basestock.dynamics import Decision
from basestock.envs import ActionCodec
from basestock.learning.choices import best_choices
from basestock.learning.encoding import Encoder
from basestock.learning.recurrence import History

WILD = 0.05
"""Share of exploration that may choose anything; the rest stays below twice the quantity of an average period."""


class Explorer(Policy):
    """Decides on noise that its memory holds, and remembers what its encoder keeps, and its last inputs and action.

    Parameters
    ----------
    encoder
        What networks read.
    codec
        From actions to quantities.
    """

    encoder: Encoder | History
    codec: ActionCodec

    @abc.abstractmethod
    def explored(
        self, inputs: Float[Array, "input replication"], noise: Float[Array, "row replication"]
    ) -> tuple[Array, Array]:
        """Return the action of the codec, and what is to be remembered of it, ``[branch, replication]``."""

    @property
    def rows(self) -> int:
        """Rows of noise that a decision takes."""
        return len(self.codec.slots)

    @property
    def gaussian(self) -> bool:
        """Whether noise is standard normal; uniform in [0, 1) if not."""
        return self.codec.kind == "continuous"

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide, and remember."""
        noise, kept, *_ = memory
        inputs, kept = self.encoder.read(observation, kept)
        action, drawn = self.explored(inputs, noise)
        return self.codec.decision(action), (noise, kept, inputs, drawn)

    def blank(self, noise: Float[Array, "row replication"], kept: Any) -> tuple[Array, Any, Array, Array]:
        """Return the memory before a period with some noise and what was kept, in the shapes of every later one."""
        inputs = jnp.zeros((self.encoder.width, noise.shape[-1]))
        drawn = jax.eval_shape(lambda: self.explored(inputs, noise)[1])
        return noise, kept, inputs, jnp.zeros(drawn.shape, drawn.dtype)


class ChoiceExplorer(Explorer):
    """Takes the best choices, or random ones with some chance.

    Parameters
    ----------
    scores
        From inputs to a score of every choice.
    ends
        ``[slot, choice]`` cumulated chances of random choices.
    epsilon
        Chance of a random choice.
    """

    scores: Any
    ends: Float[Array, "slot choice"]
    epsilon: Float[Array, ""]

    @property
    def rows(self) -> int:
        """Rows of noise: which choice to try in every slot, and whether to try it in every branch."""
        slots = len(self.codec.slots)
        return slots + (1 if self.codec.kind == "discrete" else slots)

    def explored(
        self, inputs: Float[Array, "input replication"], noise: Float[Array, "row replication"]
    ) -> tuple[Array, Array]:
        """Choose."""
        codec, slots = self.codec, len(self.codec.slots)
        best = jnp.atleast_2d(best_choices(codec, self.scores(inputs))).astype(jnp.int32)
        tried = (self.ends[..., None] <= noise[:slots, None]).sum(1).astype(jnp.int32)
        if codec.kind == "discrete":
            worth = np.cumprod([1, *codec.sizes[:0:-1]])[::-1].astype(np.int32)
            tried = (jnp.asarray(worth)[:, None] * tried).sum(0, keepdims=True)
        action = jnp.where(noise[slots:] < self.epsilon, tried, best)
        return (action[0] if codec.kind == "discrete" else action), action


def random_choices(codec: ActionCodec) -> Float[np.ndarray, "slot choice"]:
    """Return cumulated chances of random choices: stock neither piles up nor runs out for ever."""
    ends = np.ones((len(codec.slots), max(codec.sizes)), np.float32)
    for row, slot in zip(ends, codec.slots, strict=True):
        choices = np.array(slot.choices)
        near = choices <= 2 * slot.typical if slot.name != "price" else np.ones(len(choices), bool)
        near[0] = True
        chances = WILD / len(choices) + (1 - WILD) * near / near.sum()
        row[: len(choices) - 1] = np.cumsum(chances)[:-1]
    return ends


def first_outputs(codec: ActionCodec) -> np.ndarray:
    """Return ``[output]`` of a network before it has learned anything: orders of an average period on average.

    Notes
    -----
    Continuous actions are shares before they are squashed. Scores of choices are those of the most random law with that
    mean; an untrained network that chose evenly would fill every stock.
    """
    typical = np.array([slot.typical if slot.typical > 0 else 1.0 for slot in codec.slots])
    if codec.kind == "continuous":
        return np.arctanh(np.clip(codec.encode(typical), -0.95, 0.95))
    scores = [
        -np.array(slot.choices) / unit if slot.name != "price" else np.zeros(len(slot.choices))
        for slot, unit in zip(codec.slots, typical, strict=True)
    ]
    if codec.kind == "multi_discrete":
        return np.concatenate(scores)
    joint = np.zeros(1)
    for each in scores:
        joint = (joint[:, None] + each).reshape(-1)
    return joint
