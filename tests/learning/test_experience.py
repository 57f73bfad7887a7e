"""One way of playing for all who explore: what is seen, what follows, where paths go on."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.envs import action_codec
from basestock.learning import learn
from basestock.learning.actors import ChoiceActor
from basestock.learning.choices import best_choices, places_of
from basestock.learning.experience import Experience, gathered, staged, transitions_of
from basestock.learning.exploration import ChoiceExplorer, random_choices
from basestock.learning.networks import Mlp
from basestock.learning.settings import PlaySettings
from basestock.problems import lost_sales, make_problem
from basestock.problems.dual_sourcing import dual_sourcing
from tests.learning.conftest import plain_encoder, seen, unserved

KEY = jax.random.key(0)


def some_experience(more: float) -> Experience:
    inputs = jnp.arange(5.0)[:, None, None]
    rewards = jnp.array([1.0, 2.0, 4.0, 8.0])[:, None]
    return unserved(inputs, inputs[:4].astype(jnp.int32), rewards, jnp.array([1.0, 1.0, 1.0, more]))


@pytest.mark.parametrize(("more", "last"), [(1.0, 0.5), (0.0, 0.0)], ids=["goes on", "the horizon"])
def test_rewards_of_several_periods_are_summed_up_to_the_end(more: float, last: float) -> None:
    found = transitions_of(some_experience(more), jnp.asarray(0.5), 2)
    np.testing.assert_array_equal(found.rewards[:, 0], [2.0, 4.0, 8.0, 8.0])
    np.testing.assert_array_equal(found.worth[:, 0], [0.25, 0.25, 0.5 * last, last])
    np.testing.assert_array_equal(found.inputs[:, 0, 0], [0.0, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(found.following[:, 0, 0], [2.0, 3.0, 4.0, 4.0])


def test_transitions_of_several_periods_stand_beside_each_other() -> None:
    inputs = jnp.arange(3.0 * 2 * 3).reshape(3, 2, 3)
    found = unserved(inputs, jnp.zeros((2, 1, 3)), jnp.arange(6.0).reshape(2, 3), jnp.ones(2))
    flat = transitions_of(found, jnp.asarray(1.0)).flat()
    np.testing.assert_array_equal(flat.inputs[0], [0, 1, 2, 6, 7, 8])
    np.testing.assert_array_equal(flat.following[0], [6, 7, 8, 12, 13, 14])
    np.testing.assert_array_equal(flat.rewards, np.arange(6.0))
    assert flat.drawn.shape == (1, 6)


def test_random_choices_may_be_anything_and_are_mostly_near_an_average_period() -> None:
    codec = action_codec(lost_sales(lead_time=2, mean=3.0), "discrete")
    chances = np.diff(random_choices(codec)[0], prepend=0.0)
    assert chances.min() > 0
    assert np.isclose(chances.sum(), 1.0)
    assert 2.5 < chances @ np.array(codec.slots[0].choices) < 4.0


@pytest.mark.parametrize("kind", ["discrete", "multi_discrete"])
def test_an_explorer_chooses_the_best_or_what_the_noise_says(kind: str) -> None:
    problem = dual_sourcing()
    codec = dataclasses.replace(action_codec(problem, "multi_discrete", levels=3), kind=kind)
    width = plain_encoder(problem).width
    outputs = math.prod(codec.sizes) if kind == "discrete" else sum(codec.sizes)
    network = Mlp.create((width, 4, outputs), KEY)
    inputs = plain_encoder(problem)(seen(problem))
    ends = jnp.asarray(random_choices(codec))
    greedy = ChoiceExplorer(plain_encoder(problem), codec, network, ends, jnp.asarray(0.0))
    noise = jnp.full((greedy.rows, inputs.shape[-1]), 0.9999)
    np.testing.assert_array_equal(greedy.explored(inputs, noise)[0], best_choices(codec, network(inputs)))
    wild = dataclasses.replace(greedy, epsilon=jnp.asarray(1.0))
    last = [math.prod(codec.sizes) - 1] if kind == "discrete" else [size - 1 for size in codec.sizes]
    assert wild.explored(inputs, noise)[1][:, 0].tolist() == last


def test_outputs_of_branches_of_unequal_size() -> None:
    codec = action_codec(dual_sourcing(), "multi_discrete", levels=3)
    first, *others = codec.slots
    codec = dataclasses.replace(codec, slots=(dataclasses.replace(first, choices=(0.0, 1.0)), *others))
    places, there = places_of(codec)
    assert places.tolist() == [[0, 1, 1], [2, 3, 4]]
    assert there.tolist() == [[True, True, False], [True, True, True]]
    scores = jnp.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0], [0.0, 0.0], [5.0, -1.0]])
    assert best_choices(codec, scores).tolist() == [[0, 1], [2, 0]]


SETTINGS = PlaySettings(paths=64, periods=15, discount=0.9, restarts=0.5)


def explorer_of(problem: Problem) -> tuple[ChoiceExplorer, ChoiceActor]:
    codec = action_codec(problem, "discrete")
    encoder = plain_encoder(problem)
    network = Mlp.create((encoder.width, 4, math.prod(codec.sizes)), KEY)
    actor = ChoiceActor(encoder, network, codec)
    return ChoiceExplorer(
        encoder, codec, network, jnp.asarray(random_choices(codec)), jnp.asarray(1.0)
    ), actor


@pytest.mark.slow
def test_problems_that_end_are_played_whole() -> None:
    problem = make_problem("or_gym/inv_management_v0")
    ending = staged(problem, action_codec(problem, "continuous"), SETTINGS, KEY).scene
    assert (ending.periods, ending.paths) == (30, 32)
    assert float(ending.discount) == pytest.approx(0.97)
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0)
    endless = staged(problem, action_codec(problem, "continuous"), SETTINGS, KEY).scene
    assert (endless.periods, endless.paths) == (15, 64)
    assert float(endless.discount) == pytest.approx(0.9)


@pytest.mark.slow
def test_long_horizons_are_played_in_parts_and_only_the_last_one_ends() -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0)
    problem = dataclasses.replace(problem, criterion="finite_horizon_total_cost", horizon=401, warm_up=3)
    scene = staged(problem, action_codec(problem, "discrete"), SETTINGS, KEY).scene
    explorer, _ = explorer_of(problem)
    first, moving = gathered(scene, explorer, scene.first, scene.chance(KEY, explorer))
    assert scene.periods == 202 and int(moving.state.period) == 202
    assert np.all(first.rewards[:3] == 0.0) and np.any(first.rewards[3:] != 0.0)
    assert first.inputs.shape[0] == 203 and np.all(first.more == 1.0)
    last, moving = gathered(scene, explorer, moving, scene.chance(KEY, explorer))
    assert np.flatnonzero(last.more == 0.0)[0] == 201 and int(moving.state.period) == 0


@pytest.mark.slow
def test_paths_go_on_where_they_ended_or_begin_anew() -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0)
    settings = dataclasses.replace(SETTINGS, restarts=0.0)
    scene = staged(problem, action_codec(problem, "discrete"), settings, KEY).scene
    explorer, _ = explorer_of(problem)
    found, moving = gathered(scene, explorer, scene.first, scene.chance(KEY, explorer))
    again, _ = gathered(scene, explorer, moving, scene.chance(jax.random.key(1), explorer))
    lost = (np.abs(np.asarray(found.inputs[-1])) > 8.0).any(0)
    np.testing.assert_array_equal(found.inputs[-1][:, ~lost], again.inputs[0][:, ~lost])
    anew = scene.chance(KEY, explorer, restarts=1.0)
    assert bool(anew.which.all()) and not bool(scene.chance(KEY, explorer).which.any())


def rewarded(problem: Problem, settings: PlaySettings) -> Experience:
    stage = staged(problem, action_codec(problem, "discrete"), settings, KEY)
    explorer, _ = explorer_of(problem)
    scene = stage.priced(KEY)
    return gathered(scene, explorer, scene.first, scene.chance(KEY, explorer))[0]


@pytest.mark.slow
@pytest.mark.requirement("B-13", "C-20")
def test_rewards_have_no_unit_unless_they_are_asked_in_money() -> None:
    cheap, dear = (
        lost_sales(lead_time=1, holding_cost=unit, lost_sale_cost=4.0 * unit, mean=3.0)
        for unit in (1.0, 1000.0)
    )
    first, second = (rewarded(each, SETTINGS).rewards for each in (cheap, dear))
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-4)
    money = dataclasses.replace(SETTINGS, scaled=False)
    first, second = (rewarded(each, money).rewards for each in (cheap, dear))
    np.testing.assert_allclose(1000.0 * first, second, rtol=1e-4)
    assert (np.asarray(first) <= 0.0).all() and np.asarray(first).min() <= -4.0


@pytest.mark.slow
@pytest.mark.requirement("C-18")
def test_a_bonus_of_service_is_for_periods_that_serve_95_percent_and_for_learning_alone() -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, mean=3.0)
    plain, more = (
        rewarded(problem, dataclasses.replace(SETTINGS, service_bonus=each)) for each in (0.0, 0.5)
    )
    served = np.asarray(plain.sales) >= 0.95 * np.asarray(plain.demand)
    assert 0.05 < served.mean() < 0.95 and (np.asarray(plain.sales) <= np.asarray(plain.demand)).all()
    np.testing.assert_allclose(np.asarray(more.rewards) - np.asarray(plain.rewards), 0.5 * served, atol=1e-5)
    # A run compares its policies by what they cost, and says so on its curve.
    first = [
        learn(problem, "a2c", key=KEY, settings={"updates": 1, "paths": 8, "service_bonus": bonus}).curve[0]
        for bonus in (0.0, 9.0)
    ]
    assert first[0].values["cost"] == first[1].values["cost"]
