"""Four disjoint streams of events: to learn on, to choose on, to tune baselines on, and to judge on.

Baselines are tuned and policies judged on the events that :func:`basestock.policies.fit` and
:func:`basestock.evaluation.play` draw from their seeds; training and selection have roots of their own.
"""

import jax
from jaxtyping import Array

TRAINING, SELECTION = 0x7A11, 0x5E1E
"""Roots of the streams of training and selection, folded into the key of a run."""


def run_key(seed: int) -> Array:
    """Return the key of the run of a seed."""
    return jax.random.key(seed)


def training_key(key: Array, number: int | Array) -> Array:
    """Return the key of a batch of training events."""
    return jax.random.fold_in(jax.random.fold_in(key, TRAINING), number)


def selection_key(key: Array) -> Array:
    """Return the key of the events on which checkpoints of a run are compared."""
    return jax.random.fold_in(key, SELECTION)
