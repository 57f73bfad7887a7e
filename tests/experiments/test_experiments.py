"""The published experiments: how they are found, what a comparison says, and what fixed rules come to."""

import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.economics import estimate
from basestock.evaluation import paired, play
from basestock.learning import ALGORITHMS, learn, run_key
from basestock.policies import REGISTRY, BaseStock, from_parameters
from basestock.problems import lost_sales
from basestock.problems.assembly import assembly_dqn_2025
from basestock.problems.manufacturing_market import manufacturing_market
from experiments import learner_parts, risk_balance
from experiments.__main__ import main
from experiments.assembly_policies import SCALE, published_rules, stockouts
from experiments.contest import Contender, Outcome, contest, kpi, rows
from experiments.learner_parts import compared
from experiments.registry import Experiment, Options, UnknownExperimentError, choose, find
from experiments.report import Report, Table
from experiments.road_map import front, gains
from experiments.road_map_games import DRIFT, Shift, game_of

FEW = Options(replications=64, seeds=1, budget_seconds=1.0)


def base_stock(level: float) -> BaseStock:
    return BaseStock(jnp.full((1, 1, 1), level))


def test_every_experiment_is_found_under_its_name() -> None:
    found = find()
    assert {"B-13", "C-22", "E-A1", "E-C1", "E-C2", "E-D3", "E-E1", "E-E2", "E-E3"} <= set(found)
    assert all(each.name == name and each.source for name, each in found.items())
    with pytest.raises(UnknownExperimentError, match="did you mean 'E-E1'"):
        choose("E-E11")


def test_rows_hold_published_numbers_and_paired_differences_to_the_best_tuned_classic() -> None:
    problem = lost_sales(lead_time=1, mean=5.0, lost_sale_cost=4.0)
    best = Contender("base stock", [base_stock(11.0)], is_tuned=True)
    # Two training seeds, the worse one second.
    other = Contender(
        "other", [base_stock(30.0), base_stock(20.0)], published={"value": 4.0, "fill rate": 0.9}
    )
    outcomes = contest(problem, [best, other], FEW)
    found = rows(problem, outcomes, {"fill rate": kpi("fill_rate")}, scale=-1.0)
    assert [row["policy"] for row in found] == ["base stock", "other"]
    totals = [np.asarray(each.played[-1].totals) for each in outcomes]
    assert found[1]["ours"] == pytest.approx(-totals[1].mean())
    assert found[1]["worst seed"] == found[1]["ours"] and found[1]["training seeds"] == 2
    apart = str(found[1]["against best tuned"]).split(" +- ")
    assert float(apart[0]) == pytest.approx(-(totals[1] - totals[0]).mean(), rel=1e-3)
    assert "against best tuned" not in found[0]
    assert found[1]["fill rate, published"] == 0.9
    assert found[1]["deviation %"] == pytest.approx(100 * (-totals[1].mean() / 4.0 - 1))


def test_gaps_are_differences_to_the_optimal_policy_on_the_same_events() -> None:
    problem = lost_sales(lead_time=1, mean=5.0, lost_sale_cost=4.0)
    outcomes = contest(problem, [Contender(str(level), [base_stock(level)]) for level in (9.0, 12.0)], FEW)
    found = rows(problem, outcomes, {}, optimum=(5.0, outcomes[1]))
    apart = outcomes[0].median.totals - outcomes[1].median.totals
    assert found[0]["gap %"] == pytest.approx(20.0 * apart.mean())
    assert (found[1]["gap %"], found[1]["gap +-"]) == (0.0, 0.0)


def test_gains_of_the_road_map_are_paired_differences_in_what_is_earned() -> None:
    problem = lost_sales(lead_time=1, mean=5.0, lost_sale_cost=4.0)
    best = Contender("base stock", [base_stock(11.0)], is_tuned=True)
    worse = Contender("rule", [base_stock(14.0)], is_tuned=True)
    item = Contender("item", [base_stock(30.0), base_stock(20.0)])
    outcomes = contest(problem, [worse, best, item], FEW)
    found = gains(problem, outcomes, "few days")
    assert [row["item"] for row in found] == ["base stock", "rule", "item"]
    cost = {each.contender.name: each.played for each in outcomes}
    apart = cost["base stock"][0].totals - cost["item"][1].totals
    assert found[2]["gain"] == pytest.approx(apart.mean()) and apart.mean() < 0
    assert found[2]["gain of the worst seed"] == pytest.approx(apart.mean())
    assert found[2]["gain %"] == pytest.approx(100 * apart.mean() / cost["base stock"][0].totals.mean())
    assert "gain" not in found[0]


@pytest.mark.slow
@pytest.mark.requirement("D-32")
def test_a_front_has_no_point_that_another_beats_in_profit_service_and_turnover() -> None:
    problem = game_of(20)
    levels = {"little": 300.0, "some": 450.0, "too much": 900.0}
    outcomes = contest(problem, [Contender(name, [base_stock(level)]) for name, level in levels.items()], FEW)
    found = {str(row.pop("policy")): row for row in front(outcomes)}
    profit = {each.contender.name: float(each.median.totals.mean()) for each in outcomes}
    points = np.array([list(row.values()) for row in found.values()], dtype=np.float64)
    assert all(row["profit"] == pytest.approx(profit[name]) for name, row in found.items())
    for at, point in enumerate(points):
        others = np.delete(points, at, axis=0)
        assert not ((others >= point).all(1) & (others > point).any(1)).any()
    # Most stock serves most, least stock turns over most: neither is beaten, whatever it earns.
    assert {"little", "too much"} <= set(found)
    worse = dataclasses.replace(outcomes[0].median, totals=outcomes[0].median.totals - 1.0)
    beaten = Outcome(Contender("beaten", [base_stock(300.0)]), [worse])
    assert "beaten" not in {row["policy"] for row in front([*outcomes, beaten])}


@pytest.mark.slow
@pytest.mark.requirement("B-13", "C-18", "C-20")
def test_parts_of_learners_are_compared_by_seed_with_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = lost_sales(lead_time=1, mean=5.0, lost_sale_cost=4.0, horizon=50, warm_up=0)
    levels = {"": (11.0, 12.0), "scaled": (20.0, 22.0)}
    asked: list[dict[str, Any]] = []

    def learned(problem: Problem, algorithm: str, *, key: jax.Array, settings: dict[str, Any]) -> Any:
        asked.append(settings)
        part = "scaled" if "scaled" in settings else ""
        seed = next(number for number in range(2) if (run_key(number) == key).all())
        return SimpleNamespace(policy=base_stock(levels[part][seed]))

    monkeypatch.setattr(learner_parts, "learn", learned)
    few = Options(replications=32, seeds=2, budget_seconds=1.0)
    usual, money = compared(problem, "ppo", {"rewards in money": {"scaled": False}}, few)
    costs = {
        name: [play(problem, base_stock(level), replications=32, seed=1).totals.mean() for level in each]
        for name, each in levels.items()
    }
    assert (usual["ppo"], money["ppo"]) == ("as it is", "rewards in money")
    assert usual["cost"] == pytest.approx(np.mean(costs[""])) and "against as it is" not in usual
    apart = estimate(np.subtract(costs["scaled"], costs[""]))
    assert (money["against as it is"], money["against +-"]) == pytest.approx((apart.mean, apart.half_width))
    assert asked[0] == {"seconds": 1.0} and asked[-1] == {"seconds": 1.0, "scaled": False}
    # Every switch is one of the learner.
    for name, changes in learner_parts.PARTS.items():
        for settings in changes.values():
            assert ALGORITHMS[name].configured(settings) != ALGORITHMS[name].configured({})


@pytest.mark.slow
@pytest.mark.requirement("A-37")
def test_what_a_penalty_buys_is_judged_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = manufacturing_market(horizon=5)
    standard = REGISTRY["standard_scheduler"].compute
    assert standard is not None
    trained: list[Problem] = []

    def stands_for(problem: Problem, algorithm: str, options: Options, *, name: str) -> Contender:
        trained.append(problem)
        return Contender(name, [standard(problem)], problem)

    monkeypatch.setattr(risk_balance, "learned", stands_for)
    found = risk_balance.bought(problem, FEW)
    assert [str(row["penalty"]).split(":")[0] for row in found] == list(risk_balance.PENALTIES)
    for name, each in zip(risk_balance.PENALTIES, trained[1:], strict=True):
        assert {**problem.parameters, name: 0.0} == each.parameters
    # The same rules, judged on the same game: nothing is bought.
    for row in found:
        assert [row[name] for name in ("reward", "its own terms", "profit")] == [0.0, 0.0, 0.0]


def test_games_of_the_road_map_shift_demand_as_they_say() -> None:
    plain, jumped = (
        game_of(shift=shift).uncertainty.demand["store", "item"]
        for shift in (None, Shift(jump=1.4, jump_day=30))
    )
    means, other = (np.array([law.mean for law in each.laws]) for each in (plain, jumped))  # type: ignore[attr-defined]
    assert len(means) == 90 and means.mean() == pytest.approx(56.0, abs=1.5)
    np.testing.assert_allclose(other / means, np.where(np.arange(90) < 30, 1.0, 1.4), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.requirement("D-35")
def test_who_adapts_regrets_less_of_a_drift_than_who_does_not_and_knowing_it_is_best() -> None:
    drifting = game_of(shift=DRIFT)
    safety = {"safety": 0.03}
    adapting = {"smoothing": 0.2, "trend_smoothing": 0.05, "prior": 4.0, **safety}
    policies = {
        "knows": from_parameters(drifting, "told_base_stock", safety),
        "frozen": from_parameters(game_of(), "told_base_stock", safety),
        "adapts": from_parameters(drifting, "forecast_base_stock", adapting),
    }
    earned = {name: play(drifting, each, replications=64, seed=11).totals for name, each in policies.items()}
    for better, worse in (("knows", "adapts"), ("adapts", "frozen")):
        more = paired(earned[better], earned[worse])
        assert more.mean is not None and more.half_width is not None
        assert more.mean > more.half_width, (better, worse)


@pytest.mark.slow
@pytest.mark.requirement("D-24")
def test_more_than_500_episodes_are_counted_and_the_curve_flattens() -> None:
    problem = game_of(30)
    result = learn(problem, "ppo", key=jax.random.key(0), settings={"updates": 40})
    told = [
        (point.values.get("charts/global_step", 0.0) / 30, point.values["cost"]) for point in result.curve
    ]
    (_, first), (episodes, last) = told[0], told[-1]
    half = next(profit for played, profit in told if played >= episodes / 2)
    assert episodes >= 500 and half > first and last - half < half - first


def test_the_command_lists_prints_and_refuses(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    report = Report("E-X", "nothing", "nowhere", [Table("t", [{"a": 1.0}])], ["a note"], {"seeds": 1})
    made = Experiment("E-X", "nothing", "nowhere", lambda options: report)
    monkeypatch.setattr("experiments.__main__.choose", lambda name: made)
    assert main([]) == 0
    assert "E-E2" in capsys.readouterr().out
    assert main(["E-X", "--format", "json", "--out", str(tmp_path / "report.json")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "basestock.experiment/1" and document["tables"][0]["rows"] == [{"a": 1.0}]
    assert json.loads((tmp_path / "report.json").read_text()) == document
    monkeypatch.undo()
    assert main(["E-Z9"]) == 2
    assert "no experiment is named" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["E-E1", "--seeds", "0"])
    assert "must be at least 1" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.requirement("E-08")
def test_the_published_rules_come_to_what_is_known_of_them() -> None:
    """Mean reward and periods without shortage of 20,000 episodes, known to the printed digit."""
    problem, blind = assembly_dqn_2025(), assembly_dqn_2025(observation="stock")
    options = Options(replications=2000)
    known = {
        "(Q,R)": (-41.43, 0.0),
        "(s,S)": (-2.76, 27.89),
        "newsvendor": (-3.31, 21.96),
        "constant (10,16,5)": (-1.55, 90.1),
        "constant (10,6,3)": (-0.99, 85.1),
        "up to": (-0.464, 93.0),
        "base stock (32,21,12)": (-0.388, 92.9),
        "base stock (32,23,12), capped": (-0.38721, None),
    }
    outcomes = contest(problem, published_rules(problem, blind), options)
    for each, (name, (reward, service)) in zip(outcomes, known.items(), strict=True):
        assert each.contender.name.startswith(name)
        totals = SCALE * each.median.totals
        error = 4.5 * totals.std() / np.sqrt(len(totals))
        assert totals.mean() == pytest.approx(reward, abs=error + 0.006)
        if service is not None:
            short = stockouts(each.median).mean
            assert short is not None
            assert 100.0 - short / 250.0 == pytest.approx(service, abs=0.6)
