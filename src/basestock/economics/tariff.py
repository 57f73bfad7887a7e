"""What things cost: rates per unit, period and order, as arrays of one network."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.economics.context import Context
from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes

NodeRate = Float[Array, "node item 1"]
LaneRate = Float[Array, "lane item 1"]
RouteRate = Float[Array, "lane 1"]
ProcessRate = Float[Array, "process 1"]
ResourceRate = Float[Array, "resource 1"]


class Tariff(eqx.Module):
    """Rates in money; an absent rate (``None``) leaves its ledger term out.

    Parameters
    ----------
    holding
        Per unit on hand at the end of a period and period [h].
    pipeline_holding
        Per unit in transit at the end of a period and period.
    backorder
        Per unit waiting at the end of a period and period [b].
    lost_sale
        Per unit lost [p].
    purchase
        Per unit received [c].
    fixed_order
        Per order on a lane and item [K].
    transport
        Per unit shipped on a lane.
    unshipped
        Per unit ordered that the source has not shipped, waiting or lost, at the end of a period.
    price
        Revenue per unit handed over.
    unit_order
        Per unit ordered, charged when it is ordered.
    waste
        Per unit that expired or decayed.
    inspection, rejection
        Per unit sampled, and per unit of a rejected lot.
    warranty
        Per defective unit that is found in use.
    zero_stock
        Per period that ends with neither stock nor backorders [alpha]; interpolated between whole units.
    production
        Per unit that a process makes.
    production_run, scrapped_run
        Per run started, and per run that turns out bad.
    changeover, idle, downtime, overtime
        Per hour of a resource.
    joint_order
        Per lane and period with an order, over all its items [K].
    bracket_purchase
        Per unit ordered in each bracket of a price list.
    vehicle
        Per vehicle that leaves on a lane.
    expediting
        Premium per unit shipped on a lane.
    special_delivery
        Per unit sent to a customer straight from the source.
    order_change
        Per unit that an order differs from the one before.
    carbon, carbon_vehicle
        Emissions per unit shipped and per vehicle, in money.
    contract_shortfall, limit_excess
        Per unit of the metric below the floor of a contract, and beyond a soft limit.
    price_share
        Share of the decided price that is earned per unit handed over.
    operating_fixed, operating_variable
        Per period, and per unit handed over.
    cost_of_sales
        Per unit handed over: cost of goods when they are sold.
    material_use, supply_purchase
        Share of the period's price of outside supply, per unit that processes take in and per unit received.
    stock_deviation
        Per squared unit that the stock is off ``ideal_stock`` [w].
    capital
        Per unit of money tied up in stock (``unit_value``) and period.
    imbalance
        Per unit that a place holds more than its equal share.
    price_change
        Per squared unit of money that a price moves.
    unmet_demand, unserved_consumers, shortage_occurrence
        Per unit not handed over in its period, per customer (of ``order_size`` units), per place and period.
    brought_back, return_rate
        Per unit brought back, and per unit of the share brought back.
    transfer_price
        Per unit shipped between nodes, paid by the receiver and earned by the sender; nothing on lanes from outside.
    message
        Per message between nodes.
    lead_time_deviation
        Per unit received and period that its lead time was off ``expected_lead_time``, early or late.
    turnover, service
        Earned for turnover of stock by value, and for the share of demand served.
    ideal_stock, order_size, unit_value, expected_lead_time
        Units [I*], units per customer, money per unit, periods; no rates, but what rates refer to.
    context
        Weights that depend on the world; ``None`` for none.
    """

    holding: NodeRate | None = None
    pipeline_holding: LaneRate | None = None
    backorder: NodeRate | None = None
    lost_sale: NodeRate | None = None
    purchase: LaneRate | None = None
    fixed_order: LaneRate | None = None
    transport: LaneRate | None = None
    unshipped: LaneRate | None = None
    price: NodeRate | None = None
    unit_order: LaneRate | None = None
    waste: NodeRate | None = None
    zero_stock: NodeRate | None = None
    inspection: LaneRate | None = None
    rejection: LaneRate | None = None
    warranty: NodeRate | None = None
    production: NodeRate | None = None
    production_run: ProcessRate | None = None
    scrapped_run: ProcessRate | None = None
    changeover: ResourceRate | None = None
    idle: ResourceRate | None = None
    downtime: ResourceRate | None = None
    overtime: ResourceRate | None = None
    joint_order: RouteRate | None = None
    bracket_purchase: Float[Array, "level lane item 1"] | None = None
    vehicle: RouteRate | None = None
    expediting: LaneRate | None = None
    special_delivery: LaneRate | None = None
    order_change: LaneRate | None = None
    carbon: LaneRate | None = None
    carbon_vehicle: RouteRate | None = None
    contract_shortfall: Float[Array, "limit 1"] | None = None
    limit_excess: Float[Array, "limit 1"] | None = None
    price_share: NodeRate | None = None
    operating_variable: NodeRate | None = None
    cost_of_sales: NodeRate | None = None
    material_use: NodeRate | None = None
    stock_deviation: NodeRate | None = None
    capital: NodeRate | None = None
    imbalance: NodeRate | None = None
    price_change: NodeRate | None = None
    unmet_demand: NodeRate | None = None
    unserved_consumers: NodeRate | None = None
    shortage_occurrence: NodeRate | None = None
    brought_back: NodeRate | None = None
    ideal_stock: NodeRate | None = None
    order_size: NodeRate | None = None
    unit_value: NodeRate | None = None
    supply_purchase: LaneRate | None = None
    operating_fixed: Float[Array, "1"] | None = None
    return_rate: Float[Array, "1"] | None = None
    turnover: Float[Array, "1"] | None = None
    service: Float[Array, "1"] | None = None
    context: Context | None = None
    transfer_price: LaneRate | None = None
    message: Float[Array, "1"] | None = None
    lead_time_deviation: LaneRate | None = None
    expected_lead_time: LaneRate | None = None


Rates = (
    float
    | Mapping[tuple[str, str], float]
    | Mapping[str, float]
    | Mapping[tuple[str, str], tuple[float, ...]]
)
"""One rate everywhere, or rates by (node or lane, item), process or resource; places not named cost nothing."""

Axis = Literal["node", "lane", "source", "route", "bracket", "process", "resource", "limit", "network"]

RATE_AXES: dict[str, Axis] = {
    "holding": "node",
    "backorder": "node",
    "lost_sale": "node",
    "price": "node",
    "pipeline_holding": "lane",
    "purchase": "lane",
    "fixed_order": "lane",
    "transport": "lane",
    "unshipped": "lane",
    "unit_order": "lane",
    "waste": "node",
    "zero_stock": "node",
    "inspection": "lane",
    "rejection": "lane",
    "warranty": "node",
    "production": "node",
    "production_run": "process",
    "scrapped_run": "process",
    "changeover": "resource",
    "idle": "resource",
    "downtime": "resource",
    "overtime": "resource",
    "joint_order": "route",
    "bracket_purchase": "bracket",
    "vehicle": "route",
    "expediting": "lane",
    "special_delivery": "lane",
    "order_change": "lane",
    "carbon": "lane",
    "carbon_vehicle": "route",
    "contract_shortfall": "limit",
    "limit_excess": "limit",
    "price_share": "node",
    "operating_variable": "node",
    "cost_of_sales": "node",
    "material_use": "node",
    "stock_deviation": "node",
    "capital": "node",
    "imbalance": "node",
    "price_change": "node",
    "unmet_demand": "node",
    "unserved_consumers": "node",
    "shortage_occurrence": "node",
    "brought_back": "node",
    "ideal_stock": "node",
    "order_size": "node",
    "unit_value": "node",
    "supply_purchase": "lane",
    "transfer_price": "lane",
    "operating_fixed": "network",
    "return_rate": "network",
    "message": "network",
    "lead_time_deviation": "lane",
    "expected_lead_time": "lane",
    "turnover": "network",
    "service": "network",
}
"""Every rate and its first axis: [node, item, 1], [lane, item, 1], [process, 1], [resource, 1], or [1]."""


class TariffError(ValueError):
    """A rate is negative, not finite, or at an unknown place."""


def make_tariff(network: SupplyNetwork, **rates: Rates | None) -> Tariff:
    """Build a tariff from rates by name.

    Parameters
    ----------
    network
        The authored network.
    rates
        Any of the fields of :class:`Tariff`, in money per unit (and period): a number for every place, or a mapping
        from (node, item) or (lane, item).

    Returns
    -------
    Tariff
        Rates on the padded axes of the network.

    Raises
    ------
    TariffError
        Listing every rate that is unknown, negative, not finite, or at a place that does not exist.
    """
    axes = Axes.of(network)
    problems: list[str] = []
    leaves: dict[str, Any] = {}
    for name, rate in rates.items():
        if name not in RATE_AXES:
            problems.append(f"Tariff: rate {name!r} is unknown, must be one of {sorted(RATE_AXES)}.")
        elif rate is not None:
            leaves[name] = _leaf(name, rate, axes, problems)
    if "lead_time_deviation" in leaves and "expected_lead_time" not in leaves:
        leaves["expected_lead_time"] = _leaf("expected_lead_time", _mean_lead_times(network), axes, problems)
    if "transfer_price" in leaves:
        leaves["transfer_price"] = _between_nodes(
            network, rates["transfer_price"], leaves["transfer_price"], problems
        )
    if problems:
        raise TariffError(" ".join([*problems, "Correct the rates."]))
    return Tariff(**leaves)


def _mean_lead_times(network: SupplyNetwork) -> dict[tuple[str, str], float]:
    """Return the mean lead time of every lane and item that it carries, periods."""
    means: dict[tuple[str, str], float] = {}
    for lane in network.lanes:
        for item in lane.items if lane.items is not None else network.item_index:
            law = lane.lead_time_law(item)
            means[lane.name, item] = sum(periods * share for periods, share in law.items())
    return means


def _leaf(name: str, rate: Rates, axes: Axes, problems: list[str]) -> Array:
    """Spread a rate over the places of its axis; padding costs nothing."""
    axis = RATE_AXES[name]
    if axis == "bracket":
        return _brackets(name, rate, axes, problems)
    if axis == "network":
        return _network_rate(name, rate, problems)
    owners, size = axes.along(axis)
    by_item = axis in ("node", "lane")
    shape = (size, axes.num_items, 1) if by_item else (size, 1)
    table = _zeros(shape)
    if not isinstance(rate, Mapping):
        if not (np.isfinite(rate) and rate >= 0):
            problems.append(f"Tariff: {name} is {rate}, must be finite and >= 0.")
        table[: len(owners), : len(axes.items) if by_item else 1] = rate
        return jnp.asarray(table)
    places = {owner: position for position, owner in enumerate(owners)}
    items = {item: position for position, item in enumerate(axes.items)}
    for place, value in rate.items():
        owner, item = place if isinstance(place, tuple) else (place, None)
        known = owner in places and (item in items if by_item else item is None)
        if not known:
            problems.append(f"Tariff: {name} at {place!r}, must be at a place of the network.")
        elif isinstance(value, tuple) or not (np.isfinite(value) and value >= 0):
            problems.append(f"Tariff: {name} at {place!r} is {value}, must be one finite number >= 0.")
        else:
            table[(places[owner], items[item]) if item is not None else (places[owner],)] = value
    return jnp.asarray(table)


def _zeros(shape: tuple[int, ...]) -> np.ndarray:
    """Return zeros in the precision of the device, so that no program has to be compiled that converts them."""
    return np.zeros(shape, dtype=jax.dtypes.canonicalize_dtype(np.float64))


def _between_nodes(network: SupplyNetwork, rate: Rates | None, table: Array, problems: list[str]) -> Array:
    """Keep a rate of lanes to those between nodes: one number means these, and no other lane may be named."""
    outside = [row for row, lane in enumerate(network.lanes) if lane.source not in network.node_index]
    named = (
        {place[0] for place in rate if isinstance(place, tuple)} if isinstance(rate, Mapping) else set[str]()
    )
    problems += [
        f"Tariff: transfer_price at lane {lane!r}, must be at a lane between nodes."
        for lane in sorted(named & {network.lanes[row].name for row in outside})
    ]
    return table.at[jnp.asarray(outside, dtype=jnp.int32)].set(0.0)


def _brackets(name: str, rate: Rates, axes: Axes, problems: list[str]) -> Array:
    """Spread prices by bracket over lanes and items; a place with fewer keeps its last price."""
    given = rate if isinstance(rate, Mapping) else {}
    if not isinstance(rate, Mapping):
        problems.append(f"Tariff: {name} is {rate}, must be {{(lane, item): prices}}.")
    rows = {place: np.atleast_1d(np.asarray(prices, dtype=np.float64)) for place, prices in given.items()}
    table = _zeros((max(map(len, rows.values()), default=1), axes.num_lanes, axes.num_items, 1))
    for place, prices in rows.items():
        lane, item = place if isinstance(place, tuple) else (place, "")
        if lane not in axes.lanes or item not in axes.items:
            problems.append(f"Tariff: {name} at {place!r}, must be at a lane and an item of the network.")
        elif not (np.isfinite(prices).all() and (prices >= 0).all()):
            problems.append(f"Tariff: {name} at {place!r} is {prices.tolist()}, must be finite and >= 0.")
        else:
            padded = np.pad(prices, (0, len(table) - len(prices)), mode="edge")
            table[:, axes.lanes.index(lane), axes.items.index(item), 0] = padded
    return jnp.asarray(table)


def _network_rate(name: str, rate: Rates, problems: list[str]) -> Array:
    """Return the one number of a rate that belongs to the whole network."""
    if isinstance(rate, Mapping) or not (np.isfinite(rate) and rate >= 0):
        problems.append(f"Tariff: {name} is {rate}, must be one finite number >= 0 for the whole network.")
        return jnp.zeros(1)
    return jnp.full(1, rate, dtype=jnp.float32)


def rate_names(tariff: Tariff) -> tuple[str, ...]:
    """Return the names of the rates that the tariff gives."""
    return tuple(
        field.name for field in dataclasses.fields(tariff) if getattr(tariff, field.name) is not None
    )
