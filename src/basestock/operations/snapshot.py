"""Today as a state, and what policies ask for in it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from basestock.data.twin import Twin
from basestock.decision import Information, Policy
from basestock.dynamics import RECEIVE_ORDER_SELL, State, blank_outcome, compile_network, open_period
from basestock.operations.lines import line_network, line_start
from basestock.uncertainty import Axes, Event, EventSource, MarketPaths, root_words


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot:
    """Stock and open orders of the lines.

    Parameters
    ----------
    state
        The compiled state.
    available
        ``[line]`` stock that can be sold, base units.
    on_order
        ``[line]`` firm open orders, base units.
    """

    state: State
    available: np.ndarray
    on_order: np.ndarray

    @property
    def position(self) -> np.ndarray:
        """``[line]`` inventory position, base units."""
        return self.available + self.on_order


def take_snapshot(twin: Twin) -> Snapshot:
    """Compile today's stock and open orders; their totals equal those of the accepted tables (SIM-1101)."""
    network = line_network(twin)
    state = line_start(twin).compile(network, compile_network(network))
    return Snapshot(state, np.asarray(twin.available, dtype=np.float64), twin.on_order.sum(axis=1))


def ask(policy: Policy, twin: Twin, state: State) -> np.ndarray:
    """Return ``[line]`` what a policy orders today, base units: one call of the object that is simulated."""
    network = line_network(twin)
    arrays, axes = compile_network(network), Axes.of(network)
    event = Event(market=jnp.zeros((1, *state.on_hand.shape)))
    # Receipts due today have been counted as on order; the policy sees the state before they are posted.
    root = root_words(jax.random.key(0))
    nothing = MarketPaths(jnp.zeros((1, axes.num_nodes, axes.num_items, 1)))
    source = EventSource(nothing, jnp.asarray(axes.words("lane")), jnp.asarray(axes.words("item")), None)
    information = Information()
    outcome = blank_outcome(arrays, RECEIVE_ORDER_SELL, source, state, source.initial_world(1), root)
    opened, _ = open_period(arrays, RECEIVE_ORDER_SELL, state, event)
    key = jax.random.key(0)
    memory = information.init(arrays, 1)
    seen, _ = information.observe(arrays, opened, source.initial_world(1), outcome, memory, key=key)
    decision, _ = policy(seen, policy.init(seen), key=key)
    return np.asarray(decision.order, dtype=np.float64).sum(0)[: twin.num_lines, 0]
