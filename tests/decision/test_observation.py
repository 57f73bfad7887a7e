"""What is seen, and how actions become quantities."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import (
    Information,
    LaneOrders,
    NodeOrders,
    Observation,
    OrderChoices,
    OrderUpToLevels,
    Problem,
    flatten,
    game,
    labels,
)
from basestock.dynamics import InitialState, blank_outcome
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems import lost_sales
from basestock.uncertainty import Poisson, Uncertainty, root_words


def _chain() -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("i", unit="box"),), nodes=(Node("dc"), Node("shop")),
        suppliers=(Supplier("s"), Supplier("spot")),
        lanes=(Lane("s", "dc", lead_time=3), Lane("dc", "shop"), Lane("spot", "shop", lead_time=0, priority=2)),
        unmet="backorder",
    )  # fmt: skip


def _seen(window: int = 0) -> tuple[Observation, SupplyNetwork]:
    network = _chain()
    start = InitialState(
        on_hand={("dc", "i"): 10, ("shop", "i"): 2},
        backorders={("shop", "i"): 0},
        due={("s -> dc", "i", 2): 7, ("dc -> shop", "i", 1): 3},
    )
    problem = Problem(
        "chain",
        network,
        Uncertainty({("shop", "i"): Poisson(2.0)}),
        make_tariff(network, holding=1.0),
        initial_state=start,
    )
    compiled, state, root = game(problem), problem.start(1), root_words(jax.random.key(0))
    world = compiled.events.initial_world(1)
    outcome = blank_outcome(compiled.network, compiled.sequence, compiled.events, state, world, root)
    information = Information(demand_window=window)
    memory = information.init(compiled.network, 1)
    return information.observe(compiled.network, state, world, outcome, memory, key=jax.random.key(0))[
        0
    ], network


def test_positions_count_what_is_under_way() -> None:
    seen, _ = _seen()
    assert seen.on_order.reshape(-1).tolist() == [7, 3]
    assert seen.inventory_position.reshape(-1).tolist() == [17, 5]
    assert seen.echelon_position.reshape(-1).tolist() == [22, 5]
    assert seen.due[2].reshape(-1).tolist() == [7, 0, 0]


def test_flat_observations_have_a_label_for_every_entry() -> None:
    seen, network = _seen(window=2)
    flat, names = flatten(seen, network), labels(seen, network)
    assert flat.shape == (len(names), 1)
    at = {(label.name, label.owner, label.index): position for position, label in enumerate(names)}
    assert float(flat[at["on_hand", "dc", None], 0]) == 10
    assert float(flat[at["due", "s -> dc", 2], 0]) == 7
    assert {label.unit for label in names} == {"box"}


def test_actions_become_quantities_on_the_first_lane() -> None:
    seen, _ = _seen()
    assert NodeOrders()(jnp.array([4.0, -2.0]).reshape(2, 1, 1), seen).order.reshape(-1).tolist() == [4, 0, 0]
    assert OrderUpToLevels()(jnp.array([20.0, 9.0]).reshape(2, 1, 1), seen).order.reshape(-1).tolist() == [
        3,
        4,
        0,
    ]
    assert OrderChoices(jnp.array([0.0, 5.0]))(jnp.array([1, 9]).reshape(2, 1, 1), seen).order.reshape(
        -1
    ).tolist() == [5, 5, 0]
    assert LaneOrders()(jnp.array([1.0, 2.0, 3.0]).reshape(3, 1, 1), seen).order.reshape(-1).tolist() == [
        1,
        2,
        3,
    ]


def test_a_problem_names_what_is_wrong_with_it() -> None:
    with pytest.raises(
        ValueError, match=r"Problem 'lost_sales': horizon is 0, must be a whole number of periods >= 1"
    ):
        dataclasses.replace(lost_sales(), horizon=0)
    assert np.isclose(lost_sales().known.value, 4.40)
