"""Written traces: the quantities of a few periods by hand, folded into sums and key figures."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from basestock.decision import Problem
from basestock.dynamics import Decision, PeriodOutcome, Step, empty_state
from basestock.economics import Sums, Totals, TotalsFold, ledger_for, make_tariff, sums_of
from basestock.network import SupplyNetwork
from basestock.problems import lost_sales
from basestock.uncertainty import Event, World

NODE_FIELDS = (
    "opening",
    "demand",
    "sales",
    "backorders_filled",
    "newly_backordered",
    "lost",
    "backorders",
    "closing",
    "expired",
)
LANE_FIELDS = ("ordered", "shipped", "received", "in_transit")


def place(*values: float) -> jnp.ndarray:
    """One value for each node or lane, one item, one replication."""
    return jnp.asarray(values, dtype=jnp.float32).reshape(-1, 1, 1)


def step(problem: Problem, outcome: PeriodOutcome, period: int = 0) -> Step:
    """A period whose outcome alone matters."""
    state = dataclasses.replace(empty_state(problem.arrays), period=jnp.asarray(period, dtype=jnp.int32))
    nothing = Decision(order=jnp.zeros((problem.arrays.num_lanes, problem.arrays.num_items, 1)))
    return Step(World(), state, state, nothing, Event(), outcome, state)


def shop(**options: object) -> Problem:
    """One item at one shop, lost sales, lead time 1."""
    return lost_sales(lead_time=1, **options)


def totals_of(problem: Problem, rates: dict[str, float], **flows: list[float]) -> Totals:
    """Fold written flows of one place; what is not written is 0."""
    tariff = make_tariff(problem.network, **rates)
    fold = TotalsFold(problem.arrays, tariff, jnp.asarray(problem.discount), ledger_for(tariff), 1)
    length = len(next(iter(flows.values())))
    table = {
        name: jnp.asarray(flows.get(name, [0.0] * length), dtype=jnp.float32).reshape(-1, 1, 1, 1)
        for name in (*NODE_FIELDS, *LANE_FIELDS)
    }

    def add(totals: Totals, row: tuple[jnp.ndarray, dict[str, jnp.ndarray]]) -> tuple[Totals, None]:
        period, quantities = row
        at = step(problem, PeriodOutcome(**quantities))
        at = dataclasses.replace(at, start=dataclasses.replace(at.start, period=period))
        return fold(totals, at)

    return jax.lax.scan(add, fold.initial(1), (jnp.arange(length), table))[0]


def sums_from(problem: Problem, rates: dict[str, float], days: float = 1.0, **flows: list[float]) -> Sums:
    """Sums of a written trace."""
    tariff = make_tariff(problem.network, **rates)
    totals = totals_of(problem, rates, **flows)
    return sums_of(totals, problem.arrays, tariff, ledger_for(tariff), days)


def written(periods: int = 1, replications: int = 1, **totals: float | np.ndarray) -> Sums:
    """Sums given outright at one stocked place, without a trace; what is not named is 0."""
    names = {*NODE_FIELDS, *LANE_FIELDS, "orders", "order_lines", "ready_periods", "stockout_periods"}
    names |= {"demand_periods", "served_periods", "shortage_periods", "stockout_events", "cycles"}
    names |= {"served_cycles", "available_periods"}
    rows = {f"row_{name}{end}" for name in ("orders", "requests", "stock") for end in ("", "_squared")}
    table = {name: np.zeros((1, 1, replications)) for name in names}
    table |= {name: np.zeros((2, 1, replications)) for name in rows} | {
        name: np.zeros(replications) for name in ("orders", "joint_periods")
    }
    for name, value in totals.items():
        table[name] = table[name] + value
    cost, price = np.full((1, 1, 1), 4.0), np.full((1, 1, 1), 7.0)
    return Sums(table, {}, cost, price, None, np.ones((1, 1, 1), dtype=bool), periods, 1.0)


def network() -> SupplyNetwork:
    """The network of :func:`shop`."""
    return shop().network
