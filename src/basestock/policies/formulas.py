"""Policies whose parameters are computed, not searched."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, OrderUpToLevels, Policy, Problem
from basestock.dynamics import Decision, into_nodes
from basestock.policies.protection import money_at_stake, protection_demand, review_periods
from basestock.policies.quantities import FixedQuantity

NodeItem = Float[Array, "node item #replication"]


def leaf(values: np.ndarray) -> Array:
    """Return parameters, ``[..., node, item]``, with the trailing replication axis of length 1."""
    return jnp.asarray(values, dtype=jnp.float32)[..., None]


class Newsvendor(Policy):
    """Base stock at the critical ratio of demand over lead time and review: P(D <= S) >= b / (b + h).

    Parameters
    ----------
    base_stock_level
        Level [S], units.
    """

    base_stock_level: NodeItem

    @classmethod
    def for_problem(cls, problem: Problem) -> "Newsvendor":
        """Compute the levels of a problem."""
        underage, overage = money_at_stake(problem)
        ratio = underage / np.maximum(underage + overage, 1e-12)
        return cls(leaf(protection_demand(problem).quantile(ratio)))

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order max(S - IP, 0)."""
        return OrderUpToLevels()(self.base_stock_level, observation), memory


class Eoq(Policy):
    """The economic order quantity at the newsvendor's reorder point: Q = sqrt(2 K lambda / h) (Harris 1913).

    Parameters
    ----------
    reorder_point
        Reorder point [s], units.
    order_quantity
        Order quantity [Q], units.
    """

    reorder_point: NodeItem
    order_quantity: NodeItem

    @classmethod
    def for_problem(cls, problem: Problem) -> "Eoq":
        """Compute quantities, and reorder points that meet the demand until arrival with probability 1 - hQ/(bD)."""
        demand = protection_demand(problem)
        underage, overage = money_at_stake(problem)
        holding = overage / review_periods(problem)
        fixed = _fixed_costs(problem)
        lot = np.sqrt(2 * fixed * demand.rate / np.maximum(holding, 1e-12))
        lot = np.maximum(np.round(lot), np.maximum(np.round(demand.rate), 1.0))
        risk = holding * lot / np.maximum(underage * demand.rate, 1e-12)
        return cls(leaf(demand.quantile(np.clip(1 - risk, 0.0, 1.0))), leaf(lot))

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order n Q with the smallest n such that IP + n Q > s."""
        return FixedQuantity(self.reorder_point, self.order_quantity)(observation, memory, key=key)


def _fixed_costs(problem: Problem) -> np.ndarray:
    """Return ``[node, item]`` the fixed cost of an order on the lane of first priority, money."""
    arrays, rate = problem.arrays, problem.tariff.fixed_order
    if rate is None:
        return np.zeros((arrays.num_nodes, arrays.num_items))
    return np.asarray(into_nodes(arrays, rate * arrays.primary), dtype=np.float64)[..., 0]
