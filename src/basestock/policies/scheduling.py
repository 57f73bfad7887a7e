"""A plant run by three rules of thumb: reorder point, cost-plus price, earliest due date."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import NodeOrders, Observation, Policy, Problem
from basestock.dynamics import Decision, NetworkArrays, expected_output, into_nodes
from basestock.dynamics.plants import at_plants, to_plants
from basestock.policies.formulas import Eoq, leaf
from basestock.policies.protection import protection_demand

SERVICE = 0.95
"""Probability that the standard reorder point lasts until what is ordered arrives."""

NEVER = 1e9
"""Periods after which what nobody asks for is due."""

NodeItem = Float[Array, "node item #replication"]


class RuleScheduler(Policy):
    """Make and order up to a level at a reorder point, charge cost plus a markup, give hours to what is due first.

    Parameters
    ----------
    reorder_point
        Inventory position at or below which an item is ordered or made [s], units.
    order_up_to_level
        Level [S], units.
    markup
        Share of the unit cost that the price lies above it.
    demand_rate
        Demand that due dates are counted with, units per period.
    fixed_cost
        Cost of a unit that depends on no price of outside supply, money; components not counted.
    indexed_cost
        Money per unit and unit of the price of outside supply, mean over the lanes that have one.

    Notes
    -----
    The rules, in this order. (1) Where the inventory position is at or below s, order S - IP: on the lane of first
    priority, else by runs of the process that makes the item. (2) The price is (1 + markup) times the unit cost at the
    prices of the last period, components included; only where customers look at prices. (3) A product is due when what
    is on hand and under way, less what waits, lasts no longer at the demand rate. Processes are given the hours of
    their resources in the order of due dates, each with room for its dearest changeover.
    """

    reorder_point: NodeItem
    order_up_to_level: NodeItem
    markup: NodeItem
    demand_rate: NodeItem
    fixed_cost: NodeItem
    indexed_cost: NodeItem

    @classmethod
    def for_problem(cls, problem: Problem) -> "RuleScheduler":
        """Return the rules as they stand without search.

        Notes
        -----
        s covers demand over lead time and review with probability 95 %, S lies one economic lot above it, and the
        markup leads from the unit cost at the first prices to the reference price.
        """
        start = standard_rules(problem)
        level = start["reorder_point"] + start["gap"]
        return cls(leaf(start["reorder_point"]), leaf(level), leaf(start["markup"]), **_leaves(problem))

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Apply the three rules."""
        position = observation.inventory_position
        short = jnp.where(position <= self.reorder_point, self.order_up_to_level - position, 0.0)
        decision = NodeOrders()(short, observation)
        price = None
        market = observation.network.market
        if market is not None and market.answers is not None:
            price = (1.0 + self.markup) * self.unit_cost(observation.network, observation.supply_price)
            price = jnp.broadcast_to(price, position.shape)
        assign = None if decision.start is None else self.assigned(observation, decision.start)
        return Decision(order=decision.order, start=decision.start, price=price, assign=assign), memory

    def unit_cost(self, network: NetworkArrays, supply_price: Array | None) -> NodeItem:
        """Return what a unit costs at prices of outside supply ``[lane, item, replication]``, components included."""
        own, production = self.fixed_cost, network.production
        if supply_price is not None:
            priced = (supply_price > 0).astype(own.dtype)
            own = own + self.indexed_cost * supply_price.sum(0) / jnp.maximum(priced.sum(0), 1.0)
        cost = own
        if production is None:
            return cost
        for _ in range(production.levels):
            run = (production.consumes * at_plants(production, cost)).sum(1, keepdims=True)
            made = production.produces * production.good_share[:, None, :]
            each = production.pulls * production.process_share * run / jnp.where(made > 0, made, 1.0)
            cost = own + to_plants(production, each, network.num_nodes)
        return cost

    def assigned(self, observation: Observation, runs: Array) -> Array | None:
        """Return ``[resource, process, replication]`` hours in the order of due dates; ``None`` without resources."""
        network = observation.network
        production, status = network.production, observation.resource_status
        if production is None or status is None or observation.work_in_process is None:
            return None
        supply = observation.inventory_level + expected_output(network, observation.work_in_process)
        lasts = supply / jnp.maximum(self.demand_rate, 1e-6)
        due = jnp.where(production.pulls > 0, at_plants(production, lasts), NEVER).min(1)
        place = jnp.arange(production.num_processes)
        tied = (due[None] == due[:, None]) & (place[None, :, None] < place[:, None, None])
        ahead = ((due[None] < due[:, None]) | tied).astype(jnp.float32)
        needed = production.uses * runs[None]
        change = jnp.zeros_like(production.uses)
        if production.changeover is not None:
            change = production.changeover.max(1)[..., None] * (production.uses > 0)
        taken = needed + change * (runs > 0)
        before = jnp.einsum("pqn,rqn->rpn", ahead, taken)
        return jnp.clip((production.hours * status)[:, None] - before - change, 0.0, needed)


def standard_rules(problem: Problem) -> dict[str, np.ndarray]:
    """Return ``[node, item]`` reorder point and gap to the level, units, and markup of the standard rules."""
    demand, lot = protection_demand(problem), Eoq.for_problem(problem).order_quantity
    point = demand.quantile(np.full(demand.mean.shape, SERVICE))
    market, markup = problem.arrays.market, np.zeros_like(point)
    if market is not None and market.answers is not None:
        rules = RuleScheduler(*[leaf(markup)] * 3, **_leaves(problem))
        first = problem.events.initial_world(1).supply_price
        cost = np.asarray(rules.unit_cost(problem.arrays, first), dtype=np.float64)[..., 0]
        price = np.asarray(market.answers.reference_price, dtype=np.float64)[..., 0]
        markup = np.where((cost > 0) & (price > cost), price / np.where(cost > 0, cost, 1.0) - 1.0, 0.0)
    return {"reorder_point": point, "gap": np.asarray(lot, dtype=np.float64)[..., 0], "markup": markup}


def scheduling_parts(problem: Problem) -> dict[str, np.ndarray]:
    """Return ``[node, item]`` what the rules are given: the demand rate and the two parts of the unit cost."""
    tariff, arrays = problem.tariff, problem.arrays
    nothing = jnp.zeros((arrays.num_nodes, arrays.num_items, 1))

    def at_node(rate: Array | None) -> Array:
        return nothing if rate is None else nothing + rate

    def into_node(rate: Array | None) -> Array:
        return nothing if rate is None else nothing + into_nodes(arrays, rate * arrays.primary)

    fixed = into_node(tariff.purchase) + into_node(tariff.unit_order) + at_node(tariff.cost_of_sales)
    indexed = into_node(tariff.supply_purchase) + at_node(tariff.material_use)
    return {
        "demand_rate": protection_demand(problem).rate,
        "fixed_cost": np.asarray(fixed, dtype=np.float64)[..., 0],
        "indexed_cost": np.asarray(indexed, dtype=np.float64)[..., 0],
    }


def _leaves(problem: Problem) -> dict[str, Array]:
    return {name: leaf(part) for name, part in scheduling_parts(problem).items()}
