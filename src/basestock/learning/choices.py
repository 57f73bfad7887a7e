"""Discrete actions as outputs of a network: an output a choice, of every slot or of all joint actions."""

import math

import numpy as np
from jaxtyping import Array, Bool, Float, Int

from basestock.envs import ActionCodec


def places_of(
    codec: ActionCodec,
) -> tuple[Int[np.ndarray, "branch choice"], Bool[np.ndarray, "branch choice"]]:
    """Return which output stands for each choice of a branch, and whether the branch has so many.

    Parameters
    ----------
    codec
        Codec of discrete actions. A branch is a slot, or all slots together where one index stands for them.

    Returns
    -------
    tuple
        Outputs, those that are not there at the last of the branch, so that the first of the largest is a choice; and
        whether they are there.
    """
    sizes = [math.prod(codec.sizes)] if codec.kind == "discrete" else list(codec.sizes)
    choices, lasts = np.arange(max(sizes)), np.array(sizes)[:, None] - 1
    starts = np.cumsum([0, *sizes])[:-1, None]
    return (starts + np.minimum(choices, lasts)).astype(np.int32), choices <= lasts


def best_choices(codec: ActionCodec, scores: Float[Array, "output replication"]) -> Array:
    """Return the action of the highest scores: ``[replication]`` for joint choices, else ``[slot, replication]``."""
    if codec.kind == "discrete":
        return scores.argmax(0)
    return scores[places_of(codec)[0]].argmax(1)
