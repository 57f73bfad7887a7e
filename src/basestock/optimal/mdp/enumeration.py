"""All states that a finite problem can reach, found by running the one transition on every decision and event."""

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Problem
from basestock.dynamics import (
    Decision,
    PeriodOutcome,
    State,
    Step,
    canonical,
    close_period,
    open_period,
)
from basestock.uncertainty import Event, World

CHUNK = 1 << 18
"""Combinations of state, decision and event that are advanced together."""


@dataclasses.dataclass(frozen=True, eq=False)
class FiniteProcess:
    """A Markov decision process in whole units.

    Parameters
    ----------
    states
        ``[state, feature]``, whole numbers: the leaves of the canonical state at the moment of decision.
    decisions
        ``[decision, lane, item]`` order quantities, units.
    allowed
        ``[state, decision]``.
    cost
        ``[state, decision]`` expected money of the period.
    successors
        ``[state, decision, event]`` indices of states.
    probabilities
        ``[event]``.
    start
        Index of the declared start.
    """

    states: np.ndarray
    decisions: np.ndarray
    allowed: np.ndarray
    cost: np.ndarray
    successors: np.ndarray
    probabilities: np.ndarray
    start: int


def enumerate_process(
    problem: Problem,
    *,
    max_order: int,
    max_position: int,
    min_position: int | None = None,
    max_states: int = 200_000,
    period: int = 0,
) -> FiniteProcess:
    """Enumerate the states reachable from the declared start.

    Parameters
    ----------
    problem
        Stationary problem with discrete demand and fixed lead times.
    max_order
        Largest order on any lane, units.
    max_position
        Largest inventory position after ordering, units; decisions beyond it are not allowed.
    min_position
        Smallest inventory position after ordering, units; where demand waits, backlog has no other end. Where no
        decision reaches it, the one that comes closest is allowed.
    max_states
        Refuse beyond this number of states.
    period
        Period whose money is charged; only terms of a single period, like those at the end of a horizon, depend on it.

    Returns
    -------
    FiniteProcess
        States, costs and transitions, advanced by the same transition as every simulation.

    Raises
    ------
    ValueError
        If the demand has no finite support, a lead time is random, or more than ``max_states`` states are reached.
    """
    events, probabilities = _events(problem)
    decisions = _decisions(problem, max_order)
    step = _Advance(problem, period)
    states = _opened_start(problem)
    known = {states[0].tobytes(): 0}
    costs: list[np.ndarray] = []
    links: list[np.ndarray] = []
    legal: list[np.ndarray] = []
    done = 0
    while done < len(states):
        block = np.stack(states[done : done + max(1, CHUNK // (len(decisions) * len(probabilities)))])
        allowed = _inside(
            _position(problem, block)[:, None] + decisions.sum((1, 2))[None], min_position, max_position
        )
        cost, following = step(block, decisions, events)
        links.append(_register(known, states, following, allowed, max_states))
        costs.append(cost @ probabilities)
        legal.append(allowed)
        done += len(block)
    return FiniteProcess(
        np.stack(states),
        decisions,
        np.concatenate(legal),
        np.concatenate(costs),
        np.concatenate(links),
        probabilities,
        0,
    )


def _inside(position: np.ndarray, lowest: int | None, highest: int) -> np.ndarray:
    """Allow the decisions that come closest to the box: those inside it, wherever there is one."""
    outside = np.maximum(position - highest, 0)
    if lowest is not None:
        outside = np.maximum(outside, lowest - position)
    return outside == outside.min(1, keepdims=True)


def _register(
    known: dict[bytes, int],
    states: list[np.ndarray],
    following: np.ndarray,
    allowed: np.ndarray,
    max_states: int,
) -> np.ndarray:
    """Number the successors of allowed decisions, new states last; others point to the start."""
    links = np.zeros(following.shape[:3], dtype=np.int64)
    flat, inverse = np.unique(
        following[allowed].reshape(-1, following.shape[-1]), axis=0, return_inverse=True
    )
    numbers = np.empty(len(flat), dtype=np.int64)
    for position, row in enumerate(flat):
        word = row.tobytes()
        if word not in known:
            known[word] = len(states)
            states.append(row)
        numbers[position] = known[word]
    if len(states) > max_states:
        raise ValueError(
            f"enumerate_process: more than {max_states} states are reached, must be at most that many. "
            "Lower max_order or max_position, give min_position where demand waits, or raise max_states."
        )
    links[allowed] = numbers[inverse].reshape(-1, following.shape[2])
    return links


def _events(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """List the joint demands ``[event, demand class, node, item]`` and their probabilities."""
    if problem.uncertainty.kits:
        raise ValueError(
            f"Problem {problem.name!r}: kits are asked for, must be single items for enumeration here."
        )
    if problem.events.lead_times is not None:
        raise ValueError(
            f"Problem {problem.name!r}: a lead time is random, must be fixed for enumeration here."
        )
    arrays, network, dice = problem.arrays, problem.network, problem.uncertainty
    classes = [None, *(each.name for each in network.demand_classes[1:])]
    places = [(None, *place) for place in sorted(dice.demand)] + sorted(dice.class_demand)
    supports = [dice.demand_support(node, item, 0, each) for each, node, item in places]
    nodes, items = [node.name for node in network.nodes], [item.name for item in network.items]
    combinations = list(itertools.product(*[range(len(values)) for values, _ in supports]))
    shape = (len(combinations), len(classes), arrays.num_nodes, arrays.num_items)
    demand = np.zeros(shape, dtype=np.float32)
    probabilities = np.ones(len(combinations))
    for row, combination in enumerate(combinations):
        for (each, node, item), (values, masses), choice in zip(places, supports, combination, strict=True):
            demand[row, classes.index(each), nodes.index(node), items.index(item)] = values[choice]
            probabilities[row] *= masses[choice]
    return demand, probabilities


def _decisions(problem: Problem, max_order: int) -> np.ndarray:
    active = np.asarray(problem.arrays.lane_active[..., 0]) > 0
    places = np.argwhere(active)
    choices = np.array(list(itertools.product(range(max_order + 1), repeat=len(places))), dtype=np.float32)
    decisions = np.zeros((len(choices), *active.shape), dtype=np.float32)
    decisions[:, places[:, 0], places[:, 1]] = choices
    return decisions


def _flat(state: State) -> Array:
    """Put the quantities of a canonical state in one row per replication."""
    leaves = [leaf for leaf in jax.tree.leaves(state) if leaf.ndim > 0]
    count = state.on_hand.shape[-1]
    return jnp.concatenate([leaf.reshape(-1, count) for leaf in leaves]).T


def states_of(problem: Problem, rows: Array) -> State:
    """Return the states that rows stand for, one per replication."""
    template = problem.start(1)
    leaves, tree = jax.tree.flatten(template)
    taken = 0
    filled: list[Array] = []
    for leaf in leaves:
        size = leaf.size if leaf.ndim > 0 else 0
        part = rows[:, taken : taken + size].T.reshape(*leaf.shape[:-1], rows.shape[0]) if size else leaf
        filled.append(part)
        taken += size
    return jax.tree.unflatten(tree, filled)


def _opened_start(problem: Problem) -> list[np.ndarray]:
    state = problem.start(1)
    nothing = Event(market=jnp.zeros((1, *state.on_hand.shape)))
    opened, _ = open_period(problem.arrays, problem.sequence, state, nothing)
    return list(_whole_numbers(np.asarray(_flat(canonical(opened)))))


def _position(problem: Problem, rows: np.ndarray) -> np.ndarray:
    """Return the inventory position of each state, summed over places, units."""
    state = states_of(problem, jnp.asarray(rows, dtype=jnp.float32))
    present = [leaf for leaf in (state.on_hand, state.in_transit, state.unfilled) if leaf is not None]
    position = sum(np.asarray(leaf).sum((0, 1)) for leaf in present)
    return np.asarray(
        position if state.backorders is None else position - np.asarray(state.backorders).sum((0, 1))
    )


class _Advance:
    """Run the rest of the period after a decision, and the part of the next before its decision."""

    def __init__(self, problem: Problem, period: int) -> None:
        self.problem = problem
        self.period = jnp.asarray(period, dtype=problem.start(1).period.dtype)

    def __call__(
        self, rows: np.ndarray, decisions: np.ndarray, demand: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return cost ``[state, decision, event]`` in double precision and the following states, whole numbers."""
        shape = (len(rows), len(decisions), len(demand))
        row, decision, event = (index.reshape(-1) for index in np.indices(shape))
        money, following = _advance(
            self.problem,
            _Batch(
                jnp.asarray(rows[row], dtype=jnp.float32),
                jnp.asarray(np.moveaxis(decisions[decision], 0, -1)),
                jnp.asarray(np.moveaxis(demand[event], 0, -1)),
                self.period,
            ),
        )
        signs = np.array(self.problem.ledger.signs, dtype=np.float64)
        cost = signs @ np.asarray(money, dtype=np.float64)
        return cost.reshape(shape), _whole_numbers(np.asarray(following)).reshape(*shape, -1)


def _whole_numbers(rows: np.ndarray) -> np.ndarray:
    whole = rows.astype(np.int16)
    if not np.array_equal(whole, rows):
        raise ValueError(
            "enumerate_process: a state holds a fraction or more than 32,767 units, must be whole numbers below that. "
            "Count in larger units, or solve another way."
        )
    return whole


class _Batch(eqx.Module):
    rows: Array
    order: Array
    demand: Array
    period: Array


@eqx.filter_jit
def _advance(problem: Problem, batch: _Batch) -> tuple[Array, Array]:
    state = dataclasses.replace(states_of(problem, batch.rows), period=batch.period)
    event = Event(market=batch.demand)
    decision = Decision(order=batch.order)
    flows = PeriodOutcome(opening=state.on_hand)
    ended, outcome = close_period(problem.arrays, problem.sequence, state, decision, event, flows)
    opened, next_flows = open_period(problem.arrays, problem.sequence, ended, event)
    step = Step(World(), state, state, decision, event, _with_opening(outcome, next_flows), ended)
    return problem.ledger.by_term(problem.tariff, step), _flat(canonical(opened))


def _with_opening(outcome: PeriodOutcome, following: PeriodOutcome) -> PeriodOutcome:
    """Count what happens between this decision and the next, so that what arrives in the morning is paid for."""
    names = ("received", "backorders_filled")
    added = {
        name: sum(leaf for leaf in (getattr(outcome, name), getattr(following, name)) if leaf is not None)
        for name in names
        if getattr(following, name) is not None
    }
    return dataclasses.replace(outcome, **added)
