"""Families of supply against what is printed or computed for them."""

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation.run import play
from basestock.optimal.mdp import optimize
from basestock.policies.levels import BaseStock, EchelonBaseStock
from basestock.policies.players import AnchorAndAdjust
from basestock.policies.protection import lead_periods
from basestock.problems.beer_game import SETTINGS, beer_game
from basestock.problems.distribution import divergent_special_delivery, one_warehouse_multi_retailer
from basestock.problems.dual_sourcing import dual_sourcing
from basestock.problems.general_network import general_network
from basestock.problems.joint_replenishment import joint_replenishment
from basestock.problems.random_lead_time import _integrals, random_lead_time
from basestock.problems.supply_uncertainty import random_yield, supply_uncertainty
from basestock.uncertainty.unit_lead_times import UnitLeadTime


def levels(problem: Problem, *values: float) -> jnp.ndarray:
    table = np.zeros((problem.arrays.num_nodes, 1, 1), dtype=np.float32)
    table[: len(values), 0, 0] = values
    return jnp.asarray(table)


def steady(problem: Problem) -> AnchorAndAdjust:
    one = jnp.ones((1, 1, 1))
    return AnchorAndAdjust(levels(problem, 28, 28, 28, 20), one, one, 0 * one, 4 * one)


@pytest.mark.slow
def test_the_classic_beer_game_costs_what_sterman_prints():
    """Sterman 1989: 204 in all; 46, 50, 54 and 54 by player."""
    problem = beer_game()
    played = play(problem, steady(problem), replications=1, seed=0)
    assert played.totals.tolist() == [204.0]


def test_every_setting_of_the_beer_game_builds():
    assert [len(beer_game(setting=name).network.nodes) for name in SETTINGS] == [4] * len(SETTINGS)
    with pytest.raises(ValueError, match="setting is 'x', must be one of"):
        beer_game(setting="x")


@pytest.mark.slow
@pytest.mark.requirement("C-09")
def test_dual_sourcing_has_its_recomputed_optimum():
    found = optimize(dual_sourcing())
    assert found.value == pytest.approx(216.7698, abs=1e-3)
    assert (found.shown, found.boundary_share) == (True, 0.0)


@pytest.mark.slow
def test_two_trucks_cost_what_the_record_says():
    """12 units fill two trucks: 2 x 75 plus 10 for each item; 12 - 0 units stay, as nobody comes in this world."""
    problem = joint_replenishment(
        demand=({"type": "deterministic", "value": 0},) * 2, horizon=1, discount=1.0
    )
    level = jnp.asarray([6.0, 6.0]).reshape(1, 2, 1)
    played = play(problem, BaseStock(level), replications=1, seed=0)
    assert played.totals.tolist() == [2 * 75 + 2 * 10 + 12]


@pytest.mark.parametrize(
    ("problem", "value"),
    [
        (supply_uncertainty(), 2737.068966),
        (random_yield(), 12914.782228),
        (
            random_yield(yield_kind="multiplicative", yield_mean=5 / 6, yield_std=0.14085904245475275),
            13086.52524,
        ),
    ],
)
def test_closed_forms(problem: Problem, value: float):
    assert problem.solve().value == pytest.approx(value, abs=1e-4)


@pytest.mark.slow
def test_disruptions_cost_what_the_closed_form_says():
    problem = supply_uncertainty(horizon=2000)
    played = play(problem, BaseStock(levels(problem, 8000.0)), replications=200, seed=1)
    half_width = 3 * played.totals.std() / np.sqrt(len(played.totals))
    assert played.totals.mean() == pytest.approx(2737.07, abs=half_width)


@pytest.mark.slow
def test_crossing_lead_times_follow_palm():
    """Units on order under base stock S are Poisson(rate E L): S = 20 costs 2 x 20 P(N = 20) = 3.5534."""
    problem = random_lead_time(horizon=2000, warm_up=300)
    played = play(problem, BaseStock(levels(problem, 20.0)), replications=60, seed=0)
    half_width = 3 * played.totals.std() / np.sqrt(len(played.totals))
    assert played.totals.mean() == pytest.approx(3.5534, abs=half_width)


@pytest.mark.parametrize("looked", [(1,), (2, 3), ()])
def test_stock_and_backlog_are_integrated_however_many_units_arrive(looked, monkeypatch):
    """Against a fine grid of time; two units arrive at once, and more than are looked for."""
    monkeypatch.setattr("basestock.problems.random_lead_time.LOOKED", looked)
    problem, elapsed = random_lead_time(), 1.0
    draw = np.random.default_rng(0)
    instants = np.minimum(draw.exponential(0.5, (12, 1, 1, 40)), elapsed).astype(np.float32)
    instants[3] = instants[2]
    net = draw.integers(-14, 4, (1, 1, 40)).astype(np.float32)
    arrays = problem.arrays
    lanes = jnp.broadcast_to(jnp.asarray(instants), (12, arrays.num_lanes, arrays.num_items, 40))
    stock, backlog = _integrals(arrays, jnp.asarray(net), lanes, jnp.full((1, 1, 40), elapsed))
    time = (np.arange(20_000) + 0.5) / 20_000
    level = net[0, 0] + (instants[:, 0, 0, None] <= time[:, None]).sum(0)
    np.testing.assert_allclose(stock[0, 0], np.maximum(level, 0).mean(0), atol=2e-3)
    np.testing.assert_allclose(backlog[0, 0], np.maximum(-level, 0).mean(0), atol=2e-3)


@pytest.mark.parametrize(
    "law", [{"kind": "uniform", "low": 1.0, "high": 4.0}, {"kind": "pareto_lomax", "q": 3.0, "tau": 0.25}]
)
def test_units_under_way_are_told_by_classes_of_age_that_are_met_equally_often(law):
    lead_time = UnitLeadTime(**law)
    edges = np.concatenate([[0.0], lead_time.age_edges(4), [400.0]])
    level = np.linspace(0, 1, 200_001)[1:-1]
    drawn = np.asarray(lead_time.residual(jnp.asarray(level), jnp.zeros(len(level))))
    spent = np.diff([np.minimum(drawn, edge).mean() for edge in edges])
    np.testing.assert_allclose(spent / spent.sum(), 0.25, atol=0.005)


def test_a_lead_time_in_demands_is_that_of_palm():
    """Demands during an exponential lead time are geometric; their mean is rate times lead time."""
    chances = UnitLeadTime("exponential", mean=2.0).demands_meanwhile(10.0)
    assert sum(chances.values()) == pytest.approx(1.0)
    assert [chances[at] for at in (0, 1, 5)] == pytest.approx(
        [20**at / 21 ** (at + 1) for at in (0, 1, 5)], rel=0.01
    )
    assert lead_periods(random_lead_time()).max() == 20.0


def test_units_that_may_only_be_replaced_have_no_closed_form():
    assert random_lead_time(max_batch=1).solve is None
    assert random_lead_time(max_batch=2).solve is not None


@pytest.mark.slow
def test_where_no_customer_waits_for_a_special_delivery_it_is_not_priced():
    problem = divergent_special_delivery(
        wait_probability=0.0, special_delivery_cost=0.0, horizon=20, warm_up=0
    )
    assert problem.tariff.special_delivery is None
    played = play(problem, EchelonBaseStock(levels(problem, 20.0, 10.0)), replications=2, seed=0)
    assert np.isfinite(played.totals).all()


CASE_STUDY = {
    "stores": 10, "delay_to_stores": 2, "delay_to_warehouse": 2, "production_capacity": 100, "warehouse_capacity": 1000,
    "store_capacity": 100, "wait_probability": 0.8, "special_delivery_cost": 0.0, "warehouse_storage_cost": 3.0,
    "store_storage_cost": 3.0, "shortage_cost": 60.0, "demand": {"type": "rounded_normal", "mean": 5, "std": 14},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "warehouse", "store", "value"), [({}, 10, 16, 56.0), (CASE_STUDY, 330, 23, 1440.0)]
)
def test_special_deliveries_cost_what_the_record_simulates(
    given: dict, warehouse: int, store: int, value: float
):
    """Printed order-up-to levels, the warehouse's beside what the stores have; a slow simulator gave the same."""
    problem = divergent_special_delivery(**given, horizon=600)
    stores = problem.parameters["stores"]
    level = levels(problem, warehouse + stores * store, *[store] * stores)
    played = play(problem, EchelonBaseStock(level), replications=120, seed=0)
    half_width = 4 * played.totals.std() / np.sqrt(len(played.totals))
    assert played.totals.mean() == pytest.approx(value, abs=half_width + 0.003 * value)


def test_lists_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="demand has 3 entries, must be 2"):
        one_warehouse_multi_retailer(retailer_lead_times=(1, 2))
    with pytest.raises(ValueError, match="must be 2, one an item"):
        joint_replenishment(holding_cost=(1.0,))
    with pytest.raises(ValueError, match="retailer 1 has no edge"):
        general_network(warehouses=2, retailers=2, edges=((0, 0, 1.0),))
