"""The ledger: named terms of money whose sum is the total."""

import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics import NetworkArrays, Step, into_nodes, money_at_plants, out_of_nodes
from basestock.economics import terms
from basestock.economics.context import weight_of
from basestock.economics.leaves import AbsentLeafError
from basestock.economics.tariff import Axis, Tariff, rate_names


@dataclasses.dataclass(frozen=True)
class Term:
    """A ledger term.

    Parameters
    ----------
    name
        Name in ledgers and reports.
    function
        ``(tariff, step) -> money``, never negative.
    rate
        Field of the tariff it is linear in.
    axis
        Its first axis. A lane's money belongs to the node the lane leads to, that of ``source`` to the node it starts
        at, a process's to what it makes at its node, a resource's in equal shares to the processes that use it, that
        of the whole network in equal shares to every place that is supplied.
    sign
        +1 for a cost, -1 for a revenue.
    """

    name: str
    function: Callable[[Tariff, Step], Array]
    rate: str
    axis: Axis
    sign: int = 1


TERMS: tuple[Term, ...] = (
    Term("holding", terms.holding, "holding", "node"),
    Term("pipeline_holding", terms.pipeline_holding, "pipeline_holding", "lane"),
    Term("backorder", terms.backorder, "backorder", "node"),
    Term("lost_sale", terms.lost_sale, "lost_sale", "node"),
    Term("purchase", terms.purchase, "purchase", "lane"),
    Term("fixed_order", terms.fixed_order, "fixed_order", "lane"),
    Term("transport", terms.transport, "transport", "lane"),
    Term("unshipped", terms.unshipped, "unshipped", "lane"),
    Term("unit_order", terms.unit_order, "unit_order", "lane"),
    Term("waste", terms.waste, "waste", "node"),
    Term("inspection", terms.inspection, "inspection", "lane"),
    Term("rejection", terms.rejection, "rejection", "lane"),
    Term("warranty", terms.warranty, "warranty", "node"),
    Term("zero_stock", terms.zero_stock, "zero_stock", "node"),
    Term("production", terms.production, "production", "node"),
    Term("production_run", terms.production_run, "production_run", "process"),
    Term("scrapped_run", terms.scrapped_run, "scrapped_run", "process"),
    Term("changeover", terms.changeover, "changeover", "resource"),
    Term("idle", terms.idle, "idle", "resource"),
    Term("downtime", terms.downtime, "downtime", "resource"),
    Term("overtime", terms.overtime, "overtime", "resource"),
    Term("revenue", terms.revenue, "price", "node", sign=-1),
    Term("joint_order", terms.joint_order, "joint_order", "route"),
    Term("bracket_purchase", terms.bracket_purchase, "bracket_purchase", "lane"),
    Term("vehicle", terms.vehicle, "vehicle", "route"),
    Term("expediting", terms.expediting, "expediting", "lane"),
    Term("special_delivery", terms.special_delivery, "special_delivery", "lane"),
    Term("order_change", terms.order_change, "order_change", "lane"),
    Term("carbon", terms.carbon, "carbon", "lane"),
    Term("carbon_vehicle", terms.carbon_vehicle, "carbon_vehicle", "route"),
    Term("contract_shortfall", terms.contract_shortfall, "contract_shortfall", "network"),
    Term("limit_excess", terms.limit_excess, "limit_excess", "network"),
    Term("sales_at_price", terms.sales_at_price, "price_share", "node", sign=-1),
    Term("operating_variable", terms.operating_variable, "operating_variable", "node"),
    Term("cost_of_sales", terms.cost_of_sales, "cost_of_sales", "node"),
    Term("material_use", terms.material_use, "material_use", "node"),
    Term("stock_deviation", terms.stock_deviation, "stock_deviation", "node"),
    Term("capital", terms.capital, "capital", "node"),
    Term("imbalance", terms.imbalance, "imbalance", "node"),
    Term("price_change", terms.price_change, "price_change", "node"),
    Term("unmet_demand", terms.unmet_demand, "unmet_demand", "node"),
    Term("unserved_consumers", terms.unserved_consumers, "unserved_consumers", "node"),
    Term("shortage_occurrence", terms.shortage_occurrence, "shortage_occurrence", "node"),
    Term("brought_back", terms.brought_back, "brought_back", "node"),
    Term("supply_purchase", terms.supply_purchase, "supply_purchase", "lane"),
    Term("internal_cost", terms.internal_sale, "transfer_price", "lane"),
    Term("internal_revenue", terms.internal_sale, "transfer_price", "source", sign=-1),
    Term("operating_fixed", terms.operating_fixed, "operating_fixed", "network"),
    Term("message", terms.message, "message", "network"),
    Term("lead_time_deviation", terms.lead_time_deviation, "lead_time_deviation", "lane"),
    Term("return_rate", terms.return_rate, "return_rate", "network"),
    Term("turnover", terms.turnover, "turnover", "network", sign=-1),
    Term("service", terms.service, "service", "network", sign=-1),
)
"""Every term, in the order of reports."""


@dataclasses.dataclass(frozen=True)
class Ledger:
    """A choice of terms."""

    terms: tuple[Term, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in order."""
        return tuple(term.name for term in self.terms)

    def by_place(
        self, network: NetworkArrays, tariff: Tariff, step: Step
    ) -> Float[Array, "term node item replication"]:
        """Return every term allocated to (node, item), unsigned (SIM-401)."""
        shape = step.outcome.opening.shape
        rows = [_at_nodes(network, term, money_of(term, tariff, step)) for term in self.terms]
        return jnp.stack([jnp.broadcast_to(row, shape) for row in rows]) if rows else jnp.zeros((0, *shape))

    def by_term(self, tariff: Tariff, step: Step) -> Float[Array, "term replication"]:
        """Return every term summed over places, unsigned."""
        count = step.outcome.opening.shape[-1]
        sums: dict[str, Array] = {}
        for axis in dict.fromkeys(term.axis for term in self.terms):
            money = {term.name: money_of(term, tariff, step) for term in self.terms if term.axis == axis}
            rows = jnp.stack(list(money.values()))
            # Summed one by one, with the product fused into the sum, they took 10 times as long on CPUs.
            sums |= zip(money, rows.sum(tuple(range(1, rows.ndim - 1))), strict=True)
        return jnp.stack([sums[name] for name in self.names]) if sums else jnp.zeros((0, count))

    def total(self, money: Float[Array, "term *place replication"]) -> Float[Array, "*place replication"]:
        """Return costs less revenues of unsigned terms."""
        signs = jnp.asarray(self.signs, dtype=money.dtype).reshape(-1, *(1,) * (money.ndim - 1))
        return (signs * money).sum(0)

    @property
    def signs(self) -> tuple[int, ...]:
        """+1 for each cost and -1 for each revenue: the total is their signed sum."""
        return tuple(term.sign for term in self.terms)


def money_of(term: Term, tariff: Tariff, step: Step) -> Array:
    """Return a term weighted by its context; terms are linear in their rate, so that the weight is that of the rate."""
    try:
        weight, money = weight_of(tariff, term.rate, step), term.function(tariff, step)
    except AbsentLeafError as absent:
        raise ValueError(
            f"Ledger: rate {term.rate!r} is given, must price what can occur in the problem, and this cannot (nobody "
            "waits where demand is lost, nothing is sampled without inspections). Drop the rate, or add what it prices."
        ) from absent
    return money if weight is None else money * weight


def ledger_for(tariff: Tariff) -> Ledger:
    """Return the ledger of the terms whose rates the tariff gives."""
    rates = rate_names(tariff)
    return Ledger(tuple(term for term in TERMS if term.rate in rates))


def _at_nodes(network: NetworkArrays, term: Term, money: Array) -> Array:
    if term.axis == "lane":
        return into_nodes(network, money)
    if term.axis == "source":
        return out_of_nodes(network, money)
    if term.axis == "route":
        carried = network.lane_active / jnp.maximum(network.lane_active.sum(1, keepdims=True), 1)
        return into_nodes(network, carried * money[:, None])
    if term.axis == "network":
        supplied = into_nodes(network, network.lane_active) > 0
        return supplied * money / jnp.maximum(supplied.sum(), 1)
    if term.axis in ("process", "resource"):
        return money_at_plants(network, money, of_resources=term.axis == "resource")
    return money
