"""Bounds of problems that can be listed: programs of averages, prices for seeing the future, prices of limits."""

import dataclasses

import numpy as np
import pytest

from basestock.decision import Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Limit, Node, Supplier, SupplyNetwork
from basestock.optimal.bounds import (
    all_bounds,
    approximate_program_bound,
    average_cost_by_program,
    average_cost_program,
    clairvoyant_gap,
    lagrangian_bound,
    penalized_bound,
)
from basestock.optimal.bounds.lagrangian import _highest
from basestock.optimal.bounds.linear import approximate
from basestock.optimal.mdp.budget import TooLargeError
from basestock.optimal.mdp.first_box import first_box
from basestock.optimal.mdp.pieces import list_problem
from basestock.problems.single_item import lost_sales
from basestock.uncertainty import Discrete, Normal, Poisson, Uncertainty

OPTIMUM = 4.0407115
"""Lost sales, L = 1, p = 4, Poisson demand of mean 5: the optimum by value iteration; 4.04 in print."""

ROOM = {"max_bytes": 1 << 30, "max_seconds": 600.0}


@pytest.fixture(scope="module")
def problem():
    return lost_sales(lead_time=1, lost_sale_cost=4.0)


@pytest.fixture(scope="module")
def pieces(problem):
    return list_problem(problem, first_box(problem))


class TestAverageCostProgram:
    def test_is_the_optimum(self, problem, pieces):
        assert average_cost_by_program(problem, pieces) == pytest.approx(OPTIMUM, rel=1e-6)

    def test_the_shares_of_its_decisions_sum_to_one_and_pay_the_gain(self, pieces):
        found = average_cost_program(pieces.processes[0])
        assert found.shares.min() >= -1e-9
        assert found.shares.sum() == pytest.approx(1.0)
        assert found.shares @ found.pairs.cost == pytest.approx(found.gain)

    def test_a_program_that_is_too_large_is_refused(self, pieces, monkeypatch):
        monkeypatch.setattr("basestock.optimal.bounds.linear.MOST_PAIRS", 10)
        with pytest.raises(TooLargeError, match="pairs of state and decision"):
            average_cost_program(pieces.processes[0])


class TestApproximateProgram:
    def test_proves_less_than_the_optimum_and_nearly_all_of_it(self, problem):
        bound = approximate_program_bound(problem, **ROOM)
        assert bound is not None
        assert 0.99 * OPTIMUM < bound.value <= OPTIMUM
        assert bound.half_width == 0.0

    def test_its_function_has_a_value_for_every_state(self, pieces):
        process = pieces.processes[0]
        found = approximate(process)
        assert found.values.shape == process.valid.shape
        assert np.isfinite(found.values).all()

    def test_no_time_proves_what_no_function_proves(self, pieces):
        # With v = 0 the bound is the cheapest period of all.
        process = pieces.processes[0]
        found = approximate(process, deadline=0.0)
        allowed = process.phases[0].local >= 0
        assert found.gain == pytest.approx(process.phases[0].local_cost[allowed].min(), abs=1e-6)

    @pytest.mark.parametrize(
        "changed",
        [
            {"uncertainty": Uncertainty({("store", "item"): Normal(5.0, 1.0)})},
            {"criterion": "finite_horizon_total_cost", "warm_up": 0},
            {"criterion": "discounted_cost", "discount": 0.9},
        ],
        ids=["continuous", "total", "discounted"],
    )
    def test_does_not_apply(self, problem, changed):
        changed = dataclasses.replace(problem, known=None, **changed)
        assert approximate_program_bound(changed, **ROOM) is None
        assert penalized_bound(changed, **ROOM) is None

    def test_a_box_that_nobody_has_proven_is_refused(self):
        assert approximate_program_bound(lost_sales(lead_time=1, fixed_order_cost=5.0), **ROOM) is None


class TestPenalizedBound:
    def test_lies_between_the_program_and_the_optimum(self, problem):
        program = approximate_program_bound(problem, **ROOM)
        bound = penalized_bound(problem, **ROOM, paths=20)
        assert program is not None
        assert bound is not None
        assert program.value - 1e-6 <= bound.value <= OPTIMUM + bound.half_width
        assert 0 < bound.half_width < 0.01

    def test_every_path_costs_at_least_what_the_program_proves(self, problem):
        program = approximate_program_bound(problem, **ROOM)
        few = penalized_bound(problem, **ROOM, paths=2, seed=5)
        assert program is not None
        assert few is not None
        assert few.value >= program.value - 1e-6

    def test_too_many_combinations_are_refused(self, problem, monkeypatch):
        monkeypatch.setattr("basestock.optimal.bounds.relaxation.MOST_CELLS", 10)
        assert penalized_bound(problem, **ROOM, paths=2) is None

    @pytest.mark.slow
    @pytest.mark.parametrize("lead_time", [1, 2])
    def test_closes_most_of_the_gap_of_an_average(self, lead_time):
        gap = clairvoyant_gap(lost_sales(lead_time=lead_time), paths=40)
        assert gap is not None
        assert gap.plain_percent is not None
        assert gap.penalized_percent is not None
        assert gap.plain_percent > 50
        assert -0.1 < gap.penalized_percent < 2

    @pytest.mark.slow
    def test_bounds_a_total(self, problem):
        total = dataclasses.replace(
            problem, criterion="finite_horizon_total_cost", horizon=10, warm_up=0, known=None
        )
        gap = clairvoyant_gap(total, paths=40)
        assert gap is not None
        for bound in (gap.plain, gap.penalized):
            assert bound.value - bound.half_width <= gap.optimum
        assert gap.penalized.value > gap.plain.value


def two_items(cap, *, metric="units", supplier_capacity=None, law=None):
    """Return two items of one supplier that share a limit."""
    network = SupplyNetwork(
        items=(Item("first"), Item("second")),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier", capacity=supplier_capacity),),
        lanes=(Lane("supplier", "store", lead_time=0),),
        unmet="lost",
        limits=() if cap is None else (Limit("network", metric, cap=cap),),
    )
    law = law or Discrete((0, 1, 2), (0.2, 0.6, 0.2))
    return Problem(
        "two items",
        network,
        Uncertainty({("store", item.name): law for item in network.items}),
        make_tariff(network, holding=1.0, lost_sale=9.0),
    )


class TestLagrangianBound:
    def test_needs_a_limit(self, problem):
        assert lagrangian_bound(problem, **ROOM) is None

    def test_does_not_apply_to_what_cannot_be_listed(self):
        assert lagrangian_bound(two_items(1.0, law=Normal(5.0, 1.0)), **ROOM) is None

    def test_no_time_gives_no_bound(self):
        assert lagrangian_bound(two_items(1.0), max_bytes=1 << 30, max_seconds=1e-9) is None

    @pytest.mark.slow
    @pytest.mark.parametrize("form", [{"cap": 1.0}, {"cap": None, "supplier_capacity": 1.0}])
    def test_a_tight_limit_has_a_price(self, form):
        from basestock.optimal.mdp import optimize

        # One unit for two customers: about one of them is lost in every period.
        bound = lagrangian_bound(two_items(**form), **ROOM)
        assert bound is not None
        free = optimize(two_items(None)).value
        # At a price of 9 a unit nothing is worth ordering, which proves 18 - 9; the best price proves more.
        assert bound.value > 8.9
        assert bound.value > free
        if form["cap"] is not None:
            assert bound.value <= optimize(two_items(**form)).value + 1e-6

    def test_the_search_finds_the_top_of_a_concave_function(self):
        top = lambda prices: -((prices[0] - 3.0) ** 2) - (prices[1] - 0.5) ** 2  # noqa: E731
        prices, value = _highest(top, 2, [1.0, 1.0])
        assert prices == pytest.approx((3.0, 0.5), abs=0.1)
        assert value > -0.02

    def test_a_price_below_zero_is_never_asked(self):
        asked = []

        def falling(prices):
            asked.append(prices[0])
            return -prices[0]

        assert _highest(falling, 1, [1.0]) == ((0.0,), 0.0)
        assert min(asked) >= 0.0


@pytest.mark.slow
class TestAllBoundsOfAListedProblem:
    def test_none_is_above_the_optimum(self, problem):
        found = all_bounds(problem, max_bytes=1 << 30, max_seconds=40)
        assert len(found) >= 4
        assert all(each.surely(1) <= OPTIMUM for each in found)

    def test_a_lead_time_of_zero_is_solved_by_a_newsvendor(self):
        found = all_bounds(lost_sales(lead_time=0, mean=2.0), max_bytes=1 << 30, max_seconds=30)
        from basestock.optimal.closed_form.newsvendor import newsvendor

        assert found[0].value == pytest.approx(newsvendor(Poisson(2.0), 1.0, 4.0).value, rel=1e-4)
