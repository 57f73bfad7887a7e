"""Exact repair of a selection of blocks when one of them straddles the budget."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# A wider or longer search than this costs more than the packs it could still move: the gap is stated instead.
MAX_STATES = 5_000
MAX_SEARCHED_LINES = 150
TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """Ways to deviate from the relaxed choice, at most one a line.

    Parameters
    ----------
    line, packs
        ``[option]`` the line and the packs it would take, sorted by line.
    cost
        ``[option]`` money units more than the relaxed choice spends on the line; may be negative.
    gain
        ``[option]`` money more than the relaxed choice gains on the line.
    loss
        ``[option]`` ``price * cost - gain >= 0``: what the deviation takes from the bound.
    """

    line: Ints
    packs: Ints
    cost: Ints
    gain: Floats
    loss: Floats

    def take(self, at: NDArray[np.bool_] | slice) -> "Options":
        """Return some of the options."""
        return Options(self.line[at], self.packs[at], self.cost[at], self.gain[at], self.loss[at])


@dataclass(frozen=True, slots=True, eq=False)
class _States:
    """Deviations of the lines seen so far that none of the others beats, and where each came from."""

    cost: Ints
    gain: Floats
    loss: Floats
    parent: Ints
    packs: Ints

    def take(self, at: NDArray[np.bool_] | Ints) -> "_States":
        return _States(self.cost[at], self.gain[at], self.loss[at], self.parent[at], self.packs[at])


@dataclass(slots=True)
class _Best:
    """The best deviation found: its gain, and where it stands in the stages of the search."""

    gain: float
    stage: int = -1
    state: int = -1


def search_deviations(
    options: Options, room: int, bound: float, known: float
) -> tuple[dict[int, int] | None, bool]:
    """Find the deviations from the relaxed choice that gain most within the room.

    Parameters
    ----------
    options
        Every possible deviation.
    room
        Budget that the relaxed choice leaves, money units.
    bound
        Gain over the relaxed choice that no deviation exceeds, money.
    known
        Gain over the relaxed choice of a selection already at hand, money.

    Returns
    -------
    tuple[dict[int, int] | None, bool]
        Packs by line where they deviate, or None when nothing beats `known`; and whether that is proven.

    Notes
    -----
    A set of deviations gains at most `bound` minus the sum of its losses, so that only sets whose losses stay
    below `bound - known` are kept: a dynamic program over a handful of lines, those of least loss first.
    After Pisinger, A minimal algorithm for the multiple-choice knapsack problem, European Journal of
    Operational Research 83 (1995).
    """
    tolerance = TOLERANCE * max(1.0, abs(bound))
    best = _Best(known)
    zero = np.zeros(1, np.int64)
    states = _States(zero, np.zeros(1), np.zeros(1), zero, zero - 1)
    _record(best, states, room, -1)
    stages: list[_States] = []
    lines: list[int] = []
    complete = True
    for line, group in _by_line(options.take(options.loss < bound - known - tolerance)):
        allowed = bound - best.gain - tolerance
        if group.loss.min() >= allowed:
            break
        if len(lines) == MAX_SEARCHED_LINES:
            complete = False
            break
        states, cut = _extended(states, group, allowed)
        complete = complete and not cut
        lines.append(line)
        stages.append(states)
        _record(best, states, room, len(stages) - 1)
    if best.gain <= known:
        return None, complete
    return _traced(best, stages, lines), complete


def _by_line(options: Options) -> list[tuple[int, Options]]:
    """Return the options of each line, the line with the least loss first."""
    if not options.line.size:
        return []
    starts = np.flatnonzero(np.r_[True, options.line[1:] != options.line[:-1]])
    ends = np.r_[starts[1:], options.line.size]
    order = np.argsort(np.minimum.reduceat(options.loss, starts), kind="stable")
    return [(int(options.line[starts[at]]), options.take(slice(starts[at], ends[at]))) for at in order]


def _extended(states: _States, group: Options, allowed: float) -> tuple[_States, bool]:
    """Let one more line deviate; return what is worth keeping, and whether size made us give up states."""
    count = states.cost.size
    cost = np.concatenate([states.cost, np.add.outer(group.cost, states.cost).ravel()])
    gain = np.concatenate([states.gain, np.add.outer(group.gain, states.gain).ravel()])
    loss = np.concatenate([states.loss, np.add.outer(group.loss, states.loss).ravel()])
    parent = np.tile(np.arange(count), group.cost.size + 1)
    packs = np.concatenate([np.full(count, -1), np.repeat(group.packs, count)])
    kept = _States(cost, gain, loss, parent, packs)
    kept = kept.take(loss < allowed)
    kept = kept.take(np.lexsort((-kept.gain, kept.cost)))
    highest_before = np.r_[-np.inf, np.maximum.accumulate(kept.gain)[:-1]]
    kept = kept.take(kept.gain > highest_before)
    if kept.cost.size <= MAX_STATES:
        return kept, False
    return kept.take(np.sort(np.argsort(kept.loss, kind="stable")[:MAX_STATES])), True


def _record(best: _Best, states: _States, room: int, stage: int) -> None:
    affordable = np.flatnonzero(states.cost <= room)
    if not affordable.size:
        return
    state = int(affordable[np.argmax(states.gain[affordable])])
    if states.gain[state] > best.gain:
        best.gain, best.stage, best.state = float(states.gain[state]), stage, state


def _traced(best: _Best, stages: list[_States], lines: list[int]) -> dict[int, int]:
    """Follow the best state back and return what each line does there."""
    changed: dict[int, int] = {}
    state = best.state
    for stage in range(best.stage, -1, -1):
        packs = int(stages[stage].packs[state])
        if packs >= 0:
            changed[lines[stage]] = packs
        state = int(stages[stage].parent[state])
    return changed
