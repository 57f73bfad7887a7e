"""What a policy sees, written by hand."""

import dataclasses
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np

from basestock.decision import Information, Observation, Policy, Problem
from basestock.dynamics import Decision, PeriodOutcome, State, compile_network, empty_state
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems import backorder
from basestock.uncertainty import World

KEY = jax.random.key(0)


@lru_cache
def shop(**options: object) -> Problem:
    """One item at one place, backorders, lead time 2."""
    return backorder(**{"lead_time": 2, "mean": 5.0, "fixed_order_cost": 0.0} | options)


def observe(problem: Problem, state: State) -> Observation:
    """Show a state."""
    nothing = PeriodOutcome(opening=state.on_hand)
    return Information().observe(problem.arrays, state, World(), nothing, None, key=KEY)[0]


def positions(*values: float, period: int = 0, problem: Problem | None = None) -> Observation:
    """One place in several replications with the given inventory positions, negative ones as backlog."""
    problem = problem or shop()
    level = jnp.asarray(values, dtype=jnp.float32).reshape(1, 1, -1)
    state = dataclasses.replace(
        empty_state(problem.arrays, len(values)),
        period=jnp.asarray(period, dtype=jnp.int32),
        on_hand=jnp.maximum(level, 0.0),
        backorders=jnp.maximum(-level, 0.0),
    )
    return observe(problem, state)


def orders(policy: Policy, seen: Observation) -> list[float]:
    """Total order of each replication."""
    decision, _ = policy(seen, policy.init(seen), key=KEY)
    return np.asarray(decision.order.sum((0, 1))).tolist()


def leaf(*values: float) -> jnp.ndarray:
    """One parameter for each node."""
    return jnp.asarray(values, dtype=jnp.float32).reshape(-1, 1, 1)


def chain() -> SupplyNetwork:
    """A center and a shop in series, with a second source for the shop."""
    return SupplyNetwork(
        items=(Item("i"),), nodes=(Node("dc"), Node("shop")), suppliers=(Supplier("s"), Supplier("rush")),
        lanes=(
            Lane("s", "dc", name="in", lead_time=3),
            Lane("dc", "shop", name="out", lead_time=2),
            Lane("rush", "shop", name="fast", lead_time=1, priority=2),
        ),
        unmet="backorder",
    )  # fmt: skip


def random_chain(count: int) -> Observation:
    """The chain in random states."""
    arrays = compile_network(chain())
    draw = np.random.default_rng(5)
    node = lambda: jnp.asarray(draw.integers(0, 9, (2, 1, count)), dtype=jnp.float32)  # noqa: E731
    state = empty_state(arrays, count)
    due = jnp.asarray(draw.integers(0, 5, state.due.shape), dtype=jnp.float32).at[:, 2:].set(0)
    unfilled = jnp.zeros((3, 1, count)).at[1].set(jnp.asarray(draw.integers(0, 4, (1, count)), jnp.float32))
    state = dataclasses.replace(
        state,
        on_hand=node(),
        backorders=node().at[0].set(0),
        due=due,
        in_transit=due.sum(0),
        unfilled=unfilled,
    )
    nothing = PeriodOutcome(opening=state.on_hand)
    return Information().observe(arrays, state, World(), nothing, None, key=KEY)[0]


class Propose(Policy):
    """Proposes given orders."""

    order: jnp.ndarray

    def __call__(
        self, observation: Observation, memory: object, *, key: jax.Array
    ) -> tuple[Decision, object]:
        return Decision(order=self.order), memory
