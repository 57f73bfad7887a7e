"""The plant with a market, and methods compared by net benefit."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.economics import make_tariff
from basestock.evaluation import evaluate
from basestock.evaluation.run import play
from basestock.policies.levels import BaseStock, OrderUpTo
from basestock.problems.manufacturing_market import RiskWeights, manufacturing_market
from basestock.problems.net_benefit import (
    PublishedRules,
    dynamic_scenarios,
    net_benefit,
    ownership_cost,
    published_demand,
)
from basestock.problems.net_benefit_rules import OneFixedQuantity

RULES = PublishedRules.of(published_demand()[:365])


def one(value: float) -> jnp.ndarray:
    return jnp.full((1, 1, 1), value)


def operational(problem, policy) -> tuple[float, float]:
    """Return operational cost and profit of one path, money."""
    played = play(problem, policy, replications=2, seed=0)
    charged = {name: float(money[0]) for name, money in played.sums[0].money.items()}
    costs = sum(money for name, money in charged.items() if name not in ("revenue", "unit_order"))
    return costs, float(played.totals[0])


def test_the_published_series_has_the_published_figures() -> None:
    demand = published_demand()
    assert (demand[:365].mean().round(2), demand[:365].std().round(2), demand[365:].sum()) == (
        49.56,
        12.04,
        5040,
    )


@pytest.mark.slow
@pytest.mark.requirement("C-11")
def test_eoq_costs_what_the_page_prints_and_earns_what_it_should() -> None:
    reorder_point, quantity = RULES.eoq()
    policy = OneFixedQuantity(one(reorder_point), one(quantity))
    costs, profit = operational(net_benefit(lead_time=1), policy)
    assert costs == pytest.approx(11518.55, abs=0.01)
    assert profit - ownership_cost("traditional", 90) == pytest.approx(74194.63, abs=0.02)
    paid = operational(net_benefit(lead_time=1, charge_purchases=True), policy)[1]
    assert paid - ownership_cost("traditional", 90) == pytest.approx(30885.63, abs=0.5)


@pytest.mark.slow
def test_safety_stock_costs_what_the_page_prints() -> None:
    reorder_point, level = RULES.safety_stock()
    costs, profit = operational(net_benefit(lead_time=7), OrderUpTo(one(reorder_point), one(level)))
    assert costs == pytest.approx(15498.36, abs=0.01)
    assert profit - ownership_cost("traditional", 90) == pytest.approx(70942.11, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.0, 60.0])
def test_orders_that_never_arrive_cost_the_same_whatever_is_ordered(level: float) -> None:
    problem = net_benefit(lead_time=0, orders_arrive=False, every_period=True)
    costs, profit = operational(problem, BaseStock(one(level)))
    assert costs == pytest.approx(54002.0, abs=0.01)
    assert profit + costs == pytest.approx(2000.0, abs=0.01)


@pytest.mark.slow
def test_scenarios_are_replications_and_pay_the_same_money() -> None:
    problem = dynamic_scenarios(horizon=40, num_scenarios=3)
    reorder_point, quantity = RULES.eoq()
    totals = play(problem, OneFixedQuantity(one(reorder_point), one(quantity)), replications=6, seed=0).totals
    np.testing.assert_array_equal(totals[:3], totals[3:])
    assert len(set(totals[:3].tolist())) == 3


@pytest.fixture(scope="module")
def plant():
    problem = manufacturing_market(horizon=30)
    levels = jnp.asarray([90.0, 60.0, 40.0, 8000.0]).reshape(1, 4, 1)
    return problem, evaluate(
        problem, {"base_stock": BaseStock(levels)}, replications=20, risk_levels=(0.05, 0.1)
    )


@pytest.mark.slow
@pytest.mark.requirement("A-09", "A-30")
def test_the_reward_is_the_sum_of_its_named_terms(plant) -> None:
    problem, report = plant
    row = report["base_stock"]
    signs = dict(zip(problem.ledger.names, problem.ledger.signs, strict=True))
    total = -sum(signs[name] * value.mean for name, value in row.terms.items())
    assert row.total.mean == pytest.approx(total, rel=1e-9)
    for name in ("stock_deviation", "unmet_demand", "unserved_consumers", "idle", "downtime", "return_rate"):
        assert row.terms[name].mean > 0


@pytest.mark.slow
def test_risk_is_in_the_report_with_its_level_and_sign(plant) -> None:
    risk = plant[1]["base_stock"].to_dict()["risk"]
    assert risk["cvar05_loss"]["mean"] == -risk["cvar05_return"]["mean"]
    assert risk["cvar05_return"]["mean"] <= risk["cvar10_return"]["mean"] <= plant[1]["base_stock"].total.mean
    assert {"semideviation", "sharpe", "sortino"} <= set(risk)


@pytest.mark.requirement("A-10")
@pytest.mark.parametrize("discount", [0.0, 0.5, 1.0])
def test_a_constant_reward_discounts_to_the_geometric_sum(discount: float) -> None:
    problem = net_benefit(horizon=8)
    fixed = make_tariff(problem.network, operating_fixed=300.0)
    constant = dataclasses.replace(
        problem, tariff=fixed, terms=(), criterion="discounted_return", discount=discount
    )
    totals = play(constant, BaseStock(one(0.0)), replications=2, seed=0).totals
    expected = -300.0 * sum(discount**period for period in range(8))
    assert totals == pytest.approx([expected, expected], rel=1e-6)


def test_the_plant_of_system_a_has_as_many_products_as_its_parameters() -> None:
    one = manufacturing_market(
        base_demand=(9.0,), elasticity=(-1.0,), price=(8.0,), unit_cost=(3.0,), lead_times=(0.5, 0.5)
    )
    assert sorted(one.network.item_index) == ["material", "product_1"]
    assert one.network.lanes[0].lead_time == {1: 0.5, 2: 0.5}
    assert "lead_time_deviation" not in one.ledger.names
    assert "lead_time_deviation" in manufacturing_market(lead_time_deviation_cost=0.1).ledger.names
    with pytest.raises(ValueError, match=r"have \[3, 2, 3, 3\] entries, must have one for each product"):
        manufacturing_market(elasticity=(-1.0, -2.0))


@pytest.mark.requirement("A-09")
def test_weights_are_named_and_checked() -> None:
    with pytest.raises(ValueError, match="beta2 is -1, must be >= 0"):
        RiskWeights(beta2=-1)
    with pytest.raises(ValueError, match="cost_of_goods is 'bought'"):
        manufacturing_market(cost_of_goods="bought")
