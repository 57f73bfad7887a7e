"""Policies that look at the remaining life of the stock."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy
from basestock.dynamics import Decision, expiring_within, into_nodes

NodeItem = Float[Array, "node item #replication"]


class PerishableBaseStock(Policy):
    """Base stock that also replaces what will expire before the order arrives (Broekmeulen and van Donselaar 2009).

    Parameters
    ----------
    base_stock_level
        Level of each node and item, units.
    demand_rate
        Expected demand, units per period.

    Notes
    -----
    doi:10.1016/j.cor.2009.01.017 (EWA). The stock is carried forward with the expected demand over lead time plus
    review, in the issuing order of the item; what would expire on the way is added to the order, to the nearest whole
    unit. Of items that decay, the expected decay of the stock over the same time is added.
    """

    base_stock_level: NodeItem
    demand_rate: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order max(S - IP + expected waste, 0)."""
        waste = expected_waste(observation, self.demand_rate)
        if observation.network.features.whole_units:
            waste = jnp.floor(waste + 0.5)
        return NodeOrders()(
            self.base_stock_level - observation.inventory_position + waste, observation
        ), memory


def expected_waste(observation: Observation, demand_rate: NodeItem) -> Float[Array, "node item replication"]:
    """Return the units on hand that would expire before an order placed now and the next review, at expected demand.

    Parameters
    ----------
    observation
        What is seen.
    demand_rate
        Expected demand, units per period.
    """
    network, stock = observation.network, observation.on_hand
    life, wasted = network.life, jnp.zeros_like(stock)
    if life is None:
        return wasted
    ahead = into_nodes(network, network.primary * (network.mean_lead_time + network.review_period - 1.0))
    if life.decay_rate is not None:
        wasted = wasted + stock * (1.0 - (1.0 - life.decay_rate) ** ahead)
    if observation.lots is None or observation.life_clock is None:
        return wasted
    periods = _longest(observation)
    expiring = expiring_within(life, observation.lots, observation.life_clock, periods)
    oldest = life.oldest_share
    # Units lie in a row from the oldest to the newest; those between bottom and top are still there.
    bottom, top = jnp.zeros_like(stock), stock
    for period in range(periods):
        counts = period < ahead
        asked = jnp.minimum(demand_rate * counts, top - bottom)
        bottom, top = bottom + oldest * asked, top - (1.0 - oldest) * asked
        gone = jnp.maximum(jnp.minimum(expiring[period], top) - bottom, 0.0) * counts
        bottom, wasted = bottom + gone, wasted + gone
    return wasted


def _longest(observation: Observation) -> int:
    """Return a number of periods that no lead time plus review exceeds by much, and no life."""
    features, lots = observation.network.features, observation.lots or ()
    review = 8 if features.reviewed else 0
    return min(max(features.slots, features.ages + 1) + review, max(block.shape[0] for block in lots))
