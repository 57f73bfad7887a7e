"""Less than everything: local, delayed and noisy views, forecasts, and messages between nodes.

Each is an :class:`Information` around another one, so that they combine. Whether receipts are seen before deciding is
said by the sequence: ``RECEIVE_ORDER_SELL`` shows them, ``ORDER_RECEIVE_SELL`` does not.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision.information import Information
from basestock.decision.observation import Observation
from basestock.dynamics import NetworkArrays, PeriodOutcome, State, at_destination, empty_state
from basestock.uncertainty import World

NODE_FIELDS = (
    *(
        "on_hand",
        "backorders",
        "inventory_level",
        "on_order",
        "inventory_position",
        "last_demand",
        "last_sales",
    ),
    *("demand_history", "forecast", "price", "competitor_price", "satisfaction", "messages"),
    *("incoming", "owed"),
)
"""Fields whose rows belong to nodes."""

LANE_FIELDS = ("in_transit", "unfilled", "due", "outstanding", "unit_ages", "supply_price")
"""Fields whose rows belong to lanes; a node sees those that lead to it."""

_PUBLIC = ("network", "period", "can_order")


class View(Information):
    """An information built on another one.

    Parameters
    ----------
    inner
        What is seen before this view takes something away or adds something.
    """

    inner: Information = eqx.field(default_factory=Information)

    def init(self, network: NetworkArrays, num_replications: int) -> Any:
        """Return the memory of the inner information."""
        return self.inner.init(network, num_replications)

    def observe(
        self,
        network: NetworkArrays,
        state: State,
        world: World,
        last_outcome: PeriodOutcome,
        memory: Any,
        *,
        key: Array,
    ) -> tuple[Observation, Any]:
        """Return the changed view of what the inner information shows."""
        seen, memory = self.inner.observe(network, state, world, last_outcome, memory, key=key)
        return self.changed(seen, key), memory

    def changed(self, observation: Observation, key: Array) -> Observation:
        """Return what this view makes of an observation; the observation itself if nothing."""
        return observation


class Local(View):
    """A node sees its own rows, the lanes into it and their lead-time laws; everything else reads 0.

    Parameters
    ----------
    nodes
        1 for the nodes that look together, usually one of them.
    """

    nodes: Float[Array, " node"] = eqx.field(default_factory=lambda: jnp.zeros(1))

    def changed(self, observation: Observation, key: Array) -> Observation:
        """Mask all rows that are not the node's own; the echelon position becomes its own position."""
        own = self.nodes[:, None, None]
        lanes = at_destination(observation.network, own * jnp.ones((1, *observation.on_hand.shape[1:])))
        return dataclasses.replace(
            observation,
            **_scaled(observation, NODE_FIELDS, own),
            **_scaled(observation, LANE_FIELDS, lanes),
            can_order=observation.can_order * lanes[:, :1, :1],
            echelon_position=observation.inventory_position * own,
            lots=None,
            work_in_process=None,
            resource_status=None,
        )


def _scaled(observation: Observation, names: tuple[str, ...], factor: Array) -> dict[str, Array]:
    return {name: leaf * factor for name in names if (leaf := getattr(observation, name)) is not None}


class Delayed(View):
    """Everything is seen as it was some periods ago; before that, as it was at the start.

    Parameters
    ----------
    periods
        Age of what is seen; the calendar is always that of today.
    """

    periods: int = eqx.field(static=True, default=1)

    def init(self, network: NetworkArrays, num_replications: int) -> Any:
        """Return an empty memory of the last observations."""
        inner = self.inner.init(network, num_replications)
        state = empty_state(network, num_replications)
        blank = lambda: self.inner.observe(  # noqa: E731
            network, state, World(), PeriodOutcome(opening=state.on_hand), inner, key=jax.random.key(0)
        )[0]
        shapes = jax.eval_shape(lambda: _moving(blank()))
        kept = jax.tree.map(lambda leaf: jnp.zeros((self.periods, *leaf.shape), leaf.dtype), shapes)
        return inner, kept, jnp.zeros((), dtype=jnp.int32)

    def observe(
        self,
        network: NetworkArrays,
        state: State,
        world: World,
        last_outcome: PeriodOutcome,
        memory: Any,
        *,
        key: Array,
    ) -> tuple[Observation, Any]:
        """Return the observation of some periods ago and remember that of today."""
        inner, kept, count = memory
        seen, inner = self.inner.observe(network, state, world, last_outcome, inner, key=key)
        if self.periods == 0:
            return seen, (inner, kept, count)
        today = _moving(seen)
        kept = {
            name: kept[name] if name in kept else _repeated(leaf, self.periods)
            for name, leaf in today.items()
        }
        first = jax.tree.map(lambda leaf: _repeated(leaf, self.periods), today)
        kept = jax.tree.map(lambda old, new: jnp.where(count == 0, new, old), kept, first)
        old = jax.tree.map(lambda leaf: leaf[-1], kept)
        kept = jax.tree.map(lambda leaf, new: jnp.concatenate([new[None], leaf[:-1]]), kept, today)
        return dataclasses.replace(seen, **old), (inner, kept, count + 1)


def _repeated(leaf: Array, times: int) -> Array:
    return jnp.broadcast_to(leaf, (times, *leaf.shape))


def _moving(observation: Observation) -> dict[str, Any]:
    """Return the leaves of an observation that change from period to period, by name."""
    names = [field.name for field in dataclasses.fields(observation) if field.name not in _PUBLIC]
    return {name: leaf for name in names if (leaf := getattr(observation, name)) is not None}


class Noisy(View):
    """Stock and demand are counted with errors: each number is multiplied by max(0, 1 + deviation z).

    Parameters
    ----------
    deviation
        Standard deviation of the relative error.
    fields
        Names of the fields that are counted; positions that follow from them follow the counts.
    """

    deviation: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.asarray(0.0))
    fields: tuple[str, ...] = eqx.field(static=True, default=("on_hand", "last_demand"))

    def changed(self, observation: Observation, key: Array) -> Observation:
        """Return counts with errors drawn from the observation's own key."""
        counted: dict[str, Array] = {}
        for number, name in enumerate(self.fields):
            leaf = getattr(observation, name)
            error = jax.random.normal(jax.random.fold_in(key, 1000 + number), leaf.shape)
            counted[name] = leaf * jnp.maximum(1.0 + self.deviation * error, 0.0)
        seen = dataclasses.replace(observation, **counted)
        drift = (seen.on_hand - observation.on_hand) - (seen.backorders - observation.backorders)
        return dataclasses.replace(
            seen,
            inventory_level=seen.on_hand - seen.backorders,
            inventory_position=observation.inventory_position + drift,
            echelon_position=observation.echelon_position
            + jnp.einsum("nj,jir->nir", observation.network.descendants, drift),
        )


class Forecasting(View):
    """A forecast of the demand of a period by exponential smoothing of what was seen.

    Parameters
    ----------
    smoothing
        Weight of the newest demand, in (0, 1].
    """

    smoothing: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.asarray(0.2))

    def init(self, network: NetworkArrays, num_replications: int) -> Any:
        """Return no forecast yet."""
        level = jnp.zeros((network.num_nodes, network.num_items, num_replications))
        return self.inner.init(network, num_replications), level, jnp.zeros((), dtype=jnp.int32)

    def observe(
        self,
        network: NetworkArrays,
        state: State,
        world: World,
        last_outcome: PeriodOutcome,
        memory: Any,
        *,
        key: Array,
    ) -> tuple[Observation, Any]:
        """Return the observation with ``forecast``; the first demand seen starts it."""
        inner, level, count = memory
        seen, inner = self.inner.observe(network, state, world, last_outcome, inner, key=key)
        # Nothing was demanded before the first period, so its observation teaches nothing.
        weight = jnp.where(count == 0, 0.0, jnp.where(count == 1, 1.0, self.smoothing))
        level = level + weight * (seen.last_demand - level)
        return dataclasses.replace(seen, forecast=level), (inner, level, count + 1)


class Communication(eqx.Module):
    """Who talks to whom, and how often in a period.

    Parameters
    ----------
    neighbors
        1 where the second node hears the first.
    rounds
        Times that everybody passes on the mean of what was heard; r rounds reach r steps far.
    """

    neighbors: Float[Array, "node node"]
    rounds: int = eqx.field(static=True, default=1)

    @property
    def messages_per_period(self) -> Float[Array, ""]:
        """Number of messages that are sent in a period."""
        return self.rounds * self.neighbors.sum()


def lane_neighbors(network: NetworkArrays) -> Float[Array, "node node"]:
    """Return 1 between nodes that a lane joins, in both directions."""
    size = network.num_nodes + 1
    joined = jnp.zeros((size, size)).at[network.lane_source, network.lane_destination].set(1.0)
    joined = joined[:-1, :-1]
    return jnp.maximum(joined, joined.T) * (1.0 - jnp.eye(network.num_nodes))


class Messages(View):
    """Nodes tell their neighbors their inventory position, backorders and last demand.

    Parameters
    ----------
    communication
        Who talks to whom.
    """

    communication: Communication = eqx.field(default_factory=lambda: Communication(jnp.zeros((1, 1))))

    def changed(self, observation: Observation, key: Array) -> Observation:
        """Add ``messages``: what each node heard, and ``messages_sent``."""
        told = jnp.stack([observation.inventory_position, observation.backorders, observation.last_demand])
        hears = self.communication.neighbors.T
        weights = hears / jnp.maximum(hears.sum(1, keepdims=True), 1.0)
        for _ in range(self.communication.rounds):
            told = jnp.einsum("nm,fmir->fnir", weights, told)
        sent = self.communication.messages_per_period
        return dataclasses.replace(observation, messages=told, messages_sent=sent)
