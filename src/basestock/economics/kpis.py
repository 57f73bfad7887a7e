"""Key figures from the sums of a path: one name, one formula, one unit (``kpis.md``)."""

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np

from basestock.dynamics import NetworkArrays
from basestock.economics.ledger import Ledger
from basestock.economics.tariff import Tariff
from basestock.economics.totals import ROWS, Moments, Totals

Class = Literal["A", "L", "R", "X"]


@dataclasses.dataclass(frozen=True, eq=False)
class Sums:
    """The sums of a path in double precision, with what values them.

    Parameters
    ----------
    totals
        Sums by place, ``[node, item, replication]``.
    money
        By term name, ``[replication]``, unsigned.
    unit_cost, unit_price, stockout_cost
        ``[node, item, 1]`` money per unit; ``None`` where no rate says so.
    places
        ``[node, item, 1]`` whether the place stocks the item.
    periods
        Number of periods.
    period_days
        Days of a period.
    common_unit
        Whether all items are counted in one unit, so that their quantities may be added.
    """

    totals: dict[str, np.ndarray]
    money: dict[str, np.ndarray]
    unit_cost: np.ndarray | None
    unit_price: np.ndarray | None
    stockout_cost: np.ndarray | None
    places: np.ndarray
    periods: int
    period_days: float
    common_unit: bool = True

    def units(self, name: str) -> np.ndarray:
        """Return a sum over stocked places, ``[replication]``, units."""
        return (self.totals[name] * self.places).sum((0, 1))

    def at_cost(self, name: str) -> np.ndarray | None:
        """Return a sum at unit cost, ``[replication]``, money."""
        return (
            None if self.unit_cost is None else (self.totals[name] * self.unit_cost * self.places).sum((0, 1))
        )

    def at_price(self, name: str) -> np.ndarray | None:
        """Return a sum at unit price, else at unit cost, ``[replication]``, money."""
        value = self.unit_price if self.unit_price is not None else self.unit_cost
        return None if value is None else (self.totals[name] * value * self.places).sum((0, 1))

    @property
    def years(self) -> float:
        """Length of the path in years of 365 days."""
        return self.periods * self.period_days / 365.0

    def cost(self, term: str) -> np.ndarray:
        """Return a ledger term, ``[replication]``, 0 where the ledger has no such term."""
        return self.money.get(term, np.zeros(self.totals["demand"].shape[-1]))


Parts = tuple[np.ndarray, np.ndarray] | str | None
"""Numerator and denominator by replication; a reason where there is no value, ``None`` where a rate is missing."""


@dataclasses.dataclass(frozen=True)
class Kpi:
    """A key figure as a ratio of two sums.

    Parameters
    ----------
    name, unit, kind
        Name of ``kpis.md``, its unit, and its class: additive, level, ratio, or whole trace.
    parts
        Numerator and denominator by replication.
    empty
        Reason given when the denominator is 0.
    """

    name: str
    unit: str
    kind: Class
    parts: Callable[[Sums], Parts]
    empty: str = "no_demand"


def unit_costs(network: NetworkArrays, tariff: Tariff) -> np.ndarray | None:
    """Return ``[node, item, 1]``: what a unit cost its node to buy, carried along lanes of first priority."""
    if tariff.purchase is None:
        return None
    paid = np.asarray(tariff.purchase, dtype=np.float64) * np.asarray(network.primary)
    cost = np.zeros((network.num_nodes + 1, network.num_items, 1))
    source, destination = np.asarray(network.lane_source), np.asarray(network.lane_destination)
    primary = np.asarray(network.primary)
    for lane in np.argsort(
        np.asarray(network.tier)[np.minimum(destination, network.num_nodes - 1)], kind="stable"
    ):
        cost[destination[lane]] += paid[lane] + primary[lane] * cost[source[lane]]
    return cost[:-1]


def sums_of(
    totals: Totals,
    network: NetworkArrays,
    tariff: Tariff,
    ledger: Ledger,
    period_days: float,
    common_unit: bool = True,
) -> Sums:
    """Bring the sums of a path to double precision and add what values them."""
    periods = int(totals.periods)
    arrays = {
        name: np.asarray(getattr(totals, name), dtype=np.float64)
        for name in totals.__dataclass_fields__
        if name not in (*ROWS, "money", "discounted", "periods")
    }
    for name in ROWS:
        arrays |= _about_zero(name, getattr(totals, name), periods)
    money = np.asarray(totals.money.total, dtype=np.float64) - np.asarray(
        totals.money.dropped, dtype=np.float64
    )
    if money.ndim == 4:
        money = money.sum((1, 2))
    supplied = np.zeros((network.num_nodes + 1, network.num_items, 1))
    np.add.at(supplied, np.asarray(network.lane_destination), np.asarray(network.lane_active))
    places = (supplied[:-1] > 0) | (arrays["demand"].sum(-1, keepdims=True) > 0)
    price, short = (
        None if rate is None else np.asarray(rate, np.float64) for rate in (tariff.price, tariff.lost_sale)
    )
    by_term = dict(zip(ledger.names, money, strict=True))
    values = (unit_costs(network, tariff), price, short, places)
    return Sums(arrays, by_term, *values, periods, period_days, common_unit)


def _about_zero(name: str, moments: Moments, periods: int) -> dict[str, np.ndarray]:
    """Return the sum and the sum of squares of a series, which add up over windows of time."""
    first, total, squares = (
        np.asarray(part, dtype=np.float64) for part in (moments.first, moments.total, moments.squares)
    )
    return {
        name: periods * first + total,
        f"{name}_squared": squares + 2 * first * total + periods * first**2,
    }


def _ratio(numerator: str, denominator: str) -> Callable[[Sums], Parts]:
    return lambda sums: (sums.units(numerator), sums.units(denominator))


def _count(name: str) -> Callable[[Sums], Parts]:
    return lambda sums: _whole(sums.units(name))


def _in_one_unit(parts: Callable[[Sums], Parts]) -> Callable[[Sums], Parts]:
    """Refuse to add quantities of items that are counted in different units."""
    return lambda sums: parts(sums) if sums.common_unit else "mixed_units"


def _whole(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return value, np.ones_like(value)


def _per_period(value: np.ndarray | None, sums: Sums) -> Parts:
    return None if value is None else (value, np.full_like(value, float(sums.periods)))


def _messages(sums: Sums) -> Parts:
    """Return messages over days, nothing where nodes do not talk."""
    sent = sums.totals.get("messages")
    if sent is None or not sent.any():
        return None
    return sent, np.full_like(sent, sums.periods * sums.period_days)


def _handed_over(sums: Sums, value: Callable[[str], np.ndarray | None]) -> np.ndarray | None:
    sales, filled = value("sales"), value("backorders_filled")
    return None if sales is None or filled is None else sales + filled


def _share_of_periods(sums: Sums, name: str) -> Parts:
    """Return the mean share over stocked places of the periods that are counted."""
    places = float(sums.places.sum())
    return sums.units(name), np.full_like(sums.units(name), places * sums.periods)


def _gamma_service(sums: Sums) -> Parts:
    demand = sums.units("demand")
    return demand - sums.units("backorders"), demand


def _fill_value(sums: Sums) -> Parts:
    sales, demand = sums.at_price("sales"), sums.at_price("demand")
    return None if sales is None or demand is None else (sales, demand)


def _total_inventory(sums: Sums) -> Parts:
    stock, moving = sums.at_cost("closing"), sums.at_cost("in_transit")
    return None if stock is None or moving is None else _per_period(stock + moving, sums)


def _turnover(sums: Sums) -> Parts:
    sold, stock = _handed_over(sums, sums.at_cost), sums.at_cost("closing")
    return None if sold is None or stock is None else (sold / sums.years, stock / sums.periods)


def _days_of_supply(sums: Sums) -> Parts:
    parts = _turnover(sums)
    if parts is None or isinstance(parts, str):
        return parts
    return "no_stock" if parts[1].sum() == 0 else (365.0 * parts[1], parts[0])


def _gmroi(sums: Sums) -> Parts:
    margin, stock = _margin(sums), sums.at_cost("closing")
    return None if margin is None or stock is None else (margin / sums.years, stock / sums.periods)


def _ready(sums: Sums) -> Parts:
    return sums.units("ready_periods"), sums.units("ready_periods") + sums.units("stockout_periods")


def _margin(sums: Sums) -> np.ndarray | None:
    revenue, cogs = sums.money.get("revenue"), _handed_over(sums, sums.at_cost)
    return None if revenue is None or cogs is None else revenue - cogs


def _margin_per_unit(sums: Sums) -> np.ndarray:
    """Return what a unit sold earns, never negative; 0 where price or cost is unknown."""
    if sums.unit_price is None or sums.unit_cost is None:
        return np.zeros((1, 1, 1))
    return np.maximum(sums.unit_price - sums.unit_cost, 0.0)


def _lost_margin(sums: Sums) -> np.ndarray:
    return np.asarray((_margin_per_unit(sums) * sums.totals["lost"] * sums.places).sum((0, 1)))


def _goodwill(sums: Sums) -> np.ndarray:
    """Return what a unit lost costs beyond its margin."""
    rate = np.zeros((1, 1, 1)) if sums.stockout_cost is None else sums.stockout_cost
    beyond = np.maximum(rate - _margin_per_unit(sums), 0.0)
    return np.asarray((beyond * sums.totals["lost"] * sums.places).sum((0, 1)))


def _operating_cost(sums: Sums) -> np.ndarray:
    terms = ("holding", "pipeline_holding", "backorder", "fixed_order", "unit_order", "transport", "waste")
    return sum((sums.cost(term) for term in terms), _goodwill(sums))


def _profit(sums: Sums) -> Parts:
    margin = _margin(sums)
    return None if margin is None else _whole(margin - _operating_cost(sums))


def _all_costs(sums: Sums) -> np.ndarray:
    return _operating_cost(sums) + _lost_margin(sums)


def _shortage(sums: Sums) -> Parts:
    return _whole(_lost_margin(sums) + _goodwill(sums) + sums.cost("backorder"))


def _per_unit_sold(sums: Sums) -> Parts:
    sold = _handed_over(sums, sums.units)
    return None if sold is None else (_all_costs(sums), sold)


def _waste_ratio(sums: Sums, value: Callable[[str], np.ndarray | None]) -> Parts:
    sold, wasted = _handed_over(sums, value), value("expired")
    return None if sold is None or wasted is None else (wasted, sold + wasted)


def _optional(value: Callable[[Sums], np.ndarray | None]) -> Callable[[Sums], Parts]:
    def parts(sums: Sums) -> Parts:
        found = value(sums)
        return None if found is None else _whole(found)

    return parts


def _moments(sums: Sums, name: str, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance over periods of a row, ``[item, replication]``; rounding is no variance."""
    mean = sums.totals[name][row] / sums.periods
    square = sums.totals[f"{name}_squared"][row] / sums.periods
    variance = square - mean**2
    return mean, np.where(variance > 1e-12 * square, variance, 0.0)


def _variance_ratio(name: str, row: int) -> Callable[[Sums], Parts]:
    """Return Var(name) over Var(requests) of a row, variances of items added up."""

    def parts(sums: Sums) -> Parts:
        return _moments(sums, name, row)[1].sum(0), _moments(sums, "row_requests", row)[1].sum(0)

    return parts


def _relative_variance_ratio(row: int) -> Callable[[Sums], Parts]:
    """Return Var / mean of orders over the same of requests, where the means differ by more than 2 %."""

    def parts(sums: Sums) -> Parts:
        (ordered, spread), (asked, noise) = (_moments(sums, n, row) for n in ("row_orders", "row_requests"))
        ordered, asked = ordered.sum(0), asked.sum(0)
        if abs(ordered.mean() - asked.mean()) <= 0.02 * asked.mean():
            return None
        if not (ordered.all() and asked.all()):
            return "no_order" if asked.all() else "no_demand"
        return spread.sum(0) / ordered, noise.sum(0) / asked

    return parts


def bullwhip_kpis(num_tiers: int) -> tuple[Kpi, ...]:
    """Return the bullwhip of each tier (its orders over what it is asked for) and end to end, per period.

    End to end, orders to outside suppliers are compared with the demand of customers.
    """
    rows = {"": 0} | ({f"_tier{tier}": tier + 1 for tier in range(num_tiers)} if num_tiers > 1 else {})
    ratios = {f"bullwhip{ending}": _variance_ratio("row_orders", row) for ending, row in rows.items()} | {
        "bullwhip_cv": _relative_variance_ratio(0),
        "inventory_amplification": _variance_ratio("row_stock", 0),
    }
    return tuple(
        Kpi(name, "ratio", "X", _in_one_unit(parts), "constant_demand") for name, parts in ratios.items()
    )


KPIS: tuple[Kpi, ...] = (
    Kpi("fill_rate", "ratio", "R", _in_one_unit(_ratio("sales", "demand"))),
    Kpi("fill_rate_value", "ratio", "R", _fill_value),
    Kpi("cycle_service_level", "ratio", "R", _ratio("served_cycles", "cycles"), "no_cycle"),
    Kpi("period_service_level", "ratio", "R", _ratio("served_periods", "demand_periods")),
    Kpi("ready_rate", "ratio", "R", _ready, "no_period"),
    Kpi("component_availability", "ratio", "R", lambda sums: _share_of_periods(sums, "available_periods")),
    Kpi("joint_availability", "ratio", "X", lambda sums: _per_period(sums.totals["joint_periods"], sums)),
    Kpi("gamma_service_level", "ratio", "R", _in_one_unit(_gamma_service)),
    Kpi("stockout_periods", "periods", "A", _count("stockout_periods")),
    Kpi("stockout_events", "events", "X", _count("stockout_events")),
    Kpi("shortage_periods", "periods", "A", _count("shortage_periods")),
    Kpi(
        "average_inventory",
        "units",
        "L",
        _in_one_unit(lambda sums: _per_period(sums.units("closing"), sums)),
    ),
    Kpi("average_inventory_value", "money", "L", lambda sums: _per_period(sums.at_cost("closing"), sums)),
    Kpi("pipeline_inventory_value", "money", "L", lambda sums: _per_period(sums.at_cost("in_transit"), sums)),
    Kpi("total_inventory_value", "money", "L", _total_inventory),
    Kpi("turnover", "per year", "R", _turnover, "no_stock"),
    Kpi("days_of_supply", "days", "R", _days_of_supply),
    Kpi("gmroi", "per year", "R", _gmroi, "no_stock"),
    Kpi("waste_ratio", "ratio", "R", _in_one_unit(lambda sums: _waste_ratio(sums, sums.units)), "no_sales"),
    Kpi("waste_ratio_value", "ratio", "R", lambda sums: _waste_ratio(sums, sums.at_cost), "no_sales"),
    Kpi("order_lines", "lines", "A", _count("order_lines")),
    Kpi("orders_per_period", "orders", "A", lambda sums: _per_period(sums.totals["orders"], sums)),
    Kpi("lines_per_period", "lines", "A", lambda sums: _per_period(sums.units("order_lines"), sums)),
    Kpi("messages_per_day", "messages/day", "A", _messages),
    Kpi("revenue", "money", "A", _optional(lambda sums: sums.money.get("revenue"))),
    Kpi("cogs", "money", "A", _optional(lambda sums: _handed_over(sums, sums.at_cost))),
    Kpi("purchase_cost", "money", "A", _optional(lambda sums: sums.money.get("purchase"))),
    Kpi("holding_cost", "money", "A", _optional(lambda sums: sums.money.get("holding"))),
    Kpi("shortage_cost", "money", "A", _shortage),
    Kpi("lost_margin", "money", "A", _optional(_lost_margin)),
    Kpi("goodwill_cost", "money", "A", _optional(_goodwill)),
    Kpi("order_cost", "money", "A", _optional(lambda sums: sums.money.get("fixed_order"))),
    Kpi("transport_cost", "money", "A", _optional(lambda sums: sums.money.get("transport"))),
    Kpi("waste_cost", "money", "A", _optional(lambda sums: sums.money.get("waste"))),
    Kpi("gross_margin", "money", "A", _optional(_margin)),
    Kpi("profit", "money", "A", _profit),
    Kpi("total_cost", "money", "A", _optional(_all_costs)),
    Kpi("cost_per_unit_sold", "money per unit", "R", _in_one_unit(_per_unit_sold), "no_sales"),
)
"""Key figures in the order of reports."""
