"""Policies that weigh what an order meets when it arrives: projected level, myopic, dual balancing."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy, Problem
from basestock.dynamics import Decision
from basestock.policies.formulas import leaf
from basestock.policies.protection import money_at_stake, protection_demand, remaining_quantile
from basestock.policies.stock_law import Law, StockLaw

NodeItem = Float[Array, "node item #replication"]


class ProjectedInventoryLevel(Policy):
    """Order so that the expected stock right after the arrival of the order is at a level [U].

    Parameters
    ----------
    projected_level
        Level of each node and item, units.
    law
        What demand does to stock until then.

    Notes
    -----
    van Jaarsveld and Arts 2024, doi:10.1287/opre.2021.0032: q = (U - E[I])+, with I what is left of the stock and of
    the orders on their way when this one arrives. Whole units are rounded down; with demand that waits it is base
    stock.

    Examples
    --------
    >>> import jax
    >>> from basestock.problems import lost_sales
    >>> problem = lost_sales(lead_time=1, mean=5.0)
    >>> policy = ProjectedInventoryLevel(leaf(np.full((1, 1), 8.0)), StockLaw.for_problem(problem))
    >>> policy.law.periods
    1
    """

    projected_level: NodeItem
    law: StockLaw

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order max(U - E[I], 0)."""
        law = self.law
        expected = (law.on_arrival(observation) * law.amounts()).sum(0)
        short = self.projected_level - expected - law.with_it(observation)
        if observation.network.features.whole_units:
            short = jnp.floor(short + 1e-3)
        return NodeOrders()(short, observation), memory


class Lookahead(Policy):
    """What the policies below share: the law of the stock on arrival, and tables of the money that follows.

    Parameters
    ----------
    law
        What demand does to stock until an order arrives.
    tables
        Money by stock in levels, from the lowest level on; one table or several.
    base_stock_level
        What the inventory position is lifted to where unmet demand waits: the critical quantile, units.
    most
        Quantities that are considered: 0, 1, ..., ``most`` - 1 levels of the law.
    """

    law: StockLaw
    tables: tuple[Law, ...]
    base_stock_level: NodeItem
    most: int = eqx.field(static=True)

    @classmethod
    def for_problem(cls, problem: Problem) -> "Lookahead":
        """Compute the policy from the demand and the money of a problem."""
        law = StockLaw.for_problem(problem)
        money = Money(law, *money_at_stake(problem))
        most = int(np.ceil((cls.largest(problem, money) / money.width).max())) + 1
        return cls(
            law=law,
            tables=tuple(leaf(table) for table in cls.tabulated(money, most)),
            base_stock_level=leaf(protection_demand(problem).quantile(money.ratio)),
            most=most,
        )

    @staticmethod
    def largest(problem: Problem, money: "Money") -> np.ndarray:
        """Return ``[node, item]`` the largest order that can pay: the critical quantile of one review (Morton 1969)."""
        return np.where(money.waits, 0.0, remaining_quantile(problem, money.ratio, 10**9))

    @staticmethod
    def tabulated(money: "Money", most: int) -> tuple[np.ndarray, ...]:
        """Return the tables."""
        return (money.period(most),)

    def units(self, levels: NodeItem, observation: Observation) -> NodeItem:
        """Return orders of so many levels in units, less what arrives with them."""
        return jnp.maximum(levels * self.law.width - self.law.with_it(observation), 0.0)

    def cheapest(self, costs: Law, observation: Observation) -> Decision:
        """Return the order of least cost ``[quantity, ...]``; base stock where unmet demand waits."""
        units = self.units(costs.argmin(0).astype(jnp.float32), observation)
        short = self.base_stock_level - observation.inventory_position
        return NodeOrders()(jnp.where(self.law.waits > 0, short, units), observation)


class Myopic(Lookahead):
    """Order what makes the period of arrival cheapest, blind to everything later (Morton 1971).

    Notes
    -----
    The smallest q with P(D <= I + q) >= p / (p + h), I the stock that the order finds (doi:10.1287/mnsc.17.11.711).
    """

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the cheapest quantity for the period of arrival."""
        costs = by_quantity(self.law.on_arrival(observation), self.tables[0], self.most)
        return self.cheapest(costs, observation), memory


class Myopic2(Lookahead):
    """Order what makes the period of arrival and the next one cheapest, if the next order sees the coming demand.

    Notes
    -----
    Zipkin 2008, doi:10.1287/opre.1070.0471: the expected money of the period of arrival, plus that of the period after
    with the best order of the next period, which knows the demand of this one.
    """

    @staticmethod
    def tabulated(money: "Money", most: int) -> tuple[np.ndarray, ...]:
        """Return the money of a period, of the next one at best, and of the next one by what is ordered for it."""
        first = money.period(2 * most)
        rows = len(first) - most
        by_next = [money.following(first[order : order + rows]) for order in range(most)]
        best = money.following(np.min([first[order : order + rows] for order in range(most)], axis=0))
        return first[:rows], best, *by_next

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the cheapest quantity for two periods."""
        found = self.law.on_arrival(observation)
        first, at_once = (by_quantity(found, table, self.most) for table in self.tables[:2])
        later = jnp.where(self.law.lead > 0, self._later(observation), at_once)
        return self.cheapest(first + later, observation), memory

    def _later(self, observation: Observation) -> Law:
        """Return the least expected money of the period after, by order: the next order knows the coming demand."""
        law = self.law
        stock, pipeline = law.stock_now(observation), law.pipeline(observation)
        bottom = jnp.where(law.waits > 0, -float(law.below), 0.0)
        arriving = jnp.where(law.lead > 1, pipeline[min(1, law.periods)], 0.0)

        def weigh(total: Law, step: tuple[Array, Array]) -> tuple[Law, None]:
            used, mass = step
            left = law.added(law.at(jnp.maximum(stock - used, bottom)), arriving)
            found = law.played(left, pipeline, 1)
            by_next = jnp.stack([by_quantity(found, table, self.most) for table in self.tables[2:]])
            return total + mass * by_next.min(0), None

        start = jnp.zeros((self.most, *observation.on_hand.shape))
        demands = jnp.arange(len(law.masses), dtype=jnp.float32)
        return jax.lax.scan(weigh, start, (demands, law.masses))[0]


class DualBalancing(Lookahead):
    """Order as much as makes what stock will cost in holding equal to the shortage that is left (Levi et al. 2008).

    Parameters
    ----------
    marginal
        Whether the holding of the ordered units is weighed, as in the paper, or that of all stock until it is gone.

    Notes
    -----
    doi:10.1287/moor.1070.0285: units leave in the order in which they came, so that q units behind a stock I cost
    h sum over k of E[(I + q - D(k))+ - (I - D(k))+], D(k) the demand of k periods from the arrival on; the shortage is
    p E[(D - I - q)+]. Whole units: the q whose larger side is least; the paper draws one of both neighbors. The costs
    printed in Zipkin 2008, doi:10.1287/opre.1070.0471, are those of weighing all stock, h sum over k of
    E[(I + q - D(k))+].
    """

    marginal: bool = eqx.field(static=True, default=True)

    @classmethod
    def of_all_stock(cls, problem: Problem) -> "Lookahead":
        """Compute the policy that weighs the holding of all stock until it is gone."""
        return dataclasses.replace(cls.for_problem(problem), marginal=False)

    @staticmethod
    def largest(problem: Problem, money: "Money") -> np.ndarray:
        """Return ``[node, item]`` the highest level of the law: balancing has no bound of its own."""
        del problem
        return (money.law.levels + money.law.below) * money.width

    @staticmethod
    def tabulated(money: "Money", most: int) -> tuple[np.ndarray, ...]:
        """Return the holding of a stock until the last unit is gone, and the shortage of a period."""
        return (money.held_for_ever(most), money.shortage(most))

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Order the quantity at which both expectations meet."""
        found = self.law.on_arrival(observation)
        held, short = (by_quantity(found, table, self.most) for table in self.tables)
        if self.marginal:
            held = held - held[:1]
        if observation.network.features.whole_units:
            order = jnp.maximum(held, short).argmin(0).astype(jnp.float32)
        else:
            order = crossing(held - short)
        return NodeOrders()(self.units(order, observation), observation), memory


class Money:
    """Expected money by stock, for every level of a law, in double precision.

    Parameters
    ----------
    law
        What demand does to stock.
    underage, overage
        ``[node, item]`` money per unit short, and per unit left over in a period.
    """

    def __init__(self, law: StockLaw, underage: np.ndarray, overage: np.ndarray) -> None:
        self.law = law
        self.masses, self.width, waits = (
            np.asarray(part, dtype=np.float64)[..., 0] for part in (law.masses, law.width, law.waits)
        )
        self.waits = waits > 0
        self.underage, self.overage = underage * self.width, overage * self.width
        self.ratio = underage / np.maximum(underage + overage, 1e-12)

    def _gaps(self, more: int) -> np.ndarray:
        """Return stock less demand ``[demand, level, 1, 1]`` in levels, for ``more`` levels beyond those of the law."""
        stock = np.arange(-self.law.below, self.law.levels + more)
        return (stock[None] - np.arange(len(self.masses))[:, None])[:, :, None, None]

    def _expected(self, values: np.ndarray) -> np.ndarray:
        return np.einsum(
            "dlni,dni->lni", np.broadcast_to(values, (*values.shape[:2], *self.width.shape)), self.masses
        )

    def left(self, more: int) -> np.ndarray:
        """Return ``[level, node, item]`` money of what is left over in a period, for ``more`` levels beyond the law."""
        return self.overage * self._expected(np.maximum(self._gaps(more), 0))

    def shortage(self, more: int) -> np.ndarray:
        """Return ``[level, node, item]`` money of what is short in a period."""
        return self.underage * self._expected(np.maximum(-self._gaps(more), 0))

    def period(self, more: int) -> np.ndarray:
        """Return ``[level, node, item]`` money of a period."""
        return self.left(more) + self.shortage(more)

    def following(self, cost: np.ndarray) -> np.ndarray:
        """Return the expectation of a table at the stock that demand leaves, by the stock before it."""
        floor = np.where(self.waits, 0, self.law.below)
        node, item = np.indices(floor.shape)
        rows = np.arange(len(cost))[:, None, None]
        total = np.zeros_like(cost)
        for used, mass in enumerate(self.masses):
            total += mass * cost[np.maximum(rows - used, np.minimum(floor, rows)), node, item]
        return total

    def held_for_ever(self, more: int) -> np.ndarray:
        """Return ``[level, node, item]`` money of holding a stock until its last unit is gone: G(y) below.

        G(y) = h E(y - D)+ + E G((y - D)+), G = 0 up to zero; the renewal equation of the demand.
        """
        held, moves = self.left(more), np.maximum(1.0 - self.masses[0], 1e-9)
        for level in range(self.law.below + 1, len(held)):
            last = min(len(self.masses) - 1, level)
            before = held[level - np.arange(1, last + 1)]
            held[level] = (held[level] + (self.masses[1 : last + 1] * before).sum(0)) / moves
        return held


def by_quantity(found: Law, table: Law, most: int) -> Law:
    """Return the expectation of a table after orders of 0, 1, ... levels: ``[quantity, node, item, replication]``."""
    rows = jnp.arange(most)[:, None] + jnp.arange(found.shape[0])
    moved = table[rows]
    if moved.shape[-1] == 1:
        return jnp.einsum("quni,unir->qnir", moved[..., 0], found)
    return jnp.einsum("qunir,unir->qnir", moved, jnp.broadcast_to(found, (*found.shape[:3], moved.shape[-1])))


def crossing(gap: Float[Array, "_quantity *place"]) -> Float[Array, "*place"]:
    """Return where a rising gap ``[quantity, ...]`` reaches zero, between quantities by a straight line.

    Examples
    --------
    >>> float(crossing(jnp.array([-3.0, -1.0, 1.0])))
    1.5
    """
    after = jnp.where((gap >= 0).any(0), (gap >= 0).argmax(0), gap.shape[0] - 1)
    before = jnp.maximum(after - 1, 0)
    low, high = (jnp.take_along_axis(gap, at[None], 0)[0] for at in (before, after))
    rise = jnp.where(high > low, high - low, 1.0)
    return before + jnp.where(after > before, jnp.clip(-low / rise, 0.0, 1.0), 0.0)
