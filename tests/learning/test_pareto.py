"""Fronts: targets, and which policies another beats."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from basestock.decision import Problem
from basestock.evaluation import play
from basestock.learning import ALGORITHMS, SettingError
from basestock.learning.actors import QuantityActor
from basestock.learning.pareto import (
    FrontPoint,
    Target,
    dominated,
    draw_front,
    fill_rate_targets,
    front_of,
    learn_front,
    risk_measures,
    service_measures,
    tail_measures,
    tail_targets,
    weight_targets,
)
from basestock.policies import REGISTRY
from basestock.problems import make_problem


@pytest.mark.requirement("A-34")
def test_a_point_is_dominated_by_one_that_is_nowhere_worse_and_somewhere_better() -> None:
    points = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 4.0], [1.0, 2.0, 3.0], [0.5, 9.0, 9.0], [2.0, 3.0, 4.0]])
    assert dominated(points).tolist() == [False, True, False, False, True]


@pytest.mark.slow
def test_policies_of_a_front_meet_the_same_events(
    problem: Problem, actor: QuantityActor, tmp_path: Path
) -> None:
    last = actor.network.biases[-1] + 1.0
    more = dataclasses.replace(
        actor, network=dataclasses.replace(actor.network, biases=(*actor.network.biases[:-1], last))
    )
    measures = service_measures(problem)
    first, same, other = front_of(
        problem, {"one": actor, "same": actor, "more": more}, measures, replications=8, seed=0
    )
    assert first.values == same.values and not first.dominated and not same.dominated
    assert other.values["fill_rate"].mean > first.values["fill_rate"].mean  # type: ignore[operator]
    # Cost alone: what costs more is dominated, whatever it serves.
    points = front_of(problem, {"one": actor, "more": more}, measures[:1], replications=8, seed=0)
    assert sorted(point.dominated for point in points) == [False, True]
    pytest.importorskip("matplotlib")
    assert draw_front(tmp_path / "front.png", (first, other), "mine", "average_cost")
    assert (tmp_path / "front.png").stat().st_size > 0


@pytest.mark.slow
@pytest.mark.requirement("A-34")
def test_profit_and_both_risks_make_the_reward_of_a_plant() -> None:
    market = make_problem("manufacturing_market", {"horizon": "20"})
    compute = REGISTRY["standard_scheduler"].compute
    assert compute is not None
    policy = compute(market)
    (point,) = front_of(market, {"rules": policy}, risk_measures(), replications=4, seed=0)
    profit, *risks = (each.mean or 0.0 for each in point.values.values())
    played = play(market, policy, replications=4, seed=0)
    assert min(risks) > 0.0 and profit - sum(risks) == pytest.approx(played.totals.mean())


@pytest.mark.requirement("A-33")
def test_risk_is_drawn_against_return(problem: Problem, tmp_path: Path) -> None:
    targets = tail_targets(problem, [1.0, 0.0, 0.5])
    assert [each.settings["risk_weight"] for each in targets] == [0.0, 0.5, 1.0]
    assert {each.settings["risk"] for each in targets} == {"mean_cvar"}
    calm, bold = np.full(40, 12.0), np.where(np.arange(40) < 4, 50.0, 7.0)
    points = []
    for name, totals in (("calm", calm), ("bold", bold)):
        played: Any = SimpleNamespace(totals=totals)
        values = {each.name: each.of(played) for each in tail_measures(problem, 0.1)}
        # The tail of a cost are the largest ones.
        assert (values["cost"].mean, values["tail"].mean) == pytest.approx(
            (totals.mean(), np.sort(totals)[-4:].mean())
        )
        points.append(FrontPoint(name, values, dominated=False))
    pytest.importorskip("matplotlib")
    assert draw_front(tmp_path / "front.png", points, "mine", "average_cost")
    assert (tmp_path / "front.png").stat().st_size > 0


def test_floors_are_learned_from_the_lowest_on(problem: Problem) -> None:
    targets = fill_rate_targets(problem, [0.95, 0.8, 0.95])
    assert [each.name for each in targets] == ["fill-rate-0.8", "fill-rate-0.95"]
    assert [each.settings for each in targets] == [{"fill_rate": 0.8}, {"fill_rate": 0.95}]


@pytest.mark.requirement("A-34")
def test_weights_of_both_risks_are_those_of_the_problem_times_factors(problem: Problem) -> None:
    market = make_problem("manufacturing_market", {"alpha2": "3", "horizon": "20"})
    plain, other = weight_targets(market, [(1.0, 1.0), (4.0, 0.5)])
    assert dict(plain.problem.parameters) == dict(market.parameters)
    names = ("alpha1", "alpha2", "alpha3", "beta1", "beta2", "beta3", "horizon")
    assert [other.problem.parameters[name] for name in names] == [4.0, 12.0, 4.0, 0.5, 0.5, 25.0, 20]
    with pytest.raises(SettingError, match="has no weights of producer and consumer risk"):
        weight_targets(problem, [(1.0, 1.0)])


def test_every_target_is_looked_at_before_anything_is_learned(problem: Problem, tmp_path: Path) -> None:
    targets = [Target("good", problem, {"fill_rate": 0.9}), Target("bad", problem, {"fill_rate": 2.0})]
    with pytest.raises(SettingError, match=r"fill_rate is 2\.0"):
        learn_front(ALGORITHMS["pathwise"], targets, {"updates": 1}, folder=tmp_path)
    assert not list(tmp_path.iterdir())
