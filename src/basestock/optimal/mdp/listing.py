"""Lists a finite process by running the one transition on every combination that its box allows."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np

from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.budget import Budget
from basestock.optimal.mdp.kernel import Kernel, Moves
from basestock.optimal.mdp.memo import Memo
from basestock.optimal.mdp.process import Phase, Process, rows_of
from basestock.optimal.mdp.samples import Samples
from basestock.optimal.mdp.structure import Structure
from basestock.optimal.mdp.symmetry import Symmetry
from basestock.optimal.mdp.tables import Table

COMBINATIONS = 1 << 22
"""Combinations of state, decision and event that are listed at a time."""


Memos = Callable[[Structure, Kernel], Memo]
"""What is remembered of a structure and a kernel."""

TRIALS = 16
"""States in which it is tried whether a decision is placed as it is."""


class TiedError(RuntimeError):
    """What was taken for a part of its own is not: seen once every combination of it was run."""


def build(
    kernels: Sequence[Kernel],
    box: Box,
    structure: Structure,
    decisions: np.ndarray,
    budget: Budget,
    memos: Memos,
    symmetry: Symmetry | None = None,
) -> Process:
    """List a finite process.

    Parameters
    ----------
    kernels
        The transition of each kind of period.
    box
        Where to look.
    structure
        How the transition splits.
    decisions
        ``[decision, control]`` joint decisions.
    budget
        What it may take.
    memos
        What came of combinations in an earlier box.
    symmetry
        Parts that are alike, where nothing is handed on.

    Returns
    -------
    Process
        Tables made by running the one transition on every combination of mixed part, inner combination and event.

    Raises
    ------
    TooLargeError
        With the numbers, if the tables would not fit or time runs out.
    NotWholeError
        If states hold fractions.
    TiedError
        If the component moves what does not belong to it, or hands on something else than its structure says.
    """
    return _Builder(tuple(kernels), box, structure, decisions, budget, memos, symmetry).build()


def kept_by_repairs(samples: Samples, decisions: np.ndarray) -> np.ndarray:
    """Tell which decisions are ever placed as they are; those that rules of the network change lead nowhere else."""
    states = np.random.default_rng(2).choice(len(samples.rows), TRIALS)
    rows = np.tile(samples.rows[states], (len(decisions), 1))
    controls = np.repeat(decisions, TRIALS, 0)
    placed = samples.kernel(rows, controls, np.tile(samples.events[states], len(decisions))).placed
    return (placed == controls).all(1).reshape(len(decisions), TRIALS).any(1)


class _Builder:
    """Lists the parts of the states and what comes of them."""

    def __init__(
        self,
        kernels: tuple[Kernel, ...],
        box: Box,
        structure: Structure,
        decisions: np.ndarray,
        budget: Budget,
        memos: Memos,
        symmetry: Symmetry | None,
    ) -> None:
        self.kernels, self.box, self.structure = kernels, box, structure
        self.kernel, self.problem = kernels[0], kernels[0].problem
        self.decisions, self.budget = decisions, budget
        self.memos = functools.partial(memos, structure)
        self.effects = self.kernel.effects_of(decisions)
        self.first, self.weights, _ = self.kernel.opened
        self.symmetry, self.among_mixed = symmetry, None
        if symmetry is not None:
            self.first = symmetry.sorted_rows(self.first)
            self.among_mixed = symmetry.within(structure.mixed)
        blank = np.zeros((1, len(structure.mixed)), dtype=np.int16)
        self.nothing = blank, np.zeros((1, len(structure.carried)), dtype=np.int16)

    def build(self) -> Process:
        """Return the tables."""
        carried, column, handed = self._carried()
        structure = self.structure
        inner_parts, inner_of_carried = np.unique(
            carried[:, list(structure.inner)], axis=0, return_inverse=True
        )
        inner_choices, inner_of_decision = np.unique(
            self.decisions[:, list(structure.inner_controls)], axis=0, return_inverse=True
        )
        inner_of_carried, inner_of_decision = inner_of_carried.reshape(-1), inner_of_decision.reshape(-1)
        of_carried = self.position(self.nothing[0], carried) - self.position(*self.nothing)
        by_part = [of_carried[inner_of_carried == at] for at in range(len(inner_parts))]
        reach = _Reach(
            np.stack([each.min(0) for each in by_part]),
            np.stack([each.max(0) for each in by_part]),
            np.stack([self.effects[inner_of_decision == at].min(0) for at in range(len(inner_choices))]),
            of_carried.max(0),
        )
        mixed, phases = self._mixed(inner_parts, inner_choices, reach)
        if structure.outer_money:
            phases = [
                dataclasses.replace(phase, outer_cost=self._outer_cost(kernel, carried))
                for phase, kernel in zip(phases, self.kernels, strict=True)
            ]
        of_mixed = self.position(mixed, self.nothing[1])
        valid, start = self._valid(carried, mixed, of_carried, of_mixed, reach)
        process = Process(
            *(self.problem, self.box, structure, self.kernels, mixed, carried),
            *(self.decisions, self.effects, (of_mixed, of_carried)),
            *(
                inner_of_carried,
                inner_of_decision,
                column,
                handed,
                tuple(phases),
                valid,
                None,
                start,
                self.symmetry,
            ),
        )
        return dataclasses.replace(process, least_excess=_least_excess(process))

    def position(self, mixed: np.ndarray, carried: np.ndarray) -> np.ndarray:
        """Return ``[part, place]`` inventory positions of states made of two parts."""
        count = max(len(mixed), len(carried))
        pair = (np.broadcast_to(part, (count, part.shape[1])) for part in (carried, mixed))
        return self.kernel.positions(rows_of(self.kernel, self.structure, *pair))

    def _carried(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """List the carried parts inside the box, the next one for everything handed on, and what decisions hand on."""
        structure = self.structure
        controls = [at for kind, at in structure.source if kind == "control"]
        handed_on, handed = np.unique(self.decisions[:, controls], axis=0, return_inverse=True)
        table = Table(len(structure.carried))
        table.add(self.first[:, list(structure.carried)])
        zero = self.position(*self.nothing)
        # Where stock cannot be owed, what is under way alone must not exceed the box.
        owes = bool((self.position(self.first[:, list(structure.mixed)], self.nothing[1]) < 0).any())
        owes = owes or self.kernel.layout.template.backorders is not None
        done = 0
        columns: list[np.ndarray] = []
        while done < len(table):
            rows = table.rows[done:]
            done = len(table)
            width, pairs = rows.shape[1], len(rows) * len(handed_on)
            # Two copies of what follows, numbers and a sort of them: refused before it is made.
            self._refuse(pairs * (4 * width + 40), f"{pairs:,} ways on from what is under way")
            after = np.empty((len(rows), len(handed_on), width), dtype=np.int16)
            for entry, (kind, at) in enumerate(structure.source):
                given = rows[:, None, at] if kind == "entry" else handed_on[None, :, controls.index(at)]
                after[..., entry] = given
            flat = after.reshape(len(rows) * len(handed_on), rows.shape[1])
            inside = np.ones(len(flat), dtype=bool)
            if not owes:
                position = self.position(self.nothing[0], flat) - zero
                inside = np.all(position <= self.box.max_position, axis=1) | ~np.any(flat, axis=1)
                # Handing on nothing is always possible: what is under way moves on.
                inside |= np.tile(~np.any(handed_on, axis=1), len(rows))
            numbers = np.full(len(flat), -1, dtype=np.int64)
            numbers[inside] = table.add(flat[inside])
            columns.append(numbers.reshape(len(rows), len(handed_on)).astype(np.int32))
            self._refuse(len(table) * 8 * 3, f"{len(table):,} combinations of what is under way")
        return table.rows, np.concatenate(columns), handed.reshape(-1)

    def _refuse(self, needed: float, what: str) -> None:
        self.budget.require_bytes(self.problem, needed, what)
        self.budget.require_seconds(self.problem, 0.0, what)

    def _mixed(
        self, parts: np.ndarray, choices: np.ndarray, reach: "_Reach"
    ) -> tuple[np.ndarray, list[Phase]]:
        """List the mixed parts that are reached, where each leads with every inner combination, and what it costs."""
        table = Table(len(self.structure.mixed))
        table.add(self.first[:, list(self.structure.mixed)])
        part, choice = (each.reshape(-1) for each in np.indices((len(parts), len(choices))))
        listings = [_Listing(self, kernel, table, parts[part], choices[choice]) for kernel in self.kernels]
        most = max(len(kernel.probabilities) for kernel in self.kernels)
        done = 0
        block = max(1, COMBINATIONS // (most * len(part)))
        while done < len(table):
            rows = table.rows[done : done + block]
            done += len(rows)
            position = self.position(rows, self.nothing[1])
            # Where it starts, which comes first, a state may lie below.
            lowest = np.full_like(self.lowest, -np.inf) if done == len(rows) else self.lowest
            possible = reach.possible(self.box.max_position, lowest, position, part, choice)
            for listing in listings:
                listing.extend(rows, possible, reach)
            # The states themselves, what is added to them, a sort of both, and their numbers.
            known = len(table) * (6 * rows.shape[1] + 24)
            size = known + sum(listing.size for listing in listings)
            self._refuse(size, f"{len(table):,} states so far")
        return table.rows, [listing.phase(len(table)) for listing in listings]

    @functools.cached_property
    def most_waiting(self) -> np.ndarray:
        """``[mixed]`` largest value of each entry: of what waits for stock, what the box keeps."""
        return self.kernel.most_waiting(self.box.max_backorders)[list(self.structure.mixed)]

    @functools.cached_property
    def lowest(self) -> np.ndarray:
        """``[place]`` lowest position before a decision: the largest demand of a period below the box, units."""
        every = [kernel.closing.leaves["market"].sum(1).max(0).reshape(-1) for kernel in self.kernels]
        return self.box.min_position - np.max(every, axis=0)

    def combine(
        self, mixed: np.ndarray, parts: np.ndarray, choices: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and controls of mixed parts with inner combinations, all else being nothing."""
        carried = np.zeros((len(mixed), len(self.structure.carried)), dtype=np.int16)
        carried[:, list(self.structure.inner)] = parts
        controls = np.zeros((len(mixed), self.decisions.shape[1]), dtype=np.int16)
        controls[:, list(self.structure.inner_controls)] = choices
        return rows_of(self.kernel, self.structure, carried, mixed), controls

    def _outer_cost(self, kernel: Kernel, carried: np.ndarray) -> np.ndarray:
        """Return ``[carried, decision]`` what everything that is not inner costs."""
        structure, count = self.structure, len(self.decisions)
        alone = carried.copy()
        alone[:, list(structure.inner)] = 0
        controls = self.decisions.copy()
        controls[:, list(structure.inner_controls)] = 0
        blank = np.zeros((len(carried) * count, len(structure.mixed)), dtype=np.int16)
        rows = rows_of(kernel, structure, np.repeat(alone, count, 0), blank)
        nothing = rows_of(kernel, structure, self.nothing[1], self.nothing[0])
        moves = kernel(rows, np.tile(controls, (len(carried), 1)), np.zeros(len(rows), dtype=np.int64))
        base = kernel(nothing, np.zeros_like(controls[:1]), np.zeros(1, dtype=np.int64))
        discount = self.problem.discount
        money = moves.money - base.money + discount * (moves.opening_money - base.opening_money)
        return money.reshape(len(carried), count)

    def _valid(
        self,
        carried: np.ndarray,
        mixed: np.ndarray,
        of_carried: np.ndarray,
        of_mixed: np.ndarray,
        reach: "_Reach",
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Tell which pairs lie inside the box, and find the start among them."""
        self._refuse(len(carried) * len(mixed) * 8 * 4, f"{len(carried):,} x {len(mixed):,} pairs")
        inside = np.ones((len(carried), len(mixed)), dtype=bool)
        for place in range(of_mixed.shape[1]):
            position = of_carried[:, place][:, None] + of_mixed[:, place][None]
            inside &= position <= self.box.max_position[place]
            inside &= position >= self.lowest[place]
        first = _numbers(carried, self.first[:, list(self.structure.carried)])
        other = _numbers(mixed, self.first[:, list(self.structure.mixed)])
        inside[first, other] = True
        return inside, (first, other, self.weights)


def _numbers(known: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the positions of rows among distinct known ones."""
    table = Table(known.shape[1])
    # A table numbers rows that come together in the order of their keys, not as they are listed.
    listed = np.argsort(table.add(known))
    return listed[table.find(rows)]


class _Listing:
    """Grows the tables of one kind of period, state by state."""

    def __init__(
        self, builder: _Builder, kernel: Kernel, table: Table, parts: np.ndarray, choices: np.ndarray
    ) -> None:
        self.builder, self.kernel, self.table, self.parts, self.choices = (
            builder,
            kernel,
            table,
            parts,
            choices,
        )
        self.memo = builder.memos(kernel)
        self.links = Table(len(kernel.probabilities), np.int32)
        self.local: list[np.ndarray] = []
        self.cost: list[np.ndarray] = []
        start = kernel.blank
        count = len(kernel.probabilities)
        blank = np.zeros((count, kernel.num_controls), dtype=np.int16)
        idle = kernel(np.repeat(start, count, 0), blank, np.arange(count))
        self.nothing = self._money(idle)
        structure = builder.structure
        self.others = np.setdiff1d(np.arange(start.shape[1]), [*structure.mixed, *structure.carried])
        self.idle = idle.rows[:, self.others]

    def _require_apart(self, states: np.ndarray, controls: np.ndarray, after: np.ndarray) -> None:
        """Hold the structure against what came of combinations: ``after`` is ``[combination, event, entry]``."""
        structure = self.builder.structure
        if not np.array_equal(
            after[:, :, self.others], np.broadcast_to(self.idle, after[:, :, self.others].shape)
        ):
            raise TiedError
        for entry, (kind, at) in zip(structure.carried, structure.source, strict=True):
            given = states[:, structure.carried[at]] if kind == "entry" else controls[:, at]
            if (after[:, :, entry] != given[:, None]).any():
                raise TiedError

    def _money(self, moves: Moves) -> np.ndarray:
        return moves.money + self.builder.problem.discount * moves.opening_money

    @property
    def size(self) -> int:
        """Bytes of the tables so far, about."""
        width = len(self.kernel.probabilities)
        return len(self.links) * width * 12 + sum(each.size for each in self.local) * 12

    def extend(self, rows: np.ndarray, possible: np.ndarray, reach: "_Reach") -> None:
        """Run every event on mixed parts with the inner combinations that are possible with each."""
        count = len(self.kernel.probabilities)
        local = np.full(possible.shape, -1, dtype=np.int32)
        cost = np.zeros(possible.shape)
        mixed_at, inner_at = np.nonzero(possible)
        pieces = max(1, -(-len(mixed_at) * count // COMBINATIONS))
        for piece in np.array_split(np.arange(len(mixed_at)), pieces):
            at, inner = mixed_at[piece], inner_at[piece]
            states, controls = self.builder.combine(rows[at], self.parts[inner], self.choices[inner])
            keys = np.concatenate([rows[at], self.parts[inner], self.choices[inner]], axis=1)
            after, money = self.memo.moves(keys, functools.partial(self._run, states, controls))
            fine, numbers = self._following(after, reach)
            local[at[fine], inner[fine]] = self.links.add(numbers[fine])
            cost[at, inner] = money
        if self.builder.symmetry is not None:
            position = self.builder.position(rows, self.builder.nothing[1])
            excess = self.builder.box.excess(position[:, None] + self.builder.effects)
            local[_repeated(local, cost, excess)] = -1
        self.local.append(local)
        self.cost.append(cost)

    def _run(
        self, states: np.ndarray, controls: np.ndarray, picked: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return ``[combination, event, entry]`` next mixed parts, and expected money beyond that of nothing."""
        count = len(self.kernel.probabilities)
        states, controls = states[picked], controls[picked]
        events = np.tile(np.arange(count), len(picked))
        moves = self.kernel(np.repeat(states, count, 0), np.repeat(controls, count, 0), events)
        after = moves.rows.reshape(len(picked), count, -1)
        self._require_apart(states, controls, after)
        money = self._money(moves).reshape(len(picked), count) - self.nothing
        return after[:, :, list(self.builder.structure.mixed)], money @ self.kernel.probabilities

    def _following(self, parts: np.ndarray, reach: "_Reach") -> tuple[np.ndarray, np.ndarray]:
        """Return which combinations stay inside the box whatever happens, and the next mixed parts ``[.., event]``."""
        builder, count = self.builder, len(self.kernel.probabilities)
        after = np.minimum(parts.reshape(len(parts) * count, parts.shape[2]), builder.most_waiting)
        if builder.among_mixed is not None:
            after = builder.among_mixed.sorted_rows(after)
        inside = reach.inside(builder.lowest, builder.position(after, builder.nothing[1]))
        fine = np.asarray(inside.reshape(-1, count).all(1))
        numbers = np.zeros(len(after), dtype=np.int32)
        taken = np.repeat(fine, count)
        numbers[taken] = self.table.add(after[taken])
        return fine, numbers.reshape(-1, count)

    def phase(self, num_mixed: int) -> Phase:
        """Return the finished tables."""
        self.memo.turn()
        from scipy.sparse import csr_matrix

        chance, successors = self.kernel.probabilities, self.links.rows
        rows = np.repeat(np.arange(len(successors)), len(chance))
        entries = (np.tile(chance, len(successors)), (rows, successors.reshape(-1)))
        chances = csr_matrix(entries, shape=(len(successors), num_mixed))
        chances.sum_duplicates()
        return Phase(np.concatenate(self.local).T.copy(), chances, np.concatenate(self.cost).T.copy(), None)


def _repeated(local: np.ndarray, cost: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Tell which decisions ``[state, decision]`` lead where another one leads, that is no dearer and no less inside."""
    state, decision = (each.reshape(-1) for each in np.indices(local.shape))
    order = np.lexsort((decision, cost.reshape(-1), excess.reshape(-1), local.reshape(-1), state))
    state, link, cost = state[order], local.reshape(-1)[order], cost.reshape(-1)[order]
    first = np.append(True, (state[1:] != state[:-1]) | (link[1:] != link[:-1]))
    leader = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
    found = np.zeros(local.size, dtype=bool)
    found[order] = ~first & (link >= 0) & (cost >= cost[leader])
    return found.reshape(local.shape)


@dataclasses.dataclass(frozen=True, eq=False)
class _Reach:
    """What inner combinations add to the position at least, and what is under way adds at most, by place."""

    least_part: np.ndarray
    most_part: np.ndarray
    least_choice: np.ndarray
    most_carried: np.ndarray

    def possible(
        self, most: np.ndarray, lowest: np.ndarray, position: np.ndarray, part: np.ndarray, choice: np.ndarray
    ) -> np.ndarray:
        """Return ``[mixed, inner]``: whether a state between positions can have this combination."""
        added = self.least_part[part] + self.least_choice[choice]
        inside = (position[:, None] + added[None] <= most).all(-1)
        # A state above the box orders as little as there is.
        inside |= (added <= added.min(0)).all(-1)[None]
        return inside & (position[:, None] + self.most_part[part][None] >= lowest).all(-1)

    def inside(self, lowest: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Tell which mixed parts can belong to a state that is not below the box."""
        return np.asarray((position >= lowest - self.most_carried).all(-1))


def _least_excess(process: Process) -> np.ndarray | None:
    """Return how close to the box the best decision of each state comes; ``None`` if always inside."""
    least = np.full(process.valid.shape, np.inf)
    every = np.arange(process.valid.shape[1])
    for first in range(0, len(least), 4096):
        part = np.arange(first, min(first + 4096, len(least)))
        for decision in range(len(process.decisions)):
            excess = process.excess(part[:, None], every[None], decision)
            possible = (process.column[part, process.handed[decision]] >= 0)[:, None]
            for phase in process.phases:
                possible = possible & (phase.local[process.inner(part, decision)] >= 0)
            least[part] = np.minimum(least[part], np.where(possible, excess, np.inf))
            if not least[part][process.valid[part]].any():
                break
    return least if least[process.valid].any() else None
