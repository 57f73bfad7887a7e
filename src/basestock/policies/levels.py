"""Policies that order up to a level of the inventory position."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, OrderUpToLevels, Policy
from basestock.dynamics import Decision

NodeItem = Float[Array, "node item #replication"]


class BaseStock(Policy):
    """Order what the inventory position is short of the base-stock level [S], every period.

    Parameters
    ----------
    base_stock_level
        Level of each node and item, units.
    """

    base_stock_level: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order max(S - IP, 0)."""
        return OrderUpToLevels()(self.base_stock_level, observation), memory


class EchelonBaseStock(Policy):
    """Order what the echelon inventory position is short of the level [S], every period (Clark and Scarf 1960).

    Parameters
    ----------
    base_stock_levels
        Echelon level of each node and item, units.
    """

    base_stock_levels: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order max(S - echelon IP, 0)."""
        return NodeOrders()(self.base_stock_levels - observation.echelon_position, observation), memory


class CappedBaseStock(Policy):
    """Order up to the level, but never more than the cap (Xin 2021, doi:10.1287/opre.2020.2019).

    Parameters
    ----------
    base_stock_level
        Level [S], units.
    cap
        Largest order [r], units.
    """

    base_stock_level: NodeItem
    cap: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order min(max(S - IP, 0), r)."""
        short = self.base_stock_level - observation.inventory_position
        return NodeOrders()(jnp.minimum(short, self.cap), observation), memory


class OrderUpTo(Policy):
    """(s, S): when the inventory position is at or below s, order up to S.

    Parameters
    ----------
    reorder_point
        Reorder point [s], units.
    order_up_to_level
        Order-up-to level [S], units.
    """

    reorder_point: NodeItem
    order_up_to_level: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order S - IP if IP <= s."""
        position = observation.inventory_position
        short = jnp.where(position <= self.reorder_point, self.order_up_to_level - position, 0.0)
        return NodeOrders()(short, observation), memory


class ModifiedOrderUpTo(Policy):
    """Modified (s, S, q): at or below s, order up to S, but never more than q.

    Parameters
    ----------
    reorder_point
        Reorder point [s], units.
    order_up_to_level
        Order-up-to level [S], units.
    cap
        Largest order [q], units.

    Notes
    -----
    Bijvank, Bhulai and Huh 2015, European Journal of Operational Research 241(2):381-390. A very large q makes it
    (s, S).
    """

    reorder_point: NodeItem
    order_up_to_level: NodeItem
    cap: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order min(S - IP, q) if IP <= s."""
        position = observation.inventory_position
        short = jnp.minimum(self.order_up_to_level - position, self.cap)
        return NodeOrders()(jnp.where(position <= self.reorder_point, short, 0.0), observation), memory


class PeriodicOrderUpTo(Policy):
    """(R, S): every R periods, order up to S.

    Parameters
    ----------
    review_period
        Periods between orders [R]; the first is period 0.
    order_up_to_level
        Order-up-to level [S], units.
    """

    review_period: NodeItem
    order_up_to_level: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order max(S - IP, 0) in review periods."""
        due = jnp.mod(observation.period, jnp.maximum(self.review_period, 1.0)) < 1.0
        short = jnp.where(due, self.order_up_to_level - observation.inventory_position, 0.0)
        return NodeOrders()(short, observation), memory


class PeriodicMinMax(Policy):
    """(R, s, S): every R periods, order up to S if the inventory position is at or below s.

    Parameters
    ----------
    review_period
        Periods between looks [R]; the first is period 0.
    reorder_point
        Reorder point [s], units.
    order_up_to_level
        Order-up-to level [S], units.
    """

    review_period: NodeItem
    reorder_point: NodeItem
    order_up_to_level: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order S - IP in review periods with IP <= s."""
        position = observation.inventory_position
        due = jnp.mod(observation.period, jnp.maximum(self.review_period, 1.0)) < 1.0
        short = jnp.where(due & (position <= self.reorder_point), self.order_up_to_level - position, 0.0)
        return NodeOrders()(short, observation), memory
