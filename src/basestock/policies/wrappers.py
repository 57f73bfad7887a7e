"""Policies around policies."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy
from basestock.dynamics import Decision, at_destination


class Legal(Policy):
    """Rounds another policy's orders to the nearest multiple of the lane, never below its minimum.

    Parameters
    ----------
    policy
        Who proposes.
    """

    policy: Policy

    def init(self, observation: Observation) -> Any:
        """Return the memory of the inner policy."""
        return self.policy.init(observation)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Propose, then round to the nearest multiple (half up), lift to the minimum, cut at the maximum.

        What is no quantity, and what no legal quantity is near, becomes no order.
        """
        decision, memory = self.policy(observation, memory, key=key)
        network = observation.network
        pack = jnp.where(network.order_multiple > 0, network.order_multiple, 1.0)
        proposed = jnp.where(jnp.isfinite(decision.order), decision.order, 0.0)
        rounded = jnp.floor(proposed / pack + 0.5) * pack
        smallest = jnp.ceil(network.order_minimum / pack) * pack
        largest = jnp.floor(network.order_maximum / pack) * pack
        legal = jnp.minimum(jnp.maximum(rounded, smallest), largest)
        return Decision(order=jnp.where((rounded > 0) & (smallest <= largest), legal, 0.0)), memory


class FirstOrder(Policy):
    """Gives the first order of a path and leaves the rest to another policy: what one order more or less is worth.

    Parameters
    ----------
    first
        The order of each node in period 0, on its lane of first priority, units.
    then
        Who decides afterwards.
    """

    first: Float[Array, "node item #replication"]
    then: Policy

    def init(self, observation: Observation) -> Any:
        """Return the memory of the inner policy."""
        return self.then.init(observation)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order what was given in period 0, and what the other policy says later."""
        decision, memory = self.then(observation, memory, key=key)
        first = NodeOrders()(self.first, observation)
        order = jnp.where(observation.period == 0, first.order, decision.order)
        return Decision(order=order), memory


class Either(Policy):
    """One policy without memory at some places, another elsewhere.

    Parameters
    ----------
    first_here
        1 at the nodes and items where the first decides.
    first, second
        The policies.
    """

    first_here: Float[Array, "node item #replication"]
    first: Policy
    second: Policy

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Ask both, and take the first's order where it decides."""
        one, _ = self.first(observation, None, key=key)
        other, _ = self.second(observation, None, key=key)
        here = at_destination(observation.network, self.first_here)
        return Decision(order=jnp.where(here > 0, one.order, other.order)), memory
