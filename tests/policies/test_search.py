"""Tuning: common events in the search, fresh ones in the report (SIM-1007)."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.evaluation import play
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import REGISTRY, BaseStock, Box, fit, from_parameters
from basestock.policies.common_events import Runner
from basestock.policies.metaheuristics import METHODS
from basestock.problems import backorder, lost_sales
from basestock.uncertainty import Deterministic, Poisson, Uncertainty

SEEDS = range(6)


@pytest.fixture(scope="module")
def problem():
    return backorder(mean=5.0, fixed_order_cost=0.0, horizon=40, warm_up=0)


@pytest.fixture(scope="module")
def fits(problem):
    return [fit(problem, "base_stock", seed=seed, replications=8) for seed in SEEDS]


@pytest.mark.parametrize(
    ("criterion", "warm_up"),
    [("discounted_cost", 4), ("discounted_cost", 0), ("finite_horizon_total_cost", 4)],
)
def test_money_after_a_warm_up_is_worth_what_it_is_where_policies_are_played(
    criterion: Any, warm_up: int
) -> None:
    steady = Uncertainty({("store", "item"): Deterministic(3.0)})
    given = {"criterion": criterion, "discount": 0.9, "uncertainty": steady}
    problem = dataclasses.replace(backorder(fixed_order_cost=0.0, horizon=6, warm_up=warm_up), **given)
    level = BaseStock(jnp.full((1, 1, 1), 5.0))
    runner = Runner(problem, 6, 2, jax.random.key(0), 2)
    assert runner.totals(level) == pytest.approx(play(problem, level, replications=2, seed=0).totals)
    assert runner.totals(level)[0] > 0


@pytest.mark.slow
def test_the_cost_is_that_of_events_the_search_has_not_seen(problem, fits) -> None:
    """Optimism is measured: what was searched on looks better on average than fresh events (one sided, 6 seeds)."""
    tuned = fits[0]
    assert tuned.cost.n == 8 * 8
    gaps = [f.cost.mean - f.search_cost for f in fits]
    assert np.mean(gaps) > -3 * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    assert all(f.cost.mean != f.search_cost for f in fits)


def test_the_best_level_is_the_newsvendors(fits) -> None:
    """P(D <= S) >= 0.9 at S = 8 for Poisson demand of mean 5; neighbors cost little more."""
    levels = [float(f.parameters["base_stock_level"].sum()) for f in fits]
    assert set(levels) <= {7.0, 8.0, 9.0}
    assert np.median(levels) == 8.0


def test_the_search_is_repeatable(problem, fits) -> None:
    """SIM-501: same seed, same numbers."""
    again = fit(problem, "base_stock", seed=0, replications=8)
    assert (again.cost, again.search_cost) == (fits[0].cost, fits[0].search_cost)


def test_scaling_all_rates_scales_the_cost_and_keeps_the_levels(problem, fits) -> None:
    """SIM-403."""
    tariff = make_tariff(problem.network, holding=4.0, backorder=36.0)
    scaled = fit(dataclasses.replace(problem, tariff=tariff), "base_stock", seed=0, replications=8)
    assert scaled.parameters == fits[0].parameters
    assert scaled.cost.mean == pytest.approx(4 * fits[0].cost.mean)


def test_profit_is_reported_with_its_own_sign(problem) -> None:
    tariff = make_tariff(problem.network, holding=1.0, backorder=9.0, price=20.0)
    earning = dataclasses.replace(problem, tariff=tariff, known=None)
    cost = fit(earning, "base_stock", seed=0, replications=8).cost.mean
    profit = fit(dataclasses.replace(earning, sense="max"), "base_stock", seed=0, replications=8).cost.mean
    assert (cost < 0, profit) == (True, pytest.approx(-cost))


def test_a_computed_policy_is_reported_the_same_way(problem) -> None:
    found = fit(problem, "newsvendor", seed=0, replications=8)
    assert found.num_candidates == 0
    assert float(found.parameters["base_stock_level"].sum()) == 8.0
    best = fit(problem, "base_stock", seed=0, replications=8)
    assert abs(found.cost.mean - best.cost.mean) < 3 * best.cost.half_width


@pytest.mark.slow
def test_places_that_supply_each_other_are_searched_together() -> None:
    network = SupplyNetwork(
        items=(Item("i"),), nodes=(Node("dc"), Node("shop")), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "dc", lead_time=1), Lane("dc", "shop", lead_time=1)), unmet="backorder",
    )  # fmt: skip
    tariff = make_tariff(network, holding={("dc", "i"): 1.0, ("shop", "i"): 2.0}, backorder=9.0)
    problem = Problem("series", network, Uncertainty({("shop", "i"): Poisson(3.0)}), tariff, horizon=40)
    tuned = fit(problem, "echelon_base_stock", seed=0, replications=4, sweeps=1)
    poor = from_parameters(problem, "echelon_base_stock", {"base_stock_levels": 4.0})
    assert tuned.cost.mean < play(problem, poor, replications=32, seed=5).totals.mean()


def test_given_parameters_are_checked() -> None:
    problem = lost_sales(horizon=10)
    assert isinstance(from_parameters(problem, "base_stock", {"base_stock_level": 5.0}), BaseStock)
    with pytest.raises(ValueError, match="must be finite numbers for"):
        from_parameters(problem, "base_stock", {"level": 5.0})
    with pytest.raises(ValueError, match="must be finite numbers for"):
        from_parameters(problem, "base_stock", {"base_stock_level": float("nan")})
    with pytest.raises(ValueError, match="computes its parameters"):
        from_parameters(problem, "newsvendor", {"base_stock_level": 5.0})


@pytest.mark.requirement("E-25")
@pytest.mark.parametrize("search", sorted(METHODS))
def test_populations_reach_the_tuned_base_stock(problem, fits, search: str) -> None:
    """On the same events as the grid, whose best level costs least of all."""
    found = fit(problem, "base_stock", seed=0, replications=8, search=search)
    assert found.search_cost == pytest.approx(fits[0].search_cost)
    assert found.parameters == fits[0].parameters
    assert found.num_candidates > 500


def test_an_unknown_search_is_refused(problem) -> None:
    with pytest.raises(ValueError, match="search is 'ants', must be one of grid, annealing"):
        fit(problem, "base_stock", search="ants")


@pytest.mark.parametrize("ends", [(0.0, 3.0), (20.0, 30.0)])
def test_a_box_whose_edge_is_best_grows_until_the_optimum_lies_inside(
    problem, fits, ends: tuple[float, float], monkeypatch
) -> None:
    def narrow(_: Problem) -> dict[str, Box]:
        one = np.ones((problem.arrays.num_nodes, problem.arrays.num_items))
        return {"base_stock_level": Box(ends[0] * one, ends[1] * one, one)}

    monkeypatch.setitem(REGISTRY, "base_stock", dataclasses.replace(REGISTRY["base_stock"], box=narrow))
    found = fit(problem, "base_stock", seed=0, replications=8)
    assert found.parameters == fits[0].parameters
    assert found.at_edge == ()


def test_an_optimum_without_end_is_told_as_lying_at_the_edge(problem) -> None:
    """Stock that costs nothing: the more the better, up to demand that never comes."""
    tariff = make_tariff(problem.network, holding=0.0, backorder=1.0, price=0.0)
    free = dataclasses.replace(problem, tariff=tariff, known=None)
    found = fit(free, "base_stock", seed=0, replications=8)
    assert found.search_cost == 0.0
    paid = dataclasses.replace(
        problem, tariff=make_tariff(problem.network, holding=1.0, backorder=0.0), known=None
    )
    endless = fit(paid, "base_stock", seed=0, replications=8, periods=10)
    assert endless.search_cost == 0.0
    assert float(endless.parameters["base_stock_level"].max()) <= 0.0


def test_exact_costs_end_the_search_where_they_are_least(problem) -> None:
    """A score that knows better than the events: the nearest point it likes is found from the best on events."""
    found = fit(
        problem, "base_stock", seed=0, replications=8,
        score=lambda policy: abs(float(policy.base_stock_level.sum()) - 11.0),
    )  # fmt: skip
    assert float(found.parameters["base_stock_level"].sum()) == 11.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vector_base_stock", "capped_base_stock"])
def test_more_parameters_never_cost_more_than_base_stock(name: str) -> None:
    """Four levels are searched two at a time; base stock is one of the class."""
    losing = lost_sales(lead_time=3, lost_sale_cost=4.0, horizon=400, warm_up=50)
    plain, rich = (fit(losing, each, seed=2, replications=16) for each in ("base_stock", name))
    assert rich.search_cost < plain.search_cost
    assert rich.cost.mean < plain.cost.mean
    assert rich.at_edge == ()
