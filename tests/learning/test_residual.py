"""Residual learning begins as a tuned classic, and is saved with it."""

import dataclasses

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.envs import action_codec
from basestock.learning import learn, loaded_actor, saved_actor
from basestock.learning.networks import Mlp
from basestock.learning.residual import Base, ResidualActor
from basestock.problems import backorder
from tests.learning.conftest import plain_encoder, seen


def beside(problem: Problem, name: str = "base_stock", **coordinates: np.ndarray) -> ResidualActor:
    encoder, codec = plain_encoder(problem), action_codec(problem, "continuous")
    network = Mlp.create((encoder.width, 4, len(codec.slots)), jax.random.key(0), last=0.0)
    return ResidualActor.beside(problem, encoder, network, codec, Base.of(problem, name, coordinates))


def places(problem: Problem, value: float) -> np.ndarray:
    return np.full((problem.arrays.num_nodes, problem.arrays.num_items), value)


@pytest.mark.requirement("D-28")
def test_a_network_that_says_nothing_decides_as_the_classic(problem: Problem) -> None:
    actor, observation = beside(problem, base_stock_level=places(problem, 9.0)), seen(problem)
    known, _ = actor.base.policy(observation, None, key=jax.random.key(0))
    mine, _ = actor(observation, None, key=jax.random.key(0))
    np.testing.assert_array_equal(mine.order, known.order)
    louder = dataclasses.replace(actor, network=actor.network.biased(np.array([1.0])))
    more = louder.decided(observation) - actor.decided(observation)
    assert (np.asarray(more) == float(actor.typical[0])).all()
    less = dataclasses.replace(actor, network=actor.network.biased(np.array([-9.0])))
    assert (np.asarray(less.decided(observation)) == 0).all()


@pytest.mark.requirement("D-27")
@pytest.mark.parametrize("reach", [0.5, 2.0])
def test_a_bounded_network_never_leaves_the_bounds_around_the_classic(problem: Problem, reach: float) -> None:
    plain, observation = beside(problem, base_stock_level=places(problem, 40.0)), seen(problem)
    actor, known = dataclasses.replace(plain, reach=reach), np.asarray(plain.decided(observation))
    most = reach * float(actor.typical[0])
    for output in (-1e6, -3.0, 0.1, 3.0, 1e6):
        told = dataclasses.replace(actor, network=actor.network.biased(np.array([output])), rounds=False)
        apart = np.asarray(told.decided(observation)) - known
        assert (np.abs(apart) <= most * (1 + 1e-6)).all() and (np.sign(apart) == np.sign(output)).all()
    far = dataclasses.replace(actor, network=actor.network.biased(np.array([1e6])))
    again = loaded_actor(saved_actor(far, problem, {}), problem)
    np.testing.assert_array_equal(again.decided(observation), np.round(known + most))


def test_where_orders_cost_nothing_is_ordered_unless_the_classic_orders() -> None:
    problem = backorder()
    actor = beside(problem, "order_up_to", reorder_point=places(problem, -99.0), gap=places(problem, 5.0))
    louder = dataclasses.replace(actor, network=actor.network.biased(np.array([3.0])))
    assert (np.asarray(actor.follows) == 1).all()
    assert (np.asarray(louder.decided(seen(problem))) == 0).all()


def test_it_is_saved_with_the_classic(problem: Problem) -> None:
    actor = beside(problem, base_stock_level=places(problem, 9.0))
    again = loaded_actor(saved_actor(actor, problem, {"cost": 1.0}), problem)
    assert isinstance(again, ResidualActor) and again.base.name == "base_stock"
    np.testing.assert_array_equal(again.decided(seen(problem)), actor.decided(seen(problem)))


@pytest.mark.slow
def test_it_saves_what_a_base_stock_loses_to_lost_sales(problem: Problem) -> None:
    settings = {"structure": "residual", "base": "base_stock", "updates": 150}
    found = learn(problem, "pathwise", key=jax.random.key(0), settings=settings)
    assert found.curve[-1].values["cost"] < 0.98 * found.curve[0].values["cost"]
