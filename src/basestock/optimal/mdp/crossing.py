"""Exact finite-horizon cost of one item on one lane, also where lead times are random and orders cross."""

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
    State,
    Step,
    canonical,
    close_period,
    no_decision,
    open_period,
)
from basestock.uncertainty import Event, World
from basestock.uncertainty.lead_times import hazard

BATCH = 1 << 17
"""Combinations of state and event that are advanced together."""


@dataclasses.dataclass(frozen=True, eq=False)
class FiniteHorizonSolution:
    """Optimal costs of a finite horizon.

    Parameters
    ----------
    value
        Expected cost from the declared start, money, the first period undiscounted.
    values
        ``[net stock, order of age 1, ..., order of age m - 1]`` cost to go in the first period; net stock counts what
        is sure to arrive before the next demand.
    lowest
        Net stock of the first entry, units.
    first_order
        Optimal order at the start, units.
    """

    value: float
    values: np.ndarray
    lowest: int
    first_order: int


def minimize_finite_horizon(
    problem: Problem, *, max_order: int, lowest: int, highest: int
) -> FiniteHorizonSolution:
    """Solve by backward induction over the transition.

    Parameters
    ----------
    problem
        One item at one node, one lane that takes at least a period, demand that waits, stages only after the decision.
    max_order
        Largest order, units.
    lowest, highest
        Box of the net stock, units; beyond it the value at its edge is taken.

    Returns
    -------
    FiniteHorizonSolution
        Optimal cost over the problem's horizon with its discount; nothing is charged or credited after it.

    Raises
    ------
    ValueError
        If the problem has another form.

    Notes
    -----
    An order changes nothing in the period in which it is placed but its own cost, so the transition is run once for
    each state and event, and the orders enter by the place that they take in the pipeline, which is found by running
    the transition as well. State: net stock with what surely arrives next, and what was ordered since and is under way.
    """
    if len(problem.network.lanes) != 1 or len(problem.network.items) != 1 or problem.sequence.before:
        raise ValueError(
            f"Problem {problem.name!r}: must have one lane, one item and no stage before the decision for backward "
            "induction over crossing orders. Solve component by component."
        )
    kernel = _Kernel(problem)
    chain = kernel.chain()
    grid = _Grid(lowest, highest, max_order, len(chain) - 1)
    cost, links, masses = _tables(kernel, chain, grid)
    order_cost = kernel.order_costs(max_order)
    values = np.zeros(grid.shape)
    best = 0
    for _ in range(problem.horizon):
        after = (
            values.reshape(grid.shape[0], max_order + 1, -1) if len(grid.shape) > 1 else values[:, None, None]
        )
        expected = np.stack([(after[links[0], order, links[1]]) @ masses for order in range(max_order + 1)])
        total = order_cost[:, None] + cost[None] + problem.discount * expected
        best = int(total[:, grid.start(problem)].argmin())
        values = total.min(0).reshape(grid.shape)
    value = float(values.reshape(-1)[grid.start(problem)])
    return FiniteHorizonSolution(value, values, lowest, best)


@dataclasses.dataclass(frozen=True)
class _Grid:
    """Box of states: net stock, then orders under way, the newest first."""

    lowest: int
    highest: int
    max_order: int
    num_orders: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.highest - self.lowest + 1, *(self.max_order + 1,) * self.num_orders)

    def rows(self) -> np.ndarray:
        """Return ``[state, 1 + num_orders]``: net stock and orders."""
        rows = np.stack([axis.reshape(-1) for axis in np.indices(self.shape)], axis=1)
        rows[:, 0] += self.lowest
        return rows

    def start(self, problem: Problem) -> int:
        state = problem.start(1)
        stock = float(state.on_hand.sum()) - (
            0.0 if state.backorders is None else float(state.backorders.sum())
        )
        return int(np.ravel_multi_index((int(stock) - self.lowest, *(0,) * self.num_orders), self.shape))


def _tables(
    kernel: "_Kernel", chain: list[int], grid: _Grid
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return expected cost by state, successors by state and event without a new order, and masses of events."""
    rows, (demand, arrivals, masses) = grid.rows(), kernel.events(chain)
    cost = np.zeros((len(rows), len(masses)))
    links = np.zeros((2, len(rows), len(masses)), dtype=np.int64)
    block = max(1, BATCH // len(masses))
    for first in range(0, len(rows), block):
        part = rows[first : first + block]
        money, stock, orders = kernel.advance(chain, part, demand, arrivals)
        place = slice(first, first + len(part))
        cost[place] = money
        links[0, place] = np.clip(stock - grid.lowest, 0, grid.shape[0] - 1)
        for column in range(orders.shape[-1]):
            links[1, place] = links[1, place] * (grid.max_order + 1) + orders[..., column]
    return cost @ masses, (links[0], links[1]), masses


class _Kernel:
    """One period of the problem, on rows of (net stock, orders under way from the newest to the oldest)."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.start = canonical(problem.start(1))
        self.leaf = "outstanding" if self.start.outstanding is not None else "due"
        self.node = problem.network.node_index[problem.network.lanes[0].destination]

    def chain(self) -> list[int]:
        """Follow one unit from its order to its arrival: its places in the pipeline, the newest first."""
        decision = no_decision(self.problem.arrays, self.start)
        decision = dataclasses.replace(decision, order=decision.order.at[0, 0].set(1.0))
        state, _ = _period(self.problem, self.start, decision, self._event(0.0, None))
        places: list[int] = []
        while float(state.in_transit.sum()) > 0:
            places.append(int(np.asarray(getattr(state, self.leaf))[:, 0, 0, 0].argmax()))
            nothing = no_decision(self.problem.arrays, state)
            state, _ = _period(self.problem, state, nothing, self._event(0.0, None))
        return places

    def _event(self, demand: float, arrives: Array | None) -> Event:
        """Return an event in which only what must arrive does."""
        market = jnp.zeros((1, *self.start.on_hand.shape)).at[0, self.node, 0].set(demand)
        if arrives is None and self.leaf == "outstanding":
            arrives = (self._hazard() >= 1.0).astype(jnp.float32)
        return Event(market=market, arrives=arrives)

    def _hazard(self) -> Array:
        tables = self.problem.events.lead_times
        if tables is None or tables.arrival_hazard is None:
            raise ValueError(f"Problem {self.problem.name!r}: has no lead time that is revealed on arrival.")
        return tables.arrival_hazard

    def events(self, chain: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return demand ``[event]``, arrivals of the places of the chain but its last, and probabilities."""
        (law,) = self.problem.uncertainty.laws_at(self.problem.network.nodes[self.node].name, self._item)
        values, weights = law.support()  # type: ignore[attr-defined]
        hazards = [0.0] * (len(chain) - 1)
        if self.leaf == "outstanding":
            exact = hazard(self.problem.network.lanes[0].lead_time_law(self._item))
            hazards = [float(exact[place]) for place in chain[:-1]]
        outcomes = list(itertools.product(*[(0, 1) if 0 < h < 1 else (int(h),) for h in hazards]))
        found = [
            (
                value,
                outcome,
                weight * np.prod([h if hit else 1 - h for h, hit in zip(hazards, outcome, strict=True)]),
            )
            for value, weight in zip(values, weights, strict=True)
            for outcome in outcomes
        ]
        demand = np.array([value for value, _, _ in found])
        arrivals = np.array([outcome for _, outcome, _ in found], dtype=np.float32).reshape(
            len(found), len(chain) - 1
        )
        return demand, arrivals, np.array([mass for *_, mass in found])

    @property
    def _item(self) -> str:
        return self.problem.network.items[0].name

    def order_costs(self, max_order: int) -> np.ndarray:
        """Return what an order of 0, 1, ... units costs by itself."""
        count = max_order + 1
        state = _spread(self.start, count)
        decision = no_decision(self.problem.arrays, state)
        priced = dataclasses.replace(decision, order=decision.order.at[0, 0].set(jnp.arange(float(count))))
        event = jax.tree.map(lambda leaf: jnp.repeat(leaf, count, -1), self._event(1.0, None))
        money = [_period(self.problem, state, each, event)[1] for each in (priced, decision)]
        return np.asarray(money[0], np.float64) - np.asarray(money[1], np.float64)

    def advance(
        self, chain: list[int], rows: np.ndarray, demand: np.ndarray, arrivals: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return cost, net stock with what surely arrives next, and orders under way, all ``[state, event]``."""
        row, event = (index.reshape(-1) for index in np.indices((len(rows), len(demand))))
        state = _spread(self.start, len(row))
        stock = jnp.asarray(rows[row, 0], dtype=jnp.float32)
        pipeline = getattr(state, self.leaf)
        arrives = None
        if self.leaf == "outstanding":
            sure = (self._hazard() >= 1.0).astype(jnp.float32)
            arrives = jnp.repeat(jnp.broadcast_to(sure, (*pipeline.shape[:-1], 1)), len(row), -1)
        for column, place in enumerate(chain[:-1]):
            pipeline = pipeline.at[place, 0, 0].set(jnp.asarray(rows[row, 1 + column], dtype=jnp.float32))
            if arrives is not None:
                arrives = arrives.at[place, 0, 0].set(jnp.asarray(arrivals[event, column]))
        state = dataclasses.replace(
            state,
            on_hand=state.on_hand.at[self.node, 0].set(jnp.maximum(stock, 0.0)),
            backorders=jnp.zeros_like(state.on_hand).at[self.node, 0].set(jnp.maximum(-stock, 0.0)),
            in_transit=pipeline.sum(0),
            **{self.leaf: pipeline},
        )
        market = (
            jnp.zeros((1, *state.on_hand.shape))
            .at[0, self.node, 0]
            .set(jnp.asarray(demand[event], jnp.float32))
        )
        decision = no_decision(self.problem.arrays, state)
        ended, money = _period(self.problem, state, decision, Event(market=market, arrives=arrives))
        waiting = 0.0 if ended.backorders is None else ended.backorders[self.node, 0]
        left = np.asarray(getattr(ended, self.leaf))[:, 0, 0]
        net = np.asarray(ended.on_hand[self.node, 0] - waiting) + left[chain[-1]]
        orders = (
            np.stack([left[place] for place in chain[1:-1]], -1)
            if len(chain) > 2
            else np.zeros((len(row), 0))
        )
        shape = (len(rows), len(demand))
        return (
            np.asarray(money, np.float64).reshape(shape),
            net.astype(np.int64).reshape(shape),
            orders.astype(np.int64).reshape(*shape, -1),
        )


def _spread(state: State, count: int) -> State:
    return jax.tree.map(lambda leaf: jnp.repeat(leaf, count, -1) if leaf.ndim else leaf, state)


@eqx.filter_jit
def _period(problem: Problem, state: State, decision: Decision, event: Event) -> tuple[State, Array]:
    opened, flows = open_period(problem.arrays, problem.sequence, state, event)
    ended, outcome = close_period(problem.arrays, problem.sequence, opened, decision, event, flows)
    step = Step(World(), state, opened, decision, event, outcome, ended)
    signs = jnp.asarray(problem.ledger.signs, dtype=jnp.float32)[:, None]
    return canonical(ended), (signs * problem.ledger.by_term(problem.tariff, step)).sum(0)
