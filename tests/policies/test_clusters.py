"""Who is tuned together: nodes that supply each other, products and their components."""

import dataclasses
import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.dynamics import empty_state
from basestock.economics import make_tariff
from basestock.evaluation import play
from basestock.network import Item, Lane, Node, Process, Supplier, SupplyNetwork
from basestock.policies import BaseStock, FixedQuantity, OrderUpTo, fit, from_parameters
from basestock.policies.clusters import MOST_TURNS, Clusters, clusters_of
from basestock.policies.grids import POINTS
from basestock.uncertainty import Poisson, Uncertainty
from tests.policies.observations import KEY, observe


def problem_of(
    items: Sequence[str], nodes: Sequence[str], lanes: Sequence[Lane], processes: Sequence[Process] = ()
) -> Problem:
    """A network whose demand and prices do not matter."""
    network = SupplyNetwork(
        items=tuple(map(Item, items)), nodes=tuple(map(Node, nodes)), suppliers=(Supplier("world"),),
        lanes=tuple(lanes), processes=tuple(processes),
    )  # fmt: skip
    return Problem("network", network, Uncertainty({}), make_tariff(network, holding=1.0), horizon=40)


def groups(problem: Problem) -> set[frozenset[tuple[str, str]]]:
    """Clusters of more than one place, by name."""
    network, number = problem.network, clusters_of(problem).number
    found: dict[int, set[tuple[str, str]]] = {}
    for node, item in itertools.product(network.node_index, network.item_index):
        at = int(number[network.node_index[node], network.item_index[item]])
        found.setdefault(at, set()).add((node, item))
    return {frozenset(places) for places in found.values() if len(places) > 1}


def bakery() -> Problem:
    """Two units of flour make a loaf over night; unsold demand is lost."""
    network = SupplyNetwork(
        items=(Item("flour"), Item("bread")), nodes=(Node("bakery"),), suppliers=(Supplier("mill"),),
        lanes=(Lane("mill", "bakery", items=("flour",), lead_time=2),),
        processes=(Process("bake", "bakery", {"flour": 2}, {"bread": 1}, duration=1),),
    )  # fmt: skip
    holding = {("bakery", "flour"): 0.1, ("bakery", "bread"): 0.5}
    return Problem(
        name="bakery",
        network=network,
        uncertainty=Uncertainty({("bakery", "bread"): Poisson(5.0)}),
        tariff=make_tariff(network, holding=holding, lost_sale=5.0),
        horizon=40,
        warm_up=5,
    )


def test_places_that_share_nothing_are_searched_at_once() -> None:
    problem = problem_of("ab", ("x", "y"), [Lane("world", "x"), Lane("world", "y")])
    assert groups(problem) == set()
    assert clusters_of(problem).num_turns == 1


def test_a_lane_ties_its_ends_for_the_items_that_it_carries() -> None:
    lanes = [Lane("world", "x"), Lane("world", "y", items=("b",)), Lane("x", "y", items=("a",))]
    problem = problem_of("ab", ("x", "y"), lanes)
    assert groups(problem) == {frozenset({("x", "a"), ("y", "a")})}
    found = clusters_of(problem)
    assert found.num_turns == 2
    # The shop comes before the center that supplies it; what stands alone goes first.
    assert found.turn[:2, :2].tolist() == [[1, 0], [0, 0]]


def test_a_process_ties_what_it_takes_to_what_it_makes() -> None:
    bake = Process("bake", "x", {"a": 2}, {"b": 1})
    problem = problem_of("abc", "x", [Lane("world", "x", items=("a", "c"))], [bake])
    assert groups(problem) == {frozenset({("x", "a"), ("x", "b")})}
    assert clusters_of(problem).turn[0, :3].tolist() == [1, 0, 0]


def test_what_nothing_brings_or_makes_has_no_turn() -> None:
    problem = problem_of("ab", ("x", "y"), [Lane("world", "x", items=("a",))])
    assert clusters_of(problem).turn[:2, :2].tolist() == [[0, -1], [-1, -1]]


def test_places_of_a_large_cluster_share_turns() -> None:
    names = [f"n{number}" for number in range(3 * MOST_TURNS)]
    lanes = [Lane(source, name) for source, name in zip(["world", *names], names, strict=False)]
    found = clusters_of(problem_of("a", names, lanes))
    turns, counts = np.unique(found.turn[found.turn >= 0], return_counts=True)
    assert (found.num_turns, turns.tolist(), set(counts.tolist())) == (
        MOST_TURNS, list(range(MOST_TURNS)), {3}
    )  # fmt: skip


def test_costs_are_added_up_within_clusters() -> None:
    clusters = Clusters(np.array([[0, 1], [0, 2]]), np.zeros((2, 2)), 2)
    costs = np.arange(8.0).reshape(2, 2, 2)
    assert clusters.total(costs).tolist() == [[4.0, 6.0], [2.0, 3.0], [6.0, 7.0]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "runs"),
    [
        (BaseStock, {"base_stock_level": 6.0}),
        (OrderUpTo, {"reorder_point": 3.0, "order_up_to_level": 6.0}),
        (FixedQuantity, {"reorder_point": 5.0, "order_quantity": 3.0}),
    ],
)
@pytest.mark.requirement("A-02")
def test_a_level_of_a_product_starts_its_process(policy: type, runs: dict[str, float]) -> None:
    """At 1 loaf on hand and 2 in the oven a level of 6 bakes 3 more; at a level of 6 units of flour 2 are bought."""
    problem = bakery()
    state = empty_state(problem.arrays, 1)
    wip = jnp.zeros_like(state.work_in_process).at[1, 0].set(2.0)
    on_hand = state.on_hand.at[0, 0].set(3.0 if policy is OrderUpTo else 4.0).at[0, 1].set(1.0)
    seen = observe(problem, dataclasses.replace(state, on_hand=on_hand, work_in_process=wip))
    shape = (problem.arrays.num_nodes, problem.arrays.num_items, 1)
    chosen = policy(**{name: jnp.full(shape, value) for name, value in runs.items()})
    decision, _ = chosen(seen, None, key=KEY)
    assert decision.start[0, 0] == 3.0
    assert decision.order[0, 0, 0] == (2.0 if policy is BaseStock else 3.0)
    assert decision.order[0, 1, 0] == 0.0


@pytest.fixture(scope="module")
def tuned():
    return fit(bakery(), "base_stock", seed=0, replications=4, sweeps=1)


@pytest.mark.requirement("A-02")
def test_a_tuned_bakery_buys_flour_and_sells_bread(tuned) -> None:
    """Without orders all demand is lost: 5 loaves at 5 a period."""
    flour, bread = tuned.parameters["base_stock_level"][0, :2]
    assert flour > 15
    assert 8 <= bread <= 20
    assert tuned.cost.mean < 8.0
    assert tuned.num_candidates % POINTS[1] == 0


@pytest.mark.slow
def test_a_tuned_bakery_is_told_the_cost_it_has(tuned) -> None:
    """The report runs the program of the search; an evaluation of its own agrees."""
    problem = bakery()
    flour, bread = tuned.parameters["base_stock_level"][0, :2].tolist()
    policy = from_parameters(problem, "base_stock", {"base_stock_level": 0.0})
    levels = policy.base_stock_level.at[0, 0].set(flour).at[0, 1].set(bread)
    played = play(problem, BaseStock(levels), replications=32, seed=5).totals
    assert tuned.cost.n == 32
    spread = 4 * np.std(played) / np.sqrt(32) + 4 * tuned.cost.half_width
    assert tuned.cost.mean == pytest.approx(played.mean(), abs=spread)


def test_networks_without_processes_start_nothing() -> None:
    problem = problem_of("a", "x", [Lane("world", "x")])
    seen = observe(problem, empty_state(problem.arrays, 1))
    level = jnp.full((problem.arrays.num_nodes, problem.arrays.num_items, 1), 3.0)
    decision, _ = BaseStock(level)(seen, None, key=jax.random.key(1))
    assert decision.start is None
