"""What can be known of a problem before any box: its components, their structure, its kinds of periods."""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from basestock.decision import Problem
from basestock.dynamics.stages import serve, ship
from basestock.optimal.mdp.box import MOST_DECISIONS, Box, decisions_of
from basestock.optimal.mdp.budget import Budget, Pace
from basestock.optimal.mdp.components import Component, components_of
from basestock.optimal.mdp.kernel import Kernel, phases_of
from basestock.optimal.mdp.listing import kept_by_repairs
from basestock.optimal.mdp.memo import Memory
from basestock.optimal.mdp.samples import Samples, anything, listed, walk
from basestock.optimal.mdp.structure import Structure, merges_of, structure_of
from basestock.uncertainty.support import Support, event_support, support_cycle

MOST_EVENTS = 1 << 20
"""Joint outcomes of a period that are listed at most."""

TRIED = 256
"""Combinations on which it is tried whether something random matters."""

FORGOTTEN = 1e-3
"""Weight of the end of a discounted horizon below which it counts as without end."""


def is_endless(problem: Problem) -> bool:
    """Tell whether a problem is solved without end: averages, and discounted costs whose end hardly counts."""
    forgets = problem.warm_up > 0 or problem.discount**problem.horizon < FORGOTTEN
    return problem.averages or (problem.discounts and forgets)


def cycle_of(problem: Problem) -> int:
    """Return the number of periods after which laws and calendars repeat."""
    reviews = [lane.review_period for lane in problem.network.lanes]
    weeks = [7 for lane in problem.network.lanes if lane.order_days is not None]
    return math.lcm(support_cycle(problem.uncertainty), *reviews, *weeks)


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """A component of a problem.

    Parameters
    ----------
    component
        Its entries and controls.
    structure
        How its transition splits.
    blocks
        Blocks of events that concern it.
    """

    component: Component
    structure: Structure
    blocks: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Analyzed:
    """A problem whose structure is known.

    Parameters
    ----------
    problem
        The problem.
    samples
        Random walks from which it was read.
    supports
        What can happen, by the first period of each kind.
    schedule
        Kind of each period: of one cycle, or of the whole horizon.
    parts
        Its components.
    repairs
        Whether rules of the network change some decisions.
    memory
        What came of it in an earlier box.
    """

    problem: Problem
    samples: Samples
    supports: Mapping[int, Support]
    schedule: tuple[int, ...]
    parts: tuple[Part, ...]
    repairs: bool
    memory: Memory = dataclasses.field(default_factory=Memory)

    def decisions(self, box: Box, part: Part) -> np.ndarray:
        """Return ``[decision, control]`` joint decisions of a component inside a box that rules leave as they are."""
        decisions = decisions_of(self.problem, box, part.component.controls)
        if not self.repairs:
            return decisions
        alone = self.samples.of(list(part.component.entries), list(part.component.controls))
        return decisions[kept_by_repairs(alone, decisions)]

    def together(self) -> "Analyzed":
        """Return the same problem as one component that mixes everything."""
        width, controls = self.samples.rows.shape[1], self.samples.controls.shape[1]
        whole = Component(tuple(range(width)), tuple(range(controls)))
        blocks = range(max(len(support.blocks) for support in self.supports.values()))
        part = Part(whole, all_mixed(whole), tuple(blocks))
        return dataclasses.replace(self, parts=(part,), memory=Memory())


def analyze(problem: Problem, box: Box, budget: Budget | None = None) -> Analyzed:
    """Read the structure of a problem from random walks inside a box.

    Parameters
    ----------
    problem
        Periodic problem with finite support of its events; decisions are whole orders and runs.
    box
        Where to walk; the structure holds outside as well where the transition has no kinks beyond it.
    budget
        Time that it may take; any if not given.

    Raises
    ------
    SupportError
        If something random has no finite support.
    TooLargeError
        If there are so many periods, items and events that the time would not do.
    ValueError
        If the problem is not played in periods.
    """
    if problem.kind != "periodic":
        raise ValueError(
            f"Problem {problem.name!r}: its kind is {problem.kind}, must be periodic to be listed. Solve it by its "
            "closed form."
        )
    budget = budget or Budget()
    early = [stage.__name__ for stage in (ship, serve) if stage in problem.sequence.before]
    if early:
        raise ValueError(
            f"Problem {problem.name!r}: {' and '.join(early)} come before the decision of a period, must come after it "
            "for exact dynamic programming, since their money depends on the decisions before. Simulate."
        )
    periods = _periods(problem)
    supports = {period: event_support(problem.uncertainty, problem.network, period) for period in periods}
    first = supports[periods[0]]
    samples = walk(problem, first, box, anything(box))
    if merges := merges_of(samples):
        samples = walk(problem, first, box, anything(box), merges=merges)
    kinds, schedule = _kinds(problem, samples, supports, periods)
    repairs = not np.array_equal(samples.moves.placed, samples.controls)
    own = {period: supports[period] for period in kinds}
    components = components_of(samples)
    asked = len(components) * sum(len(support.blocks) for support in own.values())
    pace = Pace(problem, budget, asked, f"{asked:,} questions which events concern which component")
    parts = [_part(problem, box, samples, each, own, pace, repairs=repairs) for each in components]
    return Analyzed(problem, samples, own, schedule, tuple(parts), repairs)


def _periods(problem: Problem) -> list[int]:
    """Return the periods that are looked at: a cycle, or the whole of a horizon that ends."""
    if not is_endless(problem):
        return list(range(problem.horizon))
    cycle = cycle_of(problem)
    # Laws that end are known in no period after the cycle: they have no long run.
    event_support(problem.uncertainty, problem.network, cycle)
    return list(range(cycle))


def _kinds(
    problem: Problem, samples: Samples, supports: dict[int, Support], periods: list[int]
) -> tuple[list[int], tuple[int, ...]]:
    """Return one period of each kind, and the kind of every period: those that are alike in laws, moves and money."""
    known: dict[tuple[bytes, ...], int] = {}
    kinds: list[int] = []
    schedule: list[int] = []
    rows, controls = samples.rows[:512], samples.controls[:512]
    for period in periods:
        kernel = Kernel(
            problem,
            samples.kernel.closing,
            samples.kernel.opening,
            period=period,
            **samples.kernel.frame,
        )
        moves = kernel(rows, controls, samples.events[:512])
        law = [
            part
            for block in supports[period].blocks
            for part in (block.values.tobytes(), block.probabilities.tobytes())
        ]
        word = (*law, moves.rows.tobytes(), moves.money.tobytes(), moves.opening_money.tobytes())
        if word not in known:
            known[word] = len(kinds)
            kinds.append(period)
        schedule.append(known[word])
    return kinds, tuple(schedule)


def _part(
    problem: Problem,
    box: Box,
    samples: Samples,
    component: Component,
    supports: Mapping[int, Support],
    pace: Pace,
    *,
    repairs: bool,
) -> Part:
    alone = samples.of(list(component.entries), list(component.controls))
    kept = alone
    if repairs and math.prod((box.max_order[list(component.controls)] + 1).tolist()) <= MOST_DECISIONS:
        # Only decisions that rules leave as they are are handed on as they are.
        decisions = decisions_of(problem, box, component.controls)
        choices = listed(decisions[kept_by_repairs(alone, decisions)])
        again = walk(problem, next(iter(supports.values())), box, choices, merges=samples.kernel.merges)
        kept = again.of(list(component.entries), list(component.controls))
    structure = structure_of(kept, component.entries, component.controls)
    if len(supports) > 1:
        structure = all_mixed(component)
    blocks = set[int]()
    for period, support in supports.items():
        for at in range(len(support.blocks)):
            if at not in blocks and _concerns(problem, support, at, alone, period):
                blocks.add(at)
            pace.step()
    return Part(component, structure, tuple(sorted(blocks)))


def all_mixed(component: Component) -> Structure:
    """Split nothing: what is handed on in one kind of period may not be in another."""
    controls = component.controls
    return Structure(component.entries, (), (), (), controls, controls, outer_money=False)


def kernel_of_one(
    problem: Problem, support: Support, at: int, number: int, samples: Samples, period: int
) -> Kernel:
    """Return the transition under one outcome of a block, beside :data:`TRIED` random ones of all others.

    What one block does may depend on the others: who takes another item matters only when there is demand.
    """
    block = support.blocks[at]
    sure = {name: leaf.copy() for name, leaf in support.sure.items()}
    sure[block.leaf][block.place] += block.values[number]
    others = Support(sure, tuple(other for place, other in enumerate(support.blocks) if place != at))
    closing, opening = (
        part.drawn(np.random.default_rng(7), TRIED, evenly=True) for part in phases_of(problem, others)
    )
    return Kernel(problem, closing, opening, period=period, **samples.kernel.frame)


def concerns_nothing(problem: Problem, support: Support, at: int, samples: Samples, period: int) -> bool:
    """Tell whether a block of events changes the money of a period in which nothing is there and nothing is done."""
    reference: np.ndarray | None = None
    for number in range(len(support.blocks[at].probabilities)):
        kernel = kernel_of_one(problem, support, at, number, samples, period)
        nothing = np.repeat(kernel.blank, TRIED, 0)
        still = np.zeros((TRIED, kernel.num_controls), dtype=np.int16)
        moves = kernel(nothing, still, np.arange(TRIED) * (TRIED + 1))
        found = np.round(np.column_stack([moves.money, moves.opening_money]), 4)
        if reference is not None and not np.array_equal(found, reference):
            return True
        reference = found
    return False


def _concerns(problem: Problem, support: Support, at: int, samples: Samples, period: int) -> bool:
    """Tell whether a block of events changes what comes of a component, beyond what it changes where nothing is."""
    block = support.blocks[at]
    picked = np.random.default_rng(3).choice(len(samples.rows), TRIED)
    nothing = np.repeat(kernel_of_one(problem, support, at, 0, samples, period).blank, TRIED, 0)
    still = np.zeros_like(samples.controls[picked])
    reference: np.ndarray | None = None
    count = len(block.probabilities)
    for number in np.unique(np.linspace(0, count - 1, min(count, 6)).astype(int)).tolist():
        kernel = kernel_of_one(problem, support, at, number, samples, period)
        events = np.arange(TRIED) * (TRIED + 1)
        moves, idle = (
            kernel(samples.rows[picked], samples.controls[picked], events),
            kernel(nothing, still, events),
        )
        found = np.column_stack(
            [
                moves.rows - idle.rows,
                np.round(moves.money - idle.money, 4),
                np.round(moves.opening_money - idle.opening_money, 4),
            ]
        )
        if reference is not None and not np.array_equal(found, reference):
            return True
        reference = found
    return False
