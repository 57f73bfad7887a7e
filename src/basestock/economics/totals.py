"""Sums over a path: everything that ledgers and key figures are computed from, folded along the rollout."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from basestock.dynamics import NetworkArrays, Step, into_nodes, out_of_nodes
from basestock.economics.ledger import Ledger
from basestock.economics.tariff import Tariff

NodeItem = Float[Array, "node item replication"]
TierItem = Float[Array, "tier item replication"]


class Compensated(eqx.Module):
    """A running sum in single precision that keeps what rounding drops (Kahan 1965, doi:10.1145/363707.363723)."""

    total: Array
    dropped: Array

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> "Compensated":
        """Return an empty sum."""
        return cls(jnp.zeros(shape), jnp.zeros(shape))

    def add(self, value: Array) -> "Compensated":
        """Return the sum with one value more."""
        corrected = value - self.dropped
        total = self.total + corrected
        return Compensated(total, (total - self.total) - corrected)


class Totals(eqx.Module):
    """Sums over periods by place; a period without demand counts in ``ready_periods`` but in no service count.

    Parameters
    ----------
    money
        By term, or by term and place.
    discounted
        Signed total by replication, each period times discount^t.
    demand, sales, backorders_filled, lost, backorders, closing, expired
        Sums of the fields of the outcome, units (of levels: unit-periods).
    received, ordered, in_transit
        The same of inbound lanes, units.
    demand_periods, served_periods, ready_periods, stockout_periods, shortage_periods, stockout_events
        Counts.
    cycles, served_cycles
        Completed replenishment cycles (receipt to receipt), and those without shortage.
    order_lines, order_periods
        Orders placed by lane and item, and periods with any order.
    tier_orders, tier_orders_squared, tier_requests, tier_requests_squared
        What each tier orders and is asked for, summed over its nodes, and the squares of these sums.
    in_cycle, short_in_cycle, was_empty
        Open cycle, shortage in it, and stockout in the last period.
    """

    money: Compensated
    discounted: Compensated
    demand: NodeItem
    sales: NodeItem
    backorders_filled: NodeItem
    lost: NodeItem
    backorders: NodeItem
    closing: NodeItem
    expired: NodeItem
    received: NodeItem
    ordered: NodeItem
    in_transit: NodeItem
    demand_periods: NodeItem
    served_periods: NodeItem
    ready_periods: NodeItem
    stockout_periods: NodeItem
    shortage_periods: NodeItem
    stockout_events: NodeItem
    cycles: NodeItem
    served_cycles: NodeItem
    order_lines: NodeItem
    order_periods: Float[Array, " replication"]
    tier_orders: TierItem
    tier_orders_squared: TierItem
    tier_requests: TierItem
    tier_requests_squared: TierItem
    in_cycle: Bool[Array, "node item replication"]
    short_in_cycle: Bool[Array, "node item replication"]
    was_empty: Bool[Array, "node item replication"]


SUMS = (
    *("demand", "sales", "backorders_filled", "lost", "backorders", "closing", "expired"),
    *("received", "ordered", "in_transit"),
    *(
        "demand_periods",
        "served_periods",
        "ready_periods",
        "stockout_periods",
        "shortage_periods",
        "stockout_events",
    ),
    *("cycles", "served_cycles", "order_lines"),
)
TIER_SUMS = ("tier_orders", "tier_orders_squared", "tier_requests", "tier_requests_squared")
FLAGS = ("in_cycle", "short_in_cycle", "was_empty")


class TotalsFold(eqx.Module):
    """Accumulates :class:`Totals`; ``by_place`` keeps the money of every (node, item).

    Parameters
    ----------
    network, tariff
        Compiled network and rates.
    discount
        Factor per period.
    ledger
        Terms.
    num_tiers
        Number of tiers of the network.
    by_place
        Whether money is kept by place.
    """

    network: NetworkArrays
    tariff: Tariff
    discount: Float[Array, ""]
    ledger: Ledger = eqx.field(static=True)
    num_tiers: int = eqx.field(static=True)
    by_place: bool = eqx.field(static=True, default=False)

    def initial(self, num_replications: int) -> Totals:
        """Return empty sums."""
        place = (self.network.num_nodes, self.network.num_items, num_replications)
        tier = (self.num_tiers, self.network.num_items, num_replications)
        terms = len(self.ledger.terms)
        money = (terms, *place) if self.by_place else (terms, num_replications)
        sums = {name: jnp.zeros(place) for name in SUMS}
        flags = {name: jnp.zeros(place, dtype=bool) for name in FLAGS}
        tiers = {name: jnp.zeros(tier) for name in TIER_SUMS}
        return Totals(
            money=Compensated.zeros(money),
            discounted=Compensated.zeros((num_replications,)),
            order_periods=jnp.zeros(num_replications),
            **sums,
            **tiers,
            **flags,
        )

    def __call__(self, totals: Totals, step: Step) -> tuple[Totals, None]:
        """Add one period."""
        by_term = self.ledger.by_term(self.tariff, step)
        signs = jnp.asarray(self.ledger.signs, dtype=by_term.dtype).reshape(-1, 1)
        money = self.ledger.by_place(self.network, self.tariff, step) if self.by_place else by_term
        factor = self.discount ** step.start.period.astype(jnp.float32)
        moved = _flows(self.network, step)
        counted = _counts(totals, moved)
        tiers = self._tiers(step, moved)
        added = jax.tree.map(
            jnp.add, {name: getattr(totals, name) for name in (*moved, *tiers)}, {**moved, **tiers}
        )
        return (
            Totals(
                money=totals.money.add(money),
                discounted=totals.discounted.add(factor * (signs * by_term).sum(0)),
                **added,
                **counted,
            ),
            None,
        )

    def _tiers(self, step: Step, moved: dict[str, Array]) -> dict[str, Array]:
        ordered = jnp.zeros_like(moved["demand"]) if step.outcome.ordered is None else step.outcome.ordered
        asked = moved["demand"]
        if self.network.features.internal:
            asked = asked + out_of_nodes(self.network, ordered)
        orders = jax.ops.segment_sum(moved["ordered"], self.network.tier, self.num_tiers)
        requests = jax.ops.segment_sum(asked, self.network.tier, self.num_tiers)
        placed = (moved["ordered"] > 0).any((0, 1)).astype(jnp.float32)
        return {
            "tier_orders": orders,
            "tier_orders_squared": orders**2,
            "tier_requests": requests,
            "tier_requests_squared": requests**2,
            "order_periods": placed,
        }


def _flows(network: NetworkArrays, step: Step) -> dict[str, Array]:
    outcome = step.outcome
    nothing = jnp.zeros_like(outcome.opening)
    here = {
        name: nothing if getattr(outcome, name) is None else getattr(outcome, name)
        for name in ("demand", "sales", "backorders_filled", "lost", "backorders", "closing", "expired")
    }
    inbound = {
        name: nothing if getattr(outcome, name) is None else into_nodes(network, getattr(outcome, name))
        for name in ("received", "ordered", "in_transit")
    }
    lines = (
        nothing
        if outcome.ordered is None
        else into_nodes(network, (outcome.ordered > 0).astype(nothing.dtype))
    )
    return {**here, **inbound, "order_lines": lines}


def _counts(totals: Totals, moved: dict[str, Array]) -> dict[str, Array]:
    asked, short = moved["demand"] > 0, moved["sales"] < moved["demand"]
    empty, receipt = moved["closing"] <= 0, moved["received"] > 0
    closed = receipt & totals.in_cycle
    short_before = totals.short_in_cycle
    number = lambda flag: flag.astype(jnp.float32)  # noqa: E731
    return {
        "demand_periods": totals.demand_periods + number(asked),
        "served_periods": totals.served_periods + number(asked & ~short),
        "ready_periods": totals.ready_periods + number(~empty),
        "stockout_periods": totals.stockout_periods + number(empty),
        "shortage_periods": totals.shortage_periods + number(short),
        "stockout_events": totals.stockout_events + number(empty & ~totals.was_empty),
        "cycles": totals.cycles + number(closed),
        "served_cycles": totals.served_cycles + number(closed & ~short_before),
        "in_cycle": totals.in_cycle | receipt,
        "short_in_cycle": jnp.where(receipt, short, short_before | short),
        "was_empty": empty,
    }
