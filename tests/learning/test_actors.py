"""Networks that decide: where they begin, what their outputs mean, what is read of an observation."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Information, Problem
from basestock.envs import action_codec
from basestock.learning.actors import ChoiceActor, QuantityActor, ShareActor, best_choices
from basestock.learning.encoding import Clock, fields_of
from basestock.learning.networks import Mlp
from basestock.policies import Newsvendor
from basestock.problems import lost_sales
from tests.learning.conftest import plain_encoder, seen

KEY = jax.random.key(0)


def test_a_network_comes_back_from_its_arrays() -> None:
    network = Mlp.create((3, 8, 2), KEY)
    again = Mlp.of_arrays(network.arrays("mine_"), "mine_")
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(3, 5)), dtype=jnp.float32)
    assert network.sizes == again.sizes == (3, 8, 2)
    np.testing.assert_array_equal(network(inputs), again(inputs))


def test_equal_keys_draw_equal_networks() -> None:
    first, same, other = (Mlp.create((3, 4, 1), jax.random.key(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.weights[0], same.weights[0])
    assert not np.array_equal(first.weights[0], other.weights[0])


def test_quantities_begin_as_a_base_stock(problem: Problem, actor: QuantityActor) -> None:
    observation = seen(problem)
    level = float(np.asarray(Newsvendor.for_problem(problem).base_stock_level)[0, 0, 0])
    decision, _ = actor(observation, None, key=KEY)
    short = level - np.asarray(observation.inventory_position)[0, 0]
    np.testing.assert_array_equal(np.asarray(decision.order)[0, 0], np.round(short))
    at_level = dataclasses.replace(
        observation, inventory_position=observation.inventory_position + short + 40.0
    )
    decision, _ = actor(at_level, None, key=KEY)
    np.testing.assert_array_equal(np.asarray(decision.order)[0, 0], 0.0)


def test_quantities_are_rounded_when_deciding_and_not_while_learning(actor: QuantityActor) -> None:
    outputs = jnp.asarray([[0.1, 0.7]])
    fine, whole = actor.learning().quantities(outputs), actor.deciding().quantities(outputs)
    assert not np.array_equal(fine, np.round(fine))
    np.testing.assert_array_equal(whole, np.round(fine))


def test_beyond_a_limit_the_way_back_is_still_seen_and_the_way_on_is_not(actor: QuantityActor) -> None:
    limited = dataclasses.replace(actor, limit=jnp.full(1, 3.0)).learning()

    def cost(out: jax.Array, rate: float) -> jax.Array:
        return rate * limited.quantities(out[None, None])[0, 0]

    value, slope = jax.value_and_grad(cost)(jnp.asarray(9.0), 1.0)
    assert value == pytest.approx(3.0) and slope > 1.0
    # Where more would be cheaper, nothing drives what is at its limit further beyond it.
    assert jax.grad(cost)(jnp.asarray(9.0), -1.0) == 0.0 > jax.grad(cost)(jnp.asarray(-1.0), -1.0)


def test_choices_are_the_best_of_each_slot(problem: Problem) -> None:
    codec = action_codec(problem, "discrete", levels=3)
    assert best_choices(codec, jnp.asarray([[0.0], [2.0], [1.0]])).tolist() == [1]
    encoder = plain_encoder(problem)
    network = Mlp.create((encoder.width, 4, 3), KEY)
    decision, _ = ChoiceActor(encoder, network, codec)(seen(problem), None, key=KEY)
    assert set(np.asarray(decision.order)[0, 0].tolist()) <= set(codec.slots[0].choices)


def test_shares_stay_in_the_range_of_the_codec(problem: Problem) -> None:
    encoder, codec = plain_encoder(problem), action_codec(problem, "continuous")
    actor = ShareActor(encoder, Mlp.create((encoder.width, 4, 1), KEY), codec)
    found = actor.quantities(jnp.asarray([[-50.0, 0.0, 50.0]]))[0]
    assert found.tolist() == [0.0, round(codec.slots[0].high / 2), codec.slots[0].high]


def test_past_demand_is_read_only_where_it_says_something(problem: Problem) -> None:
    assert not {"last_demand", "demand_history"} & set(fields_of(problem))
    told = dataclasses.replace(problem, information=Information(demand_window=3))
    assert {"last_demand", "demand_history"} <= set(fields_of(told))


def test_the_encoder_says_where_the_position_stands(problem: Problem) -> None:
    encoder, observation = plain_encoder(problem), seen(problem)
    inputs = encoder(observation)
    assert inputs.shape == (encoder.width, 3)
    np.testing.assert_array_equal(inputs[encoder.position(0, 0)], observation.inventory_position[0, 0])


@pytest.mark.parametrize(
    ("changes", "told"),
    [({}, 0), ({"criterion": "finite_horizon_total_cost", "warm_up": 0}, 1)],
    ids=["without end", "a horizon"],
)
def test_the_time_left_is_told_where_there_is_an_end(
    problem: Problem, changes: dict[str, object], told: int
) -> None:
    mine = dataclasses.replace(problem, **changes)
    assert Clock.of(mine).endless == (told == 0)
    assert plain_encoder(mine).width == plain_encoder(problem).width + told


def test_cycles_are_counted_whole() -> None:
    weekly = Clock(endless=True, periods=100, cycle=7)
    assert weekly.repeats and weekly.whole_cycles(24) == 28
    assert not Clock(endless=True, periods=100, cycle=0).repeats


def test_a_limit_of_the_network_is_the_limit_of_the_quantity() -> None:
    free = action_codec(lost_sales(lead_time=1, lost_sale_cost=4.0), "continuous")
    assert free.slots[0].limit is None
