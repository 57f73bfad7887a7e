"""Comparisons of choices as scores are fitted to them, those of the last times together."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from basestock.envs import ActionCodec
from basestock.learning.choice_scores import Lessons

TAUGHT = 2
"""Times whose comparisons are remembered."""


class ChoiceLessons:
    """Comparisons of choices that scores are fitted to.

    Parameters
    ----------
    codec
        The choices.
    room
        Comparisons of an update at most.
    """

    def __init__(self, codec: ActionCodec, room: int) -> None:
        self.starts, self.room = np.cumsum([0, *codec.sizes])[:-1], room
        self._told: list[tuple[np.ndarray, ...]] = []

    def add(self, inputs: np.ndarray, candidates: np.ndarray, excess: np.ndarray, weight: np.ndarray) -> None:
        """Remember the comparisons of an update, ``[state, slot, candidate]``, and forget the oldest ones."""
        states, slots, width = candidates.shape
        slot = np.tile(np.arange(slots), states)
        outputs = candidates.reshape(-1, width) + self.starts[slot][:, None]
        told = (
            np.repeat(inputs, slots, 0),
            outputs,
            excess.reshape(-1, width),
            slot,
            np.repeat(weight, slots),
        )
        self._told = [*self._told[1 - TAUGHT :], told]

    def kept(self) -> list[tuple[np.ndarray, ...]]:
        """Return what a checkpoint holds."""
        return self._told

    def go_on(self, kept: Sequence[Sequence[np.ndarray]]) -> None:
        """Go on with what :meth:`kept` says."""
        self._told = [tuple(each) for each in kept]

    def all(self) -> Lessons:
        """Return all of them, filled up to a fixed number."""
        inputs, outputs, excess, slot, weight = (
            np.concatenate(each) for each in zip(*self._told, strict=True)
        )
        filled = np.minimum(np.arange(TAUGHT * self.room), len(slot) - 1)
        return Lessons(
            jnp.asarray(inputs[filled].T, jnp.float32),
            jnp.asarray(outputs[filled].T, jnp.int32),
            jnp.asarray(excess[filled].T, jnp.float32),
            jnp.asarray(slot[filled], jnp.int32),
            jnp.asarray(weight[filled], jnp.float32),
            jnp.asarray(len(slot), jnp.int32),
        )
