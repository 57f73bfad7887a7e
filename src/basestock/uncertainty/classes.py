"""Demand of further classes of customers, each with dice of its own."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax.numpy as jnp

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.keys import stable_words
from basestock.uncertainty.laws import Autoregressive, DemandLaw

if TYPE_CHECKING:
    from basestock.uncertainty.sources import MarketLaws

Place = tuple[str, str, str]
"""Class, node and item."""


def class_defects(demand: Mapping[Place, DemandLaw], network: SupplyNetwork) -> list[str]:
    """Return what is wrong with demand laws by class.

    Parameters
    ----------
    demand
        Law by (class, node, item).
    network
        The network that they belong to.
    """
    further = [each.name for each in network.demand_classes[1:]]
    found: list[str] = []
    for place, law in demand.items():
        demand_class, node, item = place
        if demand_class not in further:
            known = ", ".join(map(repr, further)) or "none in this network"
            found.append(
                f"class_demand at {place} must be of a class after the first ({known}); the laws of the first are in "
                "demand."
            )
        if node not in network.node_index or item not in network.item_index:
            found.append(f"class_demand at {place} must be at (class, node, item) of the network.")
        if isinstance(law, Autoregressive):
            found.append(f"class_demand at {place} is Autoregressive, must be a law without memory.")
    return found


def compile_classes(
    demand: Mapping[Place, DemandLaw], network: SupplyNetwork, axes: Axes
) -> "tuple[MarketLaws, ...]":
    """Compile the laws of every class after the first, in the order of the network."""
    from basestock.uncertainty.sources import compile_market

    compiled: list[MarketLaws] = []
    for each in network.demand_classes[1:]:
        laws = {(node, item): law for (name, node, item), law in demand.items() if name == each.name}
        market = compile_market(laws, axes)
        words = jnp.asarray(stable_words([f"{each.name}\x1f{node}" for node in axes.nodes]))
        market = dataclasses.replace(market, node_words=market.node_words.at[: len(axes.nodes)].set(words))
        compiled.append(market)
    return tuple(compiled)
