"""Players of chains of orders: anchoring and adjustment, orders at random, and several policies at one table."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy
from basestock.dynamics import Decision, at_destination
from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes

NodeItem = Float[Array, "#node #item #replication"]


class AnchorAndAdjust(Policy):
    """Order the expected demand plus shares of the gaps in stock and in the supply line (Sterman 1989).

    Parameters
    ----------
    desired
        Desired stock and supply line [S'], units.
    stock_share
        Share of the gap closed in a period [alpha].
    line_share
        Weight of the supply line against the stock [beta].
    smoothing
        Weight of the last incoming order in the expectation [theta].
    expected
        Expected orders before the first period, units.

    Notes
    -----
    q = max(L + alpha (S' - stock + backlog - beta x supply line), 0), L the smoothed incoming orders, rounded to whole
    units (doi:10.1287/mnsc.35.3.321). With alpha = beta = 1 it is a base-stock policy: with theta = 0 and L = 0 where
    the incoming order has left the stock already, with theta = 1 where it has not.
    """

    desired: NodeItem
    stock_share: NodeItem
    line_share: NodeItem
    smoothing: NodeItem
    expected: NodeItem

    def init(self, observation: Observation) -> Any:
        """Return the expectation before the first period."""
        return self.expected + jnp.zeros_like(observation.on_hand)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order by anchoring and adjustment."""
        expected = self.smoothing * incoming_orders(observation) + (1 - self.smoothing) * memory
        owed = 0.0 if observation.owed is None else observation.owed
        stock = observation.inventory_level - owed
        gap = self.desired - stock - self.line_share * observation.on_order
        order = jnp.maximum(_nearest(expected + self.stock_share * gap), 0.0)
        return NodeOrders()(order, observation), expected


class RandomAround(Policy):
    """Order what came in, plus a whole number drawn at random.

    Parameters
    ----------
    lowest, highest
        Ends of the numbers that are drawn, each as likely, units.

    Notes
    -----
    q = max(incoming order + x, 0), x uniform on lowest, ..., highest.
    """

    lowest: NodeItem
    highest: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order around what came in."""
        uniform = jax.random.uniform(key, observation.on_hand.shape)
        extra = self.lowest + jnp.floor(uniform * (self.highest - self.lowest + 1))
        order = jnp.maximum(incoming_orders(observation) + jnp.minimum(extra, self.highest), 0.0)
        return NodeOrders()(order, observation), memory


class Team(Policy):
    """Several policies, each of which decides for some nodes; all see the whole observation.

    Parameters
    ----------
    members
        The policies.
    seats
        1 where a policy decides for a node.
    """

    members: tuple[Policy, ...]
    seats: Float[Array, "member node"]

    def init(self, observation: Observation) -> Any:
        """Return the memories of all members."""
        return tuple(member.init(observation) for member in self.members)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Put the orders of all members together."""
        order, kept = jnp.zeros_like(observation.in_transit), []
        ones = jnp.ones((1, *observation.on_hand.shape[1:]))
        for number, member in enumerate(self.members):
            decision, memory_after = member(observation, memory[number], key=jax.random.fold_in(key, number))
            seat = at_destination(observation.network, self.seats[number][:, None, None] * ones)
            order = order + decision.order * seat
            kept.append(memory_after)
        return Decision(order), tuple(kept)


def team(network: SupplyNetwork, players: Mapping[str, Policy]) -> Team:
    """Return the policy in which each node is played by its own player.

    Parameters
    ----------
    network
        The authored network.
    players
        Policy by node; a node without one orders nothing.

    Raises
    ------
    ValueError
        Naming every player at a place that is no node.
    """
    axes = Axes.of(network)
    wrong = sorted(set(players) - set(axes.nodes))
    if wrong:
        raise ValueError(
            f"team: players at {', '.join(map(repr, wrong))}, must be at nodes of the network: "
            f"{', '.join(axes.nodes)}. Correct the names."
        )
    seats = jnp.zeros((len(players), axes.num_nodes))
    for number, node in enumerate(players):
        seats = seats.at[number, network.node_index[node]].set(1.0)
    return Team(tuple(players.values()), seats)


def _nearest(quantity: Float[Array, "node item replication"]) -> Float[Array, "node item replication"]:
    """Round to whole units, halves to the even one; a hair beside a half, as 0.2 leaves it, counts as a half."""
    return jnp.round(jnp.round(quantity * 1024) / 1024)


def incoming_orders(observation: Observation) -> Float[Array, "node item replication"]:
    """Return the orders and the demand that each node has just received, units."""
    return observation.last_demand if observation.incoming is None else observation.incoming
