"""A run and its clock: what is timed, what is left out when time is short."""

import dataclasses
import time
from concurrent.futures import Future

import jax
import numpy as np
import pytest

from basestock.decision import Problem
from basestock.learning import runs
from basestock.learning.actors import QuantityActor
from basestock.learning.deadline import Deadline
from basestock.learning.results import STOPPED_BY_TIME, STOPPED_BY_UPDATES
from basestock.learning.runs import Run
from basestock.learning.selection import PathSums
from basestock.learning.settings import Settings


class Clock:
    """A clock that plays move: the first one, which is compiled, by 100 seconds, others by one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.plays, self.cost = 0.0, 0, 5.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(runs, "sums_of_paths", self.sums_of_paths)

    def sums_of_paths(self, problem: Problem, actor: QuantityActor, key: object) -> PathSums:
        self.now += 1.0 if self.plays else 100.0
        self.plays += 1
        return PathSums(np.full(4, self.cost), np.full((2, 4), self.cost), np.ones(4), np.ones(4))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def run_of(problem: Problem, seconds: float, updates: int | None = None) -> Run:
    return Run(
        problem,
        "pathwise",
        Settings(),
        jax.random.key(0),
        Deadline(seconds, updates, began=time.perf_counter()),
    )


def test_the_reserve_is_of_a_play_that_is_compiled(
    clock: Clock, problem: Problem, actor: QuantityActor
) -> None:
    run = run_of(problem, 200.0)
    run.look(0, actor)
    assert clock.plays == 2 and run.reserve == 2.5
    run.look(0, actor)
    assert clock.plays == 3


def test_an_update_that_takes_long_is_not_begun_when_no_time_is_left(
    clock: Clock, problem: Problem, actor: QuantityActor
) -> None:
    run = run_of(problem, 20.0)
    clock.plays = 1
    run.look(0, actor)
    assert run.share(0) < 1.0
    clock.now += 8.0
    assert run.reserve == 2.5
    assert run.share(1) == 1.0 and run.reserve == 10.5


def test_points_of_the_curve_take_a_tenth_of_the_time(
    clock: Clock, problem: Problem, actor: QuantityActor
) -> None:
    clock.plays = 1
    run = run_of(problem, 20.0)
    run.look(0, actor)
    begun = run.deadline.share(0, run.reserve)
    assert not run.is_due(begun + 0.45) and run.is_due(begun + 0.55)


def test_what_there_is_no_time_to_play_is_not_chosen(
    clock: Clock, problem: Problem, actor: QuantityActor
) -> None:
    run = run_of(problem, 105.0)
    run.look(0, actor)
    clock.now, clock.cost = 104.5, 1.0
    found = run.finished(3, run.ending, {"last": actor})
    assert found.selected == {"best point": 5.0} and found.seconds == 104.5
    assert found.stopped == STOPPED_BY_TIME


def test_runs_of_a_number_of_updates_do_not_look_at_the_clock(
    clock: Clock, problem: Problem, actor: QuantityActor
) -> None:
    run = run_of(problem, 1.0, updates=4)
    run.look(0, actor)
    assert [run.share(done) for done in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]
    clock.cost = 1.0
    found = run.finished(4, run.ending, {"last": dataclasses.replace(actor)})
    assert found.selected == {"last": 1.0, "best point": 5.0}
    assert found.stopped == STOPPED_BY_UPDATES


def test_a_program_is_waited_for_as_long_as_there_is_time(problem: Problem) -> None:
    never, there = Future(), Future()
    there.set_result(max)
    assert run_of(problem, 0.01).in_time(never) is None
    assert run_of(problem, 0.01).in_time(there) is max
    assert run_of(problem, 0.01, updates=1).in_time(there) is max
