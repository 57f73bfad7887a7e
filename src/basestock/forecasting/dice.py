"""Fixed, stratified random numbers for tables of quantiles."""

import jax.numpy as jnp
import numpy as np

from basestock.forecasting.law import Dice

_PURPOSE = 0x0DE3A4D


def stratified_dice(num_paths: int, num_steps: int, seed: int) -> Dice:
    """Return dice that in every step take one number from each of ``num_paths`` equal cells, in random order.

    The marginal law of every step is then reproduced almost exactly, and all series share the dice, so that no
    series depends on how many others there are.
    """
    generator = np.random.default_rng([seed, _PURPOSE])
    atom = _cells(generator, num_steps, num_paths)
    occurrence = _cells(generator, num_steps, num_paths)
    level = _cells(generator, 1, num_paths)[0]
    return Dice(
        jnp.asarray(np.floor(atom * 2.0**32).astype(np.uint32)),
        jnp.asarray(occurrence, jnp.float32),
        jnp.asarray(_normal(level), jnp.float32),
    )


def _cells(generator: np.random.Generator, num_steps: int, num_paths: int) -> np.ndarray:
    cells = np.broadcast_to(np.arange(num_paths) + 0.5, (num_steps, num_paths))
    return generator.permuted(cells, axis=1) / num_paths


def _normal(uniform: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    return ndtri(uniform)
