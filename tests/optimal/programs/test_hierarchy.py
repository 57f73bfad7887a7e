"""Designs, aggregate plans, and orders within them."""

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Observation, Policy, Problem, game, simulate
from basestock.dynamics import Decision, InitialState, empty_state
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.optimal.mdp import optimize
from basestock.optimal.programs import InfeasibleError, expected_events
from basestock.optimal.programs.hierarchy import (
    Site,
    design_network,
    plan_flows,
    plan_hierarchy,
    strategic_program,
)
from basestock.policies import BaseStock
from basestock.uncertainty import Discrete, Uncertainty
from tests.optimal.programs.networks import problem as build
from tests.policies.observations import KEY, observe

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


@pytest.mark.slow
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


CHANCES = {0: 0.3, 1: 0.3, 2: 0.3, 3: 0.1}
MOST = 12


def _kiosk(lost: float = 4.0) -> Problem:
    """A kiosk that orders every day; what it orders is there on the next."""
    network = SupplyNetwork(
        items=(Item("box"),), nodes=(Node("kiosk"),), suppliers=(Supplier("plant"),),
        lanes=(Lane("plant", "kiosk", lead_time=1),),
    )  # fmt: skip
    law = Discrete(tuple(map(float, CHANCES)), tuple(CHANCES.values()))
    return Problem(
        "kiosk",
        network,
        Uncertainty({("kiosk", "box"): law}),
        make_tariff(network, holding=1.0, lost_sale=lost),
        horizon=50,
    )


def _iterated(lost: float) -> tuple[float, np.ndarray]:
    """Return the average cost and the cost of every order at every stock, by value iteration."""
    values = np.zeros(MOST + 1)
    for _ in range(600):
        costs = np.array(
            [
                [
                    sum(
                        chance
                        * (
                            max(stock - asked, 0)
                            + lost * max(asked - stock, 0)
                            + values[min(max(stock - asked, 0) + order, MOST)]
                        )
                        for asked, chance in CHANCES.items()
                    )
                    for order in range(7)
                ]
                for stock in range(MOST + 1)
            ]
        )
        gain = costs.min(1)[0] - values[0]
        values = costs.min(1) - costs.min(1)[0]
    return float(gain), costs


@eqx.filter_jit
def _decided(policy: Policy, seen: Observation) -> Decision:
    return policy(seen, policy.init(seen), key=KEY)[0]


def _ordered(policy: Policy, seen: Observation) -> np.ndarray:
    return np.asarray(_decided(policy, seen).order)[0, 0]


@pytest.mark.requirement("D-07")
@pytest.mark.parametrize("lost", [4.0, 15.0])
def test_the_operational_dynamic_program_equals_value_iteration_and_orders_within_the_plan(lost: float):
    made = _kiosk(lost)
    optimum = optimize(made)
    gain, costs = _iterated(lost)
    assert optimum.value == pytest.approx(gain, rel=1e-6)
    found = plan_hierarchy(made, [Site("plant", 1.0)], num_periods=4, operational=optimum, flexibility=100.0)
    stock = np.arange(7)
    state = empty_state(made.arrays, len(stock))
    seen = observe(made, dataclasses.replace(state, on_hand=state.on_hand + stock))
    orders = _ordered(found.policy, seen).astype(int)
    np.testing.assert_allclose(costs[stock, orders], costs[stock].min(1), rtol=1e-6)
    # The same decisions, held to a tight plan: what it does not allow is not ordered.
    tight = plan_hierarchy(
        made, [Site("plant", 1.0)], num_periods=4, operational=optimum.policy(made), flexibility=0.0
    )
    held = _ordered(tight.policy, seen)
    np.testing.assert_array_equal(held, np.minimum(orders, np.asarray(tight.policy.allowed)[0, 0, 0, 0]))


def _two_plants() -> Problem:
    """The far plant is cheaper to open, and cannot follow demand."""
    network = SupplyNetwork(
        items=(Item("box"),), nodes=(Node("shop"),), suppliers=(Supplier("far"), Supplier("near")),
        lanes=(Lane("far", "shop", lead_time=2), Lane("near", "shop", lead_time=0)),
    )  # fmt: skip
    return Problem(
        "two plants",
        network,
        Uncertainty({("shop", "box"): Discrete((0.0, 20.0), (0.75, 0.25))}),
        make_tariff(network, holding=0.1, lost_sale=30.0),
        criterion="finite_horizon_total_cost",
        horizon=8,
        initial_state=InitialState(on_hand={("shop", "box"): 10.0}),
    )


@pytest.mark.slow
@pytest.mark.requirement("D-08")
def test_regret_goes_up_and_another_site_opens():
    """Of the expected path the far plant is as good, and cheaper; of what comes to pass it is not."""
    made = _two_plants()
    sites = [Site("far", 1.0), Site("near", 3.0)]
    given = {"num_periods": 8, "flexibility": 10.0, "operational": BaseStock(jnp.full((1, 1, 1), 20.0))}
    assert plan_hierarchy(made, sites, **given).opened == ("far",)
    found = plan_hierarchy(made, sites, **given, regret_paths=32)
    assert found.opened == ("near",)
    told = {each.opened: each for each in found.rounds}
    assert told["far",].cost < told["near",].cost
    assert told["far",].regret > told["near",].regret == found.regret
    assert found.cost == pytest.approx(told["near",].cost + found.regret)
    bounds = [each.bound for each in found.rounds]
    assert bounds == sorted(bounds) and found.bound <= found.cost


def test_numbers_of_the_exchange_are_checked():
    with pytest.raises(ValueError, match="regret_paths is -1, must be >= 0"):
        plan_hierarchy(_kiosk(), [Site("plant", 1.0)], num_periods=2, regret_paths=-1)
