"""Objectives beyond expected cost: what is compared, what is minimized, and the price of a floor of service."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem, begin, game
from basestock.economics import cvar, estimate, estimate_ratio
from basestock.evaluation import kpi_estimates, play
from basestock.learning import learn, runs
from basestock.learning.actors import Actor, QuantityActor
from basestock.learning.deadline import Deadline
from basestock.learning.floors import FIRST, STEP, Floor, just_served, service_scene, speed_of
from basestock.learning.measures import measures_of, objective_of, tail_estimate
from basestock.learning.objectives import Loss, Objective, ObjectiveSettings, aim_of
from basestock.learning.pathwise import PathwiseConfig, periods_of
from basestock.learning.ppo import PPOConfig
from basestock.learning.progress import progress
from basestock.learning.runs import Run
from basestock.learning.selection import Folded, PathSums, costs_of, sums_of_paths
from basestock.learning.settings import SettingError, Settings, configured
from basestock.learning.states import Beginnings
from basestock.problems import backorder, lost_sales, make_problem

KEY = jax.random.key(0)
adding = eqx.filter_jit(progress)
TOTALS = np.random.default_rng(1).gamma(2.0, 3.0, 40)


def folded(totals: np.ndarray, sales: float = 9.0, demand: float = 10.0) -> Folded:
    each = jnp.asarray(totals, dtype=jnp.float32)
    paid = (each, jnp.ones(()), jnp.zeros(()))
    return Folded(paid, jnp.full_like(each, sales), jnp.full_like(each, demand))


@pytest.mark.slow
def test_selection_counts_the_fill_rate_of_the_key_figures(problem: Problem, actor: QuantityActor) -> None:
    sums = sums_of_paths(problem, actor, KEY, paths=64)
    np.testing.assert_array_equal(sums.costs, costs_of(problem, actor, KEY, paths=64))
    np.testing.assert_allclose(sums.money.mean(0), sums.costs, rtol=1e-5)
    mine = estimate_ratio(sums.sales, sums.demand, "no_demand")
    theirs = kpi_estimates(play(problem, actor, replications=64, seed=3).sums[0])["fill_rate"]
    assert mine.mean is not None and theirs.mean is not None and theirs.half_width is not None
    # Other events: differences beyond three half-widths are a fault, not chance.
    assert abs(mine.mean - theirs.mean) < 3 * theirs.half_width < 0.1


@pytest.mark.parametrize(("risk", "weight"), [("cvar", 1.0), ("mean_cvar", 0.3)])
def test_what_is_minimized_is_the_mean_of_the_tail(risk: str, weight: float) -> None:
    objective = Objective(risk=risk, risk_level=0.1, risk_weight=0.3)  # type: ignore[arg-type]
    expected = (1 - weight) * TOTALS.mean() - weight * cvar(-TOTALS, 0.1)
    np.testing.assert_allclose(objective.weighed(jnp.asarray(TOTALS), None).mean(), expected, rtol=1e-5)
    np.testing.assert_allclose(objective.value(TOTALS.mean(), TOTALS), expected)


@pytest.mark.parametrize("risk", ["cvar", "mean_std"])
def test_derivatives_are_those_of_the_risk_itself(risk: str) -> None:
    objective = Objective(risk=risk, risk_level=0.25)  # type: ignore[arg-type]
    slope = jax.grad(lambda totals: objective.weighed(totals, None).mean())(jnp.asarray(TOTALS))

    def value(totals: np.ndarray) -> float:
        return objective.value(float(totals.mean()), totals)

    for at in (TOTALS.argmax(), TOTALS.argmin(), 7):
        step = np.eye(len(TOTALS))[at] * 1e-4
        by_hand = (value(TOTALS + step) - value(TOTALS - step)) / 2e-4
        np.testing.assert_allclose(slope[at], by_hand, atol=1e-5)


def test_paths_that_began_anew_count_with_their_mean_and_are_no_tail() -> None:
    objective = Objective(risk="cvar", risk_level=0.1)
    usual = jnp.asarray(np.arange(40) < 30)
    strange = jnp.where(usual, jnp.asarray(TOTALS), 1e3)
    found = objective.weighed(strange, usual)
    np.testing.assert_allclose(found[30:], 1e3)
    np.testing.assert_allclose(found[:30].mean(), -cvar(-TOTALS[:30], 0.1), rtol=1e-5)
    nobody = objective.weighed(jnp.asarray(TOTALS), jnp.zeros(40, dtype=bool))
    np.testing.assert_allclose(nobody, objective.weighed(jnp.asarray(TOTALS), None))


@pytest.mark.parametrize(("risk", "discount"), [("cvar", 1.0), ("mean_cvar", 0.9), ("mean_std", 1.0)])
def test_rewards_of_a_risk_add_up_to_what_a_total_adds_to_it(risk: str, discount: float) -> None:
    objective = Objective(risk=risk, risk_level=0.25)  # type: ignore[arg-type]
    draw = np.random.default_rng(2)
    rewards = draw.normal(size=(6, 40)).astype(np.float32)
    usual = jnp.asarray(np.arange(40) < 32)
    found = adding(objective, jnp.asarray(rewards), discount, usual)
    worth = discount ** np.arange(6)
    totals = -(worth @ rewards)
    apart = worth @ np.asarray(found.rewards) + objective.weighed(jnp.asarray(totals), usual)
    # But for one constant, that of what all begin with.
    np.testing.assert_allclose(apart[:32], apart[0], atol=1e-4)
    # Others keep their own, less what is usual.
    np.testing.assert_allclose(worth @ found.rewards[:, 32:] + totals[32:], totals[:32].mean(), atol=1e-4)
    assert np.asarray(found.seen[-1]).tolist() == [[0.0] * 40, [1.0] * 40, [1.0] * 40]
    assert np.asarray(found.seen[0, 2]).tolist() == [1.0] * 32 + [0.0] * 8


def test_a_cost_counts_more_for_a_tail_where_the_total_is_bad_already() -> None:
    # Both paths of each pair save the same in the last period; one half has paid much before.
    rewards = np.zeros((2, 40), np.float32)
    rewards[0, 20:], rewards[1, ::2] = -5.0, 1.0
    found = adding(Objective(risk="cvar", risk_level=0.5), jnp.asarray(rewards), 1.0, None).rewards[1]
    worth = np.asarray(found[::2] - found[1::2])
    np.testing.assert_allclose(worth, [0.0] * 10 + [2.0] * 10, atol=1e-5)


def test_totals_of_the_long_run_are_those_of_windows() -> None:
    money = np.arange(20.0).reshape(10, 2)
    sums = PathSums(money.mean(0), money, np.ones(2), np.ones(2))
    assert Objective(window=4).totals(sums).tolist() == [3.0, 4.0, 11.0, 12.0]
    assert Objective(window=40).totals(sums).tolist() == Objective().totals(sums).tolist() == [9.0, 10.0]


def test_a_floor_comes_before_cost() -> None:
    floor = Objective(fill_rate=0.9)
    dear, cheap = {"cost": 8.0, "fill_rate": 0.95}, {"cost": 6.0, "fill_rate": 0.91}
    poor, poorer = {"cost": 3.0, "fill_rate": 0.89}, {"cost": 2.0, "fill_rate": 0.8}
    broken = {"cost": float("nan"), "fill_rate": 1.0}
    told = [poorer, broken, dear, poor, cheap]
    assert sorted(told, key=lambda each: floor.rank(each, 1)) == [cheap, dear, poor, poorer, broken]
    # A profit is to be large.
    assert floor.rank(dear, -1) < floor.rank(cheap, -1)
    assert floor.serves(cheap) and not floor.serves(poor) and Objective().serves({"cost": 1.0})


def test_what_is_told_is_in_the_sense_of_the_problem(problem: Problem) -> None:
    sums = PathSums(-TOTALS, np.ones((2, 40)), np.full(40, 9.0), np.full(40, 10.0))
    profit = dataclasses.replace(problem, sense="max")
    told = Objective(fill_rate=0.5, risk="cvar").told(profit, sums)
    assert told["cost"] == pytest.approx(TOTALS.mean()) and told["fill_rate"] == 0.9
    # The tail of profits are the small ones.
    assert told["tail"] == told["objective"] == pytest.approx(cvar(TOTALS, 0.1))
    assert told["tail"] < told["cost"]
    assert Objective().told(problem, sums) == {"cost": pytest.approx(-TOTALS.mean())}
    assert tail_estimate(profit, TOTALS, 0.1).mean == pytest.approx(told["tail"])
    assert tail_estimate(problem, TOTALS, 0.1).mean == pytest.approx(-cvar(-TOTALS, 0.1))


def test_the_multiplier_prices_what_is_not_served_over_what_need_not_be() -> None:
    objective = Objective(fill_rate=0.8)
    aim = aim_of(objective)
    assert aim is not None and aim == pytest.approx(0.806)
    priced = Loss(objective, 5, jnp.asarray(2.0), jnp.asarray(0.5), None)
    short = 0.1 / (1 - aim) - 1
    np.testing.assert_allclose(priced(folded(TOTALS)), TOTALS / 2 + 0.5 * 5 * short, rtol=1e-5)
    free = dataclasses.replace(priced, multiplier=None)
    np.testing.assert_allclose(free(folded(TOTALS)), TOTALS / 2, rtol=1e-6)


@pytest.mark.slow
def test_a_multiplier_rises_while_too_little_is_served(problem: Problem, actor: QuantityActor) -> None:
    start = begin(game(problem), actor, problem.start(8), jnp.zeros(2, dtype=jnp.uint32))
    scene = service_scene(problem, Beginnings(actor.encoder, start), 12, 8, most_cells=10**6)
    now = jnp.zeros(2, dtype=jnp.uint32), jnp.asarray(0.5), jnp.asarray(1.0)
    low, high = (Floor.begun(aim, scene).measured(scene, actor, *now) for aim in (0.05, 0.999))
    assert float(low.sales) == float(high.sales) < float(high.demand)
    assert float(low.pressure) < FIRST < float(high.pressure) == pytest.approx(FIRST + STEP)
    assert float(low.multiplier) < np.exp(FIRST) < float(high.multiplier)


def test_a_multiplier_moves_as_far_however_many_updates_a_run_has() -> None:
    def far(step: float, falling: float) -> float:
        return float(speed_of(jnp.asarray(step), jnp.asarray(falling)))

    assert far(1 / 1000, 1.0) * 1000 == pytest.approx(far(1 / 3000, 1.0) * 3000) == pytest.approx(30.0)
    assert far(1.0, 1.0) == pytest.approx(0.1) and far(1.0, 0.5) == pytest.approx(0.05)
    # With a larger budget less of a run is over than before.
    assert far(-0.3, 1.0) == 0.0


def serving(actor: Actor) -> float:
    return float(np.asarray(actor.network.biases[-1])[0, 0])


def served_by(actor: QuantityActor, rate: float) -> QuantityActor:
    last = jnp.asarray(np.full_like(actor.network.biases[-1], rate))
    network = dataclasses.replace(actor.network, biases=(*actor.network.biases[:-1], last))
    return dataclasses.replace(actor, network=network)


def test_a_run_ends_with_a_policy_that_serves_just_enough(
    problem: Problem, actor: QuantityActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = np.ones(4)
    # Policies serve what the first bias of their network says.
    monkeypatch.setattr(
        runs, "sums_of_paths", lambda problem, actor, key: PathSums(one, one[None], serving(actor) * one, one)
    )
    run = Run(problem, "pathwise", Settings(), KEY, Deadline(1.0, 5), objective=Objective(fill_rate=0.95))
    assert serving(just_served(run, served_by(actor, 0.9))) == pytest.approx(0.9)
    run.look(0, served_by(actor, 0.99))
    found = serving(just_served(run, served_by(actor, 0.9)))
    assert 0.95 <= found <= 0.953
    assert serving(just_served(run, served_by(actor, 0.96))) == pytest.approx(0.96)
    # Of what was looked at, the cheapest that serves enough is kept.
    run.look(1, served_by(actor, 0.5))
    assert run.finished(1, run.ending, {"last": served_by(actor, 0.7)}).selected["best point"] == 1.0
    assert run.curve[-1].values["fill_rate"] == pytest.approx(0.99)


def test_objectives_follow_from_settings(problem: Problem) -> None:
    config = PathwiseConfig(fill_rate=0.9, risk="mean_std", risk_weight=2.0)
    found = objective_of(problem, config)
    assert found == Objective(0.9, "mean_std", 0.1, 2.0, periods_of(problem, config)[1])
    theirs = objective_of(problem, PPOConfig(risk="cvar", periods=20))
    assert (theirs.risk, theirs.window, objective_of(problem, PPOConfig()).is_more) == ("cvar", 20, False)
    assert objective_of(problem, Settings()) == Objective()
    ends = dataclasses.replace(problem, criterion="finite_horizon_total_cost")
    assert objective_of(ends, config).window is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"fill_rate": 1.0}, r"fill_rate is 1.0, must be a number in \(0, 1\)"),
        ({"risk": "worst"}, "risk is 'worst', must be one of none, cvar, mean_cvar, mean_std"),
        ({"risk_level": 0.0}, "risk_level is 0.0"),
        ({"risk": "mean_cvar", "risk_weight": 1.5}, "risk_weight is 1.5, must be at most 1"),
    ],
)
def test_wrong_objectives_are_refused(given: dict[str, object], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        configured("mine", ObjectiveSettings, given)
    assert ObjectiveSettings(fill_rate=0.99, risk="mean_std", risk_weight=1.5).risk_level == 0.1


def test_a_fill_rate_of_items_in_different_units_is_refused() -> None:
    market = make_problem("manufacturing_market")
    with pytest.raises(SettingError, match="counted in different units"):
        Objective.of(market, ObjectiveSettings(fill_rate=0.9))
    assert Objective.of(market, ObjectiveSettings(risk="cvar")).risk == "cvar"


@pytest.mark.slow
def test_measures_of_fresh_events_are_of_the_right_totals(problem: Problem, actor: QuantityActor) -> None:
    objective = Objective(fill_rate=0.9, risk="cvar", risk_level=0.5, window=10)
    found = measures_of(problem, actor, objective, replications=40, seed=2)
    totals = play(problem, actor, replications=40, seed=2, periods=10).totals
    assert found["mean"] == estimate(totals)
    assert found["tail"].mean == pytest.approx(np.sort(totals)[20:].mean())
    assert 0.0 < (found["fill_rate"].mean or 0.0) < 1.0
    assert measures_of(problem, actor, Objective(), replications=2, seed=2) == {}


@pytest.mark.slow
@pytest.mark.requirement("D-30")
@pytest.mark.parametrize(
    ("algorithm", "given"),
    [("pathwise", {"updates": 200, "paths": 128}), ("ppo", {"updates": 200}), ("a2c", {"updates": 400})],
    ids=["pathwise", "ppo", "a2c"],
)
def test_a_floor_is_kept_that_the_optimum_does_not_keep(algorithm: str, given: dict[str, int]) -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=2.0, horizon=200, warm_up=50)
    rates = []
    for settings in ({}, {"fill_rate": 0.95}):
        found = learn(problem, algorithm, key=KEY, settings={**given, **settings})
        sums = play(problem, found.policy, replications=400, seed=1).sums[0]
        rates.append(kpi_estimates(sums)["fill_rate"])
    free, kept = (rate.mean or 0.0 for rate in rates)
    # Within the interval, and not far above what is asked for.
    assert free < 0.9 and 0.95 - (rates[1].half_width or 0.0) <= kept < 0.97


@pytest.mark.slow
@pytest.mark.requirement("D-31")
@pytest.mark.parametrize(
    ("algorithm", "level"),
    [
        pytest.param("pathwise", 0.1, id="pathwise"),
        pytest.param("ppo", 0.1, id="ppo"),
        pytest.param(
            *("pathwise", 0.01),
            marks=pytest.mark.xfail(strict=True, reason="the mean is 10.3 % dearer"),
            id="worst",
        ),
    ],
)
def test_the_tail_is_better_at_a_stated_mean(algorithm: str, level: float) -> None:
    """The worst of a hundred windows stand for the worst case, which has no law."""
    law: dict[str, Any] = {"demand": "negative_binomial", "variance": 60.0}
    problem = backorder(fixed_order_cost=0.0, lead_time=2, backorder_cost=4.0, **law)
    totals = []
    for settings in ({}, {"risk": "cvar", "risk_level": level}):
        found = learn(problem, algorithm, key=KEY, settings={"updates": 150, **settings})
        totals.append(play(problem, found.policy, replications=10_000, seed=5, periods=31).totals)
    usual, risk = totals
    draw, saved = np.random.default_rng(0), []
    for _ in range(200):
        same = draw.integers(0, len(usual), len(usual))
        saved.append(cvar(-risk[same], level) - cvar(-usual[same], level))
    # Paired by events; false alarms of a policy that is no better: below one in a hundred.
    assert np.quantile(saved, 0.01) > 0.0
    assert risk.mean() < 1.1 * usual.mean()
