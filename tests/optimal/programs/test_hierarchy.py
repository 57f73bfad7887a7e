"""Designs, aggregate plans, and orders within them."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest

from basestock.decision import game, simulate
from basestock.dynamics import InitialState
from basestock.network import Item, Lane, Node, Supplier
from basestock.optimal.programs import InfeasibleError, expected_events
from basestock.optimal.programs.hierarchy import (
    Site,
    design_network,
    plan_flows,
    plan_hierarchy,
    strategic_program,
)
from tests.optimal.programs.networks import problem as build

WAREHOUSES, SHOPS = ("north", "south", "middle"), ("A", "B")
MOVE = {("north", "A"): 1.0, ("north", "B"): 4.0, ("south", "A"): 4.0, ("south", "B"): 1.0, ("middle", "A"): 2.0,
        ("middle", "B"): 2.0}  # fmt: skip


def _network(unmet="lost", demand=(10.0, 8.0), lost=30.0, **rates):
    places = [f"{w} -> {s}" for w, s in MOVE]
    return build(
        {(shop, "box"): [units] for shop, units in zip(SHOPS, demand, strict=True)},
        {"holding": 0.5, ("lost_sale" if unmet == "lost" else "backorder"): lost,
         "transport": {(lane, "box"): cost for lane, cost in zip(places, MOVE.values(), strict=True)}, **rates},
        items=(Item("box", whole_units=False),),
        nodes=tuple(Node(name) for name in (*WAREHOUSES, *SHOPS)),
        suppliers=(Supplier("plant"),),
        lanes=(*(Lane("plant", w) for w in WAREHOUSES), *(Lane(w, s) for w, s in MOVE)),
        unmet=unmet,
    )  # fmt: skip


def _sites(costs=(15.0, 12.0, 16.0), capacities=(20.0, 20.0, 15.0)):
    return [Site(*each) for each in zip(WAREHOUSES, costs, capacities, strict=True)]


def _subsets():
    return [chosen for size in range(4) for chosen in itertools.combinations(WAREHOUSES, size)]


def _enumerated(made, sites):
    """Return the cheapest design over all subsets of open sites, each by a transport problem of SciPy."""
    from scipy.optimize import linprog

    demand = np.array([made.uncertainty.demand[shop, "box"].mean for shop in SHOPS])
    best = np.inf
    for opened in _subsets():
        costs = [*MOVE.values(), 30.0, 30.0]
        serve = np.array(
            [
                [float(s == shop) for _, s in MOVE] + [float(k == n) for k in range(2)]
                for n, shop in enumerate(SHOPS)
            ]
        )
        pass_ = np.array([[float(w == site.name) for w, _ in MOVE] + [0.0, 0.0] for site in sites])
        room = [site.capacity * (site.name in opened) for site in sites]
        found = linprog(costs, A_ub=pass_, b_ub=room, A_eq=serve, b_eq=demand)
        best = min(best, found.fun + sum(site.fixed_cost for site in sites if site.name in opened))
    return best


@pytest.mark.requirement("D-05")
@pytest.mark.parametrize("seed", range(3))
def test_the_best_design_is_that_of_all_subsets(seed):
    generator = np.random.default_rng(seed)
    made = _network(demand=tuple(generator.uniform(2, 15, 2).tolist()))
    sites = _sites(generator.uniform(1, 40, 3).tolist(), generator.uniform(3, 20, 3).tolist())
    found = design_network(made, sites)
    assert found.cost == pytest.approx(_enumerated(made, sites), rel=1e-6)
    for aggregated in (True, False):
        program = strategic_program(made, sites, aggregated=aggregated)
        assert program.model.solve().objective == pytest.approx(found.cost, rel=1e-6)


def test_one_source_for_each_place_costs_no_less_and_links_have_their_price():
    made, sites = _network(), _sites((1.0, 1.0, 1.0), (6.0, 6.0, 7.0))
    free, single = design_network(made, sites), design_network(made, sites, single_source=True)
    assert single.cost >= free.cost
    into_a = [lane for lane, _ in single.flows if lane.endswith("-> A")]
    assert len(into_a) <= 1
    dear = design_network(made, _sites(), lane_costs={f"{w} -> {s}": 500.0 for w, s in MOVE})
    assert not dear.flows and dear.unmet == {("A", "box"): 10.0, ("B", "box"): 8.0}


@pytest.mark.requirement("D-08")
def test_a_design_without_room_for_what_must_be_served_names_the_capacity():
    with pytest.raises(InfeasibleError, match=r"(site_capacity|demand) by"):
        design_network(_network("backorder"), _sites(capacities=(1.0, 1.0, 1.0)))


def test_wrong_names_and_numbers_are_refused():
    with pytest.raises(ValueError, match=r"site 'nowhere', must be a node"):
        design_network(_network(), [Site("nowhere", 1.0)])
    with pytest.raises(ValueError, match="stands twice"):
        design_network(_network(), [Site("north", 1.0), Site("north", 2.0)])
    with pytest.raises(ValueError, match="fixed_cost is -1"):
        Site("north", -1.0)


@pytest.mark.requirement("D-06")
def test_duals_of_the_aggregate_plan_are_complementary_to_slacks():
    made, sites = _network(demand=(10.0, 8.0)), _sites(capacities=(6.0, 20.0, 15.0))
    plan = plan_flows(made, expected_events(made, 5), sites, WAREHOUSES)
    for group, duals in plan.duals.items():
        assert np.abs(duals * plan.slacks[group]).max() < 1e-6, group
        assert (plan.slacks[group] > -1e-6).all()
    assert plan.capacity_value["north"] < 0
    # A unit of capacity more changes the cost by its dual, as long as the basis stays.
    wider = _sites(capacities=(6.01, 20.0, 15.0))
    moved = plan_flows(made, expected_events(made, 5), wider, WAREHOUSES)
    assert (moved.cost - plan.cost) / 0.01 == pytest.approx(plan.capacity_value["north"], rel=1e-3)


def test_layers_agree_on_the_best_design():
    made, sites = _network(), _sites()
    found = plan_hierarchy(made, sites, num_periods=5)
    forecast = expected_events(made, 5)
    every = {
        opened: plan_flows(made, forecast, sites, opened).cost
        + 5 * sum(site.fixed_cost for site in sites if site.name in opened)
        for opened in _subsets()
    }
    assert found.cost == pytest.approx(min(every.values()), rel=1e-6)
    assert found.gap < 1e-5
    assert every[found.opened] == pytest.approx(found.cost, rel=1e-6)
    bounds = [each.bound for each in found.rounds]
    assert bounds == sorted(bounds)


@pytest.mark.slow
@pytest.mark.requirement("B-14")
def test_orders_stay_within_what_the_plan_allows():
    made, sites = _network(), _sites()
    found = plan_hierarchy(made, sites, num_periods=6, flexibility=0.1)
    closed = {name for name in WAREHOUSES if name not in found.opened}

    def ordered(total, step):
        return total, step.outcome.ordered

    path = simulate(
        game(made),
        found.policy,
        made.start(1),
        key=jax.random.key(0),
        num_periods=6,
        fold=ordered,
        initial=0.0,
    )
    orders = np.asarray(path.traced)[..., 0]
    allowed = np.asarray(found.policy.allowed)[..., 0]
    assert (np.cumsum(orders, axis=0) <= allowed + 1e-3).all()
    assert orders.sum() > 0
    for row, lane in enumerate(made.network.lanes):
        if closed & {lane.source, lane.destination}:
            assert orders[:, row].sum() == 0.0


@pytest.mark.requirement("D-08")
def test_where_no_design_is_feasible_the_binding_constraint_is_named():
    made = _network()
    small = dataclasses.replace(made.network.nodes[3], storage={"ambient": 4.0})
    box = dataclasses.replace(made.network.items[0], volume=1.0)
    nodes = (*made.network.nodes[:3], small, *made.network.nodes[4:])
    network = dataclasses.replace(made.network, items=(box,), nodes=nodes)
    full = dataclasses.replace(
        made, network=network, initial_state=InitialState(on_hand={("A", "box"): 90.0})
    )
    with pytest.raises(InfeasibleError, match="storage by"):
        plan_hierarchy(full, _sites(), num_periods=3)
