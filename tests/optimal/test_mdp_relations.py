"""How exact optima of related problems stand to each other (SIM-703 to SIM-705)."""

import dataclasses
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.optimal.mdp import (
    FiniteProcess,
    choices_of,
    enumerate_process,
    evaluate_choices,
    minimize_average_cost,
)
from basestock.policies import BaseStock, CappedBaseStock, OrderUpTo
from basestock.problems import backorder, lost_sales
from basestock.uncertainty import Discrete, Uncertainty

DEMAND = Discrete((0.0, 1.0, 2.0, 3.0, 5.0), (0.2, 0.3, 0.25, 0.15, 0.1))
LEAD_TIMES = [1, pytest.param(2, marks=pytest.mark.slow)]


RATES = ("holding", "lost_sale", "fixed_order")


@lru_cache
def _problem(lead_time: int, charged: str = "holding") -> Problem:
    """Return the lost-sales problem in which one rate is 1 and the others are 0."""
    problem = lost_sales(lead_time=lead_time)
    tariff = make_tariff(problem.network, **{name: float(name == charged) for name in (*RATES, "purchase")})
    demand = Uncertainty({("store", "item"): DEMAND})
    return dataclasses.replace(problem, uncertainty=demand, tariff=tariff, known=None)


@lru_cache
def _charged(lead_time: int, name: str) -> FiniteProcess:
    return enumerate_process(_problem(lead_time, name), max_order=6, max_position=16)


def _process(
    lead_time: int = 1, holding: float = 1.0, lost_sale: float = 9.0, fixed_order: float = 0.0
) -> FiniteProcess:
    """Return the process at any rates: its cost is linear in them (SIM-402)."""
    parts = [_charged(lead_time, name) for name in RATES]
    cost = sum(rate * part.cost for rate, part in zip((holding, lost_sale, fixed_order), parts, strict=True))
    for part in parts[1:]:
        np.testing.assert_array_equal(part.states, parts[0].states)
    return dataclasses.replace(parts[0], cost=np.asarray(cost))


def _optimum(process: FiniteProcess) -> float:
    return minimize_average_cost(process).value


@pytest.mark.slow
@pytest.mark.parametrize("lead_time", LEAD_TIMES)
def test_the_slope_of_the_optimum_in_a_rate_is_the_quantity_that_it_charges(lead_time: int) -> None:
    """SIM-703: by small steps up and down in the rates of holding, lost sales and fixed orders."""
    rates = {"holding": 1.0, "lost_sale": 9.3, "fixed_order": 2.1}
    best, step = minimize_average_cost(_process(lead_time, **rates)).best, 1e-3
    for name, rate in rates.items():
        up, down = (_optimum(_process(lead_time, **(rates | {name: rate + sign * step}))) for sign in (1, -1))
        quantity = evaluate_choices(_charged(lead_time, name), best).value
        assert quantity > 0
        assert (up - down) / (2 * step) == pytest.approx(quantity, abs=1e-4), name


def _restricted(process: FiniteProcess, legal: list[int]) -> FiniteProcess:
    """Return the process with orders of these sizes alone, and nothing."""
    sizes = process.decisions.sum((1, 2))
    return dataclasses.replace(process, allowed=process.allowed & np.isin(sizes, [0, *legal]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("free", "bound"),
    [
        ([1, 2, 3, 4, 5, 6], [3, 4, 5, 6]),
        ([3, 4, 5, 6], [5, 6]),
        ([1, 2, 3, 4, 5, 6], [2, 4, 6]),
        ([2, 4, 6], [4]),
        ([1, 2, 3, 4, 5, 6], [1, 2, 3]),
        ([1, 2, 3], [1, 2]),
    ],
    ids=["minimum 3", "minimum 5", "multiple 2", "multiple 4", "capacity 3", "capacity 2"],
)
def test_more_freedom_never_costs_more(free: list[int], bound: list[int]) -> None:
    """SIM-704: a lower minimum, a lower multiple, more capacity."""
    process = _process(fixed_order=2.0)
    assert _optimum(_restricted(process, free)) <= _optimum(_restricted(process, bound)) + 1e-8


def _two_sources(*names: str) -> Problem:
    lead_times, costs = {"slow": 1, "fast": 0}, {"slow": 0.0, "fast": 2.0}
    network = SupplyNetwork(
        items=(Item("item"),), nodes=(Node("store"),), suppliers=(Supplier("s"),),
        lanes=tuple(Lane("s", "store", name=name, lead_time=lead_times[name]) for name in names), unmet="lost",
    )  # fmt: skip
    purchase = {(name, "item"): costs[name] for name in names}
    tariff = make_tariff(network, holding=1.0, lost_sale=9.0, purchase=purchase)
    return Problem("sources", network, Uncertainty({("store", "item"): DEMAND}), tariff)


@pytest.mark.slow
def test_another_source_never_costs_more() -> None:
    """SIM-704: a slow cheap lane, a fast dear one, or both."""
    cost = {
        names: _optimum(enumerate_process(_two_sources(*names), max_order=5, max_position=10))
        for names in (("slow",), ("fast",), ("slow", "fast"))
    }
    both = cost["slow", "fast"]
    assert both < cost["slow",]
    assert both < cost["fast",]


@pytest.mark.parametrize("lead_time", LEAD_TIMES)
def test_the_optimum_is_below_every_policy(lead_time: int) -> None:
    """SIM-705: exactly, for policies of every kind."""
    problem, process = _problem(lead_time), _process(lead_time)
    value = minimize_average_cost(process).value
    level = lambda quantity: jnp.full((1, 1, 1), float(quantity))  # noqa: E731
    policies = [
        *(BaseStock(level(quantity)) for quantity in range(1, 7)),
        *(CappedBaseStock(level(8), level(cap)) for cap in (1, 2, 3)),
        *(OrderUpTo(level(low), level(low + 3)) for low in (1, 2, 3)),
    ]
    costs = [evaluate_choices(process, choices_of(problem, process, policy)).value for policy in policies]
    assert min(costs) >= value - 1e-8
    assert min(costs) < 1.2 * value


@pytest.mark.parametrize("lead_time", LEAD_TIMES)
@pytest.mark.parametrize("cost", [4.0, 9.0])
def test_losing_sales_costs_no_more_than_letting_them_wait(lead_time: int, cost: float) -> None:
    """SIM-705: at one rate per unit lost, or per unit and period waiting (Janakiraman, Seshadri, Shanthikumar 2007)."""
    waiting = dataclasses.replace(
        backorder(lead_time=lead_time, backorder_cost=cost, fixed_order_cost=0.0),
        uncertainty=Uncertainty({("store", "item"): DEMAND}), known=None,
    )  # fmt: skip
    process = enumerate_process(waiting, max_order=12, max_position=16, min_position=0)
    assert _optimum(_process(lead_time, lost_sale=cost)) <= _optimum(process) + 1e-8


def test_what_arrives_between_two_decisions_is_paid_for() -> None:
    """What is bought and what is lost make up the demand, mean 1.75."""
    problem, process = _problem(1), _charged(1, "purchase")
    choices = choices_of(problem, process, BaseStock(jnp.full((1, 1, 1), 3.0)))
    bought, lost = (evaluate_choices(_charged(1, name), choices).value for name in ("purchase", "lost_sale"))
    assert lost > 0.1
    assert bought + lost == pytest.approx(1.75, abs=1e-6)
