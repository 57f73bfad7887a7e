"""Perishables in several places: the page example of stores and products, a pharmaceutical distributor, a grocery."""

import math
from typing import Any, Literal

import numpy as np

from basestock.decision import Problem
from basestock.economics import Tariff, make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.parameters import parameters
from basestock.uncertainty import (
    DemandLaw,
    Deterministic,
    DiscreteLaw,
    Geometric,
    Intermittent,
    MarketDrivers,
    NegativeBinomial,
    Normal,
    Poisson,
    Seasonal,
    Uncertainty,
    Wave,
)

DAYS = 365


@parameters(perish_rate=(0, 1))
def inventory_management(
    *,
    num_stores: int = 3,
    num_products: int = 50,
    demand_dist: Literal["poisson", "negative_binomial", "geometric", "normal", "deterministic"] = "poisson",
    holding_cost: float = 0.1,
    shortage_cost: float = 5.0,
    lead_time: int = 3,
    perish_rate: float = 0.02,
    mean_demand: float = 10.0,
    horizon: int = 365,
    warm_up: int = 0,
) -> Problem:
    """Build stores that each order many products from outside; a share of the stock perishes every day.

    Parameters
    ----------
    num_stores, num_products
        Size.
    demand_dist
        Law of the demand of a day: ``poisson``, ``negative_binomial`` (variance twice the mean), ``geometric``,
        ``normal`` (standard deviation a third of the mean) or ``deterministic``.
    holding_cost, shortage_cost
        Money per unit and day on hand, and per unit of demand lost.
    lead_time
        Days; an order placed on day t first serves the demand of day t + lead_time.
    perish_rate
        Share of the stock that perishes each day; fractions of a unit add up until a whole one perishes. With 1, what
        is not sold on its first day is gone.
    mean_demand
        Mean over the products, units per day; products differ by a factor of 3 between the slowest and the fastest.
    horizon, warm_up
        Days counted and skipped.

    Returns
    -------
    Problem
        Average cost per day.

    Examples
    --------
    >>> len(inventory_management(num_stores=2, num_products=4).network.lanes)
    2
    """
    own = dict(locals())
    whole = demand_dist != "normal"
    stores = [f"store {number}" for number in range(1, num_stores + 1)]
    products = [f"product {number}" for number in range(1, num_products + 1)]
    network = SupplyNetwork(
        items=tuple(Item(name, whole_units=whole, **_perishing(perish_rate)) for name in products),
        nodes=tuple(Node(name) for name in stores),
        suppliers=(Supplier("supplier"),),
        lanes=tuple(Lane("supplier", name, lead_time=lead_time) for name in stores),
    )
    factors = np.linspace(0.5, 1.5, num_products) if num_products > 1 else np.ones(1)
    demand = {
        (store, product): _law(demand_dist, mean_demand * float(factor))
        for store in stores
        for product, factor in zip(products, factors, strict=True)
    }
    return Problem(
        name="inventory_management",
        network=network,
        uncertainty=Uncertainty(demand),
        tariff=make_tariff(network, holding=holding_cost, lost_sale=shortage_cost),
        horizon=horizon,
        warm_up=warm_up,
        parameters=own,
    )


def _perishing(rate: float) -> dict[str, Any]:
    """Return how an item perishes: not at all, by a share of the stock, or all of it after a day."""
    if rate == 0:
        return {}
    return {"shelf_life": 1} if rate == 1 else {"decay_rate": rate}


def _law(demand_dist: str, mean: float) -> DemandLaw:
    if mean == 0:
        return Deterministic(0.0)
    if demand_dist == "negative_binomial":
        return NegativeBinomial(mean, 2 * mean)
    laws = {"poisson": Poisson, "geometric": Geometric, "deterministic": Deterministic}
    if demand_dist == "normal":
        return Normal(mean, mean / 3)
    return laws[demand_dist](mean)


@parameters(shortest_life=(1, None), longest_life=(1, None), lead_time_spread=(0, 1), season=(0, 1))
def pharmacy(
    *,
    num_items: int = 400,
    num_hospitals: int = 8,
    num_warehouses: int = 3,
    num_suppliers: int = 3,
    shortest_life: int = 7,
    longest_life: int = 90,
    lead_time_spread: float = 1.0,
    storage_days: float = 30.0,
    cold_share: float = 0.2,
    cold_days: float = 15.0,
    lumpy_share: float = 0.3,
    mean_demand: float = 3.0,
    season: float = 0.2,
    issuing: str = "fifo",
    horizon: int = 365,
    warm_up: int = 90,
    seed: int = 0,
) -> Problem:
    """Build a synthetic pharmaceutical distributor: suppliers, warehouses, hospitals, lives of weeks to months.

    Parameters
    ----------
    num_items, num_hospitals, num_warehouses, num_suppliers
        Size. Each item has one supplier; each hospital is fed by one warehouse.
    shortest_life, longest_life
        Shelf lives are spread evenly between them, days; units keep their age on the way to the hospitals.
    lead_time_spread
        Share of the orders whose lead time is drawn; the others take the mean, to the nearest day. 0 for fixed ones.
    storage_days, cold_days
        Room of a place for items that are kept ambient, and for those kept cold, in days of their mean demand there; a
        unit takes one unit of volume. 0 for no limit.
    cold_share
        Share of the items that are kept cold, a storage class of its own.
    lumpy_share
        Share of the items that are asked for on one day in five, in lots.
    mean_demand
        Mean over items and hospitals, units per day.
    season
        Amplitude of the yearly season, a share of the mean.
    issuing
        ``fifo``, ``lifo`` or ``mixed``.
    horizon, warm_up
        Days counted and skipped; 12 years of demand are 4,380 days.
    seed
        Of the instance.

    Returns
    -------
    Problem
        Average profit per day. Supplier lead times are 2 to 8 days and become known on arrival, the way to the
        hospitals takes a day. Holding is 2.75 % of the unit cost per month, a unit lost costs 6 margins beyond its
        price, an order line 200, a unit ordered 0.5, waste 25 % of the unit cost, transport 3.5 per unit.
    """
    own = dict(locals())
    dice = np.random.default_rng(seed)
    lives = np.linspace(shortest_life, longest_life, num_items).round().astype(int)
    cold = _cold(num_items, cold_share)
    items = tuple(
        Item(f"drug {number}", shelf_life=int(life), issuing=issuing, volume=1.0,  # type: ignore[arg-type]
             storage_class="cold" if number in cold else "ambient")
        for number, life in enumerate(dice.permutation(lives), start=1)
    )  # fmt: skip
    names = [item.name for item in items]
    warehouses = [f"warehouse {number}" for number in range(1, num_warehouses + 1)]
    hospitals = [f"hospital {number}" for number in range(1, num_hospitals + 1)]
    cost = dict(zip(names, map(float, dice.uniform(20.0, 400.0, num_items)), strict=True))
    demand = _drug_demand(dice, names, hospitals, mean_demand, lumpy_share)
    outbound = _outbound(warehouses, hospitals)
    days = {"ambient": storage_days, "cold": cold_days}
    rooms = _rooms(items, demand, {lane.destination: lane.source for lane in outbound}, days)
    network = SupplyNetwork(
        items=items,
        nodes=(
            *(Node(name, tier=1, storage=rooms.get(name, {})) for name in warehouses),
            *(Node(name, storage=rooms.get(name, {})) for name in hospitals),
        ),
        suppliers=tuple(Supplier(f"supplier {number}") for number in range(1, num_suppliers + 1)),
        lanes=(*_inbound(names, warehouses, num_suppliers, lead_time_spread), *outbound),
    )
    drivers = MarketDrivers(waves=(Wave(float(DAYS), season),)) if season else None
    return Problem(
        name="pharmacy",
        network=network,
        uncertainty=Uncertainty(demand, drivers=drivers),
        tariff=_drug_tariff(network, cost, [*warehouses, *hospitals], hospitals),
        criterion="average_profit_per_period",
        sense="max",
        horizon=horizon,
        warm_up=warm_up,
        parameters=own,
    )


def _drug_tariff(
    network: SupplyNetwork, cost: dict[str, float], nodes: list[str], hospitals: list[str]
) -> Tariff:
    """Return the middle of the typical ranges; see :mod:`basestock.economics.typical`."""
    everywhere = [(node, name) for node in nodes for name in cost]
    sold = [(node, name) for node in hospitals for name in cost]
    bought = [(lane.name, name) for lane in network.lanes for name in lane.items or ()]
    moved = [(lane.name, name) for lane in network.lanes if not lane.items for name in cost]
    return make_tariff(
        network,
        price={place: 1.25 * cost[place[1]] for place in sold},
        purchase={place: cost[place[1]] for place in bought},
        holding={place: 0.0275 * 12 / DAYS * cost[place[1]] for place in everywhere},
        lost_sale={place: 6 * 0.25 * cost[place[1]] for place in sold},
        waste={place: 0.25 * cost[place[1]] for place in everywhere},
        fixed_order=dict.fromkeys(bought, 200.0),
        unit_order=dict.fromkeys(bought, 0.5),
        transport=dict.fromkeys(moved, 3.5),
    )


def _cold(num_items: int, share: float) -> set[int]:
    """Return the numbers of the items that are kept cold, spread evenly over all."""
    so_many = [math.floor(number * share + 1e-9) for number in range(num_items + 1)]
    return {number for number in range(1, num_items + 1) if so_many[number] > so_many[number - 1]}


def _rooms(
    items: tuple[Item, ...],
    demand: dict[tuple[str, str], DiscreteLaw],
    fed_by: dict[str, str],
    days: dict[str, float],
) -> dict[str, dict[str, float]]:
    """Return the room of each place and storage class: so many days of the mean demand there."""
    kept = {item.name: item.storage_class for item in items}
    rooms: dict[str, dict[str, float]] = {}
    for (hospital, item), law in demand.items():
        for place in (hospital, fed_by[hospital]):
            if days[kept[item]] > 0:
                room = rooms.setdefault(place, {})
                room[kept[item]] = room.get(kept[item], 0.0) + days[kept[item]] * law.mean
    return rooms


LEAD_TIMES: tuple[dict[int, float], ...] = (
    {2: 0.5, 3: 0.3, 4: 0.2},
    {3: 0.25, 4: 0.25, 5: 0.25, 6: 0.25},
    {4: 0.3, 6: 0.4, 8: 0.3},
)
"""Lead times of the suppliers, in turn, days: a near, a middling and a far one."""


FASTEST = 10.0
"""Largest mean demand of a drug at a hospital, units per day."""


def _inbound(items: list[str], warehouses: list[str], num_suppliers: int, spread: float) -> tuple[Lane, ...]:
    return tuple(
        Lane(
            f"supplier {number + 1}",
            warehouse,
            items=tuple(items[number::num_suppliers]),
            lead_time=_spread(LEAD_TIMES[number % len(LEAD_TIMES)], spread),
            lead_time_known="on_arrival",
        )
        for number in range(num_suppliers)
        for warehouse in warehouses
        if items[number::num_suppliers]
    )


def _spread(law: dict[int, float], share: float) -> dict[int, float]:
    """Return the law of a lead time that is drawn with this probability and else the mean, to the nearest day."""
    mixed = {days: share * probability for days, probability in law.items()}
    mean = math.floor(sum(days * probability for days, probability in law.items()) + 0.5)
    mixed[mean] = mixed.get(mean, 0.0) + (1 - share)
    return {days: mixed[days] for days in sorted(mixed) if mixed[days] > 0}


def _outbound(warehouses: list[str], hospitals: list[str]) -> tuple[Lane, ...]:
    return tuple(
        Lane(warehouses[number % len(warehouses)], hospital, lead_time=1)
        for number, hospital in enumerate(hospitals)
    )


def _drug_demand(
    dice: np.random.Generator, items: list[str], hospitals: list[str], mean: float, lumpy_share: float
) -> dict[tuple[str, str], DiscreteLaw]:
    """Spread demand over items and hospitals; equal sizes are rounded alike, so that laws are shared."""
    speed = dice.gamma(1.5, 1 / 1.5, len(items)) + 0.1
    size = dice.uniform(0.5, 1.5, len(hospitals))
    lumpy = dice.random(len(items)) < lumpy_share
    demand: dict[tuple[str, str], DiscreteLaw] = {}
    for place, hospital in enumerate(hospitals):
        for number, item in enumerate(items):
            rate = round(2 * mean * speed[number] * size[place] / 1.1) / 2
            rate = min(max(rate, 0.5), FASTEST)
            demand[hospital, item] = _lumpy(rate) if lumpy[number] else NegativeBinomial(rate, 1.5 * rate)
    return demand


def _lumpy(rate: float) -> DiscreteLaw:
    return Intermittent(0.2, Poisson(5 * rate))


@parameters(amplitude=(0, 1), season_days=(1, None))
def grocery_seasonal(
    *,
    num_products: int = 10,
    mean_demand: float = 20.0,
    amplitude: float = 0.4,
    season_days: int = 365,
    shelf_life: int = 5,
    lead_time: int = 1,
    price: float = 3.0,
    unit_cost: float = 2.0,
    waste_cost: float = 0.5,
    holding_cost: float = 0.002,
    lost_sale_cost: float = 6.0,
    train_years: int = 3,
    horizon: int = 365,
) -> Problem:
    """Build a grocer whose perishable products follow the seasons; the year after the training years is the test.

    Parameters
    ----------
    num_products
        Products; their shelf lives are ``shelf_life`` and up to 4 days more, their seasons shifted against each other.
    mean_demand, amplitude, season_days
        Poisson demand of day t with mean mean_demand (1 + amplitude sin(2 pi (t / season_days + shift))), units.
    shelf_life, lead_time
        Days.
    price, unit_cost
        Money per unit sold, and per unit received.
    waste_cost, holding_cost, lost_sale_cost
        Money per unit expired, beyond its cost; per unit and day on hand; per unit of demand lost. The defaults lie in
        the usual ranges: a quarter of the unit cost, 3 % of it per month, 6 times the margin.
    train_years
        Years of 365 days before the test, in which a policy may learn; they are played and not counted.
    horizon
        Days of the test.

    Returns
    -------
    Problem
        Average profit per day of the test.
    """
    own = dict(locals())
    products = [f"product {number}" for number in range(1, num_products + 1)]
    network = SupplyNetwork(
        items=tuple(Item(name, shelf_life=shelf_life + number % 5) for number, name in enumerate(products)),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", lead_time=lead_time),),
    )
    demand = {
        ("store", name): _sinusoid(mean_demand, amplitude, season_days, number / num_products)
        for number, name in enumerate(products)
    }
    tariff = make_tariff(
        network,
        price=price,
        purchase=unit_cost,
        waste=waste_cost,
        holding=holding_cost,
        lost_sale=lost_sale_cost,
    )
    return Problem(
        name="grocery_seasonal",
        network=network,
        uncertainty=Uncertainty(demand),
        tariff=tariff,
        criterion="average_profit_per_period",
        sense="max",
        horizon=horizon,
        warm_up=DAYS * train_years,
        parameters=own,
    )


def _sinusoid(mean: float, amplitude: float, days: int, shift: float) -> Seasonal:
    """Return a Poisson law for each day of the season; means are rounded to a hundredth, so that days share laws."""
    means = [mean * (1 + amplitude * math.sin(2 * math.pi * (day / days + shift))) for day in range(days)]
    return Seasonal(tuple(Poisson(round(max(value, 0.0), 2)) for value in means))
