"""What is ordered today: any policy, within what the aggregate plan allows."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy, Problem
from basestock.dynamics import Decision, at_destination, into_nodes
from basestock.policies.protection import protection_demand


class HierarchicalPolicy(Policy):
    """Orders what an operational policy wants, over the lanes of the plan and never beyond what the plan allows.

    Parameters
    ----------
    operational
        Who wants: base stock, an exact optimum, or any other policy.
    allowed
        ``[period, lane, item, 1]`` orders that are allowed up to and including each period, units; what is not used may
        be used later. After its end it grows by its mean rate.
    before
        ``[lane, lane, item]`` 1 where the second lane leads to the same place and is used first.

    Notes
    -----
    Upper bounds bind strictly: the sum of the orders on a lane up to period t never exceeds ``allowed[t]``. A lane of a
    closed site allows nothing.
    """

    operational: Policy
    allowed: Float[Array, "period lane item 1"]
    before: Float[Array, "lane lane item"]

    def init(self, observation: Observation) -> Any:
        """Return the memory of the operational policy, and that nothing has been ordered."""
        return self.operational.init(observation), jnp.zeros_like(observation.in_transit)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Fill the lanes of each place in the order of the plan."""
        inner, used = memory
        decision, inner = self.operational(observation, inner, key=key)
        periods = self.allowed.shape[0]
        last = jnp.minimum(observation.period, periods - 1)
        beyond = jnp.maximum(observation.period - (periods - 1), 0)
        total = self.allowed[last] + jnp.floor(beyond * self.allowed[-1] / periods)
        room = jnp.maximum(total - used, 0.0) * observation.can_order
        network = observation.network
        wish = jnp.where((decision.order > 0) & jnp.isfinite(decision.order), decision.order, 0.0)
        wanted = at_destination(network, into_nodes(network, wish))
        earlier = jnp.einsum("kli,lir->kir", self.before, room)
        order = jnp.clip(wanted - earlier, 0.0, room) * network.lane_active
        return dataclasses.replace(decision, order=order), (inner, used + order)


def hierarchical_policy(
    problem: Problem, operational: Policy, orders: np.ndarray, flexibility: float
) -> HierarchicalPolicy:
    """Return an operational policy within an aggregate plan.

    Parameters
    ----------
    problem
        The problem.
    operational
        Who decides within the plan.
    orders
        ``[period, lane, item]`` orders of the plan, units.
    flexibility
        Share that orders may exceed the plan by; and from the start the safety stock of each place, one period's
        shortfall of its demand over lead time and review, on top.

    Raises
    ------
    ValueError
        If the flexibility is negative.
    """
    if not flexibility >= 0:
        raise ValueError(f"flexibility is {flexibility}, must be >= 0. Correct it.")
    arrays = problem.arrays
    table = np.zeros((len(orders), arrays.num_lanes, arrays.num_items))
    table[:, : orders.shape[1], : orders.shape[2]] = orders
    total = table.sum(0)
    rank = np.argsort(np.argsort(-total, axis=0, kind="stable"), axis=0)
    ends = np.asarray(arrays.lane_destination)
    same = (ends[:, None] == ends[None, :])[:, :, None]
    before = (same & (rank[None, :, :] < rank[:, None, :])).astype(np.float32)
    first = (total > 0) & ~(before * (total > 0)[None]).any(1)
    demand = protection_demand(problem)
    buffer = np.asarray(at_destination(arrays, jnp.asarray(demand.deviation, dtype=jnp.float32)[..., None]))[
        ..., 0
    ]
    allowed = np.cumsum(table, axis=0) * (1.0 + flexibility) + np.where(first, 2.0 * buffer, 0.0) * (
        flexibility > 0
    )
    return HierarchicalPolicy(
        operational, jnp.asarray(np.ceil(allowed - 1e-6), dtype=jnp.float32)[..., None], jnp.asarray(before)
    )
