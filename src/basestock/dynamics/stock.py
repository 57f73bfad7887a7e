"""Units that join or leave the stock of a place: the only two ways in which stages change what is on hand."""

import dataclasses

from jaxtyping import Array, Float

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lots import add_fresh, remove, required
from basestock.dynamics.state import State

NodeItem = Float[Array, "node item replication"]


def put(network: NetworkArrays, state: State, units: NodeItem) -> State:
    """Add units to the stock of each place, fresh ones where they perish.

    Parameters
    ----------
    network, state
        The network and its state.
    units
        Units that join, non-negative.
    """
    state = dataclasses.replace(state, on_hand=state.on_hand + units)
    if network.life is None or state.lots is None:
        return state
    lots, clock = required(state)
    return dataclasses.replace(state, lots=add_fresh(network.life, lots, units, clock))


def take(network: NetworkArrays, state: State, units: NodeItem, demand_class: int | None = None) -> State:
    """Remove units from the stock of each place, in the item's order; the caller sees to it that they are there.

    Parameters
    ----------
    network, state
        The network and its state.
    units
        Units that leave, between 0 and what is on hand.
    demand_class
        Number of the class of customers that take them, where it may have an order of its own.
    """
    life, after = network.life, state.on_hand - units
    state = dataclasses.replace(state, on_hand=after)
    if life is None or state.lots is None:
        return state
    own = demand_class is not None and life.class_share is not None
    share = life.class_share[demand_class] if own else life.oldest_share  # type: ignore[index]
    return dataclasses.replace(state, lots=remove(life, state.lots, units, after, share))
