"""Ranking packs by return per unit of money, and choosing those that a budget funds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor, fsum, inf, isnan

import numpy as np

from basestock.operations.block_search import Floats, Ints, Options, search_deviations

Line = tuple[str, Sequence[tuple[float, float]]]
# Money is counted in whole millionths of its unit, or coarser where a run is so dear that they overflow.
FINEST = 1e6
LARGEST = 2.0**52
# What a float sum of cents is off by must not cost a ten-thousandth of a cent more.
NOISE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Blocks of packs in the order in which money should go to them, highest return first.

    Packs of one line that only pay together (a minimum, a price break) are one block here.

    Parameters
    ----------
    line
        ``[block]`` index of the line.
    first, last
        ``[block]`` packs of the line it takes, 1-based and inclusive.
    cost, gain
        ``[block]`` money.
    cumulative_cost, cumulative_gain
        ``[block]`` money up to this block; the budget line lies where the cost passes the budget.
    """

    line: Ints
    first: Ints
    last: Ints
    cost: Floats
    gain: Floats

    @property
    def return_per_currency(self) -> Floats:
        """``[block]`` gain per unit of money; infinite where the block is free."""
        return _slopes(self.cost, self.gain)

    @property
    def cumulative_cost(self) -> Floats:
        """``[block]`` money spent after this block."""
        return np.cumsum(self.cost)

    @property
    def cumulative_gain(self) -> Floats:
        """``[block]`` money gained after this block."""
        return np.cumsum(self.gain)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a budget funds.

    Parameters
    ----------
    chosen
        Packs funded of every line, 0 where none.
    spent, gain
        Money.
    lp_bound
        Gain, money, that no selection within the budget can exceed: packs may be funded in part.
    proven
        Whether no better selection exists; else `gap` bounds what is missed.
    """

    chosen: dict[str, int]
    spent: float
    gain: float
    lp_bound: float
    proven: bool

    @property
    def gap(self) -> float:
        """Bound minus gain, money, never negative."""
        return max(0.0, self.lp_bound - self.gain)

    @property
    def gap_percent(self) -> float:
        """Gap in percent of the bound, 0 where the bound is 0."""
        return 100.0 * self.gap / self.lp_bound if self.lp_bound > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Blocks of all lines, flat; `start[i]` to `start[i + 1]` are those of line i."""

    ids: list[str]
    start: Ints
    line: Ints
    cost: Floats
    gain: Floats

    @property
    def num_lines(self) -> int:
        return len(self.ids)


def rank_blocks(lines: Sequence[Line]) -> Ranking:
    """Rank the packs of all lines by return per unit of money.

    Parameters
    ----------
    lines
        Identifier and blocks (cost, gain) of each line, in the order in which they are taken: a minimum is
        one first block. Money; costs are >= 0.

    Returns
    -------
    Ranking
        The blocks worth taking; a line's own blocks keep their order.

    Raises
    ------
    ValueError
        When a cost is negative, a number is not finite, or an identifier comes twice.

    Examples
    --------
    >>> ranking = rank_blocks([("A", [(48.0, 24.0), (12.0, 3.0)]), ("B", [(10.0, 4.0)])])
    >>> ranking.line.tolist(), ranking.return_per_currency.tolist(), ranking.cumulative_cost.tolist()
    ([0, 1, 0], [0.5, 0.4, 0.25], [48.0, 58.0, 70.0])
    """
    return _ranked(_flat(lines))


def select_within_budget(lines: Sequence[Line], budget: float) -> Selection:
    """Choose the packs that gain most within a budget.

    Parameters
    ----------
    lines
        As in `rank_blocks`.
    budget
        Money, >= 0; infinite: every pack worth its money.

    Returns
    -------
    Selection
        Packs by line, and the gap to the bound of the linear program in which packs can be funded in part.

    Raises
    ------
    ValueError
        When the budget is negative or no number, or the lines are wrong as in `rank_blocks`.

    Notes
    -----
    Greedy on the concave envelope of every line. Where a block straddles the budget, the few lines whose
    packs could still pay for the money left are searched exactly (`block_search`).

    Examples
    --------
    >>> chosen = select_within_budget([("A", [(60.0, 30.0)]), ("B", [(50.0, 24.0), (50.0, 20.0)])], 100.0)
    >>> chosen.chosen, chosen.gain, chosen.lp_bound, chosen.proven
    ({'A': 0, 'B': 2}, 44.0, 49.2, True)
    """
    if isnan(budget) or budget < 0:
        raise ValueError(f"budget is {budget}, must be >= 0; leave it infinite to fund everything")
    blocks = _flat(lines)
    counted, money = _in_money_units(blocks, budget)
    ranking = _ranked(counted)
    spent = np.cumsum(ranking.cost)
    fitting = int(np.searchsorted(spent, money, side="right"))
    packs = np.zeros(blocks.num_lines, np.int64)
    _take(packs, ranking, slice(fitting))
    gained = fsum(ranking.gain[:fitting].tolist())
    if fitting == ranking.cost.size:
        return _selection(blocks, packs, gained, proven=True)
    room = money - (int(spent[fitting - 1]) if fitting else 0)
    price = float(ranking.gain[fitting] / ranking.cost[fitting])
    filled = _filled(ranking, fitting, room)
    known = fsum(ranking.gain[filled].tolist())
    options = _options(counted, packs, price)
    changed, proven = search_deviations(options, room, price * room, known)
    if changed is None:
        _take(packs, ranking, filled)
    else:
        packs[list(changed)] = list(changed.values())
    return _selection(blocks, packs, gained + price * room, proven=proven)


def _flat(lines: Sequence[Line]) -> _Blocks:
    ids = [identifier for identifier, _ in lines]
    if len(set(ids)) < len(ids):
        twice = next(name for name, count in Counter(ids).items() if count > 1)
        raise ValueError(f"line {twice!r} comes more than once, identifiers must be unique")
    counts = np.array([len(blocks) for _, blocks in lines], np.int64)
    numbers = np.array([block for _, blocks in lines for block in blocks], np.float64).reshape(-1, 2)
    line = np.repeat(np.arange(len(ids)), counts)
    wrong = np.flatnonzero(~np.isfinite(numbers).all(axis=1) | (numbers[:, 0] < 0))
    if wrong.size:
        cost, gain = numbers[wrong[0]].tolist()
        raise ValueError(
            f"line {ids[line[wrong[0]]]!r} has a block of cost {cost} and gain {gain}: "
            "cost must be finite and >= 0, gain finite"
        )
    return _Blocks(ids, np.r_[0, np.cumsum(counts)], line, numbers[:, 0], numbers[:, 1])


def _ranked(blocks: _Blocks) -> Ranking:
    """Merge blocks to the concave envelope of each line, drop what never pays, sort by return."""
    end = np.arange(1, len(blocks.line) + 1) - blocks.start[blocks.line]
    first, last, line, cost, gain = end, end, blocks.line, blocks.cost, blocks.gain
    slope = _slopes(cost, gain)
    rising = np.flatnonzero((line[1:] == line[:-1]) & (slope[1:] > slope[:-1])) + 1
    if rising.size:
        bent = np.zeros(blocks.num_lines, bool)
        bent[line[rising]] = True
        straight = np.flatnonzero(~bent[line])
        merged = [_envelope(blocks, int(at)) for at in np.flatnonzero(bent)]
        parts = np.array([row for rows in merged for row in rows], np.float64)
        first = np.r_[first[straight], parts[:, 1].astype(np.int64)]
        last = np.r_[last[straight], parts[:, 2].astype(np.int64)]
        line = np.r_[line[straight], parts[:, 0].astype(np.int64)]
        cost, gain = np.r_[cost[straight], parts[:, 3]], np.r_[gain[straight], parts[:, 4]]
    slope = _slopes(cost, gain)
    order = np.lexsort((first, line, -slope))
    order = order[gain[order] > 0]
    return Ranking(line[order], first[order], last[order], cost[order], gain[order])


def _envelope(blocks: _Blocks, line: int) -> list[tuple[int, int, int, float, float]]:
    """Return (line, first, last, cost, gain) of the blocks of a line, merged until returns fall."""
    merged: list[tuple[int, int, int, float, float]] = []
    span = slice(blocks.start[line], blocks.start[line + 1])
    pairs = zip(blocks.cost[span].tolist(), blocks.gain[span].tolist(), strict=True)
    for pack, (cost, gain) in enumerate(pairs, start=1):
        first = pack
        while merged and _slope(cost, gain) > _slope(*merged[-1][3:]):
            _, first, _, more_cost, more_gain = merged.pop()
            cost, gain = cost + more_cost, gain + more_gain
        merged.append((line, first, pack, cost, gain))
    return merged


def _slope(cost: float, gain: float) -> float:
    if cost > 0:
        return gain / cost
    return inf if gain > 0 else -inf if gain < 0 else 0.0


def _slopes(cost: Floats, gain: Floats) -> Floats:
    free = np.where(gain > 0, np.inf, np.where(gain < 0, -np.inf, 0.0))
    return np.where(cost > 0, gain / np.where(cost > 0, cost, 1.0), free)


def _in_money_units(blocks: _Blocks, budget: float) -> tuple[_Blocks, int]:
    """Return the blocks with costs in whole money units, rounded up, and the budget rounded down to them.

    Whole numbers add up exactly, so that a budget of 0.30 pays for 0.10 and 0.20.
    """
    total = float(blocks.cost.sum())
    budget = min(budget, total + 1.0)
    scale = FINEST
    while max(total, 1.0) * scale > LARGEST:
        scale /= 10.0
    units = np.maximum(np.ceil(blocks.cost * scale - NOISE), 0.0)
    return replace(blocks, cost=units), floor(budget * scale + NOISE)


def _take(packs: Ints, ranking: Ranking, at: slice | list[int]) -> None:
    np.maximum.at(packs, ranking.line[at], ranking.last[at])


def _filled(ranking: Ranking, fitting: int, room: int) -> list[int]:
    """Return the blocks beyond the straddling one that still fit, by return, no line skipping one."""
    cheapest = float(ranking.cost[fitting:].min())
    blocked: set[int] = set()
    taken: list[int] = []
    rest = zip(ranking.line[fitting:].tolist(), ranking.cost[fitting:].tolist(), strict=True)
    for at, (line, cost) in enumerate(rest, start=fitting):
        if room < cheapest:
            break
        if cost > room:
            blocked.add(line)
        elif line not in blocked:
            room -= int(cost)
            taken.append(at)
    return taken


def _options(blocks: _Blocks, packs: Ints, price: float) -> Options:
    """Return every number of packs of every line but the relaxed choice."""
    line = np.r_[np.arange(blocks.num_lines), blocks.line]
    count = np.r_[
        np.zeros(blocks.num_lines, np.int64), np.arange(blocks.line.size) + 1 - blocks.start[blocks.line]
    ]
    order = np.lexsort((count, line))
    line, count = line[order], count[order]
    # The options of line i follow each other from row start[i] + i on, one more than it has blocks.
    relaxed = (blocks.start[:-1] + np.arange(blocks.num_lines) + packs)[line]
    cost, gain = _running(blocks, blocks.cost, order), _running(blocks, blocks.gain, order)
    more_cost, more_gain = cost - cost[relaxed], gain - gain[relaxed]
    loss = np.maximum(price * more_cost - more_gain, 0.0)
    every = Options(line, count, more_cost.astype(np.int64), more_gain, loss)
    return every.take(count != packs[line])


def _running(blocks: _Blocks, amount: Floats, order: Ints) -> Floats:
    """Return what a line has cost or gained after 0, 1, 2, ... packs, in the given order of rows."""
    total = np.r_[0.0, np.cumsum(amount)]
    after = total[1:] - total[blocks.start[blocks.line]]
    return np.r_[np.zeros(blocks.num_lines), after][order]


def _selection(blocks: _Blocks, packs: Ints, bound: float, *, proven: bool) -> Selection:
    position = np.arange(blocks.line.size) - blocks.start[blocks.line]
    funded = position < packs[blocks.line]
    gain = fsum(blocks.gain[funded].tolist())
    return Selection(
        chosen=dict(zip(blocks.ids, packs.tolist(), strict=True)),
        spent=fsum(blocks.cost[funded].tolist()),
        gain=gain,
        lp_bound=max(bound, gain),
        proven=proven,
    )
