"""A plant by rules of thumb: reorder point, cost-plus price, earliest due date."""

import dataclasses
from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Observation, Problem
from basestock.dynamics import empty_state
from basestock.evaluation import evaluate
from basestock.policies import REGISTRY, OrderUpTo, RuleScheduler, fit
from basestock.policies.scheduling import standard_rules
from basestock.problems.manufacturing_market import manufacturing_market
from tests.policies.observations import KEY, observe, orders, positions

pytestmark = pytest.mark.requirement("A-31")
MATERIAL = 3


@cache
def plant() -> Problem:
    return manufacturing_market(horizon=10)


@cache
def rules() -> RuleScheduler:
    return RuleScheduler.for_problem(plant())


def seen(stock: tuple[float, ...], supply: float = 1.0, up: float = 1.0) -> Observation:
    """Stock of three products and material, the price of material, and the share of the machines that is up."""
    state = empty_state(plant().arrays, 1)
    looked = observe(
        plant(), dataclasses.replace(state, on_hand=state.on_hand.at[0, :4, 0].set(jnp.array(stock)))
    )
    price = jnp.zeros_like(looked.in_transit).at[0, MATERIAL].set(supply)
    status = jnp.full_like(looked.resource_status, up)
    return dataclasses.replace(looked, supply_price=price, resource_status=status)


def decided(policy: RuleScheduler, look: Observation):
    return policy(look, None, key=KEY)[0]


@pytest.mark.slow
def test_the_standard_rules_are_those_that_are_documented() -> None:
    """Poisson demand of 40 over one period of making and one of review: 95 of them suffice with 95 %."""
    standard = standard_rules(plant())
    assert standard["reorder_point"][0, :3].tolist() == [95.0, 62.0, 39.0]
    assert standard["gap"][0, :3].tolist() == [40.0, 25.0, 15.0]
    np.testing.assert_allclose(standard["markup"][0], [20 / 11 - 1, 35 / 18 - 1, 60 / 30 - 1, 0.0], rtol=1e-6)


@pytest.mark.slow
def test_at_the_reorder_point_the_level_is_made_and_material_is_ordered() -> None:
    few = decided(rules(), seen((96, 62, 39, 0)))
    assert np.asarray(few.start)[:3, 0].tolist() == [0, 25, 15]
    assert float(few.order[0, MATERIAL, 0]) > 0
    assert float(few.order[0, :MATERIAL].sum()) == 0
    assert float(decided(rules(), seen((96, 63, 40, 20_000))).order.sum()) == 0


@pytest.mark.parametrize("supply", [0.5, 1.0, 1.3])
def test_the_price_is_the_cost_at_the_last_prices_and_the_markup(supply: float) -> None:
    price = np.asarray(decided(rules(), seen((100, 80, 60, 9000), supply)).price)[0, :3, 0]
    np.testing.assert_allclose(price, supply * np.array([20.0, 35.0, 60.0]), rtol=1e-6)
    sold = manufacturing_market(horizon=10, cost_of_goods="sold")
    other = RuleScheduler.for_problem(sold)
    np.testing.assert_allclose(other.fixed_cost[0, :3, 0], [11.0, 18.0, 30.0])
    np.testing.assert_allclose(
        np.asarray(decided(other, seen((100, 80, 60, 9000), supply)).price)[0, :3, 0], [20.0, 35.0, 60.0], rtol=1e-6
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stock", "up", "hours"),
    [
        # Everything fits: 55 + 27 + 14 hours, and 4 for each changeover.
        ((80.0, 60.0, 39.0), 1.0, [55.0, 27.0, 15.0]),
        # Product 3 lasts a day, product 2 two, product 1 two and a half: it waits for what is left of 110.
        ((95.0, 50.0, 15.0), 1.0, [110.0 - 39.0 - 4.0 - 37.0 - 4.0 - 4.0, 37.0, 39.0]),
        # Half of the machines: the first due has its 34 hours, the second what is left.
        ((95.0, 50.0, 20.0), 0.5, [0.0, 55.0 - 34.0 - 4.0 - 4.0, 34.0]),
        ((80.0, 60.0, 39.0), 0.0, [0.0, 0.0, 0.0]),
    ],
)
def test_hours_go_to_what_is_due_first(stock, up: float, hours: list[float]) -> None:
    assign = np.asarray(decided(rules(), seen((*stock, 9000.0), up=up)).assign)[0, :3, 0]
    np.testing.assert_allclose(assign, hours, atol=1e-3)


def test_where_nothing_is_made_or_priced_it_is_reorder_point_and_level() -> None:
    one = jnp.ones((1, 1, 1))
    levels = RuleScheduler(4 * one, 9 * one, one, one, one, one)
    look = positions(-3, 4, 5, 20)
    assert orders(levels, look) == orders(OrderUpTo(4 * one, 9 * one), look) == [12, 5, 0, 0]
    assert levels(look, None, key=KEY)[0].price is None


@pytest.mark.slow
def test_as_documented_and_tuned_both_stand_in_the_table() -> None:
    """One product: the search begins at the standard rules, and the tuned ones earn more on other events."""
    one = manufacturing_market(
        horizon=20, base_demand=(40.0,), elasticity=(-1.8,), price=(20.0,), unit_cost=(11.0,)
    )
    assert {"rule_scheduler", "standard_scheduler"} <= set(REGISTRY)
    players = {
        name: fit(one, name, replications=8).policy for name in ("standard_scheduler", "rule_scheduler")
    }
    report = evaluate(one, players, replications=64, seed=7)
    assert [row.policy for row in report.rows] == [*players]
    standard, tuned = (report[name].total for name in players)
    assert tuned.mean > standard.mean
