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
        lot, served = economic_lot(fixed, demand.rate, holding, underage)
        return cls(leaf(demand.quantile(served)), leaf(lot))

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order n Q with the smallest n such that IP + n Q > s."""
        return FixedQuantity(self.reorder_point, self.order_quantity)(observation, memory, key=key)


def economic_lot(
    fixed: np.ndarray, rate: np.ndarray, holding: np.ndarray, underage: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return Q = sqrt(2 K lambda / h) in whole units, and the share of cycles that should end without a shortage.

    Parameters
    ----------
    fixed
        Money per order [K].
    rate
        Mean demand, units per period [lambda].
    holding
        Money per unit and period [h].
    underage
        Money per unit short [b].

    Returns
    -------
    tuple
        Order quantity, at least the demand of one period and one unit, and 1 - hQ/(b lambda) within [0, 1]
        (Silver, Pyke and Thomas 2017, section 6.7).

    Examples
    --------
    >>> lot, served = economic_lot(*(np.array([value]) for value in (50.0, 8.0, 0.5, 4.0)))
    >>> float(lot[0]), float(served[0])
    (40.0, 0.375)
    """
    lot = np.sqrt(2 * fixed * rate / np.maximum(holding, 1e-12))
    lot = np.maximum(np.round(lot), np.maximum(np.round(rate), 1.0))
    risk = holding * lot / np.maximum(underage * rate, 1e-12)
    return lot, np.clip(1 - risk, 0.0, 1.0)


def _fixed_costs(problem: Problem) -> np.ndarray:
    """Return ``[node, item]`` the fixed cost of an order on the lane of first priority, money."""
    arrays, rate = problem.arrays, problem.tariff.fixed_order
    if rate is None:
        return np.zeros((arrays.num_nodes, arrays.num_items))
    return np.asarray(into_nodes(arrays, rate * arrays.primary), dtype=np.float64)[..., 0]
