"""Runs that were interrupted go on as if they had not been; what is damaged, or of another run, is refused."""

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.learning import checkpoints, learn, runs
from basestock.learning.actors import QuantityActor
from basestock.learning.checkpoints import CHECKPOINT, Checkpoint, ResumeError, digest_of, identity, refilled
from basestock.learning.deadline import Deadline
from basestock.learning.objectives import EXPECTED_COST, Objective
from basestock.learning.registry import ALGORITHMS
from basestock.learning.results import (
    STOPPED_BY_COLLAPSE,
    STOPPED_BY_DIVERGENCE,
    STOPPED_BY_PATIENCE,
    STOPPED_BY_UPDATES,
    Point,
    TrainResult,
)
from basestock.learning.runs import FINE, Run
from basestock.learning.selection import PathSums
from basestock.learning.settings import Settings
from basestock.learning.updates import ready
from basestock.problems import lost_sales

KEY = jax.random.key(0)


class Interrupted(Exception):
    """Whatever ends a program."""


def interrupts(update: int) -> Callable[[Point], None]:
    """Interrupt a run at the first point of its curve after some updates."""

    def tell(point: Point) -> None:
        if point.update >= update:
            raise Interrupted

    return tell


def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let checkpoints be written after every update."""
    monkeypatch.setattr(checkpoints, "APART", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", 1e9)


def sums_of(costs: np.ndarray) -> PathSums:
    """What paths of one period come to that serve a tenth of what they cost."""
    return PathSums(costs, costs[None], costs / 10.0, np.ones(len(costs)))


class Toy:
    """A learner whose updates add to the bias of a network, and the price of what it has learned so."""

    def __init__(self, problem: Problem, actor: QuantityActor, monkeypatch: pytest.MonkeyPatch) -> None:
        self.problem, self.actor = problem, actor
        self.price: Callable[[float], float] = lambda learned: 10.0 - learned
        self.objective = EXPECTED_COST
        self.tells: Callable[[int], dict[str, Any]] = lambda done: {FINE: np.array(True)}
        monkeypatch.setattr(runs, "sums_of_paths", self._sums)
        always(monkeypatch)

    def _sums(self, problem: Problem, actor: QuantityActor, key: object) -> PathSums:
        del problem, key
        learned = float(actor.network.biases[-1][0, 0] - self.actor.network.biases[-1][0, 0])
        return sums_of(self.price(learned) + 0.1 * np.random.default_rng(int(1e6 * learned)).normal(size=64))

    def run(
        self,
        updates: int,
        path: Path | None = None,
        tell: Callable[[Point], None] = runs.tell_nobody,
        **settings: Any,
    ) -> TrainResult:
        config = Settings(updates=updates, **settings)
        checkpoint = Checkpoint(path, resumes=path is not None)
        deadline = Deadline(60.0, updates)
        run = Run(self.problem, "pathwise", config, KEY, deadline, tell, checkpoint, self.objective)

        def step(
            update: Any, learner: QuantityActor, done: int, share: float
        ) -> tuple[QuantityActor, dict[str, Any]]:
            network = learner.network
            bias = np.asarray(network.biases[-1]) + np.float32(0.5 * (1 - share))
            network = dataclasses.replace(network, biases=(*network.biases[:-1], jax.numpy.asarray(bias)))
            return dataclasses.replace(learner, network=network), self.tells(done)

        learned = run.updated(self.actor, ready(max), step, lambda learner: learner, steps=8)
        return run.finished(run.done, run.ending, {"last": learned})


@pytest.fixture
def toy(problem: Problem, actor: QuantityActor, monkeypatch: pytest.MonkeyPatch) -> Toy:
    return Toy(problem, actor, monkeypatch)


def told(result: TrainResult) -> list[tuple[int, float]]:
    return [(point.update, point.values["cost"]) for point in result.curve]


def bias_of(result: TrainResult) -> float:
    return float(result.policy.network.biases[-1][0, 0])


def test_an_interrupted_run_ends_as_one_that_was_not(toy: Toy, tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    toy.tells = lambda done: {FINE: np.array(True), "charts/reward": np.array(0.5 * done)}
    whole = toy.run(20)
    with pytest.raises(Interrupted):
        toy.run(20, path, interrupts(11))
    assert path.exists()
    resumed = list[int]()
    again = toy.run(20, path, lambda point: resumed.append(point.update))
    assert resumed[0] >= 11 and told(again) == told(whole)
    assert (bias_of(again), again.selected, again.updates) == (bias_of(whole), whole.selected, 20)
    # What every update told is there once.
    assert again.log == whole.log == tuple({"charts/reward": 0.5 * done} for done in range(20))


def test_a_finished_run_makes_no_updates_and_goes_on_with_a_larger_budget(toy: Toy, tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    first = toy.run(10, path)
    same = toy.run(10, path)
    assert bias_of(same) == bias_of(first) and same.updates == 10
    more = toy.run(15, path)
    assert more.updates == 15 and more.stopped == STOPPED_BY_UPDATES and bias_of(more) > bias_of(first)


@pytest.mark.parametrize("damage", ["cut", "number", "counter"])
def test_nothing_of_a_damaged_checkpoint_is_used(toy: Toy, tmp_path: Path, damage: str) -> None:
    path = tmp_path / CHECKPOINT
    toy.run(4, path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    else:
        (name, *_) = [each for each in parts if "biases" in each]
        parts[name] = parts[name][:-1] + b"\x01" if damage == "number" else parts[name]
        manifest = json.loads(parts["manifest.json"])
        manifest["facts"]["run"]["updates"] += int(damage == "counter")
        parts["manifest.json"] = json.dumps(manifest).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for each, content in parts.items():
                archive.writestr(each, content)
    with pytest.raises(ResumeError, match=r"nothing of it is used .*must be a checkpoint as it was written"):
        toy.run(4, path)


def test_another_run_is_refused_by_what_differs(toy: Toy, tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT
    toy.run(4, path)
    with pytest.raises(ResumeError, match=r"a run with patience 0.0, .* with patience 0.5"):
        toy.run(4, path, patience=0.5)
    toy.problem = dataclasses.replace(toy.problem, horizon=7)
    with pytest.raises(ResumeError, match="data of the problem"):
        toy.run(4, path)


def test_what_is_cut_off_while_it_is_written_leaves_the_old_one(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / CHECKPOINT
    toy.run(4, path)
    before = path.read_bytes()

    def killed(self: Path, target: Path) -> None:
        del target
        self.write_bytes(self.read_bytes()[:50])
        raise Interrupted

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(Interrupted):
        toy.run(8, path)
    assert path.read_bytes() == before
    monkeypatch.undo()
    made = identity(toy.problem, "pathwise", Settings(), KEY) | {"schedule": "by updates"}
    held = Checkpoint(path, resumes=True).read(made)
    assert held is not None and held.facts["updates"] == 4


@pytest.mark.parametrize("damaged", [False, True])
def test_data_of_any_sizes_come_back_with_counters_and_curve(
    problem: Problem, tmp_path: Path, damaged: bool
) -> None:
    path, config = tmp_path / CHECKPOINT, Settings(updates=4)

    def run(*, resumes: bool) -> Run:
        checkpoint = Checkpoint(path, resumes=resumes)
        return Run(problem, "fitted_value", config, KEY, Deadline(60.0, 4), runs.tell_nobody, checkpoint)

    draw = np.random.default_rng(3)
    state = {"met": [{0: np.arange(6.0).reshape(2, 3)}], "draw": draw.bit_generator.state, "trusted": True}
    first = run(resumes=False)
    assert first.state() is None
    first.point(2, np.array([3.0, 5.0]), loss=0.5)
    first.keep_state(2, state)
    if damaged:
        path.write_bytes(path.read_bytes().replace(np.arange(6.0).tobytes(), np.ones(6).tobytes()))
        with pytest.raises(ResumeError, match=r"nothing of it is used"):
            run(resumes=True)
        return
    again = run(resumes=True)
    found = again.state()
    assert (again.done, found["trusted"]) == (2, True) and again.curve == first.curve
    np.testing.assert_array_equal(found["met"][0][0], state["met"][0][0])
    other = np.random.default_rng(0)
    other.bit_generator.state = found["draw"]
    assert other.random() == draw.random()


def test_updates_that_are_not_fine_end_the_run(toy: Toy) -> None:
    toy.tells = lambda done: {FINE: np.array(done < 5 or done == 6)}
    found = toy.run(40)
    # Three in a row are the eighth to the tenth; one more may be under way when the last is heard.
    assert found.stopped == STOPPED_BY_DIVERGENCE and found.updates in (10, 11)


def test_a_cost_that_is_not_finite_ends_the_run_with_the_best_point(toy: Toy) -> None:
    start = bias_of(toy.run(1)) - 0.5
    toy.price = lambda learned: 10.0 - learned if learned < 3.0 else np.inf
    found = toy.run(40)
    assert found.stopped == STOPPED_BY_DIVERGENCE and found.updates < 40
    assert np.isfinite(found.curve[-1].values["cost"]) and 0.0 < bias_of(found) - start < 3.0


@pytest.mark.requirement("A-24")
@pytest.mark.parametrize("patience", [0.0, 0.3])
@pytest.mark.parametrize("after", [0.0, 0.5], ids=["plateau", "decline"])
def test_a_run_that_gains_nothing_ends_early_if_it_may(toy: Toy, patience: float, after: float) -> None:
    toy.price = lambda learned: 10.0 - min(learned, 2.0) + after * max(learned - 2.0, 0.0)
    found = toy.run(20, patience=patience)
    assert found.stopped == (STOPPED_BY_PATIENCE if patience else STOPPED_BY_UPDATES)
    assert (6 < found.updates < 20) == (patience > 0)
    assert min(point.values["cost"] for point in found.curve) == found.curve[-1].values["cost"]


def test_under_a_floor_patience_counts_what_is_nearer_to_it(toy: Toy) -> None:
    # More of the demand is served as costs rise.
    toy.price, toy.objective = lambda learned: 2.0 + learned, Objective(fill_rate=0.99)
    found = toy.run(20, patience=0.3)
    assert found.updates == 20 and found.curve[-1].values["fill_rate"] > found.curve[0].values["fill_rate"]


def test_gains_too_small_for_one_comparison_count_together(toy: Toy) -> None:
    toy.price = lambda learned: 10.0 - 0.01 * learned
    assert toy.run(40, patience=0.6).updates == 40


@pytest.mark.parametrize(("slope", "stopped"), [(1.0, STOPPED_BY_COLLAPSE), (-1.0, STOPPED_BY_UPDATES)])
def test_choices_that_are_certain_end_a_run_only_where_they_cost_more(
    problem: Problem, actor: QuantityActor, monkeypatch: pytest.MonkeyPatch, slope: float, stopped: str
) -> None:
    costs = iter(10.0 + slope * np.arange(100.0))
    monkeypatch.setattr(runs, "sums_of_paths", lambda *_: sums_of(next(costs) + np.zeros(3)))
    run = Run(problem, "ppo", Settings(updates=10), KEY, Deadline(60.0, 10))

    def step(update: Any, learner: Any, done: int, share: float) -> tuple[Any, dict[str, Any]]:
        return learner, {FINE: np.array(True), "losses/entropy": np.array(0.5**done)}

    run.updated(actor, ready(max), step, lambda learner: learner, steps=1, chooses=True)
    assert run.ending == stopped
    # Entropy begins at 1 and is below a fiftieth of it after the seventh update.
    assert run.done == (7 if stopped == STOPPED_BY_COLLAPSE else 10)


def test_arrays_of_another_shape_are_not_filled_in() -> None:
    with pytest.raises(ValueError, match=r"x\['a'\] is float64\[2\], must be float64\[3\]"):
        refilled({"a": np.zeros(3)}, {"x['a']": np.zeros(2)}, "x")
    with pytest.raises(ValueError, match=r"x\['a'\] is missing"):
        refilled({"a": np.zeros(3)}, {}, "x")


def test_problems_with_other_data_are_other_problems() -> None:
    config = Settings(updates=3)

    def digest(**parameters: Any) -> str:
        return identity(lost_sales(**parameters), "ppo", config, KEY)["data of the problem"]

    assert digest(lead_time=1, mean=2.0) == digest(lead_time=1, mean=2.0)
    assert len({digest(lead_time=1, mean=mean) for mean in (2.0, 2.5, 3.0)}) == 3
    assert digest_of(lost_sales(lead_time=1).tariff) != digest_of(
        lost_sales(lead_time=1, lost_sale_cost=9.0).tariff
    )


TINY = {"updates": 6, "paths": 16, "hidden": [8]}
LEARNERS: dict[str, dict[str, Any]] = {
    "pathwise": TINY,
    "ppo": {**TINY, "periods": 4},
    "dqn": {**TINY, "periods": 4, "gradient_steps": 2, "draws": 16, "capacity": 256, "power": 0.6},
    "sac": {**TINY, "periods": 4, "steps": 2, "batch": 16, "capacity": 256},
    "tabular": {"updates": 6, "paths": 16, "periods": 4},
    "imitation": {**TINY, "periods": 4, "steps": 3, "batch": 16, "capacity": 100},
}

RECURRENT: list[tuple[str, dict[str, Any]]] = [
    (name, {**LEARNERS[name], "network": "recurrent", "history": 3}) for name in ("ppo", "dqn", "sac")
]
"""Learners whose networks go through what was seen, which a checkpoint holds as well."""

ITERATED: dict[str, dict[str, Any]] = {
    "fitted_value": {
        "updates": 4,
        "first_updates": 5,
        "states": 256,
        "steps": 20,
        "lessons": 10,
        "paths": 32,
        "periods": 12,
        "hidden": [8],
        "scores": [8],
    },
    "deep_controlled": {
        "updates": 4,
        "first_updates": 5,
        "states": 32,
        "steps": 20,
        "first": "cheaper",
        "replications": 2,
        "columns": 1024,
        "draws": 16,
        "hidden": [8],
    },
}
"""Learners that improve a policy step by step, and remember what has no fixed size."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *LEARNERS.items(),
        *RECURRENT,
        *ITERATED.items(),
        ("pathwise", {**TINY, "fill_rate": 0.9, "risk": "cvar", "risk_level": 0.5}),
    ],
)
def test_learners_go_on_to_the_same_parameters(
    name: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    always(monkeypatch)
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, horizon=40, warm_up=5, mean=2.0)
    path = tmp_path / CHECKPOINT
    whole = learn(problem, name, key=KEY, settings=settings)
    with pytest.raises(Interrupted):
        learn(problem, name, key=KEY, settings=settings, tell=interrupts(3), checkpoint=Checkpoint(path))
    heard, checkpoint = list[Point](), Checkpoint(path, resumes=True)
    again = learn(problem, name, key=KEY, settings=settings, tell=heard.append, checkpoint=checkpoint)
    assert heard[0].update >= 2
    assert told(again) == told(whole) and again.selected == whole.selected
    for one, other in zip(jax.tree.leaves(whole.policy), jax.tree.leaves(again.policy), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("name", [each for each in LEARNERS if each != "tabular"])
@pytest.mark.parametrize("rate", [1e3, 1e6])
def test_steps_that_are_far_too_long_leave_a_policy_no_worse_than_the_first(name: str, rate: float) -> None:
    problem = lost_sales(lead_time=1, lost_sale_cost=4.0, horizon=40, warm_up=5, mean=2.0)
    settings = ALGORITHMS[name].configured({**LEARNERS[name], "updates": 20, "learning_rate": rate})
    found = ALGORITHMS[name].train(problem, settings, key=KEY)
    assert found.curve[-1].values["cost"] <= found.curve[0].values["cost"]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found.policy.network))
    assert rate < 1e6 or found.stopped == STOPPED_BY_DIVERGENCE
