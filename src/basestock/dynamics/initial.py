"""Starting states."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.books import empty_books
from basestock.dynamics.initial_lots import LotPlace, fill_lots, stock_of_lots
from basestock.dynamics.life import empty_lots
from basestock.dynamics.market import market_leaves
from basestock.dynamics.plants import idle_plants
from basestock.dynamics.state import State
from basestock.dynamics.transition import under_way
from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes


def empty_state(network: NetworkArrays, num_replications: int = 1) -> State:
    """Return the state of a network that holds and awaits nothing, at period 0."""
    nodes = (network.num_nodes, network.num_items, num_replications)
    lanes = (network.num_lanes, network.num_items, num_replications)
    features = network.features
    optional: dict[str, Any] = {
        **idle_plants(network, num_replications),
        **empty_books(network, num_replications),
        **empty_lots(network.life, network.num_nodes, num_replications),
        **market_leaves(network.market, network.num_nodes, network.num_items, num_replications),
    }
    return State(
        period=jnp.asarray(0, dtype=jnp.int32),
        on_hand=jnp.zeros(nodes),
        in_transit=jnp.zeros(lanes),
        backorders=jnp.zeros(nodes) if features.backorders else None,
        due=jnp.zeros((features.slots, *lanes)) if features.slots else None,
        outstanding=jnp.zeros((features.ages, *lanes)) if features.ages else None,
        unfilled=jnp.zeros(lanes) if features.internal else None,
        defective=None if network.quality is None else jnp.zeros(nodes),
        **optional,
    )


@dataclasses.dataclass(frozen=True, eq=False)
class InitialState:
    """Declared starting quantities of an authored network, all zero where nothing is said.

    Parameters
    ----------
    on_hand, backorders
        Units by (node, item).
    due
        Units by (lane, item, periods until arrival), lanes whose lead time is known on ordering.
    outstanding
        Units by (lane, item, age in periods), lanes that reveal it on arrival.
    order_slips
        Units by (lane, item, periods until the order reaches its source).
    unfilled
        Units by (lane, item) that wait in the books of the source.
    lots
        Units by (node, item, periods of life left); where it says nothing, stock is fresh, and so is what is under way.
    """

    on_hand: Mapping[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    backorders: Mapping[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    due: Mapping[tuple[str, str, int], float] = dataclasses.field(default_factory=dict)
    outstanding: Mapping[tuple[str, str, int], float] = dataclasses.field(default_factory=dict)
    order_slips: Mapping[tuple[str, str, int], float] = dataclasses.field(default_factory=dict)
    unfilled: Mapping[tuple[str, str], float] = dataclasses.field(default_factory=dict)
    lots: Mapping[LotPlace, float] = dataclasses.field(default_factory=dict)

    def compile(self, network: SupplyNetwork, arrays: NetworkArrays, num_replications: int = 1) -> State:
        """Return the state on padded axes.

        Raises
        ------
        ValueError
            If a place is unknown, an age or slot is outside the range of the network, or a quantity is negative.
        """
        axes = Axes.of(network)
        state = empty_state(arrays, num_replications)
        self._check_slips(network)
        on_hand = stock_of_lots(network, self.on_hand, self.lots)
        filled = {
            "order_slips": _fill(
                state.order_slips, self.order_slips, (axes.lanes, axes.items), "order_slips", offset=0
            ),
            "unfilled": _fill(state.unfilled, self.unfilled, (axes.lanes, axes.items), "unfilled"),
            "on_hand": _fill(state.on_hand, on_hand, (axes.nodes, axes.items), "on_hand"),
            "backorders": _fill(state.backorders, self.backorders, (axes.nodes, axes.items), "backorders"),
            "due": _fill(state.due, self.due, (axes.lanes, axes.items), "due", offset=0),
            "outstanding": _fill(
                state.outstanding, self.outstanding, (axes.lanes, axes.items), "outstanding", offset=1
            ),
        }
        state = dataclasses.replace(state, **filled)
        state = fill_lots(network, arrays, state, self.lots)
        return dataclasses.replace(state, in_transit=under_way(state))

    def _check_slips(self, network: SupplyNetwork) -> None:
        """Refuse slips on lanes whose orders reach the source at once: they would never be opened."""
        at_once = {lane.name for lane in network.lanes if not lane.order_delay}
        for (lane, item, slot), quantity in self.order_slips.items():
            if lane in at_once and quantity:
                raise ValueError(
                    f"InitialState: order_slips {(lane, item, slot)} is {quantity}, must be on a lane whose "
                    "order_delay is >= 1. Drop it, or use unfilled."
                )


def _fill(
    leaf: jnp.ndarray | None,
    quantities: Mapping[tuple[str, str], float] | Mapping[tuple[str, str, int], float],
    names: tuple[tuple[str, ...], tuple[str, ...]],
    what: str,
    offset: int | None = None,
) -> jnp.ndarray | None:
    """Put quantities into a leaf; with an offset, the third part of a place minus it is the leading index."""
    if leaf is None:
        if quantities:
            raise ValueError(f"InitialState: {what} is given, but the network has no place for it. Drop it.")
        return None
    table = np.zeros(leaf.shape)
    owners, items = ({name: position for position, name in enumerate(axis)} for axis in names)
    for place, quantity in quantities.items():
        owner, item, *rest = place
        slot = tuple(int(part) - (offset or 0) for part in rest)
        known = owner in owners and item in items and all(0 <= part < table.shape[0] for part in slot)
        if not known or not quantity >= 0:
            raise ValueError(
                f"InitialState: {what} {place} is {quantity}, must be a quantity >= 0 at a place of the network. "
                "Correct the place or the quantity."
            )
        table[(*slot, owners[str(owner)], items[str(item)])] = quantity
    return jnp.asarray(table)
