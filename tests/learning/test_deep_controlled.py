"""Deep controlled learning: its parts compute what they say, and what it learns is close to the optimum."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.dynamics import RECEIVE_ORDER_SELL, Sequence
from basestock.envs import action_codec
from basestock.evaluation.certificates import value_of
from basestock.learning import learn, saved_policies
from basestock.learning.action_values import Dice, gathered, played
from basestock.learning.actors import ChoiceActor, best_choices
from basestock.learning.choice_scores import Lessons, Scorer, fitted, regret, shapes, strayed
from basestock.learning.elimination import Halving
from basestock.learning.folder import write_run
from basestock.learning.networks import Mlp
from basestock.learning.order_rule import NO_CAP, base_stock_scores, ruled, single_units, typical_of
from basestock.learning.questions import Questions, first_rules, next_rules, rule_of
from basestock.learning.selection import costs_of
from basestock.learning.states import beginnings
from basestock.optimal.mdp import optimize
from basestock.policies import Newsvendor
from basestock.problems import lost_sales
from basestock.problems.dual_sourcing import dual_sourcing
from tests.learning.conftest import plain_encoder, seen

QUICK: dict[str, Any] = {
    "updates": 2,
    "hidden": (8,),
    "states": 32,
    "replications": 2,
    "columns": 1024,
    "steps": 20,
    "draws": 16,
}


def asking(problem: Problem, columns: int = 64) -> tuple[Questions, Any]:
    codec = single_units(problem)
    begun = beginnings(problem, codec, jax.random.key(0))
    questions = Questions(
        *(problem, codec, begun, Halving(4, 2, 1)),
        columns=columns,
        explored=0.2,
        restarted=0.2,
        key=jax.random.key(1),
        draw=np.random.default_rng(0),
    )
    blank = Mlp.create((begun.encoder.width, sum(codec.sizes)), jax.random.key(0), last=0.0)
    network = base_stock_scores(problem, begun.encoder, codec, blank)
    return questions, ChoiceActor(begun.encoder, network, codec)


def test_elimination_keeps_the_best_candidate() -> None:
    draw = np.random.default_rng(0)
    costs = np.array([[3.0, 1.0, 2.0, 5.0], [0.0, 4.0, 4.0, 4.0], [9.0, 8.0, 7.0, 6.0]])

    def play(alive: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        noise = draw.normal(size=(*alive.shape, len(numbers)))
        return costs[np.arange(3)[:, None], alive][..., None] + 0.1 * noise

    stages, best = Halving(4, 4, 2).run(play, np.ones((3, 4), dtype=bool))
    assert best.tolist() == [1, 0, 3]
    assert [stage.candidates.shape for stage in stages] == [(3, 4), (3, 2)]
    assert [stage.replications for stage in stages] == [4, 8]
    assert sorted(stages[1].candidates[0]) == [1, 2]
    # Both stages spend as many paths.
    assert len({stage.candidates.size * stage.replications for stage in stages}) == 1


def test_candidates_that_are_not_there_are_never_the_best() -> None:
    there = np.array([[True, True, False, False]])
    stages, best = Halving(4, 2, 2).run(
        lambda alive, numbers: -1.0 * np.repeat(alive[..., None], len(numbers), 2), there
    )
    assert best.tolist() == [1]
    assert np.isinf(stages[0].costs[0, 2:]).all() and np.isfinite(stages[1].costs).all()


def test_a_stage_reports_its_own_replications_alone() -> None:
    def play(alive: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        return np.broadcast_to(numbers.min() + alive[..., None], (*alive.shape, len(numbers)))

    stages, _ = Halving(4, 2, 2).run(play, np.ones((1, 4), dtype=bool))
    assert stages[0].costs.tolist() == [[0.0, 1.0, 2.0, 3.0]] and stages[1].costs.tolist() == [[2.0, 3.0]]


def test_scores_begin_as_a_base_stock(problem: Problem) -> None:
    codec, encoder = single_units(problem), plain_encoder(problem)
    blank = Mlp.create((encoder.width, sum(codec.sizes)), jax.random.key(0), last=0.0)
    actor = ChoiceActor(encoder, base_stock_scores(problem, encoder, codec, blank), codec)
    level = float(np.asarray(Newsvendor.for_problem(problem).base_stock_level).max())
    decision, _ = actor(seen(problem), None, key=jax.random.key(0))
    assert float(decision.order.max()) == level


@pytest.mark.parametrize(("gap", "cap", "ordered"), [(0.0, NO_CAP, 7.0), (8.0, NO_CAP, 0.0), (3.0, 4.0, 4.0)])
def test_rules_shift_levels_and_keep_thresholds_and_caps(
    problem: Problem, gap: float, cap: float, ordered: float
) -> None:
    codec, encoder = single_units(problem), plain_encoder(problem)
    blank = Mlp.create((encoder.width, sum(codec.sizes)), jax.random.key(0), last=0.0)
    network = base_stock_scores(problem, encoder, codec, blank)
    level = float(np.asarray(Newsvendor.for_problem(problem).base_stock_level).max())
    # Seven units are short of the shifted level where nothing is on hand.
    rule = rule_of(codec, np.array([7.0 - level, gap, cap])[:, None, None])
    scores = ruled(network, rule, codec)(encoder(seen(problem)))
    assert codec.quantities(best_choices(codec, scores))[0, 0].max() == ordered


def test_wide_slots_count_single_units() -> None:
    wide = lost_sales(lead_time=2, mean=30.0, horizon=50, warm_up=10)
    assert len(action_codec(wide, "multi_discrete").slots[0].choices) == 21
    slot = single_units(wide).slots[0]
    assert len(slot.choices) == slot.high + 1


def test_next_rules_keep_the_best() -> None:
    codec = single_units(lost_sales(lead_time=1))
    values = first_rules(codec)
    costs = np.arange(values.shape[-1], dtype=float)[::-1]
    found = next_rules(values, costs, codec, 1.0, np.random.default_rng(0))
    assert found.shape == values.shape and (found[..., 0] == values[..., -1]).all()
    assert (found[1] >= 0).all() and (found[2] >= typical_of(codec)[:, None] / 2).all()


def test_folded_scores_are_the_same(problem: Problem) -> None:
    codec = single_units(problem)
    functions = jnp.asarray(shapes(codec, np.array([5.0]), 3))
    first = Mlp.create((4, sum(codec.sizes)), jax.random.key(0))
    first = dataclasses.replace(first, weights=(jnp.zeros_like(first.weights[0]),))
    scorer = Scorer(first, functions, Mlp.create((4, 8, functions.shape[1]), jax.random.key(1)))
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(4, 6)), dtype=jnp.float32)
    assert np.allclose(scorer(inputs), scorer.folded()(inputs), atol=1e-4)


def lessons() -> Lessons:
    """Choice 2 is best where the input is positive, else choice 1."""
    inputs = np.linspace(-1.0, 1.0, 64, dtype=np.float32)[None]
    excess = np.where(inputs > 0, np.array([[9.0], [1.0], [0.0]]), np.array([[9.0], [0.0], [1.0]]))
    excess = np.concatenate([excess, np.full((1, 64), np.inf)]).astype(np.float32)
    candidates = np.repeat(np.array([[0], [1], [2], [2]], np.int32), 64, 1)
    return Lessons(
        *(jnp.asarray(inputs), jnp.asarray(candidates), jnp.asarray(excess)),
        *(jnp.zeros(64, dtype=jnp.int32), jnp.ones(64), jnp.asarray(64, dtype=jnp.int32)),
    )


@pytest.mark.slow
def test_scores_learn_what_is_cheapest() -> None:
    codec = action_codec(lost_sales(lead_time=0, mean=1.0), "multi_discrete")
    outputs = sum(codec.sizes)
    assert outputs >= 3
    functions = jnp.asarray(shapes(codec, np.array([NO_CAP]), 2))
    blank = Mlp.create((1, outputs), jax.random.key(0), last=0.0)
    scorer = Scorer(blank, functions, Mlp.create((1, 8, functions.shape[1]), jax.random.key(0), last=0.0))
    given, branch = lessons(), jnp.zeros(outputs, dtype=jnp.int32)
    # Scores that are all equal cost the mean of the candidates.
    assert float(regret(scorer, given, jnp.arange(64), branch)[1]) >= 10.0 / 3.0
    found, losses = fitted(scorer, given, codec, jax.random.key(0), jnp.asarray(0.05), 300, 32)
    best = best_choices(codec, found(given.inputs))[0]
    assert losses.shape == (300,) and (np.asarray(best) == np.where(given.inputs[0] > 0, 2, 1)).mean() > 0.9


@pytest.mark.slow
def test_far_from_all_that_was_met_scores_choose_what_the_rule_does() -> None:
    codec = action_codec(lost_sales(lead_time=0, mean=1.0), "multi_discrete")
    outputs = sum(codec.sizes)
    functions = jnp.asarray(shapes(codec, np.array([NO_CAP]), 2))
    blank = Mlp.create((1, outputs), jax.random.key(0), last=0.0)
    # The rule orders nothing where the input is positive, lessons say the more the larger it is.
    rule = dataclasses.replace(blank, linear=-0.1 * jnp.arange(outputs, dtype=jnp.float32)[:, None])
    scorer = Scorer(rule, functions, Mlp.create((1, 8, functions.shape[1]), jax.random.key(0), last=0.0))
    given, far = lessons(), jnp.linspace(5.0, 60.0, 100)[None]
    found, _ = fitted(scorer, given, codec, jax.random.key(0), jnp.asarray(0.05), 400, 32)
    near = np.asarray(best_choices(codec, found(given.inputs))[0])
    assert (near == np.where(given.inputs[0] > 0, 2, 1)).mean() > 0.85
    assert (np.asarray(best_choices(codec, found(far))[0]) == 0).mean() > 0.9
    assert float(strayed(found, codec, far)) < 0.5


@pytest.mark.slow
def test_candidates_meet_the_same_events(problem: Problem) -> None:
    questions, actor = asking(problem)
    before, looks, root = questions._next(actor)
    slot, choices, there = questions._candidates(looks)
    assert there.all() and (choices[:, 0] == 0).all() and (np.diff(choices[:, 1:]) == 1).all()
    question = np.zeros(questions.columns, dtype=int)
    same = question + 3
    numbers = jnp.asarray(np.arange(questions.columns) % 2)
    moving, first = questions._forced(before, looks, slot, choices, question, same % 4)
    cost, _ = played(
        *(questions.arena, actor, None, moving, first, Dice((root, numbers), (questions._root(), numbers)))
    )
    assert len(np.unique(cost[::2])) == 1 and len(np.unique(cost)) == 2


@pytest.mark.slow
def test_two_lanes_are_asked_for_one_at_a_time() -> None:
    questions, actor = asking(dual_sourcing(horizon=60, warm_up=10))
    asked = questions.ask(actor)
    assert set(asked.slot) == {0, 1} and asked.inputs.shape[1] == questions.count
    before, looks, _ = questions._next(actor)
    slot, choices, _ = questions._candidates(looks)
    columns = np.arange(questions.count)
    _, (quantities, _) = questions._forced(before, looks, slot, choices, columns, 0 * columns)
    other = 1 - slot
    assert np.array_equal(
        np.asarray(quantities)[other, columns], np.asarray(looks.quantities)[other, columns]
    )
    assert (np.asarray(quantities)[slot, columns] == 0).all()


@pytest.mark.slow
def test_what_is_seen_before_a_decision_is_noticed(problem: Problem) -> None:
    questions, actor = asking(problem)
    questions.notice(actor)
    assert not questions.arena.foretold and 1 <= questions.blocks <= 8
    stages = RECEIVE_ORDER_SELL
    serve = [stage for stage in stages.after if stage.__name__ == "serve"]
    sold = Sequence((*stages.before, *serve), tuple(stage for stage in stages.after if stage not in serve))
    questions, actor = asking(dataclasses.replace(problem, sequence=sold))
    questions.notice(actor)
    assert questions.arena.foretold


@pytest.mark.slow
def test_questions_of_a_horizon_end_with_it() -> None:
    finite = dataclasses.replace(
        lost_sales(lead_time=1, lost_sale_cost=4.0),
        criterion="finite_horizon_total_cost",
        horizon=5,
        warm_up=0,
    )
    questions, actor = asking(finite)
    for _ in range(7):
        before, *_ = questions._next(actor)
        assert int(before.state.period) == questions.at < 5
    # In the last period an order that comes too late only costs what it brings about: nothing.
    while questions.at != 3:
        questions._next(actor)
    asked = questions.ask(actor)
    assert questions.at == 4
    assert np.allclose(asked.stages[0].costs, asked.stages[0].costs[:, :1])


@pytest.mark.slow
def test_it_is_never_worse_than_its_first_policy(problem: Problem) -> None:
    found = learn(problem, "deep_controlled", key=jax.random.key(0), settings=QUICK)
    assert found.updates == 2 and [point.update for point in found.curve] == [0, 1, 2, 2]
    assert found.curve[-1].values["cost"] <= found.curve[0].values["cost"]
    cost = costs_of(problem, found.policy, jax.random.key(0)).mean()
    assert cost == pytest.approx(found.curve[-1].values["cost"])


@pytest.mark.slow
def test_equal_keys_learn_equal_policies_that_come_back_from_disk(problem: Problem, tmp_path: Path) -> None:
    first, same = (learn(problem, "deep_controlled", key=jax.random.key(3), settings=QUICK) for _ in range(2))
    for one, other in zip(
        jax.tree.leaves(first.policy.network), jax.tree.leaves(same.policy.network), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    write_run(tmp_path, problem, first, {}, {"seed": 3})
    (again,) = saved_policies(tmp_path, problem).values()
    observation = seen(problem)
    mine, _ = first.policy(observation, None, key=jax.random.key(0))
    theirs, _ = again(observation, None, key=jax.random.key(0))
    np.testing.assert_array_equal(mine.order, theirs.order)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["order_up_to", "cheaper", "pathwise"])
def test_it_comes_near_the_optimum(problem: Problem, first: str) -> None:
    best = optimize(problem).value
    settings = {"updates": 4, "states": 2048, "first": first, "first_updates": 50}
    found = learn(problem, "deep_controlled", key=jax.random.key(0), settings=settings)
    cost = value_of(problem, found.policy, replications=50, seed=1).mean
    assert cost is not None and -1e-6 <= cost / best - 1 < 0.05


def test_gathered_paths_are_the_picked_ones(problem: Problem) -> None:
    pool = beginnings(problem, single_units(problem), jax.random.key(0)).pool
    picked = jnp.asarray([5, 5, 2])
    some = gathered(pool, picked)
    np.testing.assert_array_equal(some.state.on_hand, np.asarray(pool.state.on_hand)[..., [5, 5, 2]])
    assert some.state.period == pool.state.period
