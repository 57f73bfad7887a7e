"""Base stock by parts of the pipeline."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy, Problem
from basestock.dynamics import Decision
from basestock.policies.formulas import leaf
from basestock.policies.pipeline import arrivals_ahead, lead_at_nodes
from basestock.policies.protection import lead_periods, money_at_stake, remaining_quantile

MOST_PERIODS = 60
"""Longest lead time whose levels are searched."""

FAR = 1e9
"""A level that never binds; finite, so that gradients stay finite."""


class VectorBaseStock(Policy):
    """Order the least of what each part of the inventory position is short of its own level (Morton 1969).

    Parameters
    ----------
    base_stock_levels
        For l = 0, 1, ...: level of what arrives l periods from now or later, units; that of 0 counts the stock too, and
        the one at the lead time is the largest order.

    Notes
    -----
    Zipkin 2008, doi:10.1287/opre.1070.0471: q = min over l <= L of (S_l - v_l)+ with v_l the units that arrive in l
    periods or later. With one level alone it is base stock; with the first and the last it is capped base stock.
    """

    base_stock_levels: Float[Array, "ahead node item #replication"]

    @classmethod
    def standard(cls, problem: Problem, ratio: float | None = None) -> "VectorBaseStock":
        """Return the levels of Morton's bound: the critical quantiles of the demand from l periods ahead on.

        Parameters
        ----------
        problem
            The problem.
        ratio
            Quantile of all levels in [0, 1]; the critical ratio if not given, which bounds the best levels from above.
        """
        return cls(leaf(standard_levels(problem, ratio)))

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order min over l of max(S_l - v_l, 0)."""
        last = self.base_stock_levels.shape[0] - 1
        rows = arrivals_ahead(observation, last)
        later = jnp.flip(jnp.cumsum(jnp.flip(rows, 0), 0), 0).at[0].add(observation.inventory_level)
        counts = jnp.arange(last + 1)[:, None, None, None] <= lead_at_nodes(observation.network)
        short = jnp.where(counts, self.base_stock_levels - later, FAR).min(0)
        return NodeOrders()(short, observation), memory


def standard_levels(problem: Problem, ratio: float | None = None) -> np.ndarray:
    """Return ``[ahead, node, item]`` the critical quantiles of the demand from l periods ahead on, units.

    Parameters
    ----------
    problem
        The problem.
    ratio
        Quantile in [0, 1]; the critical ratio of each place if not given.

    Raises
    ------
    ValueError
        If the longest lead time has more levels than can be searched.
    """
    underage, overage = money_at_stake(problem)
    critical = underage / np.maximum(underage + overage, 1e-12)
    quantile = critical if ratio is None else np.full_like(critical, ratio)
    longest = int(lead_periods(problem).max())
    if longest > MOST_PERIODS:
        raise ValueError(
            f"vector_base_stock: the longest lead time is {longest} periods, must be at most {MOST_PERIODS}: each has "
            "a level of its own. Use capped_base_stock, or longer periods."
        )
    return np.stack([remaining_quantile(problem, quantile, later) for later in range(longest + 1)])
