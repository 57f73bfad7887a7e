"""One part of an event that is independent of the others."""

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Block:
    """One part of an event that is independent of the others.

    Parameters
    ----------
    leaf
        Leaf of :class:`~basestock.uncertainty.Event` that it is part of.
    place
        Index into the leaf, without the replication axis.
    values
        ``[outcome]`` what it adds to the leaf there; ``[outcome, *places]`` where ``place`` names several.
    probabilities
        ``[outcome]``, double precision.
    """

    leaf: str
    place: tuple[Any, ...]
    values: np.ndarray
    probabilities: np.ndarray


Part = tuple[dict[str, np.ndarray], list[Block]]
"""Leaves as they are where nothing is random, and what is added to them."""
