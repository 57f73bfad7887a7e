"""Policies that order fixed quantities."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy
from basestock.dynamics import Decision

NodeItem = Float[Array, "node item #replication"]


class FixedQuantity(Policy):
    """(s, Q): when the inventory position is at or below s, order the fewest multiples of Q that lift it above s.

    Parameters
    ----------
    reorder_point
        Reorder point [s, r], units.
    order_quantity
        Order quantity [Q], units.
    """

    reorder_point: NodeItem
    order_quantity: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order n Q with the smallest n such that IP + n Q > s."""
        below = self.reorder_point - observation.inventory_position
        lot = jnp.maximum(self.order_quantity, 1e-6)
        lots = jnp.where(below >= 0, jnp.floor(below / lot) + 1.0, 0.0)
        return NodeOrders()(lots * self.order_quantity, observation), memory


class PeriodicFixedQuantity(Policy):
    """(R, Q): every R periods, order multiples of Q if the inventory position is at or below the reorder point.

    Parameters
    ----------
    review_period
        Periods between looks [R]; the first is period 0.
    reorder_point
        Reorder point [s], units.
    order_quantity
        Order quantity [Q], units.
    """

    review_period: NodeItem
    reorder_point: NodeItem
    order_quantity: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order as (s, Q) in review periods: nothing in others, whatever the position."""
        due = jnp.mod(observation.period, jnp.maximum(self.review_period, 1.0)) < 1.0
        point = jnp.where(due, self.reorder_point, observation.inventory_position - 1.0)
        return FixedQuantity(point, self.order_quantity)(observation, memory, key=key)


class ConstantOrder(Policy):
    """Order the same quantity every period (Reiman 2004; optimal for long lead times and lost sales).

    Parameters
    ----------
    quantity
        Units per period.
    """

    quantity: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the quantity."""
        return NodeOrders()(jnp.broadcast_to(self.quantity, observation.on_hand.shape), observation), memory
