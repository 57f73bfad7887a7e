"""Problems that grow harder: ranges that widen, budgets that are shared, policies that are handed on."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import pytest

from basestock.decision import Problem
from basestock.learning import SettingError, TrainResult
from basestock.learning import curriculum as curricula
from basestock.learning.actors import QuantityActor
from basestock.learning.curriculum import growing, learn_in_stages
from basestock.learning.randomization import randomized
from basestock.learning.results import STOPPED_BY_PATIENCE, STOPPED_BY_TIME
from basestock.learning.saved import saved_policies
from basestock.uncertainty import HiddenDemand

HIDDEN = HiddenDemand(level=(0.5, 2.0), amplitude=(0.0, 0.6), length=(10.0, 20.0), shock=(1.0, 3.0))


def test_ranges_widen_from_stable_demand_to_what_they_are(problem: Problem) -> None:
    stages = growing(randomized(problem, HIDDEN), 2)
    first, last = (each.uncertainty.drivers.hidden for each in stages)  # type: ignore[union-attr]
    assert last == HIDDEN and first is not None
    assert (first.level, first.amplitude, first.shock) == ((0.75, 1.5), (0.0, 0.3), (1.0, 2.0))
    assert first.length == HIDDEN.length
    with pytest.raises(SettingError, match="must be randomized"):
        growing(problem, 2)


class Recorded:
    """Stands for learners: notes what it is asked for, and takes a third of its time."""

    def __init__(self, actor: QuantityActor) -> None:
        self.actor, self.asked = actor, list[dict[str, Any]]()

    def __call__(
        self, problem: Problem, algorithm: str, *, key: Any, settings: Any, tell: Any
    ) -> TrainResult:
        begun = None
        if "begin_with" in settings:
            (begun,) = saved_policies(Path(settings["begin_with"]), problem).values()
        self.asked.append({**settings, "problem": problem.name, "begun": begun})
        seconds, ended = settings["seconds"] / 3, STOPPED_BY_PATIENCE
        if not settings.get("patience"):
            seconds, ended = settings["seconds"], STOPPED_BY_TIME
        updates = settings.get("updates") or 7
        return TrainResult(algorithm, self.actor, settings, (), updates, seconds, seconds, ended, {})


@pytest.mark.requirement("C-17")
def test_a_stage_without_gain_promotes_and_hands_on_its_policy_and_its_time(
    problem: Problem, actor: QuantityActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = Recorded(actor)
    monkeypatch.setattr(curricula, "learn", learner)
    easy = dataclasses.replace(problem, horizon=50)
    runs = learn_in_stages(
        [easy, problem, problem], "pathwise", key=jax.random.key(0), settings={"seconds": 90.0}, promoted=0.2
    )
    first, second, last = learner.asked
    assert first["begun"] is None and isinstance(second["begun"], QuantityActor)
    assert isinstance(last["begun"], QuantityActor)
    # A third of 90 s, then half of the 80 s that are left, then all of the rest.
    assert [each["seconds"] for each in learner.asked] == pytest.approx([30.0, 40.0, 90.0 - 10.0 - 40.0 / 3])
    assert [each.get("patience") for each in learner.asked] == [0.2, 0.2, None]
    assert sum(each.seconds for each in runs) == pytest.approx(90.0)


def test_updates_are_shared_and_learners_without_a_beginning_are_refused(
    problem: Problem, actor: QuantityActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = Recorded(actor)
    monkeypatch.setattr(curricula, "learn", learner)
    learn_in_stages([problem] * 3, "pathwise", key=jax.random.key(0), settings={"updates": 10})
    assert [each["updates"] for each in learner.asked] == [3, 3, 4]
    with pytest.raises(SettingError, match="at least one for each stage"):
        learn_in_stages([problem] * 3, "pathwise", key=jax.random.key(0), settings={"updates": 2})
    with pytest.raises(SettingError, match="ppo: cannot begin with a policy"):
        learn_in_stages([problem] * 2, "ppo", key=jax.random.key(0))
