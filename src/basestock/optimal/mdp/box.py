"""The box that an exact solution is confined to: which decisions are looked at, and where."""

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np

from basestock.decision import Problem

MOST_DECISIONS = 200_000
"""Joint decisions that are listed at most."""


@dataclasses.dataclass(frozen=True, eq=False)
class Box:
    """Bounds of decisions and of what they lead to.

    Parameters
    ----------
    max_order
        ``[control]`` largest order, units, or number of runs.
    max_position, min_position
        ``[place]`` inventory position after ordering, units. Where no decision keeps it inside, those that come closest
        are allowed.
    reason
        Why an optimal policy lies inside: a rule of the problem, or a theorem; empty where that must be found out.
    rule_order, rule_position
        ``[control]`` and ``[place]``: what rules of the problem itself allow at most; infinite without one.
    max_backorders
        ``[place]`` demand that waits at most, units: customers beyond it are turned away without a charge, which only
        lowers the cost. Infinite where orders can follow any demand; ``None`` where that is so everywhere.
    """

    max_order: np.ndarray
    max_position: np.ndarray
    min_position: np.ndarray
    reason: str
    rule_order: np.ndarray
    rule_position: np.ndarray
    max_backorders: np.ndarray | None = None

    def excess(self, position: np.ndarray) -> np.ndarray:
        """Return how far positions ``[..., place]`` lie outside, units, summed over places."""
        over = np.maximum(position - self.max_position, 0.0)
        under = np.maximum(self.min_position - position, 0.0)
        return over.sum(-1) + under.sum(-1)


def decisions_of(problem: Problem, box: Box, controls: Sequence[int]) -> np.ndarray:
    """List all joint decisions ``[decision, control]`` on some controls inside a box, whole units.

    Raises
    ------
    ValueError
        If there are more than :data:`MOST_DECISIONS`.
    """
    sizes = [int(box.max_order[control]) + 1 for control in controls]
    count = math.prod(sizes)
    if count > MOST_DECISIONS:
        raise ValueError(
            f"Problem {problem.name!r}: there are {count:,} joint decisions in the box, must be at most "
            f"{MOST_DECISIONS:,} for exact dynamic programming. Solve its components, or ask for a bound."
        )
    decisions = np.zeros((count, len(box.max_order)), dtype=np.int16)
    decisions[:, list(controls)] = np.array(list(itertools.product(*map(range, sizes)))).reshape(count, -1)
    return decisions
