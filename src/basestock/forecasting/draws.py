"""The program that draws demand paths: its few sizes, and compiling it before there are laws to draw from."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from basestock.forecasting.law import Dynamics, Law, plain_dynamics
from basestock.forecasting.programs import drawn_demand
from basestock.forecasting.setting import NUM_ATOMS, padded

_MAX_DRAWS = 1 << 20
_MAX_ROWS = 128
_FEWEST_STEPS = 32


class DrawSizes(NamedTuple):
    """Padded numbers of steps, series and paths of one call.

    Parameters
    ----------
    num_steps, rows, num_paths
        Sizes of the compiled program.
    """

    num_steps: int
    rows: int
    num_paths: int


def draw_sizes(num_paths: int, horizon: int, available: int) -> DrawSizes:
    """Return the sizes for a number of paths and a horizon, of which the laws hold at most ``available`` steps.

    Notes
    -----
    Steps are rounded up to 32, 128, 512 ...: to draw a few more is cheaper than to compile a program.

    Examples
    --------
    >>> draw_sizes(100, 20, 96)
    DrawSizes(num_steps=32, rows=128, num_paths=128)
    """
    num_steps = _FEWEST_STEPS
    while num_steps < horizon:
        num_steps *= 4
    num_steps = min(num_steps, available)
    paths = padded(num_paths)
    return DrawSizes(num_steps, min(max(_MAX_DRAWS // (paths * num_steps), 1), _MAX_ROWS), paths)


def draw(
    laws: Law, words: np.ndarray, seed: int, num_steps: int, num_paths: int
) -> Float[Array, "series step path"]:
    """Draw demand of every series of a full batch."""
    return drawn_demand(laws, words, jax.random.key(seed), np.arange(num_paths), num_steps=num_steps)


def compile_draws(num_paths: int, horizon: int, available: int) -> None:
    """Compile the program that :meth:`DemandForecast.sample_paths` will use; nothing is drawn that anyone sees."""
    sizes = draw_sizes(num_paths, horizon, available)
    dynamics = plain_dynamics(available, np.zeros(sizes.rows, dtype=bool))
    leaves = (np.ascontiguousarray(np.moveaxis(leaf, -1, 0)) for leaf in dynamics)
    law = Law(np.zeros((sizes.rows, NUM_ATOMS), dtype=np.float32), Dynamics(*leaves))
    draw(law, np.zeros((sizes.rows, 2), dtype=np.uint32), 0, sizes.num_steps, sizes.num_paths)
