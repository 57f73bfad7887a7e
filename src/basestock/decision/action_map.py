"""From the numbers an agent outputs to a decision."""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision.observation import Observation
from basestock.dynamics import Decision, at_destination


class ActionMap(eqx.Module):
    """Turns an action into quantities."""

    @abc.abstractmethod
    def __call__(self, action: Array, observation: Observation) -> Decision:
        """Return the decision that the action stands for."""


class LaneOrders(ActionMap):
    """The action is the order on each lane, units; negative numbers count as 0."""

    def __call__(self, action: Float[Array, "lane item replication"], observation: Observation) -> Decision:
        """Return the orders."""
        return Decision(order=jnp.maximum(action, 0.0) * observation.network.lane_active)


class NodeOrders(ActionMap):
    """The action is what each node orders, units, all of it on the lane of first priority."""

    def __call__(self, action: Float[Array, "node item replication"], observation: Observation) -> Decision:
        """Return the orders."""
        order = at_destination(observation.network, jnp.maximum(action, 0.0))
        return Decision(order=order * observation.network.primary)


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
