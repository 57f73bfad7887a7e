"""How exact optima of related problems stand to each other (SIM-703 to SIM-705)."""

import dataclasses
from functools import lru_cache
from typing import Any

import jax.numpy as jnp
import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.optimal.mdp import Optimum, evaluate_exactly, optimize
from basestock.policies import BaseStock, CappedBaseStock, OrderUpTo
from basestock.uncertainty import Uncertainty
from tests.optimal.small import DEMAND, box_of, losing, waiting

LEAD_TIMES = [1, pytest.param(2, marks=pytest.mark.slow)]
RATES = ("holding", "lost_sale", "fixed_order")


@lru_cache
def _problem(lead_time: int = 1, **rates: float) -> Problem:
    """Return the lost-sales problem at these rates, all others 0."""
    problem = losing(lead_time)
    tariff = make_tariff(problem.network, **(dict.fromkeys((*RATES, "purchase"), 0.0) | rates))
    return dataclasses.replace(problem, tariff=tariff)


def _solved(problem: Problem) -> Optimum:
    """Return the optimum inside a fixed box, so that related problems are solved alike."""
    return optimize(problem, box=box_of(problem, max_order=6, max_position=16), tolerance=1e-9)


@lru_cache
def _optimum(lead_time: int = 1, **rates: float) -> float:
    return _solved(_problem(lead_time, **({"holding": 1.0, "lost_sale": 9.0} | rates))).value


@pytest.mark.slow
@pytest.mark.parametrize("lead_time", LEAD_TIMES)
def test_the_slope_of_the_optimum_in_a_rate_is_the_quantity_that_it_charges(lead_time: int) -> None:
    """SIM-703: by small steps up and down in the rates of holding, lost sales and fixed orders."""
    rates = {"holding": 1.0, "lost_sale": 9.3, "fixed_order": 2.1}
    problem, step = _problem(lead_time, **rates), 1e-3
    best = _solved(problem).policy(problem)
    for name, rate in rates.items():
        up, down = (_optimum(lead_time, **(rates | {name: rate + sign * step})) for sign in (1, -1))
        quantity = evaluate_exactly(_problem(lead_time, **{name: 1.0}), best).value
        assert quantity > 0
        assert (up - down) / (2 * step) == pytest.approx(quantity, abs=1e-4), name


@lru_cache
def _limited(**rules: float) -> float:
    """Return the optimum under rules of the lane, with a fixed cost per order."""
    problem = _problem(holding=1.0, lost_sale=9.0, fixed_order=2.0)
    lane = dataclasses.replace(problem.network.lanes[0], **rules)  # type: ignore[arg-type]
    network = dataclasses.replace(problem.network, lanes=(lane,))
    return _solved(dataclasses.replace(problem, network=network)).value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("free", "bound"),
    [
        ({}, {"order_minimum": 3}),
        ({"order_minimum": 3}, {"order_minimum": 5}),
        ({}, {"order_multiple": 2}),
        ({"order_multiple": 2}, {"order_multiple": 4}),
        ({}, {"order_maximum": 3}),
        ({"order_maximum": 3}, {"order_maximum": 2}),
    ],
    ids=["minimum 3", "minimum 5", "multiple 2", "multiple 4", "capacity 3", "capacity 2"],
)
def test_more_freedom_never_costs_more(free: dict[str, float], bound: dict[str, float]) -> None:
    """SIM-704: a lower minimum, a lower multiple, more capacity."""
    assert _limited(**free) <= _limited(**bound) + 1e-8


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
    cost: dict[Any, float] = {}
    for names in (("slow",), ("fast",), ("slow", "fast")):
        problem = _two_sources(*names)
        cost[names] = optimize(problem, box=box_of(problem, max_order=5, max_position=10)).value
    both = cost["slow", "fast"]
    assert both < cost["slow",]
    assert both < cost["fast",]


@pytest.mark.slow
@pytest.mark.parametrize("lead_time", LEAD_TIMES)
def test_the_optimum_is_below_every_policy(lead_time: int) -> None:
    """SIM-705: exactly, for policies of every kind."""
    level = lambda quantity: jnp.full((1, 1, 1), float(quantity))  # noqa: E731
    policies = [
        *(BaseStock(level(quantity)) for quantity in (2, 4, 5, 6)),
        *(CappedBaseStock(level(8), level(cap)) for cap in (2, 3)),
        *(OrderUpTo(level(low), level(low + 3)) for low in (2, 3)),
    ]
    problem = losing(lead_time)
    costs = [evaluate_exactly(problem, policy).value for policy in policies]
    assert min(costs) >= _optimum(lead_time) - 1e-8
    assert min(costs) < 1.2 * _optimum(lead_time)


@pytest.mark.parametrize("lead_time", LEAD_TIMES)
@pytest.mark.parametrize("cost", [4.0, 9.0])
def test_losing_sales_costs_no_more_than_letting_them_wait(lead_time: int, cost: float) -> None:
    """SIM-705: at one rate per unit lost, or per unit and period waiting (Janakiraman, Seshadri, Shanthikumar 2007)."""
    assert _optimum(lead_time, lost_sale=cost) <= optimize(waiting(lead_time, cost)).value + 1e-8


def test_what_arrives_between_two_decisions_is_paid_for() -> None:
    """What is bought and what is lost make up the demand, mean 1.75."""
    policy = BaseStock(jnp.full((1, 1, 1), 3.0))
    bought, lost = (
        evaluate_exactly(_problem(**{name: 1.0}), policy).value for name in ("purchase", "lost_sale")
    )
    assert lost > 0.1
    assert bought + lost == pytest.approx(1.75, abs=1e-6)
