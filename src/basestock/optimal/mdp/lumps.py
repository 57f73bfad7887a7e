"""Demand beyond all stock makes no difference but for what is lost: its values become one."""

import dataclasses

import numpy as np

from basestock.decision import Problem
from basestock.optimal.mdp.kernel import Kernel, phases_of
from basestock.optimal.mdp.samples import Samples
from basestock.optimal.mdp.structure import MONEY
from basestock.uncertainty.support import Block, Outcomes, Support

TRIED = 512
"""Combinations on which it is tried."""


def lumped(problem: Problem, support: Support, most: np.ndarray, samples: Samples) -> Support:
    """Return the support in which all demand above the largest stock of a place is one value, their mean.

    Parameters
    ----------
    problem
        The problem.
    support
        What can happen in a period.
    most
        ``[place]`` stock that a place never exceeds, units.
    samples
        Walks on which it is tried that the state after such demands is the same, and money straight in them; blocks
        that fail stay as they are.
    """
    found = support
    for at, block in enumerate(support.blocks):
        if problem.network.unmet != "lost" or block.leaf != "market" or block.values.ndim > 1:
            continue
        _, node, item = block.place
        bound = most[int(node) * problem.arrays.num_items + int(item)]
        beyond = block.values > bound
        if beyond.sum() < 2 or not _makes_no_difference(problem, support, at, beyond, most, samples):
            continue
        mass = block.probabilities[beyond]
        mean = float(block.values[beyond] @ mass / mass.sum())
        values = np.append(block.values[~beyond], mean)
        one = Block(block.leaf, block.place, values, np.append(block.probabilities[~beyond], mass.sum()))
        blocks = (*found.blocks[:at], one, *found.blocks[at + 1 :])
        found = dataclasses.replace(found, blocks=blocks)
    return found


def _makes_no_difference(
    problem: Problem, support: Support, at: int, beyond: np.ndarray, most: np.ndarray, samples: Samples
) -> bool:
    """Tell whether states after a demand beyond all stock are the same, and money a straight line in it."""
    values = support.blocks[at].values[beyond]
    low, high = float(values[0]), float(values[-1])
    middle = low + 0.37 * (high - low)
    rng = np.random.default_rng(4)
    # Walks may have gone beyond the box; only inside is the demand above all stock.
    after = samples.kernel.positions(samples.rows) + samples.kernel.effects_of(samples.controls)
    inside = np.flatnonzero((after <= most).all(1))
    if not len(inside):
        return False
    picked = rng.choice(inside, TRIED)
    moves = []
    others = support.fixed([at]).drawn(rng, TRIED, evenly=True)
    for value in (low, middle, high):
        leaves = {name: leaf.copy() for name, leaf in others.leaves.items()}
        change = value - support.blocks[at].values[0]
        leaves["market"][(slice(None), *support.blocks[at].place)] += change
        every = Outcomes(leaves, others.probabilities)
        closing, opening = (
            Outcomes(
                {name: leaf for name, leaf in every.leaves.items() if name in part.sure}, every.probabilities
            )
            for part in phases_of(problem, support)
        )
        kernel = Kernel(problem, closing, opening, period=0, **samples.kernel.frame)
        events = np.arange(TRIED) * len(opening.probabilities) + np.arange(TRIED)
        moves.append(kernel(samples.rows[picked], samples.controls[picked], events))
    first, between, last = moves
    straight = first.money + 0.37 * (last.money - first.money)
    error = MONEY * (1.0 + np.abs(last.money).max())
    return (
        np.array_equal(first.rows, between.rows)
        and np.array_equal(first.rows, last.rows)
        and bool(np.abs(between.money - straight).max() <= error)
        and np.array_equal(first.opening_money, last.opening_money)
    )
