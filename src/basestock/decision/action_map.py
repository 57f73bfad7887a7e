"""From the numbers an agent outputs to a decision."""

import abc
import dataclasses

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision.observation import Observation
from basestock.dynamics import Decision, at_destination, into_nodes, runs_for


class ActionMap(eqx.Module):
    """Turns an action into quantities."""

    @abc.abstractmethod
    def __call__(self, action: Array, observation: Observation) -> Decision:
        """Return the decision that the action stands for."""

    def order_limit(self, node: int, item: int) -> float | None:
        """Return the largest order of an item at a node that an action may stand for, units; nothing without one."""
        return None


class LaneOrders(ActionMap):
    """The action is the order on each lane, units; negative numbers count as 0."""

    def __call__(self, action: Float[Array, "lane item replication"], observation: Observation) -> Decision:
        """Return the orders."""
        return Decision(order=jnp.maximum(action, 0.0) * observation.network.lane_active)


class NodeOrders(ActionMap):
    """The action is what each node orders, units, all of it on the lane of first priority.

    What no lane brings to a node is made there: the order becomes runs of the process of first priority.
    """

    def __call__(self, action: Float[Array, "node item replication"], observation: Observation) -> Decision:
        """Return the orders, and the runs that make what no lane brings."""
        network = observation.network
        order = at_destination(network, jnp.maximum(action, 0.0)) * network.primary
        return Decision(order, None if network.production is None else runs_for(network, action))


class OrderUpToLevels(ActionMap):
    """The action is a base-stock level for each node, units: order what the inventory position is short of it."""

    def __call__(self, action: Float[Array, "node item replication"], observation: Observation) -> Decision:
        """Return the orders."""
        return NodeOrders()(action - observation.inventory_position, observation)


class OrderChoices(ActionMap):
    """The action is an index into a list of order quantities, units, for each node.

    Parameters
    ----------
    quantities
        The choices, smallest first.
    """

    quantities: Float[Array, " choice"]

    def __call__(self, action: Array, observation: Observation) -> Decision:
        """Return the orders; an index beyond the list means its end."""
        index = jnp.clip(jnp.asarray(action).astype(jnp.int32), 0, self.quantities.shape[0] - 1)
        return NodeOrders()(self.quantities[index], observation)


class ThresholdShifts(ActionMap):
    """The action moves the thresholds of an (s, S) rule, units: positive numbers order earlier and up to more.

    Parameters
    ----------
    reorder_point, order_up_to_level
        Thresholds that nobody has moved [s, S], units.

    Notes
    -----
    With the shift a: q = S + a - IP where IP <= s + a, else 0.
    """

    reorder_point: Float[Array, "#node #item #replication"]
    order_up_to_level: Float[Array, "#node #item #replication"]

    def __call__(self, action: Float[Array, "node item replication"], observation: Observation) -> Decision:
        """Return the orders."""
        position = observation.inventory_position
        short = self.order_up_to_level + action - position
        return NodeOrders()(jnp.where(position <= self.reorder_point + action, short, 0.0), observation)


class LateralTransfers(ActionMap):
    """The action is what is moved between nodes beside the usual supply, units; the usual supply orders up to levels.

    A lane between nodes carries transfers where another lane comes first at its end; what the action says of other
    lanes counts for nothing. A transfer is an order at the sending node, which ships what it has.

    Parameters
    ----------
    base_stock_level
        Level of each node and item for the lanes that come first, units.
    """

    base_stock_level: Float[Array, "#node #item #replication"]

    def __call__(self, action: Float[Array, "lane item replication"], observation: Observation) -> Decision:
        """Return the orders and the transfers."""
        network = observation.network
        beside = network.lane_active * (1.0 - network.primary) * ~network.lane_outside[:, None, None]
        moved = jnp.maximum(action, 0.0) * beside
        # What comes from the side need not be ordered.
        short = self.base_stock_level - observation.inventory_position - into_nodes(network, moved)
        usual = NodeOrders()(short, observation)
        return dataclasses.replace(usual, order=usual.order + moved)
