"""The folder of a run: read back as it was, and curves by the names that others use."""

import dataclasses
import sys
import types
from pathlib import Path
from typing import Any

import jax
import pytest

from basestock.decision import Problem
from basestock.learning.actors import QuantityActor
from basestock.learning.checkpoints import ResumeError, identity
from basestock.learning.folder import CURVE, RUN, curves_of, finished_run, write_run
from basestock.learning.results import STOPPED_BY_UPDATES, Point, TrainResult
from basestock.learning.settings import Settings

CONFIG = Settings(updates=8)
CURVES = (
    Point(1.0, 0, {"cost": 12.0}),
    Point(
        2.0,
        4,
        {
            "cost": float("nan"),
            "charts/global_step": 64.0,
            "losses/entropy": 0.5,
            "charts/policy_change": 0.2,
        },
    ),
    Point(3.0, 8, {"cost": 9.0, "charts/global_step": 128.0, "change_percent": -25.0}),
)


def result_of(actor: QuantityActor) -> TrainResult:
    config = {"seconds": CONFIG.seconds, "updates": CONFIG.updates, "patience": 0.0}
    return TrainResult(
        *("pathwise", actor, config, CURVES, 8, 3.0, 2.0, STOPPED_BY_UPDATES, {"last": 9.0}),
        tuple({"charts/reward": float(each), "losses/entropy": 1.0 / each} for each in range(1, 9)),
    )


def test_a_finished_run_is_read_back(problem: Problem, actor: QuantityActor, tmp_path: Path) -> None:
    made = identity(problem, "pathwise", CONFIG, jax.random.key(0))
    assert finished_run(tmp_path, problem, CONFIG, made) is None
    write_run(tmp_path, problem, result_of(actor), made, {"seed": 0})
    found, judged = finished_run(tmp_path, problem, CONFIG, made) or (None, None)
    assert found is not None and not judged
    assert (found.updates, found.stopped, found.selected) == (8, STOPPED_BY_UPDATES, {"last": 9.0})
    assert str(found.curve) == str(CURVES) and found.log == result_of(actor).log
    write_run(tmp_path, problem, result_of(actor), made, {"seed": 0, "cost": 9.1})
    assert (finished_run(tmp_path, problem, CONFIG, made) or (None, None))[1]
    with pytest.raises(ResumeError, match="a finished run without a checkpoint"):
        finished_run(tmp_path, problem, Settings(updates=9), made)
    with pytest.raises(ResumeError, match=r"a run with learner pathwise, .* with learner ppo"):
        finished_run(tmp_path, problem, CONFIG, {**made, "learner": "ppo"})
    (tmp_path / CURVE).write_text("{}\n")
    with pytest.raises(ResumeError, match="must be a finished run as it was written"):
        finished_run(tmp_path, problem, CONFIG, made)
    (tmp_path / RUN).write_text("[]")
    with pytest.raises(ResumeError, match="must be a finished run as it was written"):
        finished_run(tmp_path, problem, CONFIG, made)


def test_scalars_have_the_names_of_cleanrl(
    problem: Problem, actor: QuantityActor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = dict[tuple[str, int], float]()

    class Writer:
        def __init__(self, folder: str, *, write_to_disk: bool) -> None: ...
        def __enter__(self) -> "Writer":
            return self

        def __exit__(self, *error: Any) -> None: ...
        def add_scalar(self, name: str, value: float, at: int) -> None:
            written[name, at] = value

    module = types.ModuleType("tensorboardX")
    module.__dict__["SummaryWriter"] = Writer
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    write_run(tmp_path, problem, result_of(actor), {}, {"seed": 0})
    # A return is what a whole replication earns: minus the mean cost of its periods, one after the other.
    assert written["charts/episodic_return", 128] == -9.0 * problem.horizon
    assert written["losses/entropy", 64] == 0.5 and written["charts/change_percent", 128] == -25.0


@pytest.mark.requirement("A-22")
def test_reward_and_entropy_of_every_update_are_drawn(problem: Problem, actor: QuantityActor) -> None:
    lines = curves_of(problem, result_of(actor), None)
    assert list(lines) == [
        "cumulative reward",
        "average cost per period",
        "change %",
        "reward while learning",
        "entropy",
    ]
    # Every update has a number, between the seconds of the points of the curve.
    seconds = [1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0]
    assert lines["entropy"] == [(at, 1.0 / number) for number, at in enumerate(seconds, 1)]
    assert lines["reward while learning"] == [(at, float(number)) for number, at in enumerate(seconds, 1)]
    assert lines["average cost per period"] == [(1.0, 12.0), (3.0, 9.0)]
    assert lines["change %"] == [(1.0, 0.0), (3.0, -25.0)]
    begun = dataclasses.replace(result_of(actor), curve=CURVES[:1], log=())
    assert curves_of(problem, begun, 8.0)["gap %"] == [(1.0, 50.0)]
