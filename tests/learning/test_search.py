"""The search of settings: what it proposes, keeps, cuts short and refuses."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from basestock.decision import Problem
from basestock.learning import ALGORITHMS, Point, TrainResult
from basestock.learning.actors import QuantityActor
from basestock.learning.registry import Algorithm
from basestock.learning.search import (
    Choices,
    Range,
    SearchError,
    Space,
    Trial,
    _require_possible,
    default_space,
    search,
)
from basestock.learning.settings import Count, Positive, Settings


@dataclasses.dataclass(frozen=True)
class Bowl(Settings):
    """Settings whose best is known."""

    learning_rate: Positive = 0.1
    paths: Count = 8
    hidden: tuple[int, ...] = (4,)


@dataclasses.dataclass(frozen=True)
class Quick(Algorithm):
    """A learner that learns nothing: its cost is a function of its settings, and its curve falls to it."""

    actor: QuantityActor | None = None

    @property
    def config(self) -> type[Any]:
        return Bowl

    @property
    def train(self) -> Any:
        def run(problem: Problem, config: Bowl, *, key: Any, tell: Any) -> TrainResult:
            cost = abs(config.learning_rate - 0.3) + abs(config.paths - 20) / 100 + 0.01 * len(config.hidden)
            curve = tuple(Point(float(at), at, {"cost": cost + 1.0 - at / 4}) for at in range(5))
            for point in curve:
                tell(point)
            assert self.actor is not None
            settings = dataclasses.asdict(config)
            return TrainResult("quick", self.actor, settings, curve, 4, 1.0, 1.0, "", {"last": cost})

        return run


@pytest.fixture
def quick(actor: QuantityActor) -> Quick:
    return Quick("quick", "Bowl", "", actor)


SPACE: Space = {"learning_rate": Range(0.01, 1.0, log=True), "paths": Range(1, 40)}


@pytest.mark.requirement("A-21")
@pytest.mark.parametrize("method", ["tpe", "random"])
def test_it_comes_close_to_the_best_and_says_what_it_cost(
    problem: Problem, quick: Quick, method: Any
) -> None:
    found = search(problem, quick, SPACE, trials=40, method=method, prunes=False)
    assert len(found.trials) == 40 and {each.state for each in found.trials} == {"complete"}
    assert found.cost == min(each.cost for each in found.trials if each.cost is not None)
    assert found.cost < 0.2 and isinstance(found.best["paths"], int)


@pytest.mark.requirement("A-21")
def test_a_grid_tries_every_combination_once(problem: Problem, quick: Quick) -> None:
    space = {"learning_rate": Choices((0.1, 0.3)), "hidden": Choices(([4], [4, 4], [8]))}
    found = search(problem, quick, space, trials=6, method="grid", prunes=False)
    tried = [(each.settings["learning_rate"], tuple(each.settings["hidden"])) for each in found.trials]
    assert sorted(tried) == sorted((rate, hidden) for rate in (0.1, 0.3) for hidden in ((4,), (4, 4), (8,)))
    assert found.best["learning_rate"] == 0.3


def test_what_is_worse_than_the_median_ends_early(problem: Problem, quick: Quick) -> None:
    space = {"learning_rate": Choices((0.3, 0.31, 0.29, 0.32, 9.0)), "paths": Choices((20,))}
    found = search(problem, quick, space, trials=5, method="grid")
    bad = [each for each in found.trials if each.settings["learning_rate"] == 9.0]
    early = [each for each in found.trials[:4] if each.state != "complete"]
    assert not early and (bad[0].state == "pruned" or bad[0].number < 4)


@pytest.mark.requirement("A-21")
def test_it_goes_on_where_it_stopped(problem: Problem, quick: Quick, tmp_path: Path) -> None:
    file, told = tmp_path / "trials.db", []

    def tell(trial: Trial) -> None:
        told.append(trial.number)

    search(problem, quick, SPACE, trials=3, method="random", storage=file, tell=tell)
    found = search(problem, quick, SPACE, trials=5, method="random", storage=file, tell=tell)
    assert told == [0, 1, 2, 3, 4] and len(found.trials) == 5
    assert len({each.settings["learning_rate"] for each in found.trials}) == 5
    assert len(search(problem, quick, SPACE, trials=5, method="random", storage=file).trials) == 5
    with pytest.raises(SearchError, match=r"seed 0, must be of the same problem"):
        search(problem, quick, SPACE, trials=6, storage=file, seed=1)


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ({}, "quick: nothing varies"),
        ({"learning_rate": Range(1.0, 0.1)}, "must be a range from low to high"),
        ({"learning_rate": Range(0.0, 0.1, log=True)}, "learning_rate"),
        ({"paths": Choices((4, 0))}, "paths is 0, must be a whole number >= 1"),
        ({"path": Choices((4,))}, "'path' unknown"),
        ({"seconds": Range(1.0, 2.0)}, "fixed and searched"),
    ],
)
def test_a_space_without_sense_is_refused(problem: Problem, quick: Quick, space: Space, told: str) -> None:
    with pytest.raises(SearchError, match=told):
        search(problem, quick, space, trials=1, fixed={"seconds": 1.0})


def test_a_file_that_is_no_search_is_refused_and_kept(problem: Problem, quick: Quick, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(SearchError, match=r"notes\.txt cannot be used"):
        search(problem, quick, SPACE, trials=1, storage=file)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "tabular"])
def test_every_learner_with_a_network_has_something_to_search(name: str) -> None:
    space = default_space(ALGORITHMS[name])
    assert space and all(isinstance(each, Range) and each.low < each.high for each in space.values())


@pytest.mark.requirement("A-21")
@pytest.mark.parametrize(("name", "batch"), [("ppo", "minibatches"), ("a2c", "paths"), ("sac", "batch")])
def test_steps_discount_entropy_and_batches_can_be_searched(name: str, batch: str) -> None:
    space: Space = {"learning_rate": Choices((1e-3,)), "discount": Choices((0.9,)), batch: Choices((8,))}
    space["entropy"] = Choices((0.01,))
    _require_possible(ALGORITHMS[name], space, {}, "grid")
