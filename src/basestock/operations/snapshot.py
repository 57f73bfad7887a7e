"""Today as a state, and what policies ask for in it."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.data.twin import Twin
from basestock.decision import Game, Information, Policy, begin
from basestock.dynamics import RECEIVE_ORDER_SELL, State, open_period
from basestock.operations.lines import CompiledLines, compile_lines
from basestock.uncertainty import Event, EventSource, MarketPaths, root_words


@dataclasses.dataclass(frozen=True, eq=False)
class Snapshot:
    """Stock and open orders of the lines.

    Parameters
    ----------
    compiled
        The lines as arrays, with today's state.
    available
        ``[line]`` stock that can be sold, base units.
    on_order
        ``[line]`` firm open orders, base units.
    """

    compiled: CompiledLines
    available: np.ndarray
    on_order: np.ndarray

    @property
    def position(self) -> np.ndarray:
        """``[line]`` inventory position, base units."""
        return self.available + self.on_order


def take_snapshot(twin: Twin) -> Snapshot:
    """Compile today's stock and open orders; their totals equal those of the accepted tables (SIM-1101)."""
    return Snapshot(
        compile_lines(twin), np.asarray(twin.available, dtype=np.float64), twin.on_order.sum(axis=1)
    )


def ask(policy: Policy, twin: Twin, compiled: CompiledLines) -> np.ndarray:
    """Return ``[line]`` what a policy orders today, base units: one call of the object that is simulated."""
    arrays = compiled.arrays
    nothing = MarketPaths(jnp.zeros((1, arrays.num_nodes, arrays.num_items, 1)))
    lanes, items = (jnp.zeros((count, 2), jnp.uint32) for count in (arrays.num_lanes, arrays.num_items))
    game = Game(arrays, EventSource(nothing, lanes, items, None), Information(), RECEIVE_ORDER_SELL)
    order = _asked(policy, game, compiled.state)
    return np.asarray(order, dtype=np.float64).sum(0)[: twin.num_lines, 0]


@eqx.filter_jit
def _asked(policy: Policy, game: Game, state: State) -> Array:
    """Return what is ordered in the state after today's receipts."""
    root, key = root_words(jax.random.key(0)), jax.random.key(0)
    start = begin(game, policy, state, root)
    event = Event(market=jnp.zeros((1, *state.on_hand.shape)))
    opened, _ = open_period(game.network, game.sequence, state, event)
    memory, own = start.memory
    seen, _ = game.information.observe(game.network, opened, start.world, start.outcome, memory, key=key)
    return policy(seen, own, key=key)[0].order
