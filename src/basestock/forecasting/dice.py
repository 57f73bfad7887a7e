"""Fixed, stratified random numbers for tables of quantiles."""

import numpy as np

from basestock.forecasting.law import Dice

_PURPOSE = 0x0DE3A4D


def stratified_dice(num_paths: int, num_steps: int, seed: int) -> Dice:
    """Return dice whose every column takes one number from each of ``num_paths`` equal cells, in random order.

    The marginal law of every step is then reproduced almost exactly, and all series share the dice, so that no
    series depends on how many others there are.
    """
    generator = np.random.default_rng([seed, _PURPOSE])
    atom = _cells(generator, num_paths, num_steps)
    occurrence = _cells(generator, num_paths, num_steps)
    level = _cells(generator, num_paths, 1)[:, 0]
    return Dice(
        np.floor(atom * 2.0**32).astype(np.uint32), occurrence.astype(np.float32), _normal(level).astype(np.float32)
    )


def _cells(generator: np.random.Generator, num_paths: int, num_steps: int) -> np.ndarray:
    cells = np.broadcast_to(np.arange(num_paths)[:, None] + 0.5, (num_paths, num_steps))
    return generator.permuted(cells, axis=0) / num_paths


def _normal(uniform: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    return ndtri(uniform)
