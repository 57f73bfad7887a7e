"""One period of a problem on rows of whole numbers: from decision to decision, by the one transition."""

import dataclasses
import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Information, Problem
from basestock.dynamics import (
    Decision,
    NetworkArrays,
    PeriodOutcome,
    Sequence,
    State,
    Step,
    canonical,
    close_period,
    no_decision,
    open_period,
    out_of_nodes,
)
from basestock.dynamics.stages import receive
from basestock.economics import Ledger, Tariff
from basestock.optimal.mdp.layout import LARGEST, Layout, names_of, whole_numbers
from basestock.uncertainty import Event, World
from basestock.uncertainty.support import Outcomes, Support, SupportError

SIZES = (1 << 12, 1 << 16)
"""Combinations of state, decision and event that are advanced together: few sizes, so that few programs are made."""

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


class _Model(eqx.Module):
    network: NetworkArrays
    tariff: Tariff
    layout: Layout
    lane: Int[Array, " order"]
    item: Int[Array, " order"]
    place: Float[Array, "lane item order"]
    process: Int[Array, " start"]
    ledger: Ledger = eqx.field(static=True)
    sequence: Sequence = eqx.field(static=True)
    opens: bool = eqx.field(static=True)


class _Batch(eqx.Module):
    rows: Float[Array, "row entry"]
    controls: Float[Array, "row control"]
    event: Event
    period: Int[Array, ""]


def batch_size(count: int) -> int:
    """Return how many of a number of combinations are advanced together."""
    return SIZES[0] if count <= FEW * SIZES[0] else SIZES[1]


def orders_of(problem: Problem) -> np.ndarray:
    """Return ``[order, 2]``: lane and item of everything that can be ordered."""
    return np.argwhere(np.asarray(problem.arrays.lane_active[..., 0]) > 0).astype(np.int32)


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
    ) -> None:
        self.problem, self.closing, self.opening, self.layout = problem, closing, opening, layout
        self.orders = orders_of(problem)
        self.starts = np.arange(len(problem.network.processes), dtype=np.int32)
        self.merges, self._blank, self.period = merges, blank, period
        self._when = jnp.asarray(period, dtype=layout.template.period.dtype)
        places = np.zeros((problem.arrays.num_lanes, problem.arrays.num_items, len(self.orders)), np.float32)
        places[self.orders[:, 0], self.orders[:, 1], np.arange(len(self.orders))] = 1.0
        self._model = _Model(
            *(problem.arrays, problem.tariff, layout),
            *(jnp.asarray(self.orders[:, 0]), jnp.asarray(self.orders[:, 1]), jnp.asarray(places)),
            jnp.asarray(self.starts),
            *(problem.ledger, problem.sequence, receive in problem.sequence.before),
        )

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
        """What other kernels of the same problem share: layout, merges and a first row."""
        return {"layout": self.layout, "merges": self.merges, "blank": self.blank}

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
            rows, money = _open(self._model, state, self._event(np.zeros_like(picked), picked))
            kept = min(SIZES[0], count - first)
            found.append((np.asarray(rows)[:kept], self._signed(money)[:kept]))
        rows, money = (np.concatenate(each) for each in zip(*found, strict=True))
        return merged(whole_numbers(rows), self.merges), self.opening.probabilities, money

    def _event(self, closing: np.ndarray, opening: np.ndarray) -> Event:
        """Return the event whose two parts are the outcomes of given numbers."""
        parts = ((self.closing.leaves, closing), (self.opening.leaves, opening))
        leaves = {
            name: np.moveaxis(leaf[index], 0, -1) for part, index in parts for name, leaf in part.items()
        }
        return Event(**{name: jnp.asarray(leaf) for name, leaf in leaves.items()})

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
        closing, opening = np.divmod(events, len(self.opening.probabilities))
        size = batch_size(len(rows))
        parts: list[tuple[np.ndarray, ...]] = []
        for first in range(0, len(rows), size):
            # The last part is filled up with its last combination, so that all run the same program.
            picked = np.minimum(np.arange(first, first + size), len(rows) - 1)
            batch = _Batch(
                jnp.asarray(rows[picked], dtype=jnp.float32),
                jnp.asarray(controls[picked], dtype=jnp.float32),
                self._event(closing[picked], opening[picked]),
                self._when,
            )
            following, money, later, placed = _advance(self._model, batch)
            kept = min(size, len(rows) - first)
            found = (np.asarray(following), self._signed(money), self._signed(later), np.asarray(placed))
            parts.append(tuple(each[:kept] for each in found))
        rows_after, *others = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Moves(merged(whole_numbers(rows_after), self.merges), *others)

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Return ``[row, place]``: the inventory position of every node and item less what it owes others, units."""
        # Not the operator @: its vector instructions now and then flag an invalid value that is in neither argument.
        return self._position_of_nothing + np.einsum("re,ep->rp", rows, self.shares)

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
        return self._linear[1]

    @property
    def _position_of_nothing(self) -> np.ndarray:
        return self._linear[0]

    @functools.cached_property
    def _linear(self) -> tuple[np.ndarray, np.ndarray]:
        """``[place]`` position of the empty row, and ``[entry, place]`` what one unit in an entry adds."""
        width = self.layout.width
        size = SIZES[0]
        found: list[np.ndarray] = []
        for first in range(0, width + 1, size):
            units = np.eye(width + 1, dtype=np.float32)[first : first + size, 1:]
            padded = np.zeros((size, width), dtype=np.float32)
            padded[: len(units)] = units
            found.append(np.asarray(_positions(self._model, jnp.asarray(padded), self._when))[: len(units)])
        positions = np.concatenate(found)
        return positions[0], positions[1:] - positions[0]

    def _signed(self, money: Array) -> np.ndarray:
        signs = np.array(self.problem.ledger.signs, dtype=np.float64)
        return signs @ np.asarray(money, dtype=np.float64)


@eqx.filter_jit
def _open(model: _Model, state: State, event: Event) -> tuple[Array, Array]:
    """Return rows at the first decision, and the terms of money before it."""
    opened, flows = open_period(model.network, model.sequence, state, event)
    rows = model.layout.rows(canonical(opened))
    nothing = no_decision(model.network, opened)
    ended, outcome = _close(model, opened, nothing, event)
    return rows, _money(model, opened, nothing, event, outcome, flows, ended)[1]


def _close(model: _Model, state: State, decision: Decision, event: Event) -> tuple[State, PeriodOutcome]:
    """Run the rest of a period; what the morning brought is in stock and must not be looked for again."""
    flows = PeriodOutcome(opening=state.on_hand)
    if model.opens:
        flows = dataclasses.replace(flows, received=jnp.zeros_like(decision.order))
    return close_period(model.network, model.sequence, state, decision, event, flows)


def _money(
    model: _Model,
    state: State,
    decision: Decision,
    event: Event,
    outcome: PeriodOutcome,
    opening: PeriodOutcome,
    ended: State,
) -> tuple[Array, Array]:
    """Return the terms of a period, and what an opening adds to them: what arrives in the morning is paid for."""
    step = Step(World(), state, state, decision, event, outcome, ended)
    names = ("received", "backorders_filled")
    added = {
        name: sum(leaf for leaf in (getattr(outcome, name), getattr(opening, name)) if leaf is not None)
        for name in names
        if getattr(opening, name) is not None
    }
    both = dataclasses.replace(step, outcome=dataclasses.replace(outcome, **added))
    money = model.ledger.by_term(model.tariff, step)
    return money, model.ledger.by_term(model.tariff, both) - money


@eqx.filter_jit
def _advance(model: _Model, batch: _Batch) -> tuple[Array, Array, Array, Array]:
    """Return next rows, terms of money of the period and of the next morning, and what was placed."""
    state = model.layout.states(batch.rows, batch.period)
    event = batch.event
    count = batch.rows.shape[0]
    orders = model.lane.shape[0]
    decision = no_decision(model.network, state)
    # A product with places is much faster on CPUs than putting rows where they belong.
    order = jnp.einsum("lic,rc->lir", model.place, batch.controls[:, :orders])
    start = None
    if model.process.shape[0] and state.work_in_process is not None:
        runs = jnp.zeros((state.work_in_process.shape[1], count))
        start = runs.at[model.process].set(batch.controls[:, orders:].T)
    decision = dataclasses.replace(decision, order=order, start=start)
    ended, outcome = _close(model, state, decision, event)
    opened, following = open_period(model.network, model.sequence, ended, event)
    money, later = _money(model, state, decision, event, outcome, following, ended)
    rows = model.layout.rows(canonical(opened))
    placed = order if outcome.ordered is None else outcome.ordered
    placed = placed[model.lane, model.item].T
    if start is not None and outcome.started is not None:
        placed = jnp.concatenate([placed, outcome.started[model.process].T], -1)
    return rows, money, later, placed


@eqx.filter_jit
def _positions(model: _Model, rows: Array, period: Array) -> Array:
    """Return ``[row, place]`` inventory positions, less what waits at a place to be sent on."""
    state = model.layout.states(rows, period)
    nothing = PeriodOutcome(opening=state.on_hand)
    seen, _ = Information().observe(model.network, state, World(), nothing, None, key=jax.random.key(0))
    position = seen.inventory_position - out_of_nodes(model.network, seen.unfilled)
    return position.reshape(-1, rows.shape[0]).T
