"""The published rule of system D that orders a fixed quantity."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy
from basestock.dynamics import Decision


class OneFixedQuantity(Policy):
    """Order Q once whenever the inventory position is at or below s, even where that does not lift it above s.

    Parameters
    ----------
    reorder_point, order_quantity
        Units.
    """

    reorder_point: Float[Array, "node item #replication"]
    order_quantity: Float[Array, "node item #replication"]

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order Q if IP <= s."""
        below = observation.inventory_position <= self.reorder_point
        return NodeOrders()(jnp.where(below, self.order_quantity, 0.0), observation), memory
