"""Exact optima of small networks: several places, waiting requests, limits, and chances beside demand."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import LaneOrders, Problem
from basestock.dynamics import ORDER_RECEIVE_SELL, RECEIVE_ORDER_SELL, Sequence
from basestock.economics import make_tariff
from basestock.evaluation import play
from basestock.network import Item, Lane, Node, Substitution, Supplier, SupplyNetwork
from basestock.optimal.mdp import Optimum, evaluate_exactly, optimize
from basestock.optimal.mdp.first_box import first_box, wider
from basestock.optimal.mdp.following import follows_demand, largest_requirements
from basestock.policies import BaseStock
from basestock.problems import make_problem
from basestock.problems.distribution import one_warehouse_multi_retailer
from basestock.uncertainty import Discrete, Outage, SupplyLaws, Uncertainty
from basestock.uncertainty.chances import cells, counting_levels
from basestock.uncertainty.support import SupportError, event_support

COIN = Discrete((0.0, 1.0), (0.6, 0.4))
UP_TO_TWO = Discrete((0.0, 1.0, 2.0), (0.5, 0.3, 0.2))


def problem_of(
    network: SupplyNetwork, laws: Uncertainty, sequence: Sequence = ORDER_RECEIVE_SELL, **changes: object
) -> Problem:
    """Return a problem whose unmet demand costs 9, and stock 0.5 upstream and 1 elsewhere."""
    places = [(node.name, item.name) for node in network.nodes for item in network.items]
    waits = {} if network.unmet == "lost" else {"backorder": 9.0}
    tariff = make_tariff(
        network,
        holding={place: 0.5 if place[0] == "warehouse" else 1.0 for place in places},
        **({"lost_sale": 9.0} if network.unmet == "lost" else waits),  # type: ignore[arg-type]
    )
    given = {"criterion": "average_cost_per_period", "action_map": LaneOrders(), **changes}
    return Problem("network", network, laws, tariff, sequence=sequence, **given)  # type: ignore[arg-type]


def line(
    unmet: str = "backorder", unfilled: str = "wait", law: Discrete = COIN, **changes: object
) -> Problem:
    """Return a warehouse and a shop, one period from each to the next."""
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("warehouse", tier=1), Node("shop")),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "warehouse"), Lane("warehouse", "shop", unfilled=unfilled)),  # type: ignore[arg-type]
        unmet=unmet,  # type: ignore[arg-type]
    )
    return problem_of(network, Uncertainty({("shop", "item"): law}), **changes)


def star(
    unmet: str = "backorder", *, cap: int = 2, lead_times: tuple[int, int] = (1, 0), **changes: object
) -> Problem:
    """Return a warehouse and two shops."""
    shops = ("east", "west")
    first, second = lead_times
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("warehouse", tier=1), *map(Node, shops)),
        suppliers=(Supplier("supplier"),),
        lanes=(
            Lane("supplier", "warehouse", lead_time=first, order_maximum=cap),
            *(Lane("warehouse", shop, lead_time=second, order_maximum=cap) for shop in shops),
        ),
        unmet=unmet,  # type: ignore[arg-type]
    )
    return problem_of(network, Uncertainty({(shop, "item"): COIN for shop in shops}), **changes)


def clark_scarf(masses: tuple[float, ...]) -> float:
    """Return the least average cost of the line: what a stage costs given the echelon position after its order.

    A unit shipped by the shop's source in t serves the demand of t + 1 on; so does the warehouse's order shipments.
    """
    grid, one = np.arange(-30, 31), np.array(masses)
    two = np.convolve(one, one)
    gap = grid[:, None] - np.arange(len(two))
    shop = (np.maximum(gap, 0) + 9.0 * np.maximum(-gap, 0)) @ two - 0.5 * grid
    best = int(shop.argmin())
    whole = 0.5 * grid + np.where(grid < grid[best], shop, shop[best])
    return min(
        float(sum(mass * whole[at - units] for units, mass in enumerate(one))) for at in range(5, len(grid))
    )


def _shown(found: Optimum) -> bool:
    return found.shown and found.upper - found.lower < 1e-5 and found.num_classes <= 1


@pytest.mark.slow
@pytest.mark.parametrize("unfilled", ["wait", pytest.param("lost", marks=pytest.mark.slow)])
def test_a_line_costs_what_clark_and_scarf_say(unfilled: str) -> None:
    """Requests that wait at the warehouse lower its position; asked anew they cost the same."""
    found = optimize(line(unfilled=unfilled))
    assert _shown(found)
    assert found.value == pytest.approx(clark_scarf((0.6, 0.4)), abs=1e-5)


@pytest.mark.slow
def test_a_line_with_larger_demand_costs_what_clark_and_scarf_say() -> None:
    assert optimize(line(law=UP_TO_TWO)).value == pytest.approx(clark_scarf((0.5, 0.3, 0.2)), abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("unmet", ["backorder", "lost"])
def test_a_warehouse_and_two_shops_are_solved_and_the_policy_costs_the_optimum(unmet: str) -> None:
    problem = star(unmet)
    found = optimize(problem)
    assert _shown(found)
    assert evaluate_exactly(problem, found.policy(problem)).value == pytest.approx(found.value, abs=1e-5)


@pytest.mark.slow
def test_a_horizon_of_a_network_is_solved() -> None:
    problem = star(lead_times=(0, 0), criterion="finite_horizon_total_cost", horizon=3)
    found = optimize(problem)
    assert found.lower == found.upper
    assert evaluate_exactly(problem, found.policy(problem)).value == pytest.approx(found.value, abs=1e-5)


@pytest.mark.slow
def test_orders_that_cannot_follow_demand_let_it_wait_as_deep_as_is_needed() -> None:
    """One unit a period against a demand of 0 or 2, mean 0.8: the waiting is that of a queue, and hardly ever cut."""
    law = Discrete((0.0, 2.0), (0.6, 0.4))
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("shop"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "shop", lead_time=0, order_maximum=1),),
        unmet="backorder",
    )
    problem = problem_of(network, Uncertainty({("shop", "item"): law}))
    found = optimize(problem)
    assert _shown(found) and found.box.max_backorders is not None
    assert 0 < found.edges.backorders.max() < 1e-8
    # After an order net stock lies below its level by a reflected walk of +1 with 0.4 and -1 with 0.6: geometric.
    below = np.convolve((2 / 3) ** np.arange(400) / 3, (0.6, 0.0, 0.4))
    gaps = np.arange(20)[:, None] - np.arange(len(below))
    costs = (np.maximum(gaps, 0) + 9.0 * np.maximum(-gaps, 0)) @ below
    assert found.value == pytest.approx(min(costs), rel=1e-5)


def test_a_box_grows_where_it_is_touched() -> None:
    box = first_box(star(cap=1, lead_times=(0, 1)))
    assert box.max_backorders is not None
    found = wider(box)
    np.testing.assert_array_equal(found.max_backorders, box.max_backorders)
    assert (found.max_order <= box.rule_order).all()
    assert (found.max_position > box.max_position).all()


def test_places_that_can_follow_demand_are_told() -> None:
    for cap, follows in ((2, True), (1, False)):
        problem = star(cap=cap)
        largest = largest_requirements(problem)
        assert largest[:3, 0].tolist() == [2.0, 1.0, 1.0]
        rules = np.full(3, float(cap))
        assert follows_demand(problem, rules, largest)[1:3, 0].tolist() == [follows, follows]


@pytest.mark.slow
def test_pack_sizes_are_no_case_for_the_bounds_of_single_units() -> None:
    """Three at a time: the theorem on lost sales would allow orders of two at most, and none could be placed."""
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("shop"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "shop", order_multiple=3),),
        unmet="lost",
    )
    problem = problem_of(network, Uncertainty({("shop", "item"): UP_TO_TWO}), RECEIVE_ORDER_SELL)
    found = optimize(problem)
    assert _shown(found)
    assert found.value < 9.0 * UP_TO_TWO.mean / 2
    assert evaluate_exactly(problem, found.policy(problem)).value == pytest.approx(found.value, abs=1e-6)


def test_levels_are_cut_where_a_count_changes() -> None:
    middles, lengths = counting_levels(2, [0.5])
    assert lengths.tolist() == pytest.approx([0.25, 0.25, 0.25, 0.25])
    assert middles.tolist() == pytest.approx([0.125, 0.375, 0.625, 0.875])
    assert cells([0.0, 1.0, 2.0])[1].tolist() == [1.0]
    assert counting_levels(3, [1.0])[1].tolist() == [1.0]


def substituting(share: float) -> Problem:
    """Return two items; customers who miss the first take the second with a probability."""
    network = SupplyNetwork(
        items=(Item("a"), Item("b")),
        nodes=(Node("shop"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "shop"),),
        substitutions=(Substitution("shop", "a", "b", share, "binomial"),),
        unmet="lost",
    )
    laws = Uncertainty({("shop", "a"): UP_TO_TWO, ("shop", "b"): COIN})
    return problem_of(network, laws, RECEIVE_ORDER_SELL, horizon=400, warm_up=20)


@pytest.mark.slow
def test_chance_that_matters_only_together_with_demand_is_seen() -> None:
    """Who takes another item matters only when somebody asks: optimum, chain and simulation agree."""
    problem = substituting(0.5)
    found = optimize(problem)
    policy = found.policy(problem)
    assert found.value == pytest.approx(evaluate_exactly(problem, policy).value, abs=1e-6)
    totals = play(problem, policy, replications=100, seed=3).totals
    assert abs(totals.mean() - found.value) < 4.5 * totals.std(ddof=1) / 10


@pytest.mark.slow
def test_special_deliveries_are_the_better_the_likelier() -> None:
    values = [
        optimize(
            one_warehouse_multi_retailer(
                unmet_demand="partial_backorder",
                emergency_probability=chance,
                warehouse_lead_time=1,
                retailer_lead_times=(0, 0),
                demand=(COIN, COIN),
                periods=4,
            )
        ).value
        for chance in (0.0, 0.5, 1.0)
    ]
    assert values == sorted(values, reverse=True) and values[0] > values[1] > values[2]


def interrupted(law: Outage, interruption: str = "keep_moving", **changes: object) -> Problem:
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("shop"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "shop", lead_time=0, interruption=interruption),),  # type: ignore[arg-type]
        unmet="lost",
    )
    laws = Uncertainty({("shop", "item"): COIN}, supply=SupplyLaws(outages={"supplier": law}))
    return problem_of(network, laws, **changes)


@pytest.mark.slow
def test_outages_without_memory_are_listed() -> None:
    problem = interrupted(Outage(0.3, 0.7))
    joint = event_support(problem.uncertainty, problem.network).joint()
    found = zip(joint.leaves["lane_open"][:, 0].tolist(), joint.probabilities.tolist(), strict=True)
    assert sorted(found) == [(0.0, pytest.approx(0.12)), (0.0, pytest.approx(0.18)),
                             (1.0, pytest.approx(0.28)), (1.0, pytest.approx(0.42))]  # fmt: skip
    assert _shown(optimize(problem))


def test_what_the_outside_remembers_is_refused_by_name() -> None:
    problem = interrupted(Outage(0.3, 0.5))
    with pytest.raises(
        SupportError, match=r"outages that last: .* disruption_probability \+ recovery_probability"
    ):
        optimize(problem)
    waits = interrupted(Outage(0.3, 0.7), "wait", sequence=RECEIVE_ORDER_SELL)
    with pytest.raises(
        SupportError, match="an outage holds up what arrives before the decision on supplier -> shop"
    ):
        optimize(waits)


def test_orders_of_fractions_and_continuous_demand_are_refused() -> None:
    from basestock.uncertainty import Normal

    problem = line()
    continuous = dataclasses.replace(problem, uncertainty=Uncertainty({("shop", "item"): Normal(5.0, 1.0)}))
    with pytest.raises(SupportError, match="Normal has no finite support"):
        optimize(continuous)
    levels = BaseStock(jnp.full((problem.arrays.num_nodes, problem.arrays.num_items, 1), 2.5))
    with pytest.raises(ValueError, match="must be a whole number"):
        evaluate_exactly(problem, levels)


def test_what_is_sold_before_the_decision_is_refused() -> None:
    with pytest.raises(ValueError, match="ship and serve come before the decision"):
        optimize(make_problem("beer_game"))
