"""Rules in words: a fuzzy controller, and a rule base."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy
from basestock.dynamics import Decision

NodeItem = Float[Array, "node item #replication"]


class FuzzyControl(Policy):
    """Order what the position is short of a level, more of it while demand rises and less while it falls.

    Parameters
    ----------
    base_stock_level
        Level [S], units.
    trend_weight
        Share of the shortage that is added when demand is certainly rising, and left out when it is falling [w].
    demand_rate
        Demand that counts as steady, units per period.

    Notes
    -----
    Rules of Takagi and Sugeno 1985, doi:10.1109/TSMC.1985.6313399, with the ratio r of the last demand to the steady
    one: falling to the degree 1 - r orders (1 - w)(S - IP), rising to the degree r - 1 orders (1 + w)(S - IP), steady
    to the rest of 1 orders S - IP; degrees lie in [0, 1]. In whole units to the nearest. With w = 0 it is base stock.
    """

    base_stock_level: NodeItem
    trend_weight: NodeItem
    demand_rate: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the shortage, weighed by the trend."""
        steady = jnp.maximum(self.demand_rate, 1e-6)
        trend = jnp.clip(observation.last_demand / steady - 1.0, -1.0, 1.0)
        short = jnp.maximum(self.base_stock_level - observation.inventory_position, 0.0)
        order = short * (1.0 + self.trend_weight * trend)
        if observation.network.features.whole_units:
            order = jnp.floor(order + 0.5)
        return NodeOrders()(order, observation), memory


class RuleBase(Policy):
    """If stock is out, order up to the level and a surge; else if the position is low, up to the level; else nothing.

    Parameters
    ----------
    reorder_point
        Inventory position at or below which it is low [s], units.
    order_up_to_level
        Level [S], units.
    surge
        What is ordered beyond the level when nothing is on hand, units.
    """

    reorder_point: NodeItem
    order_up_to_level: NodeItem
    surge: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Fire the first rule that holds."""
        out = observation.on_hand <= 0
        position = observation.inventory_position
        short = self.order_up_to_level + jnp.where(out, self.surge, 0.0) - position
        return NodeOrders()(
            jnp.where(out | (position <= self.reorder_point), short, 0.0), observation
        ), memory
