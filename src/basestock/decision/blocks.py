"""The observation of a plant as six named blocks for each product, flat and back."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision.observation import Observation
from basestock.dynamics import into_nodes
from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes

BLOCKS: dict[str, str] = {
    "stock": "units of item",
    "forecast": "units of item per period",
    "price": "units of currency per unit of item",
    "lead_time": "periods",
    "queue": "units of item",
    "satisfaction": "share",
}
"""Block to its unit: I, D, P, L, Q and R of system A."""

NodeItem = Float[Array, "node item replication"]


def to_blocks(observation: Observation) -> dict[str, NodeItem]:
    """Return the six blocks of an observation.

    Parameters
    ----------
    observation
        With a forecast where one is given; the last demand stands for it elsewhere.

    Returns
    -------
    dict
        Block to ``[node, item, replication]``: ``lead_time`` is the mean remaining time of what is under way, or the
        expected lead time where nothing is; ``queue`` is what is ordered or in production and not yet on hand.
    """
    blank = jnp.zeros_like(observation.on_hand)
    forecast = observation.last_demand if observation.forecast is None else observation.forecast
    return {
        "stock": observation.inventory_level,
        "forecast": forecast,
        "price": blank if observation.price is None else observation.price,
        "lead_time": _lead_time(observation),
        "queue": observation.on_order,
        "satisfaction": blank + 1.0 if observation.satisfaction is None else observation.satisfaction,
    }


def _lead_time(observation: Observation) -> NodeItem:
    network = observation.network
    ones = jnp.ones((1, 1, observation.on_hand.shape[-1]))
    expected = into_nodes(network, network.mean_lead_time * network.primary * ones)
    if observation.due is None:
        return expected
    slots = jnp.arange(observation.due.shape[0], dtype=jnp.float32)[:, None, None, None]
    units = into_nodes(network, observation.due.sum(0))
    waiting = into_nodes(network, (slots * observation.due).sum(0))
    return jnp.where(units > 0, waiting / jnp.where(units > 0, units, 1.0), expected)


def flatten_blocks(
    blocks: dict[str, NodeItem], network: SupplyNetwork
) -> Float[Array, "feature replication"]:
    """Return the blocks as one vector, block by block, padding left out.

    Parameters
    ----------
    blocks
        What :func:`to_blocks` returns.
    network
        The authored network.
    """
    axes = Axes.of(network)
    cut = [blocks[name][: len(axes.nodes), : len(axes.items)] for name in BLOCKS]
    return jnp.concatenate([block.reshape(-1, block.shape[-1]) for block in cut])


def unflatten_blocks(
    vector: Float[Array, "feature replication"], network: SupplyNetwork
) -> dict[str, NodeItem]:
    """Return the blocks of a vector, on padded axes.

    Raises
    ------
    ValueError
        If the vector has another length than the layout.
    """
    axes = Axes.of(network)
    size = len(axes.nodes) * len(axes.items)
    if vector.shape[0] != size * len(BLOCKS):
        raise ValueError(
            f"unflatten_blocks: the vector has {vector.shape[0]} entries, must have {size * len(BLOCKS)}: "
            f"{len(BLOCKS)} blocks of {size}. Use the vector of flatten_blocks."
        )
    blocks: dict[str, Array] = {}
    for number, name in enumerate(BLOCKS):
        part = vector[number * size : (number + 1) * size].reshape(len(axes.nodes), len(axes.items), -1)
        padding = ((0, axes.num_nodes - len(axes.nodes)), (0, axes.num_items - len(axes.items)), (0, 0))
        blocks[name] = jnp.pad(part, padding)
    return blocks


def block_layout(network: SupplyNetwork) -> str:
    """Return the layout as text: one line for each block, with its places in the vector and its unit.

    Examples
    --------
    >>> from basestock.network import single_item
    >>> print(block_layout(single_item()).splitlines()[0])
    0-0 stock [units of item]: item at stock
    """
    axes = Axes.of(network)
    places = [f"{item} at {node}" for node in axes.nodes for item in axes.items]
    size = len(places)
    return "\n".join(
        f"{number * size}-{(number + 1) * size - 1} {name} [{unit}]: {', '.join(places)}"
        for number, (name, unit) in enumerate(BLOCKS.items())
    )
