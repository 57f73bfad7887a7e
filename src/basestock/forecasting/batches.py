"""Batches of series of one padded size, so that memory is bounded and programs are reused."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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

MAX_THREADS = 8

_Tree = TypeVar("_Tree")
_Result = TypeVar("_Result")


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


def each_batch(work: Callable[[slice], _Result], num_series: int, rows: int) -> list[_Result]:
    """Return what the work makes of every batch, in order; several batches are worked on at a time."""
    parts = list(batches(num_series, rows))
    # The first one compiles what the others share.
    first = [work(part) for part in parts[:1]]
    with ThreadPoolExecutor(num_threads()) as pool:
        return [*first, *pool.map(work, parts[1:])]


def num_threads() -> int:
    """Return how many batches are worked on at a time: one for each processor that may be used, at most eight."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MAX_THREADS)


def take_rows(tree: _Tree, rows: slice | np.ndarray) -> _Tree:
    """Select rows of every leaf."""
    return jax.tree.map(lambda leaf: leaf[rows], tree)


def pad_rows(tree: _Tree, rows: int) -> _Tree:
    """Pad every leaf with zeros at the end of its first axis."""

    def pad(leaf: np.ndarray) -> np.ndarray:
        missing = rows - leaf.shape[0]
        return np.pad(leaf, [(0, missing)] + [(0, 0)] * (leaf.ndim - 1)) if missing else leaf

    return jax.tree.map(pad, tree)
