"""The states that a policy reaches, found one after another, and what comes of each."""

import math
from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Information, Policy, Problem
from basestock.dynamics import NetworkArrays, PeriodOutcome, State, canonical
from basestock.optimal.mdp.analysis import MOST_EVENTS, cycle_of, is_endless
from basestock.optimal.mdp.budget import TooLargeError
from basestock.optimal.mdp.chain import Chain
from basestock.optimal.mdp.kernel import SIZES, Kernel, batch_size, phases_of
from basestock.optimal.mdp.layout import Layout
from basestock.optimal.mdp.listing import COMBINATIONS
from basestock.optimal.mdp.tables import Table
from basestock.uncertainty import World
from basestock.uncertainty.support import Outcomes, event_support


class NotMarkovError(ValueError):
    """A policy remembers, or looks at what the state does not hold."""


class Walker:
    """Finds the states that a policy reaches, and what comes of each.

    Parameters
    ----------
    problem, policy
        Who plays what.
    max_states, max_links
        States, and combinations of state and event, at most.
    """

    def __init__(self, problem: Problem, policy: Policy, max_states: int, max_links: int) -> None:
        self.problem, self.policy = problem, policy
        self.max_states, self.max_links = max_states, max_links
        # On a horizon every period has states of its own: costs at its end and decisions may depend on the period.
        self.ends = not is_endless(problem)
        repeats = cycle_of(problem)
        if not self.ends:
            # Laws that end are known in no period after the cycle: they have no long run.
            event_support(problem.uncertainty, problem.network, repeats)
        self.cycle = (
            problem.warm_up + problem.horizon if self.ends else math.lcm(repeats, _cycle_of_policy(policy))
        )
        layout = Layout(canonical(problem.start(1)))
        self.kernels: list[Kernel] = []
        listed = [_listed(problem, period) for period in range(min(repeats, self.cycle))]
        for period in range(self.cycle):
            self.kernels.append(Kernel(problem, *listed[period % repeats], period=period, layout=layout))
        rows, chances, self.opening = self.kernels[0].opened
        _require_markov(problem, policy, self.kernels[0], rows[:1])
        self.nodes = Table(rows.shape[1] + 1)
        self.first = self.nodes.add(self._named(rows, 0)), chances
        self.links = 0
        self._ran = np.zeros(0, dtype=bool)
        self._cost = np.zeros(0)
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def _named(self, rows: np.ndarray, at: int) -> np.ndarray:
        """Put the place in the cycle before the rows of states."""
        return np.concatenate([np.full((len(rows), 1), at, dtype=np.int16), rows], axis=1)

    @property
    def ran(self) -> np.ndarray:
        """``[state]`` whether it was run, of all that were met."""
        missing = len(self.nodes) - len(self._ran)
        if missing:
            self._ran = np.pad(self._ran, (0, missing))
            self._cost = np.pad(self._cost, (0, missing))
        return self._ran

    @property
    def waiting(self) -> np.ndarray:
        """Numbers of the states that were met and not yet run."""
        return np.flatnonzero(~self.ran)

    @property
    def start(self) -> np.ndarray:
        """``[state]`` probabilities of the first decision."""
        found = np.zeros(len(self.nodes))
        np.add.at(found, self.first[0], self.first[1])
        return found

    def needed(self, numbers: np.ndarray) -> int:
        """Return the combinations of states and their events."""
        at = np.bincount(self.nodes.rows[numbers, 0], minlength=self.cycle)
        return int(
            sum(count * len(kernel.probabilities) for count, kernel in zip(at, self.kernels, strict=True))
        )

    def run(self, numbers: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Run states; return their links: from, to, and the probability.

        Raises
        ------
        TooLargeError
            If there are more than may be run.
        """
        self.links += self.needed(numbers)
        if self.links > self.max_links or len(self.nodes) > self.max_states:
            raise self.too_large()
        first = len(self._parts)
        places = self.nodes.rows[numbers, 0]
        for at, kernel in enumerate(self.kernels):
            here = numbers[places == at]
            for piece in _pieces(here, len(kernel.probabilities)):
                rows = self.nodes.rows[piece, 1:]
                controls = controls_of(self.problem, self.policy, kernel, rows, at)
                cost = self._run(kernel, rows, controls, piece, (at + 1) % self.cycle)
                self.ran[piece] = True
                self._cost[piece] = cost
        return self._parts[first:]

    def too_large(self) -> TooLargeError:
        """Return the refusal of a policy that reaches too much."""
        return TooLargeError(
            f"Problem {self.problem.name!r}: the policy {type(self.policy).__name__} reaches more than "
            f"{len(self.nodes):,} states, must be at most {self.max_states:,} states and {self.max_links:,} "
            "combinations of state and event. Simulate."
        )

    def _run(
        self, kernel: Kernel, rows: np.ndarray, controls: np.ndarray, numbers: np.ndarray, after: int
    ) -> np.ndarray:
        """Run every event on states; return their expected money."""
        count = len(kernel.probabilities)
        events = np.tile(np.arange(count), len(rows))
        moves = kernel(np.repeat(rows, count, 0), np.repeat(controls, count, 0), events)
        targets = self.nodes.add(self._named(moves.rows, after))
        owner = np.repeat(np.arange(len(rows)), count)
        # Outcomes that lead to the same state are one link.
        pairs, inverse = np.unique(owner * np.int64(len(self.nodes)) + targets, return_inverse=True)
        chance = np.bincount(inverse, weights=np.tile(kernel.probabilities, len(rows)))
        owner, targets = np.divmod(pairs, len(self.nodes))
        self._parts.append((numbers[owner], targets, chance))
        money = moves.money + self.problem.discount * moves.opening_money
        return money.reshape(len(rows), count) @ kernel.probabilities

    def forget(self) -> None:
        """Forget the links so far: on a horizon no period comes back."""
        self._parts.clear()

    def chain(self) -> Chain:
        """Return the chain of the states that were met; rows of those that were not run are empty."""
        from scipy.sparse import csr_matrix

        count = len(self.nodes)
        matrix = csr_matrix((count, count))
        if self._parts:
            rows, columns, chances = (np.concatenate(each) for each in zip(*self._parts, strict=True))
            self._parts = [(rows, columns, chances)]
            matrix = csr_matrix((chances, (rows, columns)), shape=(count, count))
        return Chain(matrix, np.where(self.ran, self._cost, 0.0), self.start)


def _listed(problem: Problem, period: int) -> tuple[Outcomes, Outcomes]:
    """Return all that can happen after the decision of a period, and before the next one."""
    support = event_support(problem.uncertainty, problem.network, period)
    if support.num_outcomes > MOST_EVENTS:
        raise TooLargeError(
            f"Problem {problem.name!r}: a period has {support.num_outcomes:,} joint outcomes, must be at most "
            f"{MOST_EVENTS:,} for exact evaluation. Simulate."
        )
    closing, opening = phases_of(problem, support)
    return closing.joint(), opening.joint()


def _pieces(here: np.ndarray, events: int) -> Iterator[np.ndarray]:
    size = max(1, COMBINATIONS // events)
    for first in range(0, len(here), size):
        yield here[first : first + size]


def _cycle_of_policy(policy: Policy) -> int:
    """Return the number of periods after which a policy decides alike: reviews repeat."""
    review = getattr(policy, "review_period", None)
    return (
        1
        if review is None
        else math.lcm(*np.unique(np.maximum(np.asarray(review), 1.0)).astype(int).tolist())
    )


def controls_of(
    problem: Problem, policy: Policy, kernel: Kernel, rows: np.ndarray, period: int
) -> np.ndarray:
    """Return ``[row, control]``: what a policy decides in states."""
    size = batch_size(len(rows))
    found: list[np.ndarray] = []
    for first in range(0, len(rows), size):
        picked = np.minimum(np.arange(first, first + size), len(rows) - 1)
        part = jnp.asarray(rows[picked], dtype=jnp.float32)
        decided = _decide(
            *(problem.arrays, problem.information, policy, kernel.layout, part),
            *(jnp.asarray(period, dtype=jnp.int32), jnp.zeros(())),
        )
        order, start = (None if each is None else np.asarray(each) for each in decided)
        lanes, items = kernel.orders[:, 0], kernel.orders[:, 1]
        controls = np.broadcast_to(order[lanes, items].T, (size, len(lanes)))  # type: ignore[index]
        runs = np.zeros((size, len(kernel.starts)))
        if start is not None and len(kernel.starts):
            runs = np.broadcast_to(start[kernel.starts].T, runs.shape)
        found.append(np.concatenate([controls, runs], axis=1)[: min(size, len(rows) - first)])
    return np.concatenate(found)


@eqx.filter_jit
def _decide(
    network: NetworkArrays,
    information: Information,
    policy: Policy,
    layout: Layout,
    rows: Array,
    period: Array,
    past: Array,
) -> tuple[Array, Array | None]:
    """Return orders and runs in states; ``past`` is what the last period is said to have asked for."""
    state: State = layout.states(rows, period)
    outcome = PeriodOutcome(
        opening=state.on_hand, demand=state.on_hand * 0 + past, sales=state.on_hand * 0 + past
    )
    key = jax.random.key(0)
    memory = information.init(network, rows.shape[0])
    seen, _ = information.observe(network, state, World(), outcome, memory, key=key)
    decision, _ = policy(seen, policy.init(seen), key=key)
    return decision.order, decision.start


def _require_markov(problem: Problem, policy: Policy, kernel: Kernel, rows: np.ndarray) -> None:
    """Refuse policies that remember or look at the past."""
    part = jnp.asarray(np.repeat(rows, SIZES[0], 0), dtype=jnp.float32)
    state = kernel.layout.states(part, jnp.asarray(0, dtype=jnp.int32))
    information = problem.information
    memory = information.init(problem.arrays, SIZES[0])
    outcome = PeriodOutcome(opening=state.on_hand)
    seen, _ = information.observe(problem.arrays, state, World(), outcome, memory, key=jax.random.key(0))
    if memory is not None or policy.init(seen) is not None:
        raise NotMarkovError(
            f"Problem {problem.name!r}: the policy {type(policy).__name__} has a memory, must decide by the state "
            "alone for exact evaluation. Simulate."
        )
    given = (problem.arrays, information, policy, kernel.layout, part, jnp.asarray(0, dtype=jnp.int32))
    orders = [np.asarray(_decide(*given, jnp.asarray(past))[0]) for past in (0.0, 7.0)]
    if not np.array_equal(orders[0], orders[1]):
        raise NotMarkovError(
            f"Problem {problem.name!r}: the policy {type(policy).__name__} looks at the last demand, must decide "
            "by the state alone for exact evaluation. Simulate."
        )
