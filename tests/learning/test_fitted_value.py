"""Fitted value iteration: what follows a decision, values of listed states, and policies that look ahead."""

import dataclasses
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from basestock.decision import Problem
from basestock.envs import action_codec
from basestock.evaluation.certificates import value_of
from basestock.learning import learn
from basestock.learning.actors import ChoiceActor
from basestock.learning.choice_lessons import TAUGHT, ChoiceLessons
from basestock.learning.expectation import MOST_OUTCOMES, Expectation, NoExpectationError
from basestock.learning.folder import write_run
from basestock.learning.gates import GatedActor
from basestock.learning.judge import favored
from basestock.learning.lookahead import LookaheadActor, Pair, in_blocks
from basestock.learning.networks import Mlp
from basestock.learning.order_rule import base_stock_scores, single_units
from basestock.learning.sampled_process import Listed, digest, listed, solved
from basestock.learning.saved import loaded_actor, saved_actor, saved_policies
from basestock.learning.state_looks import Looks
from basestock.learning.state_values import Fit, fitted_values, rescaled
from basestock.learning.visits import Behavior, Visits, nearest_choices
from basestock.optimal.mdp import optimize
from basestock.uncertainty import Discrete, Normal
from basestock.uncertainty.laws import DemandLaw
from tests.learning.conftest import plain_encoder, seen

QUICK = {"updates": 3, "first_updates": 20, "states": 1024, "steps": 200, "lessons": 100}
NOW = jnp.zeros((), jnp.int32)


@pytest.fixture(scope="module")
def expectation(problem: Problem) -> Expectation:
    return Expectation.of(problem, single_units(problem))


@pytest.fixture(scope="module")
def rule(problem: Problem) -> ChoiceActor:
    encoder, codec = plain_encoder(problem), single_units(problem)
    blank = Mlp.create((encoder.width, sum(codec.sizes)), jax.random.key(0), last=0.0)
    return ChoiceActor(encoder, base_stock_scores(problem, encoder, codec, blank), codec)


def ahead_of(problem: Problem, rule: ChoiceActor, key: int = 1) -> LookaheadActor:
    """A policy that looks ahead to arbitrary values."""
    value = Mlp.create((rule.encoder.width, 8, 1), jax.random.key(key))
    return LookaheadActor.of_problem(problem, rule.encoder, Pair(rule.network, value), rule.codec)


def with_demand(problem: Problem, law: DemandLaw) -> Problem:
    """The same problem with another law of demand."""
    demand = dict.fromkeys(problem.uncertainty.demand, law)
    return dataclasses.replace(problem, uncertainty=dataclasses.replace(problem.uncertainty, demand=demand))


def begun(problem: Problem, expectation: Expectation, count: int) -> jax.Array:
    return expectation.opened(problem, np.zeros(count, np.int32))


def test_a_period_is_expected_to_cost_what_its_demand_costs(
    problem: Problem, expectation: Expectation
) -> None:
    # Nothing is there and nothing comes: every unit of demand, 5 on average, is lost at 4.
    rows = begun(problem, expectation, 3)
    after, cost = expectation.outcomes(rows, jnp.asarray([[0.0], [3.0], [3.0]]), NOW)
    assert after.shape[:2] == (3, expectation.num_outcomes)
    np.testing.assert_allclose(cost, 20.0, rtol=1e-3)
    assert float(expectation.chance(NOW).sum()) == pytest.approx(1.0, abs=1e-5)
    # What was ordered is under way whatever the demand.
    np.testing.assert_allclose(after.sum(-1), np.repeat([[0.0], [3.0], [3.0]], after.shape[1], 1))


def test_an_outcome_that_is_picked_is_one_of_all(problem: Problem, expectation: Expectation) -> None:
    rows = begun(problem, expectation, 3) + 2.0
    units = jnp.full((3, 1), 4.0)
    after, _ = expectation.outcomes(rows, units, NOW)
    picked = jnp.asarray([0, 3, 7])
    np.testing.assert_array_equal(expectation.stepped(rows, units, NOW, picked), after[jnp.arange(3), picked])


def test_states_are_seen_and_told_from_what_is_seen(problem: Problem, expectation: Expectation) -> None:
    observation = seen(problem)
    rows = expectation.rows(observation)
    assert expectation.hidden(rows) == []
    np.testing.assert_array_equal(expectation.observed(rows, NOW).on_hand, observation.on_hand)


def test_demand_without_finite_support_is_refused(problem: Problem) -> None:
    with pytest.raises(NoExpectationError, match="Normal has no finite support"):
        Expectation.of(with_demand(problem, Normal(5.0, 1.0)), single_units(problem))


def test_more_outcomes_than_can_be_listed_are_a_fixed_sample(problem: Problem) -> None:
    wide = Discrete(tuple(range(2 * MOST_OUTCOMES)), (1.0 / (2 * MOST_OUTCOMES),) * (2 * MOST_OUTCOMES))
    found = Expectation.of(with_demand(problem, wide), single_units(problem))
    assert not found.exact
    _, cost = found.outcomes(begun(problem, found, 1), jnp.zeros((1, 1)), NOW)
    assert float(cost[0]) == pytest.approx(4.0 * wide.mean, rel=0.01)


def test_rows_that_differ_have_different_digests() -> None:
    rows = np.stack(np.meshgrid(*[np.arange(12.0)] * 4), -1).reshape(-1, 4).astype(np.float32)
    assert len(np.unique(digest(rows))) == len(rows)
    np.testing.assert_array_equal(digest(-rows[:1]), digest(rows[:1]))


def chain(cost: list[list[float]], rows: list[list[float]], weight: float = 1.0) -> dict[int, Listed]:
    """Two states and a third one that is not listed; each state has two choices."""
    return {
        0: Listed(
            np.array([[0.0], [1.0]], np.float32),
            np.array(cost),
            np.ones((2, 2), bool),
            sparse.csr_matrix(np.array(rows)),
            np.array([[0.0], [1.0], [2.0]], np.float32),
            np.array([0, 1, -1]),
            weight,
        )
    }


def test_listed_states_have_the_values_of_the_best_choices() -> None:
    # To stay in the first state costs 2 a period; to go to and fro costs 1 + 2 in two periods.
    process = chain([[2.0, 1.0], [2.0, 5.0]], [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0]])
    blank = {0: np.zeros(2)}
    found = solved(process, {0: np.zeros(3)}, blank, None, averages=True, scale=1.0)
    # Both states follow each other for ever, so that sweeps do not settle but the mean does.
    assert found.gain == pytest.approx(1.5, abs=1e-2)
    usual = solved(process, {0: np.zeros(3)}, blank, {0: np.array([0, 0])}, averages=True, scale=1.0)
    assert usual.gain == pytest.approx(2.0, abs=1e-3)


def test_states_that_are_not_listed_are_worth_what_is_told() -> None:
    process = chain([[1.0, 0.0], [1.0, 9.0]], [[1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]], weight=0.5)
    near, far = (
        solved(process, {0: np.array([0.0, 0.0, worth])}, {0: np.zeros(2)}, None, averages=False, scale=1.0)
        for worth in (1.0, 100.0)
    )
    assert near.values[0][0] == pytest.approx(0.5) and far.values[0][0] == pytest.approx(2.0, rel=1e-3)


def test_what_follows_choices_is_listed_once(problem: Problem, expectation: Expectation) -> None:
    rows = np.asarray(begun(problem, expectation, 2)) + np.array([[2.0], [3.0]], np.float32)
    units = np.array([[[0.0], [1.0]], [[0.0], [2.0]]], np.float32)
    there = np.array([[True, True], [True, False]])
    found = listed(expectation, 0, rows, units, there, rows)
    np.testing.assert_allclose(found.links.sum(1), 1.0, rtol=1e-6)
    assert len(np.unique(found.after, axis=0)) == len(found.after)
    for at, same in enumerate(found.known):
        assert same < 0 or (found.after[at] == rows[same]).all()
    after, cost = expectation.outcomes(jnp.asarray(rows), jnp.asarray(units[:, 1]), NOW)
    np.testing.assert_allclose(found.cost[:, 1], cost, rtol=1e-5)
    worth = np.arange(len(found.after), dtype=float)
    number = {row.tobytes(): at for at, row in enumerate(found.after)}
    mine = np.array([[number[row.tobytes()] for row in each] for each in np.asarray(after)])
    expected = cost[0] + mine[0] @ np.asarray(expectation.chance(NOW))
    assert found.totals(worth)[0, 1] == pytest.approx(float(expected), rel=1e-5)
    assert found.totals(worth)[1, 1] == np.inf
    others = found.beyond(2, 2, np.random.default_rng(0))
    assert len(others) == (found.known < 0).sum()


def test_all_choices_are_candidates_where_they_are_few(problem: Problem, rule: ChoiceActor) -> None:
    observation, size = seen(problem), rule.codec.sizes[0]
    behavior = Behavior(rule, rule, jnp.asarray(True))
    candidates = eqx.filter_jit(Behavior.candidates)
    every = candidates(behavior, observation, size + 2)
    assert set(np.asarray(every[0, 0]).tolist()) == set(range(size))
    some = np.asarray(candidates(behavior, observation, 6))[0, 0]
    usual = int(behavior.choices(observation)[0, 0])
    assert 0 in some and usual in some and some.max() <= size - 1


def test_a_first_policy_with_gates_decides_with_them(problem: Problem, rule: ChoiceActor) -> None:
    encoder, codec = plain_encoder(problem), action_codec(problem, "continuous")
    network = Mlp.create((encoder.width, 4, 2 * len(codec.slots)), jax.random.key(0), last=0.5)
    first, observation = GatedActor.create(problem, encoder, codec, network), seen(problem)
    behavior = Behavior(first, rule, jnp.asarray(False))
    wanted = nearest_choices(rule.codec, first.decided(observation))
    assert behavior.choices(observation).tolist() == wanted.tolist()


def test_the_nearest_choices_are_found(rule: ChoiceActor) -> None:
    assert nearest_choices(rule.codec, jnp.asarray([[2.4, 2.6]])).tolist() == [[2], [3]]


def test_choices_that_are_there_twice_count_once() -> None:
    looks = Looks(np.zeros((1, 3)), np.array([[4, 1]]), np.array([[[0, 4, 4], [0, 1, 2]]]))
    assert looks.there.tolist() == [[True, True, False, True, True, True]]
    assert looks.number.tolist() == [1]
    assert looks.choices[0].tolist() == [[0, 1], [4, 1], [4, 1], [4, 0], [4, 1], [4, 2]]


def test_lessons_of_the_last_times_are_kept(rule: ChoiceActor) -> None:
    lessons = ChoiceLessons(rule.codec, 4)
    for number in range(3):
        lessons.add(
            np.full((2, 3), number), np.array([[[0, 1]], [[1, 2]]]), np.ones((2, 1, 2)), np.array([1.0, 2.0])
        )
    found = lessons.all()
    assert found.inputs.shape == (3, 4 * TAUGHT) and int(found.size) == 2 * TAUGHT
    assert found.inputs[0, : 2 * TAUGHT].tolist() == [1, 1, 2, 2]
    assert found.weight[:2].tolist() == [1.0, 2.0]


@pytest.mark.slow
def test_values_are_fitted_and_have_a_unit() -> None:
    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(200, 2)).astype(np.float32)
    values = 1.0 + inputs @ [2.0, -1.0] + np.abs(inputs[:, 0])
    fit = Fit.begun(Mlp.create((2, 16, 1), jax.random.key(0), last=0.0))
    fit, left = fitted_values(
        fit, inputs, values, np.ones(200), draw, steps=200, batch=64, rate=3e-2, room=256
    )
    assert left < 0.1
    mine = fit.network(jnp.asarray(inputs.T))[0]
    np.testing.assert_allclose(fit.money(3.0)(jnp.asarray(inputs.T))[0], 3.0 * mine, rtol=1e-4, atol=1e-5)


def test_a_policy_on_another_scale_decides_the_same(problem: Problem, rule: ChoiceActor) -> None:
    draw = np.random.default_rng(0)
    inputs = draw.normal(3.0, 2.0, (64, rule.encoder.width))
    inputs[:, 0] = 7.0
    moved = rescaled(rule, inputs)
    assert not np.allclose(moved.encoder.scale, rule.encoder.scale)
    observation = seen(problem)
    np.testing.assert_allclose(
        moved.network(moved.encoder(observation)),
        rule.network(rule.encoder(observation)),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.slow
def test_states_that_were_met_are_remembered(
    problem: Problem, expectation: Expectation, rule: ChoiceActor
) -> None:
    visits = Visits(
        *(problem, expectation, rule.codec, jax.random.key(0)),
        paths=16,
        periods=8,
        explored=0.2,
        restarts=0.1,
    )
    visits.play(Behavior(rule, rule, jnp.asarray(False)))
    states, counts = visits.some(20, np.random.default_rng(0))
    assert len(np.unique(states[0], axis=0)) == len(states[0]) <= 20
    assert counts[0].min() >= 1 and counts[0].sum() <= 16 * 8


@pytest.mark.slow
def test_looking_ahead_takes_the_cheapest_choice(problem: Problem, rule: ChoiceActor) -> None:
    actor = ahead_of(problem, rule)
    observation = seen(problem)
    decision, _ = eqx.filter_jit(actor)(observation, None, key=jax.random.key(0))
    rows, expectation = actor.expectation.rows(observation)[:1], actor.expectation
    scores = np.asarray(rule.network(rule.encoder(observation)))[:, 0]
    tried = [0, *(1 + np.argsort(-scores[1:])[:5])]
    totals = []
    for units in tried:
        after, cost = expectation.outcomes(rows, jnp.full((1, 1), float(units)), NOW)
        worth = actor.network.value(rule.encoder(expectation.observed(after[0], NOW + 1)))[0]
        totals.append(float(cost[0] + worth @ expectation.chance(NOW)))
    assert float(np.asarray(decision.order).sum(axis=(0, 1))[0]) == tried[int(np.argmin(totals))]


def test_a_policy_that_looks_ahead_comes_back_from_disk(problem: Problem, rule: ChoiceActor) -> None:
    actor = ahead_of(problem, rule)
    again = loaded_actor(saved_actor(actor, problem, {}), problem)
    assert isinstance(again, LookaheadActor)
    observation = seen(problem)
    mine, theirs = (
        eqx.filter_jit(each)(observation, None, key=jax.random.key(0))[0] for each in (actor, again)
    )
    np.testing.assert_array_equal(mine.order, theirs.order)


def test_blocks_do_not_change_results() -> None:
    rows = jnp.arange(14.0).reshape(7, 2)
    np.testing.assert_array_equal(in_blocks(lambda each: each.sum(-1), 3, rows), rows.sum(-1))


def test_savings_that_may_be_chance_favor_nobody() -> None:
    draw = np.random.default_rng(0)
    assert favored(1.0 + 0.1 * draw.normal(size=50), 1.0)
    assert not favored(np.array([3.0, -3.0, 0.1, -0.1]), 1.0)


@pytest.mark.slow
def test_it_comes_near_the_optimum_and_back_from_disk(problem: Problem, tmp_path: Path) -> None:
    best = optimize(problem).value
    found, same = (learn(problem, "fitted_value", key=jax.random.key(0), settings=QUICK) for _ in range(2))
    assert found.updates == 3
    for one, other in zip(
        jax.tree.leaves(found.policy.network), jax.tree.leaves(same.policy.network), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    cost = value_of(problem, found.policy, replications=50, seed=1).mean
    assert cost is not None and -1e-6 <= cost / best - 1 < 0.05
    write_run(tmp_path, problem, found, {}, {"seed": 0})
    (again,) = saved_policies(tmp_path, problem).values()
    mine, theirs = (each(seen(problem), None, key=jax.random.key(0))[0] for each in (found.policy, again))
    np.testing.assert_array_equal(mine.order, theirs.order)
