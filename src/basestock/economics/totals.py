"""Sums over a path: everything that ledgers and key figures are computed from, folded along the rollout."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from basestock.dynamics import NetworkArrays, Step, into_nodes, out_of_nodes
from basestock.economics.ledger import Ledger
from basestock.economics.tariff import Tariff

NodeItem = Float[Array, "node item replication"]
RowItem = Float[Array, "row item replication"]


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


class Moments(eqx.Module):
    """First and second moments of a series, taken about its first value so that single precision is enough.

    Parameters
    ----------
    first
        First value of the series, units.
    total, squares
        Sums of the deviations from it, and of their squares.
    """

    first: RowItem
    total: RowItem
    squares: RowItem

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> "Moments":
        """Return the moments of an empty series."""
        return cls(jnp.zeros(shape), jnp.zeros(shape), jnp.zeros(shape))

    def add(self, value: Array, periods: Array) -> "Moments":
        """Return the moments with one value more; ``periods`` counts the values before it."""
        first = jnp.where(periods == 0, value, self.first)
        deviation = value - first
        return Moments(first, self.total + deviation, self.squares + deviation**2)


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
    available_periods
        Periods that end with a net stock of at least 0 and lose nothing.
    cycles, served_cycles
        Completed replenishment cycles (receipt to receipt), and those without shortage.
    order_lines
        Orders placed, counted by lane and item.
    orders
        Lanes with an order, counted by period: all items of a lane make one order.
    joint_periods
        Periods in which no place is short: every one is available.
    row_orders, row_requests, row_stock
        In row 0 what outside suppliers and customers see of the whole network; in row 1 + tier what the nodes of the
        tier order, are asked for and hold together.
    messages
        Messages between nodes.
    periods
        Number of periods added.
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
    available_periods: NodeItem
    cycles: NodeItem
    served_cycles: NodeItem
    order_lines: NodeItem
    orders: Float[Array, " replication"]
    joint_periods: Float[Array, " replication"]
    messages: Float[Array, " replication"]
    row_orders: Moments
    row_requests: Moments
    row_stock: Moments
    periods: Float[Array, ""]
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
        "available_periods",
    ),
    *("cycles", "served_cycles", "order_lines"),
)
ROWS = ("row_orders", "row_requests", "row_stock")
FLAGS = ("in_cycle", "short_in_cycle", "was_empty")


def tier_rows(num_tiers: int) -> int:
    """Round a number of tiers up, so that a rewired network shares the program.

    Examples
    --------
    >>> [tier_rows(tiers) for tiers in (1, 2, 3, 5)]
    [1, 4, 4, 8]
    """
    return 1 if num_tiers == 1 else max(4, 1 << (num_tiers - 1).bit_length())


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
    max_tiers
        Largest number of tiers of a network that shares the program, from :func:`tier_rows`.
    by_place
        Whether money is kept by place.
    """

    network: NetworkArrays
    tariff: Tariff
    discount: Float[Array, ""]
    ledger: Ledger = eqx.field(static=True)
    max_tiers: int = eqx.field(static=True)
    by_place: bool = eqx.field(static=True, default=False)

    def initial(self, num_replications: int) -> Totals:
        """Return empty sums."""
        place = (self.network.num_nodes, self.network.num_items, num_replications)
        rows = (self.max_tiers + 1, self.network.num_items, num_replications)
        terms = len(self.ledger.terms)
        money = (terms, *place) if self.by_place else (terms, num_replications)
        sums = {name: jnp.zeros(place) for name in SUMS}
        flags = {name: jnp.zeros(place, dtype=bool) for name in FLAGS}
        return Totals(
            money=Compensated.zeros(money),
            discounted=Compensated.zeros((num_replications,)),
            orders=jnp.zeros(num_replications),
            joint_periods=jnp.zeros(num_replications),
            messages=jnp.zeros(num_replications),
            periods=jnp.zeros(()),
            row_orders=Moments.zeros(rows),
            row_requests=Moments.zeros(rows),
            row_stock=Moments.zeros(rows),
            **sums,
            **flags,
        )

    def __call__(self, totals: Totals, step: Step) -> tuple[Totals, None]:
        """Add one period."""
        by_term = self.ledger.by_term(self.tariff, step)
        signs = jnp.asarray(self.ledger.signs, dtype=by_term.dtype).reshape(-1, 1)
        money = self.ledger.by_place(self.network, self.tariff, step) if self.by_place else by_term
        factor = self.discount ** step.start.period.astype(jnp.float32)
        moved = _flows(self.network, step)
        rows = self._rows(step, moved)
        return (
            Totals(
                money=totals.money.add(money),
                discounted=totals.discounted.add(factor * (signs * by_term).sum(0)),
                orders=totals.orders + _orders(step),
                joint_periods=totals.joint_periods + _available(moved).all((0, 1)).astype(jnp.float32),
                messages=totals.messages + (0.0 if step.outcome.messages is None else step.outcome.messages),
                periods=totals.periods + 1.0,
                **{name: getattr(totals, name) + value for name, value in moved.items()},
                row_orders=totals.row_orders.add(rows["row_orders"], totals.periods),
                row_requests=totals.row_requests.add(rows["row_requests"], totals.periods),
                row_stock=totals.row_stock.add(rows["row_stock"], totals.periods),
                **_counts(totals, moved),
            ),
            None,
        )

    def _rows(self, step: Step, moved: dict[str, Array]) -> dict[str, Array]:
        """Add up the nodes of each tier, and below them what crosses the border of the network."""
        ordered, asked = step.outcome.ordered, moved["demand"]
        outside = moved["ordered"]
        if ordered is not None and self.network.features.internal:
            asked = asked + out_of_nodes(self.network, ordered)
            outside = into_nodes(self.network, ordered * self.network.lane_outside[:, None, None])
        by_tier = lambda quantity: jax.ops.segment_sum(quantity, self.network.tier, self.max_tiers)  # noqa: E731
        rows = lambda inside, border: jnp.concatenate([border.sum(0)[None], by_tier(inside)])  # noqa: E731
        return {
            "row_orders": rows(moved["ordered"], outside),
            "row_requests": rows(asked, moved["demand"]),
            "row_stock": rows(moved["closing"], moved["closing"]),
        }


def _orders(step: Step) -> Array:
    ordered = step.outcome.ordered
    return jnp.zeros(()) if ordered is None else (ordered > 0).any(1).sum(0).astype(jnp.float32)


def _available(moved: dict[str, Array]) -> Array:
    return (moved["backorders"] <= 0) & (moved["lost"] <= 0)


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
        "available_periods": totals.available_periods + number(_available(moved)),
        "cycles": totals.cycles + number(closed),
        "served_cycles": totals.served_cycles + number(closed & ~short_before),
        "in_cycle": totals.in_cycle | receipt,
        "short_in_cycle": jnp.where(receipt, short, short_before | short),
        "was_empty": empty,
    }
