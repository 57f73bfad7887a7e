"""A run of learning as it goes: its curve, its best point, and the time that is left."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.actors import Actor
from basestock.learning.deadline import Deadline
from basestock.learning.results import Point, TrainResult
from basestock.learning.selection import cheapest, costs_of

LOOKS = 10
"""Points of a curve."""

FIRST_LOOK = 5.0
"""Seconds that the last look takes, before one was timed."""

Tell = Callable[[Point], None]


class Run:
    """One run.

    Parameters
    ----------
    problem
        What is learned.
    algorithm
        Registered name of the learner.
    config
        Its settings, a dataclass.
    key
        Key of the run.
    deadline
        Its time.
    tell
        Is told every point of the curve.
    """

    def __init__(
        self,
        problem: Problem,
        algorithm: str,
        config: Any,
        key: Array,
        deadline: Deadline,
        tell: Tell = lambda point: None,
    ) -> None:
        self.problem, self.algorithm, self.config = problem, algorithm, config
        self.key, self.deadline, self.tell = key, deadline, tell
        self.curve: list[Point] = []
        self._best: tuple[float, Actor] | None = None
        self._look_seconds, self._next_look = FIRST_LOOK, 1.0 / LOOKS

    @property
    def reserve(self) -> float:
        """Seconds to leave for choosing among candidates."""
        return 2.5 * self._look_seconds

    def is_due(self, share: float) -> bool:
        """Tell whether a point of the curve is due."""
        return share >= self._next_look

    def look(self, done: int, actor: Actor, **values: float) -> Point:
        """Play what has been learned on the events of selection, and add a point to the curve."""
        began = time.perf_counter()
        mine = actor.deciding()
        cost = float(costs_of(self.problem, mine, self.key).mean())
        if np.isfinite(cost) and (self._best is None or cost < self._best[0]):
            self._best = cost, mine
        if self.curve:
            self._look_seconds = time.perf_counter() - began
        point = Point(self.deadline.elapsed, done, {"cost": self.problem.sign * cost, **values})
        self.curve.append(point)
        self._next_look = self.deadline.share(done, self.reserve) + 1.0 / LOOKS
        self.tell(point)
        return point

    def finished(self, done: int, stopped: str, candidates: Mapping[str, Actor]) -> TrainResult:
        """Choose among candidates and the best point of the curve, and end the run."""
        every = {name: actor.deciding() for name, actor in candidates.items()}
        if self._best is not None:
            every["best point"] = self._best[1]
        chosen, costs = cheapest(self.problem, every, self.key)
        self.curve.append(Point(self.deadline.elapsed, done, {"cost": costs[chosen]}))
        self.tell(self.curve[-1])
        return TrainResult(
            *(self.algorithm, every[chosen], dataclasses.asdict(self.config), tuple(self.curve), done),
            *(self.deadline.elapsed, self.deadline.cpu_seconds, stopped, costs),
        )
