"""One period of a problem on rows of whole numbers: from decision to decision, by the one transition."""

import collections
import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from basestock.decision import Problem
from basestock.dynamics import (
    into_nodes,
    out_of_nodes,
)
from basestock.dynamics.stages import receive
from basestock.optimal.mdp.layout import LARGEST, Layout, names_of, whole_numbers
from basestock.optimal.mdp.rows import (
    RowBatch,
    RowModel,
    advanced,
    opened,
    orders_of,
    positions_of,
    row_model,
)
from basestock.uncertainty.support import Outcomes, Support, SupportError

CHUNK = 1 << 10
"""Combinations that run through a whole period before the next ones: as many as a processor's own memory holds."""

SIZES = (CHUNK, 64 * CHUNK)
"""Combinations of state, decision and event that are advanced together: few sizes, so that few programs are made."""

AHEAD = 2
"""Batches that are under way at a time: one is prepared while another runs."""

FEW = 16
"""Small batches up to this number are cheaper than one large one, which needs a program of its own."""

OPENING_LEAVES = ("arrives", "lost_share", "late_share")
"""Leaves of an event that arrivals read."""


@dataclasses.dataclass(frozen=True, eq=False)
class Moves:
    """What came of combinations of state, decision and event.

    Parameters
    ----------
    rows
        ``[combination, entry]`` next states at their moment of decision.
    money
        ``[combination]`` signed money from this decision to the end of its period.
    opening_money
        ``[combination]`` signed money of the next period before its decision.
    placed
        ``[combination, control]`` what was decided after all repairs.
    """

    rows: np.ndarray
    money: np.ndarray
    opening_money: np.ndarray
    placed: np.ndarray


def batch_size(count: int) -> int:
    """Return how many of a number of combinations are advanced together."""
    return SIZES[0] if count <= FEW * SIZES[0] else SIZES[1]


def phases_of(problem: Problem, support: Support) -> tuple[Support, Support]:
    """Return what can happen after a decision in its period, and before the decision of the next.

    Raises
    ------
    SupportError
        If an outage concerns both: what waits at the end of a closed lane in the morning, and what is shipped later.
    """
    stopped = [lane.name for lane in problem.network.lanes if lane.interruption == "wait"]
    if stopped and "lane_open" in support.sure and receive in problem.sequence.before:
        raise SupportError(
            f"Problem {problem.name!r}: an outage holds up what arrives before the decision on {', '.join(stopped)}, "
            "and shipping after it; interruption must be 'keep_moving' for exact dynamic programming, or goods be "
            "received after the decision. Change one of the two, or simulate."
        )
    opening = set(OPENING_LEAVES) & set(support.sure) if receive in problem.sequence.before else set[str]()
    return support.of(set(support.sure) - opening), support.of(opening)


@dataclasses.dataclass(frozen=True)
class Merge:
    """An entry whose units count as if they were in stock already.

    Parameters
    ----------
    under_way, on_hand, backorders
        Positions of the entries; ``backorders`` is ``None`` where nobody waits.
    """

    under_way: int
    on_hand: int
    backorders: int | None


def merged(rows: np.ndarray, merges: tuple[Merge, ...]) -> np.ndarray:
    """Return rows in which units of merged entries are in stock, and fill what waits there."""
    rows = rows.copy() if merges else rows
    for merge in merges:
        rows[:, merge.on_hand] += rows[:, merge.under_way]
        rows[:, merge.under_way] = 0
        if merge.backorders is not None:
            filled = np.minimum(rows[:, merge.on_hand], rows[:, merge.backorders])
            rows[:, merge.on_hand] -= filled
            rows[:, merge.backorders] -= filled
    return rows


@dataclasses.dataclass(frozen=True, eq=False)
class _Shared:
    """What all kernels of a problem have in common."""

    problem: Problem
    layout: Layout

    @functools.cached_property
    def orders(self) -> np.ndarray:
        """``[order, 2]`` lane and item of everything that can be ordered."""
        return orders_of(self.problem)

    @functools.cached_property
    def starts(self) -> np.ndarray:
        """``[start]`` number of every process."""
        return np.arange(len(self.problem.network.processes), dtype=np.int32)

    @functools.cached_property
    def model(self) -> RowModel:
        """What the transition reads."""
        return row_model(self.problem, self.layout)

    @functools.cached_property
    def linear(self) -> tuple[np.ndarray, np.ndarray]:
        """``[place]`` position of the empty row, and ``[entry, place]`` what one unit in an entry adds."""
        units = np.eye(self.layout.width + 1, dtype=np.float32)[:, 1:]
        period = jnp.zeros((), self.layout.template.period.dtype)
        found: list[np.ndarray] = []
        for first in range(0, len(units), CHUNK):
            kept = units[first : first + CHUNK]
            # Filled up, so that every call runs the same program.
            filled = jnp.asarray(
                np.concatenate([kept, np.zeros((CHUNK - len(kept), kept.shape[1]), np.float32)])
            )
            found.append(np.asarray(positions_of(self.model, filled, period))[: len(kept)])
        positions = np.concatenate(found)
        if not np.isfinite(positions).all():
            raise FloatingPointError(f"Problem {self.problem.name!r}: an inventory position is not finite.")
        return positions[0], positions[1:] - positions[0]

    @functools.cached_property
    def effects(self) -> np.ndarray:
        """``[control, place]`` what one unit ordered, or one run, adds to positions; its source owes it."""
        arrays, count = self.problem.arrays, len(self.orders) + len(self.starts)
        order = np.zeros((arrays.num_lanes, arrays.num_items, count), dtype=np.float32)
        at = np.arange(len(self.orders))
        order[self.orders[:, 0], self.orders[:, 1], at] = 1.0
        waits = 1.0 - np.asarray(arrays.unfilled_lost)
        added = np.array(into_nodes(arrays, jnp.asarray(order)))
        added -= np.asarray(out_of_nodes(arrays, jnp.asarray(order * waits)))
        network = self.problem.network
        for position, process in enumerate(network.processes, start=len(at)):
            node = network.node_index[process.node]
            for item, units in process.produces.items():
                added[node, network.item_index[item], position] += units * process.yield_
            for item, units in process.consumes.items():
                added[node, network.item_index[item], position] -= units
        return added.reshape(-1, count).T


class Kernel:
    """The transition of a problem between two decisions.

    Parameters
    ----------
    problem
        Periodic problem.
    closing, opening
        What can happen between a decision and the end of its period, and from there to the next decision.
    period
        Number of the period; matters to calendars and to terms of a single period.
    layout
        Entries of states.
    merges
        Entries that matter only together; rows come with them merged.
    blank
        Row at the first decision, if it is known already.
    shared
        What another kernel of the same problem has found out about it already.

    Notes
    -----
    Controls are the orders on every active lane and item, then the runs of every process. What arrives before a
    decision belongs to the event of its own period; money of that part is kept apart, since it is discounted once more.
    """

    def __init__(
        self,
        problem: Problem,
        closing: Outcomes,
        opening: Outcomes,
        *,
        period: int,
        layout: Layout,
        merges: tuple[Merge, ...] = (),
        blank: np.ndarray | None = None,
        shared: "_Shared | None" = None,
    ) -> None:
        self.problem, self.closing, self.opening, self.layout = problem, closing, opening, layout
        self._shared = _Shared(problem, layout) if shared is None else shared
        self.orders, self.starts = self._shared.orders, self._shared.starts
        self.merges, self._blank, self.period = merges, blank, period
        self._when = jnp.asarray(period, dtype=layout.template.period.dtype)
        self._model = self._shared.model

    @property
    def num_controls(self) -> int:
        """Number of quantities that are decided."""
        return len(self.orders) + len(self.starts)

    @property
    def probabilities(self) -> np.ndarray:
        """``[event]`` probabilities of the joint outcomes between decisions, those of the opening counting fastest."""
        return np.multiply.outer(self.closing.probabilities, self.opening.probabilities).reshape(-1)

    @property
    def names(self) -> list[str]:
        """Name of each entry of a row."""
        return names_of(self.layout.template)

    @property
    def frame(self) -> dict[str, Any]:
        """What other kernels of the same problem share: layout, merges, a first row, and what is linear in rows."""
        return {"layout": self.layout, "merges": self.merges, "blank": self.blank, "shared": self._shared}

    @property
    def blank(self) -> np.ndarray:
        """``[1, entry]`` a row at the first decision."""
        return self.opened[0][:1] if self._blank is None else self._blank

    @functools.cached_property
    def opened(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows at the first decision, their probabilities, and the money that comes before it."""
        count = len(self.opening.probabilities)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        for first in range(0, count, SIZES[0]):
            picked = np.minimum(np.arange(first, first + SIZES[0]), count - 1)
            state = dataclasses.replace(self.problem.start(SIZES[0]), period=self._when)
            leaves = self._leaves(np.zeros_like(picked), picked)
            rows, money = opened(self._model, state, leaves)
            kept = min(SIZES[0], count - first)
            found.append((np.asarray(rows)[:kept], self._signed(money)[:kept]))
        rows, money = (np.concatenate(each) for each in zip(*found, strict=True))
        return merged(whole_numbers(rows), self.merges), self.opening.probabilities, money

    def _leaves(self, closing: np.ndarray, opening: np.ndarray) -> dict[str, np.ndarray]:
        """Return ``[row, ...]`` leaves of the events whose two parts are the outcomes of given numbers."""
        parts = ((self.closing.leaves, closing), (self.opening.leaves, opening))
        return {name: leaf[index] for part, index in parts for name, leaf in part.items()}

    def __call__(self, rows: np.ndarray, controls: np.ndarray, events: np.ndarray) -> Moves:
        """Advance combinations.

        Parameters
        ----------
        rows
            ``[combination, entry]``.
        controls
            ``[combination, control]`` units ordered, then runs.
        events
            ``[combination]`` numbers of joint outcomes.

        Raises
        ------
        NotWholeError
            If a state holds a fraction.
        """
        size = batch_size(len(rows))
        parts: list[tuple[np.ndarray, ...]] = []
        under_way: collections.deque[tuple[int, tuple[Array, ...]]] = collections.deque()

        def collect() -> None:
            kept, (following, money, later, placed) = under_way.popleft()
            found = (_rows(following), self._signed(money), self._signed(later), _rows(placed))
            parts.append(tuple(each[:kept] for each in found))

        for first in range(0, len(rows), size):
            last = min(first + size, len(rows))
            batch = self._batch(rows[first:last], controls[first:last], events[first:last], size)
            under_way.append((last - first, _advance(self._model, batch, self._when)))
            if len(under_way) == AHEAD:
                collect()
        while under_way:
            collect()
        rows_after, *others = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Moves(merged(whole_numbers(rows_after), self.merges), *others)

    def _batch(self, rows: np.ndarray, controls: np.ndarray, events: np.ndarray, size: int) -> RowBatch:
        """Return combinations in chunks, filled up with their last one to a size, so that all run the same program."""

        def chunked(leaf: np.ndarray) -> np.ndarray:
            if len(leaf) < size:
                leaf = np.concatenate([leaf, np.repeat(leaf[-1:], size - len(leaf), 0)])
            return leaf.reshape(-1, CHUNK, *leaf.shape[1:])

        leaves = self._leaves(*np.divmod(events, len(self.opening.probabilities)))
        return RowBatch(
            chunked(rows.astype(np.float32)),
            chunked(controls.astype(np.float32)),
            {name: chunked(leaf) for name, leaf in leaves.items()},
        )

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Return ``[row, place]``: the inventory position of every node and item less what it owes others, units."""
        # All are finite: the product of a library may flag an invalid value all the same, seen once.
        with np.errstate(invalid="ignore"):
            return self._shared.linear[0] + rows @ self.shares

    def effects_of(self, decisions: np.ndarray) -> np.ndarray:
        """Return ``[decision, place]``: what decisions add to the inventory position of each place, units."""
        return decisions @ self._shared.effects

    def most_waiting(self, max_backorders: np.ndarray | None) -> np.ndarray:
        """Return ``[entry]``: the largest values that a box keeps, given ``[place]`` backorders at most."""
        most = np.full(self.layout.width, LARGEST, dtype=np.int16)
        waits = [at for at, name in enumerate(self.names) if name.startswith("backorders")]
        if max_backorders is not None and waits:
            most[waits] = np.minimum(max_backorders, LARGEST)
        return most

    @property
    def shares(self) -> np.ndarray:
        """``[entry, place]`` what one unit in an entry adds to the inventory position of each place."""
        return self._shared.linear[1]

    def _signed(self, money: Array) -> np.ndarray:
        """Return ``[row]`` the sum of ``[chunk, term, row]`` or ``[term, row]`` money."""
        signs = np.array(self.problem.ledger.signs, dtype=np.float64)
        return np.einsum("t,...tr->...r", signs, np.asarray(money, dtype=np.float64)).reshape(-1)


def _rows(chunks: Array) -> np.ndarray:
    """Return ``[row, entry]`` what came in chunks."""
    return np.asarray(chunks).reshape(-1, chunks.shape[-1])


@jax.jit
def _advance(model: RowModel, batch: RowBatch, period: Int[Array, ""]) -> tuple[Array, Array, Array, Array]:
    """Return next rows, terms of money of the period and of the next morning, and what was placed, by chunk."""
    return jax.lax.map(lambda chunk: advanced(model, chunk, period), batch)
