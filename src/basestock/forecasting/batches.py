"""Batches of series of one padded size, so that memory is bounded and programs are reused."""

from collections.abc import Iterator
from typing import TypeVar

import jax
import numpy as np

from basestock.forecasting.setting import padded

MAX_ROWS = 512
"""Series computed at once: a batch stays in the cache."""

SIMULATED_ROWS = 64
"""Series simulated at once, however many there are: the same program, and so the same bits, for few and for many."""

_MAX_FIT_ELEMENTS = 1 << 18
_MAX_DRAWS = 1 << 23

_Tree = TypeVar("_Tree")


def batch_rows(num_series: int, num_periods: int, draws_per_series: int) -> int:
    """Return the number of series of a batch, from the memory a series takes.

    Examples
    --------
    >>> batch_rows(10_000, 128, 12_288), batch_rows(5, 128, 12_288), batch_rows(10_000, 1536, 12_288)
    (512, 8, 128)
    """
    rows = MAX_ROWS
    while rows > 8 and (rows * num_periods > _MAX_FIT_ELEMENTS or rows * draws_per_series > _MAX_DRAWS):
        rows //= 2
    return min(rows, padded(num_series))


def batches(num_series: int, rows: int) -> Iterator[slice]:
    """Yield the slices of consecutive batches."""
    for start in range(0, num_series, rows):
        yield slice(start, min(start + rows, num_series))


def take_rows(tree: _Tree, rows: slice | np.ndarray) -> _Tree:
    """Select rows of every leaf."""
    return jax.tree.map(lambda leaf: leaf[rows], tree)


def pad_rows(tree: _Tree, rows: int) -> _Tree:
    """Pad every leaf with zeros at the end of its first axis."""

    def pad(leaf: np.ndarray) -> np.ndarray:
        missing = rows - leaf.shape[0]
        return np.pad(leaf, [(0, missing)] + [(0, 0)] * (leaf.ndim - 1)) if missing else leaf

    return jax.tree.map(pad, tree)
