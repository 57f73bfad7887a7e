"""A problem listed component by component, and what nothing at all costs."""

import dataclasses
import math

import numpy as np

from basestock.decision import Problem
from basestock.optimal.mdp.alike import symmetry_holds, symmetry_of
from basestock.optimal.mdp.analysis import MOST_EVENTS, Analyzed, Part, all_mixed, analyze, concerns_nothing
from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.budget import Budget
from basestock.optimal.mdp.components import Component, adds_up
from basestock.optimal.mdp.kernel import Kernel, phases_of
from basestock.optimal.mdp.listing import TiedError, build
from basestock.optimal.mdp.lumps import lumped
from basestock.optimal.mdp.memo import word_of
from basestock.optimal.mdp.process import Process
from basestock.optimal.mdp.samples import Samples
from basestock.optimal.mdp.split import split_holds
from basestock.uncertainty.support import Block, Support


@dataclasses.dataclass(frozen=True, eq=False)
class Pieces:
    """What a problem is made of.

    Parameters
    ----------
    processes
        One for each component.
    schedule
        Kind of each period: of one cycle, or of the whole horizon.
    base
        ``[kind]`` expected money of a period of each kind where nothing is there and nothing is done.
    opening
        Expected money before the first decision.
    """

    processes: tuple[Process, ...]
    schedule: tuple[int, ...]
    base: tuple[float, ...]
    opening: float

    @property
    def num_states(self) -> int:
        """States of all components together."""
        return sum(process.num_states for process in self.processes)


def list_problem(
    problem: Problem, box: Box, *, budget: Budget | None = None, analyzed: Analyzed | None = None
) -> Pieces:
    """List a finite problem, component by component.

    Parameters
    ----------
    problem
        Periodic problem with finite support of its events; decisions are whole orders and runs.
    box
        Where to look.
    budget
        What it may take; 8 GiB if not given.
    analyzed
        What is known of it, if it is.

    Returns
    -------
    Pieces
        Tables of every component and kind of period.

    Raises
    ------
    SupportError
        If something random has no finite support.
    TooLargeError
        With the numbers, if the tables would not fit.
    NotWholeError
        If states hold fractions.
    """
    known = analyze(problem, box, budget) if analyzed is None else analyzed
    try:
        return _pieces(known, box, budget or Budget())
    except TiedError:
        # What random walks took for parts of their own is none.
        return _pieces(known.together(), box, budget or Budget())


def _pieces(known: Analyzed, box: Box, budget: Budget) -> Pieces:
    problem = known.problem
    samples = known.samples
    most = np.maximum(box.max_position, samples.kernel.positions(samples.kernel.opened[0]).max(0))
    supports = {period: lumped(problem, support, most, samples) for period, support in known.supports.items()}
    processes = [_process(known, box, part, supports, budget) for part in known.parts]
    if len(processes) > 1 and not _add_up(known, processes):
        raise TiedError
    blocks = [block for part in known.parts for block in part.blocks]
    apart = len(processes) == 1 or len(blocks) == len(set(blocks))
    base = tuple(
        _base(
            problem, support, samples, period, [process.kernels[kind] for process in processes], apart=apart
        )
        for kind, (period, support) in enumerate(supports.items())
    )
    first = next(iter(supports))
    return Pieces(tuple(processes), known.schedule, base, _opening(problem, supports[first], samples, first))


def _process(known: Analyzed, box: Box, part: Part, supports: dict[int, Support], budget: Budget) -> Process:
    """List a component."""
    problem, samples = known.problem, known.samples
    kernels = [
        _kernel(problem, support, list(part.blocks), samples, period) for period, support in supports.items()
    ]
    blocks = [
        tuple(block for at, block in enumerate(support.blocks) if at in part.blocks)
        for support in supports.values()
    ]
    own = _box_of(problem, box, part.component, kernels[0])
    # A box that reaches further elsewhere is the same one for this component.
    most = own.max_order[list(part.component.controls)]
    bounds = (most, own.max_position, own.min_position, own.max_backorders)
    word = tuple(None if each is None else each.tobytes() for each in bounds)
    return known.memory.process(
        part, (word, *map(word_of, kernels)), lambda: _built(known, box, own, part, kernels, blocks, budget)
    )


def _built(
    known: Analyzed,
    box: Box,
    own: Box,
    part: Part,
    kernels: list[Kernel],
    blocks: list[tuple[Block, ...]],
    budget: Budget,
) -> Process:
    """List a component as its structure says, or as a whole where the transition says otherwise."""
    decisions = known.decisions(box, part)
    if part.structure.carried:
        try:
            process = build(kernels, own, part.structure, decisions, budget, known.memory.memo)
        except TiedError:
            pass
        else:
            if all(split_holds(process, kind) for kind in range(len(kernels))):
                return process
    whole, memo = all_mixed(part.component), known.memory.memo
    alone = known.samples.of(list(part.component.entries), list(part.component.controls))
    symmetry = symmetry_of(kernels, blocks, alone, part.component, decisions, own)
    if symmetry is not None:
        process = build(kernels, own, whole, symmetry.closed(decisions), budget, memo, symmetry)
        if symmetry_holds(process, blocks):
            return process
    return build(kernels, own, whole, decisions, budget, memo)


def _add_up(known: Analyzed, processes: list[Process]) -> bool:
    """Hold the components against the transition on states and decisions from all over their boxes."""
    samples = known.samples
    rng = np.random.default_rng(6)
    rows, controls = np.repeat(samples.kernel.blank, len(samples.rows), 0), np.zeros_like(samples.controls)
    for process, part in zip(processes, known.parts, strict=True):
        every = np.flatnonzero(process.valid)
        carried, mixed = np.divmod(rng.choice(every, len(rows)), process.valid.shape[1])
        entries, own = list(part.component.entries), list(part.component.controls)
        rows[:, entries] = process.rows(carried, mixed)[:, entries]
        controls[:, own] = process.decisions[rng.integers(0, len(process.decisions), len(rows))][:, own]
    moves = samples.moved(rows, controls)
    tried = dataclasses.replace(samples, rows=rows, controls=controls, moves=moves)
    return adds_up(tried, [part.component for part in known.parts])


def _base(
    problem: Problem,
    support: Support,
    samples: Samples,
    period: int,
    kernels: list[Kernel],
    *,
    apart: bool,
) -> float:
    """Return the expected money of nothing in a period; ``apart`` tells that no event concerns two components."""
    every = [
        at
        for at in range(len(support.blocks))
        if not apart and concerns_nothing(problem, support, at, samples, period)
    ]
    if not apart and math.prod(len(support.blocks[at].probabilities) for at in every) <= MOST_EVENTS:
        return _of_nothing(_kernel(problem, support, every, samples, period))[0]
    if not apart:
        raise ValueError(
            f"Problem {problem.name!r}: components share what is random, and a period has {support.num_outcomes:,} "
            f"joint outcomes, must have at most {MOST_EVENTS:,}. Solve the components by themselves."
        )
    expected = [_of_nothing(kernel) for kernel in kernels]
    return expected[0][0] + sum(mean - first for mean, first in expected[1:])


def _of_nothing(kernel: Kernel) -> tuple[float, float]:
    """Return the expected money of nothing, and that under the first joint outcome."""
    count = len(kernel.probabilities)
    rows = np.repeat(kernel.blank, count, 0)
    moves = kernel(rows, np.zeros((count, kernel.num_controls), dtype=np.int16), np.arange(count))
    money = moves.money + kernel.problem.discount * moves.opening_money
    return float(money @ kernel.probabilities), float(money[0])


def _opening(problem: Problem, support: Support, samples: Samples, period: int) -> float:
    """Return the expected money of the first morning."""
    closing, opening = phases_of(problem, support)
    first = closing.fixed(range(len(closing.blocks))).joint()
    kernel = Kernel(problem, first, opening.joint(), period=period, **samples.kernel.frame)
    _, weights, money = kernel.opened
    return float(weights @ money)


def _box_of(problem: Problem, box: Box, component: Component, kernel: Kernel) -> Box:
    """Return the box without the places that a component has nothing to do with."""
    entries = kernel.shares[list(component.entries)]
    units = np.eye(kernel.num_controls, dtype=np.int16)[list(component.controls)]
    own = (entries != 0).any(0) | (kernel.effects_of(units) != 0).any(0)
    return dataclasses.replace(
        box,
        max_position=np.where(own, box.max_position, np.inf),
        min_position=np.where(own, box.min_position, -np.inf),
        max_backorders=None if box.max_backorders is None else np.where(own, box.max_backorders, np.inf),
    )


def _kernel(problem: Problem, support: Support, concern: list[int], samples: Samples, period: int) -> Kernel:
    """Return the transition of a component, in which only what concerns it is random."""
    own = support.fixed([at for at in range(len(support.blocks)) if at not in concern])
    if own.num_outcomes > MOST_EVENTS:
        raise ValueError(
            f"Problem {problem.name!r}: a period has {own.num_outcomes:,} joint outcomes, must be at most "
            f"{MOST_EVENTS:,} for exact dynamic programming. Take fewer items together, or ask for a bound."
        )
    closing, opening = phases_of(problem, own)
    return Kernel(problem, closing.joint(), opening.joint(), period=period, **samples.kernel.frame)
