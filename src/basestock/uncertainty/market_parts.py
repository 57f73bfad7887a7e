"""Which dice a market needs: plain laws, or laws that drivers and decisions bend."""

from collections.abc import Mapping

import jax.numpy as jnp

from basestock.network import SupplyNetwork
from basestock.uncertainty.axes import Axes
from basestock.uncertainty.drivers import (
    DrivenMarket,
    MarketLeaves,
    ReturnQuantiles,
    SubstitutionQuantiles,
    compile_driven,
)
from basestock.uncertainty.laws import DemandLaw
from basestock.uncertainty.market import MarketDrivers
from basestock.uncertainty.places import places_of
from basestock.uncertainty.sources import EventPart, MarketSource, compile_market


def market_of(
    demand: Mapping[tuple[str, str], DemandLaw],
    drivers: MarketDrivers | None,
    network: SupplyNetwork,
    axes: Axes,
) -> MarketSource:
    """Return the source of demand: plain laws where nothing bends them.

    Parameters
    ----------
    demand
        Law by (node, item).
    drivers
        What multiplies them, if anything.
    network, axes
        Authored network and its axes.
    """
    if drivers is None and not network.responses and not network.goodwill:
        return compile_market(demand, axes)
    if drivers is not None:
        drivers.check(network)
        return compile_driven(demand, drivers, axes)
    bent = {(part.node, part.item) for part in (*network.responses, *network.goodwill)}
    return compile_driven(demand, MarketDrivers(), axes, bent)


def market_parts(market: MarketSource, network: SupplyNetwork, axes: Axes) -> tuple[EventPart, ...]:
    """Return the dice of prices, answers to prices and returns that the network needs."""
    parts: list[EventPart] = []
    if isinstance(market, DrivenMarket):
        parts.append(MarketLeaves(market))
    if network.returns:
        places = places_of(((part.node, part.item) for part in network.returns), axes)
        parts.append(ReturnQuantiles(places, *(jnp.asarray(axes.words(axis)) for axis in ("node", "item"))))
    if any(part.law == "binomial" for part in network.substitutions):
        parts.append(SubstitutionQuantiles(jnp.asarray(axes.words("node")), jnp.asarray(axes.words("item"))))
    return tuple(parts)
