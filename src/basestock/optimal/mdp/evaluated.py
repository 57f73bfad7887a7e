"""Any policy, learned ones too, valued exactly on the states that it reaches."""

import dataclasses
import math
import time
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
from basestock.optimal.mdp.chain import Chain, long_run
from basestock.optimal.mdp.kernel import SIZES, Kernel, batch_size, phases_of
from basestock.optimal.mdp.layout import Layout
from basestock.optimal.mdp.listing import COMBINATIONS
from basestock.optimal.mdp.tables import Table
from basestock.uncertainty import World
from basestock.uncertainty.support import Outcomes, event_support

MOST_STATES = 3_000_000
"""States that a policy may reach."""

MOST_LINKS = 400_000_000
"""Combinations of state and event that may be run."""


class NotMarkovError(ValueError):
    """A policy remembers, or looks at what the state does not hold."""


@dataclasses.dataclass(frozen=True)
class ExactValue:
    """The exact value of a policy.

    Parameters
    ----------
    value
        The problem's criterion in its own sense, money.
    num_states
        States reached from the declared start.
    num_classes
        Recurrent classes among them; 0 on a horizon.
    seconds
        Time that it took.
    """

    value: float
    num_states: int
    num_classes: int
    seconds: float


def evaluate_exactly(
    problem: Problem, policy: Policy, *, max_states: int = MOST_STATES, max_links: int = MOST_LINKS
) -> ExactValue:
    """Return the exact value of a policy from the declared start.

    Parameters
    ----------
    problem
        Periodic problem with finite support of its events and whole units.
    policy
        A policy without memory, that looks at the state and the period alone.
    max_states, max_links
        States, and combinations of state and event, at most.

    Returns
    -------
    ExactValue
        By the sparse chain of the states that are reached: averages by its long-run shares, discounted and total costs
        by its law period after period.

    Raises
    ------
    SupportError
        If something random has no finite support.
    NotMarkovError
        If the policy remembers, or looks at the past.
    NotWholeError
        If it orders fractions.
    TooLargeError
        If it reaches more states.
    """
    began = time.perf_counter()
    walker = _Walker(problem, policy, max_states, max_links)
    endless = problem.averages or (is_endless(problem) and problem.warm_up == 0)
    if problem.averages:
        while walker.expand():
            pass
        rest = long_run(walker.chain())
        value, classes = rest.gain, rest.num_classes
    else:
        periods = problem.warm_up + problem.horizon
        if endless:
            periods = math.ceil(math.log(1e-12) / math.log(problem.discount)) if problem.discount else 1
        value, classes = walker.total(periods), 0
    return ExactValue(problem.sign * value, len(walker.nodes), classes, time.perf_counter() - began)


class _Walker:
    """Finds the states that a policy reaches, and what comes of each."""

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
        self.done = self.links = 0
        self.cost: list[np.ndarray] = []
        self.parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def _named(self, rows: np.ndarray, at: int) -> np.ndarray:
        """Put the place in the cycle before the rows of states."""
        return np.concatenate([np.full((len(rows), 1), at, dtype=np.int16), rows], axis=1)

    def expand(self) -> bool:
        """Run the states that were met and not yet run; tell whether there were any."""
        fresh = self.nodes.rows[self.done :]
        if not len(fresh):
            return False
        cost = np.zeros(len(fresh))
        for at, kernel in enumerate(self.kernels):
            here = np.flatnonzero(fresh[:, 0] == at)
            for piece in _pieces(here, len(kernel.probabilities)):
                rows = fresh[piece, 1:]
                controls = controls_of(self.problem, self.policy, kernel, rows, at)
                cost[piece] = self._run(kernel, rows, controls, self.done + piece, (at + 1) % self.cycle)
        self.cost.append(cost)
        self.done += len(fresh)
        return True

    def _run(
        self, kernel: Kernel, rows: np.ndarray, controls: np.ndarray, numbers: np.ndarray, after: int
    ) -> np.ndarray:
        """Run every event on states; return their expected money."""
        count = len(kernel.probabilities)
        self.links += len(rows) * count
        if self.links > self.max_links or len(self.nodes) > self.max_states:
            raise TooLargeError(
                f"Problem {self.problem.name!r}: the policy reaches more than {len(self.nodes):,} states with "
                f"{count:,} events each, must be at most {self.max_states:,} states and {self.max_links:,} "
                "combinations. Simulate."
            )
        events = np.tile(np.arange(count), len(rows))
        moves = kernel(np.repeat(rows, count, 0), np.repeat(controls, count, 0), events)
        targets = self.nodes.add(self._named(moves.rows, after))
        owner = np.repeat(np.arange(len(rows)), count)
        # Outcomes that lead to the same state are one link.
        pairs, inverse = np.unique(owner * np.int64(len(self.nodes)) + targets, return_inverse=True)
        chance = np.bincount(inverse, weights=np.tile(kernel.probabilities, len(rows)))
        owner, targets = np.divmod(pairs, len(self.nodes))
        self.parts.append((numbers[owner], targets, chance))
        money = moves.money + self.problem.discount * moves.opening_money
        return money.reshape(len(rows), count) @ kernel.probabilities

    def chain(self) -> Chain:
        """Return the chain of the states that were run; what was only met stays where it is."""
        from scipy.sparse import csr_matrix

        count = len(self.nodes)
        rows, columns, chances = (np.concatenate(each) for each in zip(*self.parts, strict=True))
        start = np.zeros(count)
        np.add.at(start, self.first[0], self.first[1])
        cost = np.zeros(count)
        cost[: self.done] = np.concatenate(self.cost)
        return Chain(csr_matrix((chances, (rows, columns)), shape=(count, count)), cost, start)

    def total(self, periods: int) -> float:
        """Return the money of a horizon from its start, discounted; the warm-up does not count."""
        problem = self.problem
        total = float(self.first[1] @ self.opening) if problem.warm_up == 0 else 0.0
        self.expand()
        chain = self.chain()
        turned, share = chain.matrix.T.tocsr(), chain.start
        for period in range(periods):
            # One more layer of states may be reached in every period, until all are known.
            if self.ends and period:
                self.parts.clear()
            if period and self.expand():
                chain = self.chain()
                turned = chain.matrix.T.tocsr()
                share = np.pad(share, (0, chain.num_states - len(share)))
            if period >= problem.warm_up:
                total += problem.discount ** (period - problem.warm_up) * float(share @ chain.cost)
            share = turned @ share
        return total


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
