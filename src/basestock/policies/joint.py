"""Items that are ordered together: on one lane, for the money that they share."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy
from basestock.dynamics import Decision, at_destination

NodeItem = Float[Array, "node item #replication"]


class CanOrder(Policy):
    """(s, c, S): an item at its must-order point orders, and takes along those at theirs (Balintfy 1964).

    Parameters
    ----------
    must_order_point
        Inventory position at or below which the item makes its lane order [s], units.
    can_order_point
        Position at or below which it is ordered when another one makes the lane order [c], units.
    order_up_to_level
        Level of every item that is ordered [S], units.

    Notes
    -----
    doi:10.1287/mnsc.10.2.287. Items belong together where the same lane comes first. With c = s every item orders for
    itself, (s, S); with c = S - 1 all of them order together.
    """

    must_order_point: NodeItem
    can_order_point: NodeItem
    order_up_to_level: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order S - IP of the items that must or can, on lanes where one must."""
        network, position = observation.network, observation.inventory_position
        must = (position <= self.must_order_point).astype(jnp.float32)
        can = jnp.maximum((position <= self.can_order_point).astype(jnp.float32), must)
        lane_orders = (at_destination(network, must) * network.primary).max(1, keepdims=True)
        short = jnp.maximum(self.order_up_to_level - position, 0.0) * can
        return Decision(order=at_destination(network, short) * network.primary * lane_orders), memory


class JointOrderUpTo(Policy):
    """(Q, S | T): every T periods, when a lane is short of Q units in all, lift all its items to their levels.

    Parameters
    ----------
    review_period
        Periods between looks [T]; the longest of the items of a lane counts.
    order_quantity
        Units that all items of a lane are short of before it orders [Q]; the largest of its items counts.
    order_up_to_level
        Level of each item [S], units.

    Notes
    -----
    Cachon 2001, Manufacturing & Service Operations Management 3(3):211-229. Lanes with full vehicles fill the last one
    up themselves.
    """

    review_period: NodeItem
    order_quantity: NodeItem
    order_up_to_level: NodeItem

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order S - IP of all items of the lanes that are due and short enough."""
        network = observation.network
        on_lanes = lambda values: at_destination(network, values) * network.primary  # noqa: E731
        short = on_lanes(jnp.maximum(self.order_up_to_level - observation.inventory_position, 0.0))
        review = jnp.maximum(on_lanes(self.review_period).max(1, keepdims=True), 1.0)
        due = jnp.mod(observation.period, review) < 1.0
        total = short.sum(1, keepdims=True)
        enough = (total >= on_lanes(self.order_quantity).max(1, keepdims=True)) & (total > 0)
        return Decision(order=jnp.where(due & enough, short, 0.0)), memory
