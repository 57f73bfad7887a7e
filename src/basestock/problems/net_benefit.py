"""One item over 90 days, methods compared by what they earn and what they cost to own (system D)."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Problem
from basestock.dynamics import InitialState, Step
from basestock.economics import Tariff, Term, make_tariff
from basestock.economics.leaves import given
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.parameters import parameters
from basestock.uncertainty import Deterministic, Seasonal, Uncertainty, Wave
from basestock.uncertainty.scenarios import DemandPaths, ScenarioSettings, demand_scenarios

SOURCE = "kevinlmf/Operations_Agent_System (MIT), scripts of the comparison"
_PLACE = ("store", "item")


def published_demand(num_days: int = 455, seed: int = 42) -> np.ndarray:
    """Return the demand of the published comparison, whole units by day.

    Parameters
    ----------
    num_days
        365 days to learn from, then 90 to be judged on.
    seed
        Of NumPy's legacy generator, as in the source.

    Notes
    -----
    d_t = int(max(0, Normal(50, 10) + 10 sin(2 pi t / 365.25) + 5 sin(2 pi t / 7))).

    Examples
    --------
    >>> int(published_demand()[365:].sum())
    5040
    """
    day = np.arange(num_days)
    noise = np.random.RandomState(seed).normal(50, 10, num_days)
    wave = 10 * np.sin(2 * np.pi * day / 365.25) + 5 * np.sin(2 * np.pi * day / 7)
    return np.maximum(0, noise + wave).astype(np.int64)


@dataclasses.dataclass(frozen=True)
class AmortizedOrder:
    """Charge K / max(1, q / d) for an order of q in a period with demand d, as the source does.

    Parameters
    ----------
    cost
        Money per order [K].
    every_period
        Whether a period without order is charged K as well: so the learned methods of the source were.
    """

    cost: float
    every_period: bool = False

    def __call__(self, tariff: Tariff, step: Step) -> Array:
        """Return money by lane and item."""
        ordered = given(step.outcome.ordered)
        demand = jnp.maximum(given(step.outcome.demand).sum((0, 1)), 1e-6)
        charged = jnp.ones_like(ordered) if self.every_period else (ordered > 0).astype(ordered.dtype)
        return self.cost * charged / jnp.maximum(ordered / demand, 1.0)


OWNERSHIP: dict[str, tuple[float, float, float, float]] = {
    "traditional": (1000.0, 0.0, 0.1, 10.0),
    "machine_learning": (5000.0, 2000.0, 0.5, 50.0),
    "reinforcement_learning": (8000.0, 5000.0, 1.0, 100.0),
    "deep_learning": (10000.0, 8000.0, 2.0, 150.0),
}
"""Kind of method to implementation and training in money, inference and maintenance in money per day."""


def ownership_cost(kind: str, num_days: int) -> float:
    """Return what a method costs to have, money.

    Examples
    --------
    >>> ownership_cost("traditional", 90)
    1909.0
    """
    implementation, training, inference, maintenance = OWNERSHIP[kind]
    return implementation + training + num_days * (inference + maintenance)


@dataclasses.dataclass(frozen=True)
class PublishedRules:
    """Parameters of the published rules, from the 365 days of training.

    Parameters
    ----------
    mean, deviation
        Of the demand, units; the deviation divides by the number of days.
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, demand: np.ndarray) -> "PublishedRules":
        """Return the rules that a training series gives."""
        return cls(float(np.mean(demand)), float(np.std(demand)))

    def eoq(self, ordering_cost: float = 50.0, holding_cost: float = 2.0) -> tuple[float, float]:
        """Return reorder point m + 1.645 s and order quantity sqrt(2 m K / h), for a lead time of 1."""
        return self.mean + 1.645 * self.deviation, float(
            np.sqrt(2 * self.mean * ordering_cost / holding_cost)
        )

    def safety_stock(self, lead_time: int = 7, review: int = 1) -> tuple[float, float]:
        """Return reorder point and order-up-to level with a safety stock of z s sqrt(L + R), z = 1.644854."""
        protection = 1.6448536269514722 * self.deviation * np.sqrt(lead_time + review)
        return lead_time * self.mean + protection, (lead_time + review) * self.mean + protection


@parameters(train_days=(1, None))
def net_benefit(
    *,
    lead_time: int = 7,
    price: float = 20.0,
    unit_cost: float = 10.0,
    charge_purchases: bool = False,
    holding_cost: float = 2.0,
    stockout_cost: float = 10.0,
    ordering_cost: float = 50.0,
    amortized: bool = True,
    every_period: bool = False,
    initial_stock: float = 100.0,
    train_days: int = 365,
    horizon: int = 90,
    demand_seed: int = 42,
    orders_arrive: bool = True,
) -> Problem:
    """Build the comparison of methods by net benefit: receive, decide, place, sell; what is missing is lost.

    Parameters
    ----------
    lead_time
        Days; the source gives each method another one: safety stock 7, EOQ 1, the learned ones 0.
    price, unit_cost
        Money per unit sold and ordered; the source never charges the latter.
    charge_purchases
        Whether orders are paid for.
    holding_cost, stockout_cost
        Money per unit and day on hand, and per unit lost.
    ordering_cost, amortized, every_period
        Money per order; divided by max(1, order / demand of the day) if amortized; charged on days without order too.
    initial_stock
        Units.
    train_days, horizon
        Days before the first one played, and days played.
    demand_seed
        42 is the published series.
    orders_arrive
        False is the defect of the source's learned methods: what they order is queued behind the day's receipts and
        never comes.

    Returns
    -------
    Problem
        Profit in all, before the cost of owning the method (:func:`ownership_cost`).

    References
    ----------
    https://github.com/kevinlmf/Operations_Agent_System
    """
    arguments = dict(locals())
    demand = published_demand(train_days + horizon, demand_seed)[train_days:]
    asked = Seasonal(tuple(Deterministic(float(units)) for units in demand), repeats=False)
    network = _store(lead_time if orders_arrive else horizon + 1)
    return Problem(
        name="net_benefit",
        network=network,
        uncertainty=Uncertainty({_PLACE: asked}),
        horizon=horizon,
        initial_state=InitialState(on_hand={_PLACE: initial_stock}),
        parameters=arguments,
        **_money(network, arguments),
    )


@parameters(trend=(None, None), annual_amplitude=(0, 1), weekly_amplitude=(0, 1), smoothed=(0, 1))
def dynamic_scenarios(
    *,
    base_demand: float = 50.0,
    trend: float = 0.05,
    annual_amplitude: float = 0.3,
    weekly_amplitude: float = 0.1,
    uncertainty: float = 0.20,
    volatility: float = 0.15,
    smoothed: float = 0.7,
    num_scenarios: int = 10,
    first_seed: int = 42,
    lead_time: int = 1,
    price: float = 20.0,
    unit_cost: float = 10.0,
    charge_purchases: bool = False,
    holding_cost: float = 2.0,
    stockout_cost: float = 10.0,
    ordering_cost: float = 50.0,
    amortized: bool = True,
    every_period: bool = False,
    initial_stock: float = 100.0,
    horizon: int = 90,
) -> Problem:
    """Build the comparison over scenarios with trend, seasons and noise; replication r is scenario r.

    Parameters
    ----------
    base_demand, trend, annual_amplitude, weekly_amplitude, uncertainty, volatility, smoothed
        See :class:`basestock.uncertainty.scenarios.ScenarioSettings`.
    num_scenarios, first_seed
        Scenarios have the seeds first_seed, first_seed + 1, ...
    lead_time, price, unit_cost, charge_purchases, holding_cost, stockout_cost, ordering_cost, amortized, every_period
        As for :func:`net_benefit`.
    initial_stock
        Units.
    horizon
        Days.

    Returns
    -------
    Problem
        Profit in all; evaluate with as many replications as scenarios.

    References
    ----------
    https://github.com/kevinlmf/Operations_Agent_System
    """
    arguments = dict(locals())
    waves = (Wave(365.25, annual_amplitude), Wave(7.0, weekly_amplitude))
    settings = ScenarioSettings(base_demand, trend, waves, uncertainty, volatility, smoothed)
    seeds = tuple(range(first_seed, first_seed + num_scenarios))
    network = _store(lead_time)
    return Problem(
        name="dynamic_scenarios",
        network=network,
        uncertainty=DemandPaths(paths={_PLACE: demand_scenarios(settings, horizon, seeds)}),
        horizon=horizon,
        initial_state=InitialState(on_hand={_PLACE: initial_stock}),
        parameters=arguments,
        **_money(network, arguments),
    )


def _store(lead_time: int) -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("item", whole_units=False),),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", lead_time=lead_time),),
    )


def _money(network: SupplyNetwork, arguments: dict[str, Any]) -> dict[str, Any]:
    cost, amortized = arguments["ordering_cost"], arguments["amortized"]
    rates = {
        "price": arguments["price"],
        "holding": arguments["holding_cost"],
        "lost_sale": arguments["stockout_cost"],
        "unit_order": arguments["unit_cost"] if arguments["charge_purchases"] else None,
        "fixed_order": None if amortized else cost,
    }
    term = Term("amortized_order", AmortizedOrder(cost, arguments["every_period"]), "fixed_order", "lane")
    return {
        "tariff": make_tariff(network, **rates),
        "terms": (term,) if amortized else (),
        "criterion": "finite_horizon_total_cost",
        "sense": "max",
        "source": SOURCE,
    }
