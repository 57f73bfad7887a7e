"""Bounds that need no table of states: newsvendors, echelons, hindsight."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basestock.decision import Problem
from basestock.dynamics import InitialState
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Limit, Node, Supplier, SupplyNetwork
from basestock.optimal.bounds import Bound, all_bounds, best_bound, hindsight_bound, newsvendor_bound
from basestock.optimal.bounds.echelon import Customers, least_shared_cost
from basestock.optimal.closed_form.newsvendor import newsvendor
from basestock.problems.distribution import divergent_special_delivery, one_warehouse_multi_retailer
from basestock.problems.families import guaranteed_service, lot_sizing
from basestock.problems.general_network import general_network
from basestock.problems.single_item import backorder, lost_sales
from basestock.uncertainty import Deterministic, Discrete, Normal, Poisson, Seasonal, Uncertainty

COIN = np.array([0.5, 0.5])


def shop(
    law=None, *, unmet="backorder", lead_time=0, rates=None, criterion="finite_horizon_total_cost", **changed
):
    """Return one item at one place."""
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", lead_time=lead_time),),
        unmet=unmet,
    )
    rates = rates or {"holding": 1.0, ("backorder" if unmet == "backorder" else "lost_sale"): 4.0}
    settings = {"horizon": 3} | changed
    return Problem(
        name="shop",
        network=network,
        uncertainty=Uncertainty({("store", "item"): law or Deterministic(1.0)}),
        tariff=make_tariff(network, **rates),
        criterion=criterion,
        **settings,
    )


class TestCustomers:
    def test_a_coin_is_met_or_not(self):
        customers = Customers(COIN, 1.0, 9.0)
        assert customers.at(0.0) == 4.5
        assert customers.at(1.0) == 0.5
        assert customers.least == 0.5

    def test_debts_cost_in_a_straight_line(self):
        assert Customers(COIN, 1.0, 9.0).at(-3.0) == 9.0 * 3.5

    def test_free_shortage_costs_nothing(self):
        assert Customers(COIN, 1.0, 0.0).least == 0.0

    def test_free_stock_costs_nothing(self):
        assert Customers(COIN, 0.0, 9.0).least == 0.0

    def test_the_weight_scales(self):
        assert Customers(COIN, 1.0, 9.0, weight=0.5).least == 0.25


def shared_by_hand(customers, holding, before, stock):
    """Try all shares of a stock."""
    shares = range(-6, 7)
    total = 0.0
    for demand, chance in enumerate(before):
        left = stock - demand
        total += chance * min(
            holding * (left - sum(each)) + sum(c.at(float(z)) for c, z in zip(customers, each, strict=True))
            for each in itertools.product(shares, repeat=len(customers))
            if sum(each) <= left
        )
    return total


@st.composite
def groups(draw):
    masses = st.lists(st.integers(0, 4), min_size=1, max_size=3).filter(any)
    law = lambda: np.array(weights := draw(masses)) / sum(weights)  # noqa: E731
    rate = st.sampled_from([0.0, 0.5, 1.0, 3.0, 9.0])
    count = draw(st.integers(1, 2))
    customers = [Customers(law(), draw(rate), draw(rate)) for _ in range(count)]
    return customers, draw(rate), law()


class TestLeastSharedCost:
    @settings(max_examples=40, deadline=None)
    @given(groups(), st.integers(-1, 5))
    def test_agrees_with_all_shares(self, group, stock):
        customers, holding, before = group
        assert least_shared_cost(*group, stock) == pytest.approx(
            shared_by_hand(customers, holding, before, stock), abs=1e-9
        )

    @settings(max_examples=25, deadline=None)
    @given(groups())
    def test_the_best_stock_is_the_best_of_all(self, group):
        every = [least_shared_cost(*group, stock) for stock in range(-8, 20)]
        assert least_shared_cost(*group) == pytest.approx(min(every), abs=1e-9)

    @settings(max_examples=25, deadline=None)
    @given(groups())
    def test_sharing_costs_no_less_than_each_alone(self, group):
        customers, _, _ = group
        assert least_shared_cost(*group) >= sum(each.least for each in customers) - 1e-9


class TestNewsvendorBound:
    def test_is_the_optimum_with_backorders_and_without_fixed_cost(self):
        problem = backorder(fixed_order_cost=0.0, lead_time=2)
        assert problem.known is not None
        bound = newsvendor_bound(problem)
        assert bound is not None
        assert bound.value == pytest.approx(problem.known.value, rel=1e-9)
        assert bound.half_width == 0.0

    @pytest.mark.parametrize("lead_time", [0, 1, 2, 4])
    @pytest.mark.parametrize("cost", [4.0, 39.0])
    def test_is_below_the_published_optimum_of_lost_sales(self, lead_time, cost):
        problem = lost_sales(lead_time=lead_time, lost_sale_cost=cost)
        bound = newsvendor_bound(problem)
        assert bound is not None
        assert bound.value > 0
        if problem.known is not None:
            assert 0.7 * problem.known.value <= bound.value <= problem.known.value + problem.known.precision

    def test_is_exact_for_lost_sales_that_arrive_at_once(self):
        bound = newsvendor_bound(lost_sales(lead_time=0, lost_sale_cost=4.0))
        assert bound is not None
        assert bound.value == pytest.approx(newsvendor(Poisson(5.0), 1.0, 4.0).value)

    def test_a_total_pays_for_what_no_order_can_reach(self):
        # The first customer comes before the first order: one waits for one period.
        bound = newsvendor_bound(shop(lead_time=1))
        assert bound == Bound(4.0, 0.0, bound.method if bound else "")

    def test_a_stock_at_the_start_serves(self):
        start = InitialState(on_hand={("store", "item"): 1.0})
        assert newsvendor_bound(shop(lead_time=1, initial_state=start)) is None

    def test_too_much_stock_at_the_start_is_paid_for(self):
        start = InitialState(on_hand={("store", "item"): 5.0})
        bound = newsvendor_bound(shop(lead_time=1, initial_state=start))
        assert bound is not None
        assert bound.value == 4.0

    def test_what_is_under_way_at_the_start_is_not_guessed(self):
        start = InitialState(due={("supplier -> store", "item", 1): 1.0})
        assert newsvendor_bound(shop(lead_time=1, initial_state=start)) is None

    def test_the_warm_up_is_not_counted(self):
        assert newsvendor_bound(shop(lead_time=1, warm_up=1)) is None

    def test_later_periods_are_discounted(self):
        law = Discrete((0, 1), (0.5, 0.5))
        plain, less = (
            newsvendor_bound(shop(law, criterion=criterion, discount=discount))
            for criterion, discount in (("finite_horizon_total_cost", 1.0), ("discounted_cost", 0.5))
        )
        assert plain is not None
        assert less is not None
        assert plain.value == pytest.approx(1.5)
        assert less.value == pytest.approx(0.5 * (1 + 0.5 + 0.25))

    def test_seasons_are_averaged(self):
        law = Seasonal((Poisson(1.0), Poisson(5.0)))
        bound = newsvendor_bound(shop(law, criterion="average_cost_per_period"))
        assert bound is not None
        each = [newsvendor(one, 1.0, 4.0).value for one in law.laws]
        assert bound.value == pytest.approx(sum(each) / 2)

    def test_what_is_sold_must_be_bought(self):
        rates = {"holding": 1.0, "lost_sale": 10.0, "purchase": 6.0}
        bound = newsvendor_bound(
            shop(Poisson(5.0), unmet="lost", rates=rates, criterion="average_cost_per_period")
        )
        assert bound is not None
        assert bound.value == pytest.approx(30.0 + newsvendor(Poisson(5.0), 1.0, 4.0).value)

    def test_nobody_buys_what_is_dearer_than_a_loss(self):
        rates = {"holding": 1.0, "lost_sale": 4.0, "purchase": 6.0}
        bound = newsvendor_bound(
            shop(Poisson(5.0), unmet="lost", rates=rates, criterion="average_cost_per_period")
        )
        assert bound is not None
        assert bound.value == pytest.approx(20.0)

    @pytest.mark.parametrize(
        "problem",
        [
            shop(Normal(5.0, 1.0)),
            shop(Deterministic(2.5)),
            shop(Poisson(3.0), rates={"holding": 0.0, "backorder": 0.0}),
            shop(Poisson(3.0), sense="max", rates={"price": 3.0}),
            shop(Poisson(3.0), unmet=0.5, rates={"holding": 1.0, "lost_sale": 4.0, "backorder": 1.0}),
            shop(Deterministic(3e6)),
        ],
        ids=["continuous", "fractions", "free", "profit", "partial", "huge"],
    )
    def test_does_not_apply(self, problem):
        assert newsvendor_bound(problem) is None

    def test_one_period_and_no_demand_are_fine(self):
        assert newsvendor_bound(shop(Deterministic(0.0), horizon=1)) is None

    def test_stock_that_vanishes_is_paid_by_its_waste(self):
        network = SupplyNetwork(
            items=(Item("milk", shelf_life=2),),
            nodes=(Node("store"),),
            suppliers=(Supplier("farm"),),
            lanes=(Lane("farm", "store", lead_time=0),),
            unmet="lost",
        )
        tariff = make_tariff(network, holding=1.0, lost_sale=4.0, waste=0.25)
        problem = Problem("milk", network, Uncertainty({("store", "milk"): Poisson(5.0)}), tariff)
        bound = newsvendor_bound(problem)
        assert bound is not None
        assert bound.value == pytest.approx(newsvendor(Poisson(5.0), 0.25, 4.0).value)


FEW = Discrete((0, 1, 2), (0.3, 0.4, 0.3))


def pair(**changed):
    settings = {"demand": (FEW, FEW), "retailer_lead_times": (1, 1), "warehouse_lead_time": 2, "periods": 12}
    return one_warehouse_multi_retailer(**(settings | changed))


class TestNewsvendorBoundOfNetworks:
    def test_a_shared_source_adds_its_delay(self):
        near, far = (newsvendor_bound(pair(warehouse_lead_time=periods)) for periods in (0, 2))
        assert near is not None
        assert far is not None
        assert far.value > near.value

    def test_a_serial_line_is_bounded_as_clark_and_scarf_do(self):
        # Evaluated exactly at echelon levels 5 and 4, which are optimal, in another test.
        line = dataclasses.replace(
            pair(demand=(FEW,), retailer_lead_times=(1,), warehouse_lead_time=1),
            criterion="average_cost_per_period",
        )
        bound = newsvendor_bound(line)
        assert bound is not None
        assert bound.value == pytest.approx(2.12)

    def test_a_dear_warehouse_changes_nothing_where_goods_can_pass_through(self):
        cheap, dear = (newsvendor_bound(pair(holding_cost_warehouse=rate)) for rate in (1.0, 50.0))
        assert cheap is not None
        assert dear is not None
        assert dear.value >= cheap.value

    @pytest.mark.parametrize("unmet", ["lost_sales", "partial_backorder"])
    def test_losses_are_cheaper_than_waiting(self, unmet):
        waits = newsvendor_bound(pair())
        loses = newsvendor_bound(pair(unmet_demand=unmet, emergency_probability=0.5))
        assert waits is not None
        assert loses is not None
        assert 0 < loses.value < waits.value

    def test_several_warehouses_count_as_one(self):
        edges = ((0, 0, 0.5), (1, 0, 0.5), (1, 1, 1.0))
        many = newsvendor_bound(general_network(warehouses=2, retailers=2, edges=edges, demand=FEW))
        one = newsvendor_bound(general_network(warehouses=1, retailers=2, demand=FEW))
        assert many is not None
        assert one is not None
        assert many.value == pytest.approx(one.value)

    def test_special_deliveries_make_a_customer_cheaper(self):
        free, dear = (
            newsvendor_bound(divergent_special_delivery(special_delivery_cost=c)) for c in (0.0, 50.0)
        )
        assert free is None
        assert dear is not None
        assert dear.value < 51.7

    @pytest.mark.slow
    def test_no_policy_is_cheaper_than_the_bound(self):
        from basestock.economics import estimate
        from basestock.evaluation.run import play
        from basestock.policies import fit

        for problem in (pair(), pair(unmet_demand="lost_sales")):
            bound = newsvendor_bound(problem)
            policy = fit(problem, "echelon_base_stock", seed=0).policy
            cost = estimate(play(problem, policy, replications=1000, seed=3).totals)
            assert bound is not None
            assert cost.mean is not None
            assert cost.half_width is not None
            assert bound.value <= cost.mean + 2 * cost.half_width

    @pytest.mark.slow
    def test_echelon_levels_reach_the_bound_of_a_serial_line(self):
        from basestock.optimal.mdp import evaluate_exactly
        from basestock.policies import fit

        line = dataclasses.replace(
            pair(demand=(FEW,), retailer_lead_times=(1,), warehouse_lead_time=1, periods=20),
            criterion="average_cost_per_period",
        )
        bound = newsvendor_bound(line)
        assert bound is not None
        best = evaluate_exactly(line, fit(line, "echelon_base_stock", seed=0).policy)
        assert bound.value == pytest.approx(best.value, rel=1e-4)


class TestHindsightBound:
    def test_a_profit_by_hand(self):
        # Two customers a period for three periods, each worth 3 - 1.
        problem = shop(Deterministic(2.0), unmet="lost", sense="max", rates={"price": 3.0, "purchase": 1.0})
        bound = hindsight_bound(problem, max_seconds=600, paths=2)
        assert bound is not None
        assert bound.value == pytest.approx(12.0)
        assert bound.half_width == pytest.approx(0.0)

    def test_the_first_customer_waits_where_orders_take_a_period(self):
        bound = hindsight_bound(shop(lead_time=1), max_seconds=600, paths=2)
        assert bound is not None
        assert bound.value == pytest.approx(4.0)

    def test_the_warm_up_costs_nothing(self):
        bound = hindsight_bound(shop(lead_time=1, warm_up=1), max_seconds=600, paths=2)
        assert bound is not None
        assert bound.value == pytest.approx(0.0)

    def test_the_first_counted_period_is_not_discounted(self):
        # Two periods of lead time: the customers of the first two wait, one of them for two periods.
        rates = {"holding": 1.0, "backorder": 4.0}
        problem = shop(lead_time=2, rates=rates, criterion="discounted_cost", discount=0.5, warm_up=1)
        bound = hindsight_bound(problem, max_seconds=600, paths=2)
        assert bound is not None
        assert bound.value == pytest.approx(8.0)

    def test_one_period_and_no_demand_cost_nothing(self):
        bound = hindsight_bound(shop(Deterministic(0.0), horizon=1), max_seconds=600, paths=2)
        assert bound is not None
        assert bound.value == 0.0

    def test_an_average_starts_from_the_best_state(self):
        bound = hindsight_bound(
            shop(lead_time=3, criterion="average_cost_per_period"), max_seconds=600, paths=2
        )
        assert bound is not None
        assert bound.value == pytest.approx(0.0, abs=1e-6)

    def test_what_is_sold_is_bought_in_an_average_too(self):
        rates = {"holding": 1.0, "lost_sale": 10.0, "purchase": 6.0}
        problem = shop(unmet="lost", rates=rates, criterion="average_cost_per_period")
        bound = hindsight_bound(problem, max_seconds=600, paths=2)
        assert bound is not None
        # Stock for the first periods may lie there at the start; it costs its holding.
        assert 5.0 < bound.value <= 6.0

    def test_whole_numbers_give_the_lot_sizing_optimum(self):
        problem = lot_sizing.build({"demand": [90, 120, 80, 70], "fixed_cost": 500, "holding_cost": 2}, {})
        bound = hindsight_bound(problem, max_seconds=600, paths=2, whole=True)
        relaxed = hindsight_bound(problem, max_seconds=600, paths=2)
        assert problem.solve is not None
        assert bound is not None
        assert relaxed is not None
        assert bound.value == pytest.approx(problem.solve().value, rel=1e-5)
        assert relaxed.value <= bound.value

    def test_seeds_give_the_same_bound_again(self):
        problem = pair(periods=5)
        first, again, other = (
            hindsight_bound(problem, max_seconds=600, paths=2, seed=seed) for seed in (1, 1, 2)
        )
        assert first == again
        assert first != other

    def test_full_rooms_and_unknown_stages_are_refused(self):
        assert hindsight_bound(divergent_special_delivery(), max_seconds=5) is None

    def test_averages_with_a_capacity_are_refused(self):
        problem = shop(criterion="average_cost_per_period")
        capped = dataclasses.replace(problem.network, suppliers=(Supplier("supplier", capacity=2.0),))
        changed = dataclasses.replace(problem, network=capped)
        assert hindsight_bound(changed, max_seconds=5, paths=2) is None

    def test_limits_where_orders_wait_are_refused(self):
        problem = pair(periods=4)
        limited = dataclasses.replace(problem.network, limits=(Limit("network", "units", cap=9.0),))
        assert hindsight_bound(dataclasses.replace(problem, network=limited), max_seconds=5, paths=2) is None


class TestAllBounds:
    def test_a_closed_form_is_its_own_bound(self):
        stage = {"processing_time": 4, "holding_cost": 1.0, "demand_bound_constant": 1.0}
        nodes = [
            {"node": "maker", "predecessors": [], **stage},
            {
                "node": "seller",
                "predecessors": ["maker"],
                "max_outbound_service_time": 0,
                "demand_std": 1.0,
                **stage,
            },
        ]
        problem = guaranteed_service.build({"nodes": nodes}, {})
        bound = best_bound(problem, max_bytes=1 << 30, max_seconds=5)
        assert bound is not None
        # One stock covers eight periods: the square root of 8.
        assert bound.value == pytest.approx(8**0.5)

    def test_the_tightest_comes_first(self):
        found = all_bounds(shop(lead_time=1, horizon=1), max_bytes=1 << 28, max_seconds=4)
        assert found
        assert found == sorted(found, key=lambda each: -each.surely(1))

    def test_profits_are_bounded_from_above(self):
        assert Bound(10.0, 1.0, "").surely(-1) == -11.0
        assert Bound(10.0, 1.0, "").surely(1) == 9.0
