"""Stock at the start, by remaining life."""

import dataclasses
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lots import with_stock
from basestock.dynamics.state import State
from basestock.network import SupplyNetwork

LotPlace = tuple[str, str, int]
"""Node, item, and periods of life left, the first period counted."""


def stock_of_lots(
    network: SupplyNetwork, on_hand: Mapping[tuple[str, str], float], lots: Mapping[LotPlace, float]
) -> dict[tuple[str, str], float]:
    """Return the stock by place, where lots are given their sum.

    Raises
    ------
    ValueError
        Listing every lot that cannot be, and every place whose stock is not the sum of its lots.
    """
    lives = {item.name: item.shelf_life for item in network.items}
    nodes = {node.name for node in network.nodes}
    wrong = [
        f"lots {place} is {units}, must be a quantity >= 0 of an item with a shelf life at a node, with 1 to "
        f"{lives.get(place[1]) or 'its shelf life of'} periods left."
        for place, units in lots.items()
        if place[0] not in nodes or not 1 <= place[2] <= (lives.get(place[1]) or 0) or not units >= 0
    ]
    sums: dict[tuple[str, str], float] = {}
    for (node, item, _), units in lots.items():
        sums[node, item] = sums.get((node, item), 0.0) + units
    wrong += [
        f"on_hand {place} is {on_hand[place]}, must be {units}, the sum of its lots, or be left out."
        for place, units in sums.items()
        if place in on_hand and abs(on_hand[place] - units) > 1e-6 * max(units, 1.0)
    ]
    if wrong:
        raise ValueError(f"InitialState: {' '.join(wrong)} Correct the place or the quantity.")
    return {**on_hand, **sums}


def fill_lots(
    network: SupplyNetwork, arrays: NetworkArrays, state: State, lots: Mapping[LotPlace, float]
) -> State:
    """Return the state with its stock by remaining life: as given, fresh where nothing is said."""
    life = arrays.life
    if life is None or state.lots is None:
        return state
    state = with_stock(arrays, state, state.on_hand)
    if not lots:
        return state
    place_of, steps = np.asarray(life.place_of), np.asarray(life.step)[0, :, 0]
    shapes = [(length, arrays.num_nodes, size, 1) for length, size in life.blocks]
    given, fresh = [np.zeros(shape) for shape in shapes], [np.ones(shape) for shape in shapes]
    ends = np.cumsum([size for _, size in life.blocks])
    for (node, item, remaining), units in lots.items():
        at, place = network.node_index[node], int(place_of[network.item_index[item]])
        block = int(np.searchsorted(ends, place, side="right"))
        within = place - int(ends[block]) + life.blocks[block][1]
        first = max(remaining // int(steps[place]) - 1, 0)
        fresh[block][:, at, within] = 0.0
        given[block][first:, at, within] += units
    parts = zip(state.lots or (), fresh, given, strict=True)
    return dataclasses.replace(
        state, lots=tuple(block * jnp.asarray(keep) + jnp.asarray(own) for block, keep, own in parts)
    )
