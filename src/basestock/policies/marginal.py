"""Pack by pack, while the expected gain pays."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy, Problem
from basestock.dynamics import Decision, into_nodes
from basestock.policies.formulas import leaf
from basestock.policies.protection import money_at_stake, protection_demand

NodeItem = Float[Array, "node item #replication"]


class Marginal(Policy):
    """Order packs while the next one earns more than it costs, given the law of demand until the next order arrives.

    A unit that lifts the position to y is needed with probability P(D > y): it then saves the underage cost, else it
    causes the overage cost. A pack is worth the sum over its units; the first block is the smallest legal order.

    Parameters
    ----------
    demand
        Values of the demand over the protection interval (lead time + review), smallest first, units.
    underage
        Money saved per unit that is needed.
    overage
        Money lost per unit that is not.
    pack
        Units per pack; 0 or 1 for single units.
    minimum
        Smallest order, units.
    weight
        Probability of each value; equal ones if not given.
    """

    demand: Float[Array, "level node item #replication"]
    underage: NodeItem
    overage: NodeItem
    pack: NodeItem
    minimum: NodeItem
    weight: Float[Array, "level node item #replication"] | None = None

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the packs that pay."""
        pack = jnp.maximum(self.pack, 1.0)
        position = observation.inventory_position
        first = jnp.ceil(self.minimum / pack) * pack
        packs = jnp.maximum(jnp.floor((self.best_level() - position) / pack), 0.0)
        # The best level lies inside the next pack: it pays or it does not.
        straddling = self.gain(position + packs * pack, position + (packs + 1.0) * pack)
        quantity = jnp.maximum((packs + (straddling > 0)) * pack, first)
        pays = self.gain(position, position + quantity) > 0
        return NodeOrders()(jnp.where(pays, quantity, 0.0), observation), memory

    def best_level(self) -> Float[Array, "node item replication"]:
        """Return the critical quantile of the demand, where one more unit stops paying."""
        ratio = self.underage / jnp.maximum(self.underage + self.overage, 1e-12)
        count = self.demand.shape[0]
        if self.weight is None:
            index = jnp.ceil(ratio * count) - 1
        else:
            # The sum of the weights is exact to about 1e-6.
            index = (jnp.cumsum(self.weight, axis=0) < ratio - 1e-6).sum(0)
        index = jnp.clip(index, 0, count - 1).astype(jnp.int32)
        return jnp.take_along_axis(self.demand, index[None], axis=0)[0]

    def gain(self, low: Array, high: Array) -> Float[Array, "node item replication"]:
        """Return the expected money of lifting the position from ``low`` to ``high``."""
        needed = self._expected_sales(high) - self._expected_sales(low)
        return (self.underage + self.overage) * needed - self.overage * (high - low)

    def _expected_sales(self, level: Array) -> Array:
        sales = jnp.minimum(self.demand, level[None])
        return sales.mean(0) if self.weight is None else (sales * self.weight).sum(0)


def marginal_for(problem: Problem) -> Marginal:
    """Build the policy from the law of demand of a problem, with its money, packs and minima."""
    underage, overage = money_at_stake(problem)
    demand = protection_demand(problem)
    arrays = problem.arrays
    at_nodes = lambda limit: into_nodes(arrays, limit * arrays.primary)  # noqa: E731
    return Marginal(
        leaf(demand.values),
        leaf(underage),
        leaf(overage),
        at_nodes(arrays.order_multiple),
        at_nodes(arrays.order_minimum),
        leaf(demand.masses),
    )
