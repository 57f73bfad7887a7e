"""A plant that faces a market: production, price and material for three products under risk (system A)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from basestock.decision import Forecasting, Problem
from basestock.dynamics import InitialState
from basestock.economics import Tariff, make_tariff
from basestock.network import (
    Goodwill,
    Item,
    Lane,
    Node,
    PriceResponse,
    Process,
    Resource,
    ReturnFlow,
    Supplier,
    SupplyNetwork,
)
from basestock.problems.parameters import parameters
from basestock.uncertainty import AutoregressiveLevel, MarketDrivers, Poisson, Uncertainty, Wave

PLANT, MATERIAL, MACHINES, LANE = "plant", "material", "machines", "supplier -> plant"
SOURCE = "risk-balancing agentic RL for manufacturing; the paper prints no instance, this one is ours"

PRODUCER_RISK = ("stock_deviation", "unmet_demand", "idle", "changeover", "downtime")
CONSUMER_RISK = ("price_change", "unserved_consumers", "return_rate")
"""Terms of the reward that are a risk of the producer, and of the consumer."""


@dataclasses.dataclass(frozen=True)
class RiskWeights:
    """Weights of the two risks in the reward of system A.

    Parameters
    ----------
    alpha1, alpha2, alpha3
        Producer risk: deviation from ideal stock, unmet demand, inefficient schedule.
    beta1, beta2, beta3
        Consumer risk: price swings, unserved consumers, returns.
    """

    alpha1: float = 1.0
    alpha2: float = 1.0
    alpha3: float = 1.0
    beta1: float = 1.0
    beta2: float = 1.0
    beta3: float = 50.0

    def __post_init__(self) -> None:
        wrong = [f"{name} is {value}, must be >= 0." for name, value in vars(self).items() if not value >= 0]
        if wrong:
            raise ValueError(f"RiskWeights: {' '.join(wrong)} Correct the weights.")


@parameters(
    competitor_elasticity=(-20, 0),
    annual_amplitude=(0, 1),
    weekly_amplitude=(0, 1),
    breakdown=(0, 1),
    max_repair_days=(1, None),
)
def manufacturing_market(
    *,
    alpha1: float = 1.0,
    alpha2: float = 1.0,
    alpha3: float = 1.0,
    beta1: float = 1.0,
    beta2: float = 1.0,
    beta3: float = 50.0,
    base_demand: tuple[float, ...] = (40.0, 25.0, 15.0),
    elasticity: tuple[float, ...] = (-1.8, -1.4, -1.1),
    price: tuple[float, ...] = (20.0, 35.0, 60.0),
    unit_cost: tuple[float, ...] = (11.0, 18.0, 30.0),
    lead_times: tuple[float, ...] = (0.1, 0.3, 0.3, 0.2, 0.1),
    cost_of_goods: str = "produced",
    annual_amplitude: float = 0.2,
    weekly_amplitude: float = 0.1,
    competitor_elasticity: float = -0.5,
    material_memory: float = 0.95,
    material_deviation: float = 0.03,
    competitor_memory: float = 0.9,
    competitor_deviation: float = 0.02,
    machine_hours: float = 110.0,
    overtime_hours: float = 22.0,
    hours_per_unit: float = 1.0,
    changeover_hours: float = 4.0,
    breakdown: float = 0.02,
    max_repair_days: int = 3,
    holding_weight: float = 0.02,
    shortage_share: float = 0.5,
    idle_cost: float = 2.0,
    fixed_cost: float = 300.0,
    variable_cost: float = 0.0,
    lead_time_deviation_cost: float = 0.0,
    return_share: float = 0.02,
    overtime_return_share: float = 0.03,
    return_delay: int = 7,
    ideal_days: float = 2.0,
    discount: float = 1.0,
    horizon: int = 120,
) -> Problem:
    """Build the before/after instance of system A: three products, one plant, a market that answers to prices.

    Parameters
    ----------
    alpha1, alpha2, alpha3, beta1, beta2, beta3
        Weights of the risks; see :class:`RiskWeights`.
    base_demand, elasticity, price, unit_cost
        By product: units per day at the reference price, relative change per relative change of price, money per unit.
    lead_times
        Probabilities that material takes 1, 2, ... days.
    cost_of_goods
        ``produced``: material is charged when it is made into products, at the day's price; ``sold``: a standard cost
        is charged when products are sold.
    annual_amplitude, weekly_amplitude
        Seasons, shares of the mean.
    competitor_elasticity
        Of demand to price over the competitor's price.
    material_memory, material_deviation, competitor_memory, competitor_deviation
        Autoregressive prices around 1 and around the reference prices; the competitor's numbers are ours.
    machine_hours, overtime_hours, hours_per_unit, changeover_hours
        Hours per day, hours of overtime that may be called for (ours), hours for a unit and between products.
    breakdown, max_repair_days
        Probability per day; a repair takes 1 day to so many, each as likely.
    holding_weight, shortage_share, idle_cost
        Money per squared unit off the ideal stock, share of the margin per unit not served, money per idle hour.
    fixed_cost, variable_cost
        Money per day, and per unit sold.
    lead_time_deviation_cost
        Money per unit of material and day that its lead time is off the mean; the source names it without a number.
    return_share, overtime_return_share, return_delay
        Share that comes back, the same for what is sold under overtime alone, and after how many days (ours).
    ideal_days
        Ideal stock in days of base demand (ours).
    discount
        Factor per day; with 1 the criterion is the total profit, else the discounted one.
    horizon
        Days.

    Returns
    -------
    Problem
        Reward in all: revenue - cost of goods - operating cost - producer risk - consumer risk.

    Examples
    --------
    >>> sorted(manufacturing_market().network.item_index)
    ['material', 'product_1', 'product_2', 'product_3']
    """
    arguments = dict(locals())
    weights = RiskWeights(alpha1, alpha2, alpha3, beta1, beta2, beta3)
    if cost_of_goods not in ("produced", "sold"):
        raise ValueError(
            f"cost_of_goods is {cost_of_goods!r}, must be 'produced' or 'sold'. Choose one of them."
        )
    products = _products(base_demand, elasticity, price, unit_cost)
    network = _network(products, arguments)
    drivers = MarketDrivers(
        waves=(Wave(365.0, annual_amplitude), Wave(7.0, weekly_amplitude)),
        competitor_price={
            (PLANT, product.name): AutoregressiveLevel(product.price, competitor_memory, competitor_deviation)
            for product in products
        },
        supply_price={(LANE, MATERIAL): AutoregressiveLevel(1.0, material_memory, material_deviation)},
    )
    demand = {(PLANT, product.name): Poisson(product.demand) for product in products}
    return Problem(
        name="manufacturing_market",
        network=network,
        uncertainty=Uncertainty(demand, drivers=drivers),
        tariff=_tariff(network, products, weights, arguments),
        information=Forecasting(),
        criterion="finite_horizon_total_cost" if discount == 1 else "discounted_return",
        sense="max",
        horizon=horizon,
        discount=discount,
        initial_state=InitialState(on_hand=_opening(products, ideal_days)),
        parameters=arguments,
        source=SOURCE,
    )


def _network(products: list["_Product"], asked: Mapping[str, Any]) -> SupplyNetwork:
    """Return the plant, its material, its machines and its market."""
    supplied = {days: share for days, share in enumerate(asked["lead_times"], start=1) if share > 0}
    machines = ("machine_hours", "overtime_hours", "changeover_hours", "breakdown", "max_repair_days")
    returned = (asked["return_share"], asked["return_delay"])
    return SupplyNetwork(
        items=(*(Item(product.name) for product in products), Item(MATERIAL, unit="kit")),
        nodes=(Node(PLANT),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", PLANT, (MATERIAL,), lead_time=supplied),),
        processes=tuple(
            Process(
                *(product.process, PLANT, {MATERIAL: product.cost}, {product.name: 1.0}),
                duration=1,
                uses={MACHINES: asked["hours_per_unit"]},
            )
            for product in products
        ),
        resources=(_machines(products, *(asked[name] for name in machines)),),
        responses=tuple(
            PriceResponse(
                *(PLANT, product.name, product.price, product.elasticity),
                competitor_elasticity=asked["competitor_elasticity"],
                lowest_price=0.5 * product.price,
                highest_price=2.0 * product.price,
            )
            for product in products
        ),
        returns=tuple(
            ReturnFlow(PLANT, product.name, *returned, overtime_share=asked["overtime_return_share"])
            for product in products
        ),
        goodwill=tuple(
            Goodwill(PLANT, product.name, price_effect=1.0, return_effect=1.0, demand_effect=0.0)
            for product in products
        ),
    )


@dataclasses.dataclass(frozen=True)
class _Product:
    name: str
    demand: float
    elasticity: float
    price: float
    cost: float

    @property
    def process(self) -> str:
        return f"make {self.name}"


def _products(*columns: tuple[float, ...]) -> list[_Product]:
    """Return the products of the columns demand, elasticity, price and cost.

    Raises
    ------
    ValueError
        If the columns differ in length or there is no product.
    """
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1 or lengths[0] == 0:
        raise ValueError(
            f"manufacturing_market: base_demand, elasticity, price and unit_cost have {lengths} entries, must have one "
            "for each product. Make them equally long."
        )
    rows = zip(*columns, strict=True)
    return [_Product(f"product_{number}", *row) for number, row in enumerate(rows, start=1)]


def _opening(products: list[_Product], ideal_days: float) -> dict[tuple[str, str], float]:
    """Start with the ideal stock of products and material for five days."""
    stock = {(PLANT, product.name): float(round(ideal_days * product.demand)) for product in products}
    daily = sum(product.demand * product.cost for product in products)
    return {**stock, (PLANT, MATERIAL): round(5 * daily)}


def _machines(
    products: list[_Product], hours: float, overtime: float, changeover: float, breakdown: float, repair: int
) -> Resource:
    names = [product.process for product in products]
    pairs = {(before, after): changeover for before in names for after in names if before != after}
    days = dict.fromkeys(range(1, repair + 1), 1 / repair)
    return Resource(
        MACHINES, hours=hours, overtime=overtime, changeover=pairs, breakdown=breakdown, repair_time=days
    )


def _tariff(
    network: SupplyNetwork, products: list[_Product], weights: RiskWeights, given: dict[str, object]
) -> Tariff:
    number = lambda name: float(str(given[name]))  # noqa: E731
    each = lambda rate: {(PLANT, product.name): rate for product in products}  # noqa: E731
    by_product = lambda rate: {(PLANT, product.name): rate(product) for product in products}  # noqa: E731
    produced = given["cost_of_goods"] == "produced"
    short = weights.alpha2 * number("shortage_share")
    idle = weights.alpha3 * number("idle_cost")
    return make_tariff(
        network,
        price_share=each(1.0),
        material_use={(PLANT, MATERIAL): 1.0} if produced else None,
        cost_of_sales=None if produced else by_product(lambda product: product.cost),
        operating_fixed=number("fixed_cost"),
        operating_variable=each(number("variable_cost")),
        stock_deviation=each(weights.alpha1 * number("holding_weight")),
        ideal_stock=by_product(lambda product: number("ideal_days") * product.demand),
        unmet_demand=by_product(lambda product: short * (product.price - product.cost)),
        idle=idle,
        changeover=idle,
        downtime=idle,
        price_change=each(weights.beta1),
        unserved_consumers=each(weights.beta2),
        return_rate=weights.beta3,
        lead_time_deviation=number("lead_time_deviation_cost") or None,
    )
