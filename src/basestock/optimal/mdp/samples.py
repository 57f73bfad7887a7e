"""Random walks over a problem, from which the structure of its transition is read."""

import dataclasses
from collections.abc import Callable

import numpy as np

from basestock.decision import Problem
from basestock.dynamics import canonical
from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.kernel import Kernel, Merge, Moves, phases_of
from basestock.optimal.mdp.layout import Layout
from basestock.uncertainty.support import Support

WALKS, STEPS, CHOICES = 128, 32, 16


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """Combinations that random walks met.

    Parameters
    ----------
    kernel
        The transition, with events drawn at random.
    rows, controls, events
        ``[combination, ...]``.
    moves
        What came of them.
    """

    kernel: Kernel
    rows: np.ndarray
    controls: np.ndarray
    events: np.ndarray
    moves: Moves

    def moved(self, rows: np.ndarray, controls: np.ndarray) -> Moves:
        """Return what would have come of other states or controls under the same events."""
        return self.kernel(rows, controls, self.events)

    def of(self, entries: list[int], controls: list[int]) -> "Samples":
        """Return the same with all other entries as at the start and nothing else decided."""
        rows = np.repeat(self.kernel.blank, len(self.rows), 0)
        rows[:, entries] = self.rows[:, entries]
        decided = np.zeros_like(self.controls)
        decided[:, controls] = self.controls[:, controls]
        return dataclasses.replace(self, rows=rows, controls=decided, moves=self.moved(rows, decided))


Choices = Callable[[np.random.Generator], np.ndarray]
"""Draws ``[walk, choice, control]`` decisions to choose from."""


def anything(box: Box) -> Choices:
    """Return random decisions inside a box, nothing among them."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        found = rng.integers(0, box.max_order + 1, (WALKS, CHOICES, len(box.max_order)))
        # Each control alone and none of them are rare among many.
        found *= rng.random(found.shape) < rng.random((WALKS, CHOICES, 1)) * 1.5
        found[:, 0] = 0
        return found.astype(np.int16)

    return draw


def listed(decisions: np.ndarray) -> Choices:
    """Return random ones of listed decisions."""
    return lambda rng: decisions[rng.integers(0, len(decisions), (WALKS, CHOICES))]


def walk(
    problem: Problem,
    support: Support,
    box: Box,
    choices: Choices,
    *,
    period: int = 0,
    merges: tuple[Merge, ...] = (),
) -> Samples:
    """Play random decisions inside a box against random events, from the declared start."""
    rng = np.random.default_rng(0)
    count = WALKS * STEPS
    closing, opening = phases_of(problem, support)
    layout = Layout(canonical(problem.start(1)))
    # Rare outcomes show what frequent ones hide: half of the steps draw all outcomes alike.
    kernels = [
        Kernel(
            problem,
            closing.drawn(rng, count, evenly=evenly),
            opening.drawn(rng, count, evenly=evenly),
            period=period,
            layout=layout,
            merges=merges,
        )
        for evenly in (False, True)
    ]
    rows = np.repeat(kernels[0].blank, WALKS, 0)
    met: list[tuple[np.ndarray, ...]] = []
    found: list[Moves] = []
    for step in range(STEPS):
        kernel = kernels[step % 2]
        drawn = choices(rng)
        added = kernel.effects_of(drawn.reshape(-1, drawn.shape[-1])).reshape(WALKS, CHOICES, -1)
        excess = box.excess(kernel.positions(rows)[:, None] + added)
        best = excess <= excess.min(1, keepdims=True)
        picked = drawn[np.arange(WALKS), np.argmax(rng.random(best.shape) * best, axis=1)]
        events = rng.integers(0, count, WALKS) * count + rng.integers(0, count, WALKS)
        moves = kernel(rows, picked, events)
        met.append((rows, picked, events))
        found.append(moves)
        rows = moves.rows
    rows, controls, events = (np.concatenate(each) for each in zip(*met, strict=True))
    start = Samples(kernels[1], rows, controls, events, found[0])
    return dataclasses.replace(start, moves=start.moved(rows, controls))
