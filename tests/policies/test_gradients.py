"""The end of a search where quantities are continuous."""

import dataclasses

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies import REGISTRY, boxes, fit, search
from basestock.policies.clusters import clusters_of
from basestock.policies.common_events import Runner
from basestock.policies.gradients import descend, descends
from basestock.problems import backorder
from basestock.uncertainty import Normal, Uncertainty


def _smooth(*, whole: bool = False) -> Problem:
    network = SupplyNetwork(
        items=(Item("i", whole_units=whole),), nodes=(Node("n"),), suppliers=(Supplier("s"),),
        lanes=(Lane("s", "n"),), unmet="backorder",
    )  # fmt: skip
    tariff = make_tariff(network, holding=1.0, backorder=9.0)
    return Problem("smooth", network, Uncertainty({("n", "i"): Normal(100.0, 20.0)}), tariff, horizon=20)


def _runner(problem: Problem) -> Runner:
    return Runner(problem, 20, 4, jax.random.key(0), 36)


@pytest.mark.slow
def test_it_goes_on_between_the_points_of_the_grid(monkeypatch) -> None:
    """On the same events it costs no more than the best point of the grid, and lies off it."""
    problem = _smooth()
    finer = fit(problem, "base_stock", replications=4, periods=20)
    monkeypatch.setattr(search, "descends", lambda *_: False)
    grid = fit(problem, "base_stock", replications=4, periods=20)
    assert finer.search_cost < grid.search_cost
    assert finer.num_candidates > grid.num_candidates
    assert abs(float((finer.parameters["base_stock_level"] - grid.parameters["base_stock_level"]).max())) < 4
    assert finer.coordinates["base_stock_level"].item() % 1 != 0


@pytest.mark.slow
def test_a_bad_start_is_left_downhill_and_a_bound_is_kept() -> None:
    problem, entry = _smooth(), REGISTRY["base_stock"]
    box, runner = entry.box(problem), _runner(problem)
    start = {"base_stock_level": np.full((1, 1), 100.0)}
    best, cost, tried = descend(runner, entry, box, clusters_of(problem), start)
    (first,) = runner.costs(entry, {"base_stock_level": np.full((1, 1, 1), 100.0)}).ravel()
    assert cost[0] < first and best["base_stock_level"].item() > 101 and tried > 8
    floored = {"base_stock_level": box["base_stock_level"]._replace(least=100.0)}
    free = dataclasses.replace(
        problem, tariff=make_tariff(problem.network, holding=1.0, backorder=0.0), known=None
    )
    held, _, _ = descend(_runner(free), entry, floored, clusters_of(free), start)
    assert held["base_stock_level"].item() == 100.0


def test_whole_units_and_numbers_of_periods_have_no_slope() -> None:
    assert not descends(_runner(backorder(horizon=20)), REGISTRY["base_stock"].box(backorder(horizon=20)))
    smooth = _smooth()
    assert not descends(_runner(smooth), {"review_period": boxes.reviews(smooth)})
    periodic = REGISTRY["periodic_order_up_to"].box(smooth)
    assert [key for key, each in periodic.items() if each.counted] == ["review_period"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["order_up_to", "modified_order_up_to", "periodic_order_up_to", "mrp"])
def test_where_orders_jump_it_does_no_harm(name: str, monkeypatch) -> None:
    problem = _smooth()
    finer = fit(problem, name, replications=4, periods=20)
    monkeypatch.setattr(search, "descends", lambda *_: False)
    assert finer.search_cost <= fit(problem, name, replications=4, periods=20).search_cost + 1e-6
