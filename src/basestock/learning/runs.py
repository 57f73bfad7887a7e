"""A run of learning as it goes: its curve, its best point, and the time that is left."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import jax
import numpy as np
from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.actors import Actor
from basestock.learning.deadline import Deadline
from basestock.learning.results import STOPPED_BY_TIME, STOPPED_BY_UPDATES, Point, TrainResult
from basestock.learning.selection import cheapest, costs_of

LOOKS = 10
"""Points of a curve at most."""

LOOKING = 0.1
"""Share of the time that points of the curve may take."""

Tell = Callable[[Point], None]


def tell_nobody(point: Point) -> None:
    """Take a point of the curve, and keep it to oneself."""


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
        tell: Tell = tell_nobody,
    ) -> None:
        self.problem, self.algorithm, self.config = problem, algorithm, config
        self.key, self.deadline, self.tell = key, deadline, tell
        self.curve: list[Point] = []
        self._best: tuple[float, Actor] | None = None
        self._played: set[Any] = set()
        self._look_seconds, self._update_seconds, self._since = 0.0, 0.0, time.perf_counter()
        self._next_look = 1.0 / LOOKS

    @property
    def reserve(self) -> float:
        """Seconds to leave for one more update, and for choosing among two candidates."""
        return self._update_seconds + 2.5 * self._look_seconds

    @property
    def ending(self) -> str:
        """Why the run ends where nothing goes wrong."""
        return STOPPED_BY_TIME if self.deadline.updates is None else STOPPED_BY_UPDATES

    def share(self, done: int) -> float:
        """Return the share of the run that is over, in [0, 1]; to be asked before every update."""
        now = time.perf_counter()
        # The last update tells what the next one takes, but one that was quick by chance does not.
        self._update_seconds = max(now - self._since, 0.5 * self._update_seconds) if done else 0.0
        self._since = now
        return self.deadline.share(done, self.reserve)

    def in_time(self, program: "Future[Callable[..., Any]]") -> Callable[..., Any] | None:
        """Return a program once it is compiled, nothing if the time is used up before."""
        try:
            return program.result(self.deadline.left(self.reserve))
        except TimeoutError:
            return None

    def is_due(self, share: float) -> bool:
        """Tell whether a point of the curve is due."""
        return share >= self._next_look

    def look(self, done: int, actor: Actor, **values: float) -> Point:
        """Play what has been learned on the events of selection, and add a point to the curve."""
        mine = actor.deciding()
        cost = float(self._costs(mine).mean())
        if np.isfinite(cost) and (self._best is None or cost < self._best[0]):
            self._best = cost, mine
        point = Point(self.deadline.elapsed, done, {"cost": self.problem.sign * cost, **values})
        self.curve.append(point)
        apart = 1.0 / LOOKS
        if self.deadline.updates is None:
            apart = max(apart, self._look_seconds / (LOOKING * self.deadline.seconds))
        self._next_look = self.deadline.share(done, self.reserve) + apart
        self.tell(point)
        self._since = time.perf_counter()
        return point

    def _costs(self, actor: Actor) -> np.ndarray:
        """Return ``[path]`` the costs of a policy, and remember how long playing it takes."""
        costs, form = None, jax.tree.structure(actor)
        # The first play of a form is compiled: only a second one tells how long plays take.
        for _ in range(1 if form in self._played else 2):
            began = time.perf_counter()
            costs = costs_of(self.problem, actor, self.key)
            self._look_seconds = time.perf_counter() - began
        self._played.add(form)
        return np.asarray(costs)

    def finished(
        self,
        done: int,
        stopped: str,
        candidates: Mapping[str, Actor],
        played: Mapping[str, float] | None = None,
    ) -> TrainResult:
        """Choose among candidates and the best point of the curve, and end the run.

        Parameters
        ----------
        done, stopped
            Updates, and why there are no more.
        candidates
            Policies by name. Those for whose play no time is left are not chosen where there is a best point.
        played
            Mean costs, on the events of selection, of candidates that have been played there, money.
        """
        every = {name: actor.deciding() for name, actor in candidates.items()}
        known = dict(played or {})
        if self._best is not None:
            known["best point"], every["best point"] = self._best
        for name in [each for each in candidates if each not in known]:
            left = self.deadline.left()
            if known and left is not None and left < self._look_seconds:
                del every[name]
            else:
                known[name] = float(costs_of(self.problem, every[name], self.key).mean())
        chosen, costs = cheapest(self.problem, every, self.key, known=known)
        self.curve.append(Point(self.deadline.elapsed, done, {"cost": costs[chosen]}))
        self.tell(self.curve[-1])
        return TrainResult(
            *(self.algorithm, every[chosen], dataclasses.asdict(self.config), tuple(self.curve), done),
            *(self.deadline.elapsed, self.deadline.cpu_seconds, stopped, costs),
        )
