"""Perishable problems: published values by exact value iteration, and the registered networks."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import game, simulate
from basestock.dynamics import Step
from basestock.optimal.mdp import optimize
from basestock.policies import find
from basestock.problems import make_problem
from basestock.problems.instances import read_instances
from basestock.problems.perishable import perishable_profit, perishable_single_class, perishable_two_class
from basestock.problems.perishable_networks import grocery_seasonal, inventory_management, pharmacy
from basestock.uncertainty import Discrete, Wave

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "benchmarks" / "instances.json"


@pytest.mark.slow
@pytest.mark.parametrize(("issuing", "value"), [("lifo", -1552.99), ("fifo", -1457.28)])
def test_the_optimal_return_of_a_perishable_item(issuing: str, value: float) -> None:
    found = optimize(perishable_single_class(issuing=issuing))
    assert found.value == pytest.approx(value, abs=0.006)
    assert (found.shown, found.boundary_share, found.num_classes) == (True, 0.0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"fifo_share": 1.0}, 13.2096),
        ({"fifo_share": 0.5}, 32.5869),
        ({"fifo_share": 0.0, "std": 4.0, "max_inventory_position": 15}, 130.531),
    ],
)
def test_the_optimal_cost_of_two_classes_of_customers(settings: dict[str, float], value: float) -> None:
    """Last in, first out comes round periodically: full steps of value iteration would swing for ever."""
    assert optimize(perishable_two_class(**settings)).value == pytest.approx(value, rel=1e-5)


@pytest.mark.slow
def test_the_optimal_profit_of_a_perishable_item() -> None:
    problem = perishable_profit()
    found = optimize(problem)
    assert found.value == pytest.approx(2.21514, abs=1e-5)
    assert problem.known is not None
    assert abs(found.value - problem.known.value) <= problem.known.precision
    assert found.lower <= found.value <= found.upper


@pytest.mark.slow
def test_orders_stay_within_the_bound_of_the_position() -> None:
    problem = perishable_two_class(lead_time=1, max_inventory_position=7)
    policy = find("constant_order").make(problem, {"quantity": jnp.full((1, 1, 1), 5.0)})
    orders = simulate(
        game(problem),
        policy,
        problem.start(1),
        key=jax.random.key(0),
        num_periods=3,
        fold=_orders,
        initial=None,
    ).traced
    assert np.asarray(orders).ravel().tolist()[:2] == [5.0, 2.0]


def test_orders_stay_within_the_largest_order() -> None:
    problem = perishable_single_class(max_order=4)
    policy = find("constant_order").make(problem, {"quantity": jnp.full((1, 1, 1), 5.0)})
    orders = simulate(
        game(problem),
        policy,
        problem.start(1),
        key=jax.random.key(0),
        num_periods=2,
        fold=_orders,
        initial=None,
    ).traced
    assert np.asarray(orders).ravel().tolist() == [4.0, 4.0]


def _orders(_: None, step: Step) -> tuple[None, jax.Array]:
    return None, step.outcome.ordered


def test_classes_share_mean_and_variance() -> None:
    problem = perishable_two_class(fifo_share=0.5, std=3.0)
    laws = problem.uncertainty.laws_at("store", "item")
    assert [law.mean for law in laws] == pytest.approx([2.0, 2.0])
    assert sum(law.variance for law in laws if isinstance(law, Discrete)) == pytest.approx(9.0)


@pytest.mark.skipif(not SHARED.exists(), reason="needs shared/benchmarks beside the repository")
def test_every_perishable_instance_is_a_problem() -> None:
    found = [each for each in read_instances(SHARED) if each.family.startswith("perishable")]
    played = [each.problem({"horizon": 5, "warm_up": 0}) for each in found if not each.wrong]
    assert (len(found), len(played)) == (81, 81)
    assert {problem.criterion for problem in played} == {
        *("discounted_return", "average_cost_per_period", "average_profit_per_period"),
    }


@pytest.mark.requirement("C-14")
def test_the_page_example_exists_with_its_own_keywords() -> None:
    settings = {
        "num_stores": 3, "num_products": 50, "demand_dist": "poisson", "holding_cost": 0.1, "shortage_cost": 5,
        "lead_time": 3, "perish_rate": 0.02,
    }  # fmt: skip
    problem = inventory_management(**settings)
    assert (len(problem.network.nodes), len(problem.network.items)) == (3, 50)
    assert all(item.decay_rate == 0.02 for item in problem.network.items)
    same = make_problem("inventory_management", {key: str(value) for key, value in settings.items()})
    assert same.network == problem.network
    with pytest.raises(ValueError, match="must be one of poisson, negative_binomial, geometric"):
        inventory_management(demand_dist="weibull")


@pytest.mark.requirement("C-35")
def test_the_grocery_has_a_season_and_a_year_of_test_after_three() -> None:
    problem = grocery_seasonal(num_products=2)
    assert (problem.warm_up, problem.horizon) == (1095, 365)
    law = problem.uncertainty.demand["store", "product 1"]
    means = [each.mean for each in law.laws]
    assert (max(means), min(means)) == pytest.approx((28.0, 12.0), abs=0.01)
    assert law.mean == pytest.approx(20.0, abs=0.01)


def test_the_pharmacy_has_the_size_and_the_lives_of_its_description() -> None:
    network = pharmacy().network
    lives = [item.shelf_life or 0 for item in network.items]
    assert (len(network.items), len(network.nodes), len(network.suppliers)) == (400, 11, 3)
    assert (min(lives), max(lives)) == (7, 90)
    leads = {days for lane in network.lanes if lane.source.startswith("supplier") for days in lane.lead_time}
    assert (min(leads), max(leads)) == (2, 8)


@pytest.mark.slow
def test_rooms_of_the_pharmacy_hold_days_of_demand_cold_items_apart() -> None:
    problem = pharmacy(num_items=10, num_hospitals=2, num_warehouses=1, storage_days=20.0, cold_days=5.0)
    kept = {item.name: item.storage_class for item in problem.network.items}
    assert sorted(kept.values()).count("cold") == 2
    daily: dict[str, dict[str, float]] = {"ambient": {}, "cold": {}}
    for (hospital, item), law in problem.uncertainty.demand.items():
        for place in (hospital, "warehouse 1"):
            daily[kept[item]][place] = daily[kept[item]].get(place, 0.0) + law.mean
    for node in problem.network.nodes:
        assert node.storage == pytest.approx(
            {"ambient": 20 * daily["ambient"][node.name], "cold": 5 * daily["cold"][node.name]}
        )
    assert problem.arrays.num_nodes == 3 and len(problem.arrays.rooms) == 2
    free = pharmacy(num_items=10, storage_days=0.0, cold_days=0.0)
    assert all(not node.storage for node in free.network.nodes) and free.arrays.rooms == ()


def test_the_spread_of_lead_times_and_the_season_of_the_pharmacy_are_set() -> None:
    certain = pharmacy(num_items=3, num_warehouses=1, lead_time_spread=0.0, season=0.0)
    assert [lane.lead_time for lane in certain.network.lanes[:3]] == [3, 5, 6]
    assert certain.uncertainty.drivers is None
    half = pharmacy(num_items=3, num_warehouses=1, lead_time_spread=0.5)
    assert half.network.lanes[0].lead_time == pytest.approx({2: 0.25, 3: 0.65, 4: 0.1})
    assert half.uncertainty.drivers is not None
    assert half.uncertainty.drivers.waves == (Wave(365.0, 0.2),)


@pytest.mark.slow
def test_the_perishable_policy_replaces_what_will_expire() -> None:
    problem = perishable_single_class(shelf_life=3, lead_time=2, issuing="fifo")
    start = dataclasses.replace(
        problem, initial_state=dataclasses.replace(problem.initial_state, lots={("store", "item", 1): 9.0})
    )
    values = {"base_stock_level": jnp.full((1, 1, 1), 12.0)}
    order = [
        float(
            np.asarray(
                simulate(
                    game(start), find(name).make(problem, values), start.start(1), key=jax.random.key(0),
                    num_periods=1, fold=_orders, initial=None,
                ).traced
            )[0, 0, 0, 0]
        )
        for name in ("base_stock", "perishable_base_stock")
    ]  # fmt: skip
    # 9 units expire tonight, 4 are expected to be sold: 5 more are ordered.
    assert order == [3.0, 8.0]
