"""What a period is expected to cost and to lead to: the one transition on every outcome of its events."""

import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.decision import Information, Observation, Problem
from basestock.dynamics import PeriodOutcome, canonical
from basestock.envs import ActionCodec
from basestock.learning.encoding import Clock
from basestock.optimal.mdp.kernel import phases_of
from basestock.optimal.mdp.layout import Layout, names_of
from basestock.optimal.mdp.lookup import seen_state
from basestock.optimal.mdp.rows import RowBatch, RowModel, advanced, opened, orders_of, row_model
from basestock.uncertainty import World
from basestock.uncertainty.block import Block
from basestock.uncertainty.support import Outcomes, Support, SupportError, event_support

MOST_OUTCOMES = 1024
"""Joint outcomes of a period up to which expectations are taken over all that are probable."""

DRAWN = 256
"""Outcomes of a fixed sample, where there are more."""

RARE = 1e-5
"""Probability of all outcomes together that are left out."""

LONGEST = 400
"""Periods with laws or values of their own at most."""


class NoExpectationError(ValueError):
    """What follows a decision cannot be computed from what is seen."""


class Expectation(eqx.Module):
    """The transition of a problem between two decisions, on a list of outcomes of its events.

    Parameters
    ----------
    model
        The transition on rows of quantities: that of exact dynamic programming.
    leaves
        Leaf of an event to ``[law, outcome, ...]``: laws of demand repeat after some periods.
    chances
        ``[law, outcome]`` probabilities.
    controls
        1 where a quantity that is decided is a control of the transition.
    discount
        What a period later is worth.
    information
        What is seen.
    cycle
        Periods after which values of states repeat.
    end
        Periods after which nothing follows; 0 for problems without end.
    warm_up
        First periods whose money does not count, where there is an end.
    exact
        Whether the outcomes are all that are probable; else they are drawn once, the same for all states and choices.
    """

    model: RowModel
    leaves: dict[str, Array]
    chances: Float[Array, "law outcome"]
    controls: Float[Array, "control slot"]
    discount: Float[Array, ""]
    information: Information
    cycle: int = eqx.field(static=True)
    end: int = eqx.field(static=True)
    warm_up: int = eqx.field(static=True)
    exact: bool = eqx.field(static=True)

    @classmethod
    def of(cls, problem: Problem, codec: ActionCodec) -> "Expectation":
        """Return the expectations of a problem.

        Parameters
        ----------
        problem
            The problem.
        codec
            The quantities that are decided.

        Raises
        ------
        NoExpectationError
            If the outside or what is seen remembers the past, if something random has no list of outcomes, if prices
            are decided, or if there are too many periods with values of their own.
        """
        clock = Clock.of(problem)
        _require_markov(problem, codec, clock)
        tables = [_outcomes(problem, period) for period in range(max(clock.cycle, 1))]
        count = max(len(each.probabilities) for each, _ in tables)
        leaves = {
            name: jnp.asarray(np.stack([_filled(each.leaves[name], count) for each, _ in tables]))
            for name in tables[0][0].leaves
        }
        chances = np.zeros((len(tables), count), np.float32)
        for row, (each, _) in zip(chances, tables, strict=True):
            row[: len(each.probabilities)] = each.probabilities
        model = row_model(problem, Layout(canonical(problem.start(1))))
        discount = problem.discount if problem.discounts else 1.0
        found = cls(
            *(model, leaves, jnp.asarray(chances), jnp.asarray(_controls(problem, codec))),
            *(jnp.asarray(np.float32(discount)), problem.information),
            cycle=clock.cycle if clock.endless else clock.periods,
            end=0 if clock.endless else clock.periods,
            warm_up=0 if clock.endless else problem.warm_up,
            exact=all(exact for _, exact in tables),
        )
        try:
            eqx.filter_eval_shape(lambda: found.opened(problem, np.zeros(1, np.int64)))
        except ValueError as error:
            raise NoExpectationError(
                f"Problem {problem.name!r}: something that is priced happens before the decision ({error}); a period "
                "must begin with the decision. Choose another learner."
            ) from error
        return found

    @property
    def num_outcomes(self) -> int:
        """Number of outcomes of a period."""
        return self.chances.shape[1]

    def listed(self, cases: int, slots: int, candidates: int) -> int:
        """Return for how many states so many combinations of state, choice and outcome are enough.

        Parameters
        ----------
        cases
            Combinations.
        slots, candidates
            Quantities that are decided, and choices of each that are compared.
        """
        return cases // (slots * candidates * self.num_outcomes)

    def chance(self, period: Int[Array, ""]) -> Float[Array, " outcome"]:
        """Return the probabilities of the outcomes of a period."""
        return self.chances[period % self.chances.shape[0]]

    def weight(self, period: Int[Array, ""]) -> Float[Array, ""]:
        """Return what the states after a period are worth now: nothing where it is the last one."""
        if self.end == 0:
            return self.discount
        return self.discount * (period + 1 < self.end)

    def opened(self, problem: Problem, picked: Int[np.ndarray, " row"]) -> Float[Array, "row entry"]:
        """Return states at the first decision, given the outcomes that come before it."""
        state = dataclasses.replace(problem.start(len(picked)), period=jnp.zeros((), jnp.int32))
        return opened(self.model, state, {name: leaf[0][picked] for name, leaf in self.leaves.items()})[0]

    @eqx.filter_jit
    def observed(self, rows: Float[Array, "row entry"], period: Int[Array, ""]) -> Observation:
        """Return what is seen in states, one per replication."""
        state = self.model.layout.states(rows, period)
        none = jnp.zeros_like(state.on_hand)
        # The last demand is part of an observation, and of no decision: demand has no memory here.
        outcome = PeriodOutcome(opening=state.on_hand, demand=none, sales=none)
        see = self.information.observe
        return see(self.model.network, state, World(), outcome, None, key=jax.random.key(0))[0]

    @eqx.filter_jit
    def rows(self, observation: Observation) -> Float[Array, "row entry"]:
        """Return the states that are seen."""
        return self.model.layout.rows(seen_state(observation, self.model.layout.template))

    def hidden(self, rows: Float[Array, "row entry"]) -> list[str]:
        """Return the entries of some states that an observation does not show."""
        told = np.asarray(self.rows(self.observed(rows, jnp.zeros((), jnp.int32))))
        names = names_of(self.model.layout.template)
        return [names[at] for at in np.flatnonzero((told != np.asarray(rows)).any(0))]

    @eqx.filter_jit
    def stepped(
        self,
        rows: Float[Array, "row entry"],
        quantities: Float[Array, "row slot"],
        period: Int[Array, ""],
        picked: Int[Array, " row"],
    ) -> Float[Array, "row entry"]:
        """Return where decisions lead, each with an outcome of its own."""
        law = period % self.chances.shape[0]
        leaves = {name: leaf[law][picked] for name, leaf in self.leaves.items()}
        return advanced(self.model, RowBatch(rows, quantities @ self.controls.T, leaves), period)[0]

    @eqx.filter_jit
    def outcomes(
        self, rows: Float[Array, "row entry"], quantities: Float[Array, "row slot"], period: Int[Array, ""]
    ) -> tuple[Float[Array, "row outcome entry"], Float[Array, " row"]]:
        """Return where decisions lead with every outcome, and the expected money of their period."""
        law, count, size = period % self.chances.shape[0], rows.shape[0], self.num_outcomes

        def spread(leaf: Array) -> Array:
            return jnp.repeat(leaf, size, axis=0)

        leaves = {
            name: jnp.broadcast_to(leaf[law], (count, *leaf.shape[1:])).reshape(-1, *leaf.shape[2:])
            for name, leaf in self.leaves.items()
        }
        batch = RowBatch(spread(rows), spread(quantities @ self.controls.T), leaves)
        after, money, later, _ = advanced(self.model, batch, period)
        signs = jnp.asarray(self.model.ledger.signs, dtype=jnp.float32)
        counts, follows = period >= self.warm_up, self.weight(period) * (period + 1 >= self.warm_up)
        signed = signs @ (counts * money + follows * later)
        return after.reshape(count, size, -1), signed.reshape(count, size) @ self.chances[law]


def _require_markov(problem: Problem, codec: ActionCodec, clock: Clock) -> None:
    """Refuse problems whose future does not follow from the state alone."""
    seen = problem.information.init(problem.arrays, 1)
    periods = clock.cycle if clock.endless else clock.periods
    faults = {
        "what is outside remembers the past": bool(jax.tree.leaves(problem.events.initial_world(1))),
        "what is seen remembers the past": bool(jax.tree.leaves(seen)),
        "prices are decided": any(slot.name == "price" for slot in codec.slots),
        f"{periods} periods have laws or values of their own, must be 1 to {LONGEST}": not (
            1 <= periods <= LONGEST
        ),
    }
    wrong = [name for name, fault in faults.items() if fault]
    if wrong:
        # What has no list of outcomes is named by the list itself.
        _outcomes(problem, 0)
        raise NoExpectationError(
            f"Problem {problem.name!r}: {'; '.join(wrong)}; what follows a decision must depend on the state and on "
            "few periods alone. Choose another learner, or a shorter horizon."
        )


def _filled(leaf: np.ndarray, count: int) -> np.ndarray:
    """Return a list of outcomes at a common length, the last one repeated."""
    return np.concatenate([leaf, np.repeat(leaf[-1:], count - len(leaf), 0)])


def _controls(problem: Problem, codec: ActionCodec) -> np.ndarray:
    """Return ``[control, slot]``: which control each quantity is."""
    orders = [tuple(each) for each in orders_of(problem).tolist()]
    found = np.zeros((len(orders) + len(problem.network.processes), len(codec.slots)), np.float32)
    places = zip(codec.slots, np.asarray(codec.rows).tolist(), np.asarray(codec.items).tolist(), strict=True)
    for at, (slot, row, item) in enumerate(places):
        if slot.name != "price":
            found[orders.index((row, item)) if slot.name == "order" else len(orders) + row, at] = 1.0
    return found


def _outcomes(problem: Problem, period: int) -> tuple[Outcomes, bool]:
    """Return joint outcomes between two decisions, and whether they are all that are probable."""
    try:
        parts = phases_of(problem, event_support(problem.uncertainty, problem.network, period))
    except SupportError as error:
        raise NoExpectationError(f"{error} Or choose a learner that only simulates.") from error
    closing, opening = (_likely(each, RARE / 2) for each in parts)
    blocks = closing.blocks + opening.blocks
    sizes = [len(block.probabilities) for block in blocks]
    exact = math.prod(sizes) <= MOST_OUTCOMES
    count = math.prod(sizes) if exact else DRAWN
    index = np.indices(sizes).reshape(len(sizes), count) if exact else _lattice(blocks, count)
    first = closing.outcomes(index[: len(closing.blocks)])
    second = opening.outcomes(index[len(closing.blocks) :])
    chances = first.probabilities * second.probabilities if exact else np.ones(count)
    return Outcomes({**first.leaves, **second.leaves}, chances / chances.sum()), exact


def _likely(support: Support, rare: float) -> Support:
    """Return a support without outcomes that are improbable all together."""
    blocks: list[Block] = []
    for block in support.blocks:
        order = np.argsort(block.probabilities)
        left_out = order[np.cumsum(block.probabilities[order]) <= rare / len(support.blocks)]
        kept = np.setdiff1d(np.arange(len(order)), left_out)
        chance = block.probabilities[kept] / block.probabilities[kept].sum()
        blocks.append(dataclasses.replace(block, values=block.values[kept], probabilities=chance))
    return Support(support.sure, tuple(blocks))


def _lattice(blocks: tuple[Block, ...], count: int) -> Int[np.ndarray, "block outcome"]:
    """Return outcomes of blocks at points that fill the unit cube evenly.

    Notes
    -----
    An additive recurrence by powers of the root of x^(d + 1) = x + 1, the golden ratio where d = 1 (Roberts 2018, "The
    unreasonable effectiveness of quasirandom sequences"; Niederreiter 1992, doi:10.1137/1.9781611970081, chapter 3).
    """
    ratio = 1.5
    for _ in range(64):
        ratio = (1.0 + ratio) ** (1.0 / (len(blocks) + 1.0))
    steps = ratio ** -np.arange(1.0, len(blocks) + 1.0)
    points = (0.5 + steps[:, None] * np.arange(count)) % 1.0
    found = [
        np.minimum(np.searchsorted(np.cumsum(block.probabilities), point), len(block.probabilities) - 1)
        for block, point in zip(blocks, points, strict=True)
    ]
    return np.stack(found)
