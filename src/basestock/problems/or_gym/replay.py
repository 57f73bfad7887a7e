"""The transition of a problem under given demand and orders, in double precision."""

import dataclasses
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.dynamics import (
    Decision,
    NetworkArrays,
    PeriodOutcome,
    Sequence,
    State,
    Step,
    close_period,
    open_period,
)
from basestock.economics import Ledger, Tariff
from basestock.uncertainty import Event, World


@dataclasses.dataclass(frozen=True, eq=False)
class Trajectory:
    """What happened to the first item, in one replication.

    Parameters
    ----------
    profit
        ``[period]`` undiscounted profit, money.
    on_hand, in_transit
        ``[period + 1, node]`` and ``[period + 1, lane]`` at the start of each period, units.
    shipped, unfilled, unfilled_lost
        ``[period, lane]`` units.
    sold, backorders, lost
        ``[period, node]`` units handed over, waiting at the end, and lost.
    """

    profit: np.ndarray
    on_hand: np.ndarray
    in_transit: np.ndarray
    shipped: np.ndarray
    unfilled: np.ndarray
    unfilled_lost: np.ndarray
    sold: np.ndarray
    backorders: np.ndarray
    lost: np.ndarray


def replay(build: Callable[[], Problem], orders: np.ndarray, demand: np.ndarray) -> Trajectory:
    """Play the transition of a problem from its start.

    Parameters
    ----------
    build
        Makes the problem; called in double precision, so that its rates keep all their digits.
    orders
        ``[period, lane]`` units ordered.
    demand
        ``[period, node]`` units asked for.

    Returns
    -------
    Trajectory
        In double precision; the setting does not outlive the call.
    """
    with jax.enable_x64(True):
        problem = build()
        network, num_periods = problem.arrays, len(orders)
        given = np.zeros((num_periods, network.num_lanes, network.num_items, 1))
        given[:, : orders.shape[1], 0, 0] = orders
        market = np.zeros((num_periods, 1, network.num_nodes, network.num_items, 1))
        market[:, 0, : demand.shape[1], 0, 0] = demand
        start = problem.start(1)
        profit, at_nodes, at_lanes = (
            np.asarray(each)
            for each in _play(
                network,
                problem.tariff,
                start,
                jnp.asarray(given),
                jnp.asarray(market),
                problem.sequence,
                problem.ledger,
            )
        )
        begin = np.asarray(start.on_hand)[:, 0, 0], np.asarray(start.in_transit)[:, 0, 0]
    nodes, lanes = len(problem.network.nodes), len(problem.network.lanes)
    on_hand, sold, backorders, lost = (at_nodes[:, part, :nodes] for part in range(4))
    in_transit, shipped, unfilled, unfilled_lost = (at_lanes[:, part, :lanes] for part in range(4))
    return Trajectory(
        profit,
        np.concatenate([begin[0][None, :nodes], on_hand]),
        np.concatenate([begin[1][None, :lanes], in_transit]),
        shipped,
        unfilled,
        unfilled_lost,
        sold,
        backorders,
        lost,
    )


@eqx.filter_jit
def _play(
    network: NetworkArrays,
    tariff: Tariff,
    start: State,
    orders: Float[Array, "period lane item 1"],
    market: Float[Array, "period 1 node item 1"],
    sequence: Sequence,
    ledger: Ledger,
) -> tuple[Array, Array, Array]:
    """Return profit, ``[period, quantity, node]`` and ``[period, quantity, lane]`` of every period."""

    def one(state: State, given: tuple[Array, Array]) -> tuple[State, tuple[Array, Array, Array]]:
        event, decision = Event(market=given[1]), Decision(order=given[0])
        opened, flows = open_period(network, sequence, state, event)
        after, outcome = close_period(network, sequence, opened, decision, event, flows)
        step = Step(World(), state, opened, decision, event, outcome, after)
        profit = -jnp.asarray(ledger.signs) @ ledger.by_term(tariff, step)
        return after, (profit[0], _at_nodes(after, outcome), _on_lanes(after, outcome))

    return jax.lax.scan(one, start, (orders, market))[1]


def _at_nodes(after: State, outcome: PeriodOutcome) -> Float[Array, "quantity node"]:
    sold = or_zero(outcome.sales, after.on_hand) + or_zero(outcome.backorders_filled, after.on_hand)
    rest = [or_zero(leaf, after.on_hand) for leaf in (outcome.backorders, outcome.lost)]
    return jnp.stack([after.on_hand, sold, *rest])[:, :, 0, 0]


def _on_lanes(after: State, outcome: PeriodOutcome) -> Float[Array, "quantity lane"]:
    leaves = (outcome.shipped, outcome.unfilled, outcome.unfilled_lost)
    rest = [or_zero(leaf, after.in_transit) for leaf in leaves]
    return jnp.stack([after.in_transit, *rest])[:, :, 0, 0]


def or_zero(leaf: Array | None, like: Array) -> Array:
    """Return a leaf, or zeros where the network has no such leaf."""
    return jnp.zeros_like(like) if leaf is None else leaf
