"""A run of learning as it goes: its updates, its curve, its best point, what it keeps, and the time that is left."""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import jax
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Problem
from basestock.learning.actors import Actor
from basestock.learning.checkpoints import (
    Checkpoint,
    Held,
    arrays_of,
    identity,
    is_more,
    packed,
    refilled,
    unpacked,
)
from basestock.learning.deadline import Deadline
from basestock.learning.objectives import EXPECTED_COST, Objective, Rank
from basestock.learning.results import (
    STOPPED_BY_COLLAPSE,
    STOPPED_BY_DIVERGENCE,
    STOPPED_BY_PATIENCE,
    STOPPED_BY_TIME,
    STOPPED_BY_UPDATES,
    Point,
    TrainResult,
    ended_with_budget,
)
from basestock.learning.selection import FAVORED, PathSums, favored, sums_of_paths
from basestock.policies.saved import DAMAGES

LOOKS = 10
"""Points of a curve at most."""

LOOKING = 0.1
"""Share of the time that points of the curve may take."""

STUBBORN = 3
"""Updates in a row that are left out, because what they led to was not fine, before a run ends."""

COLLAPSED = 0.02
"""Share of the first entropy of choices below which a policy explores no more."""

FINE = "fine"
"""Name under which an update tells whether what it led to is fine; where it is not, it leaves parameters alone."""

Tell = Callable[[Point], None]

Changing = TypeVar("Changing")

Step = Callable[[Any, Changing, int, float], tuple[Changing, Mapping[str, Any]]]
"""Makes an update, of its program, what it changes, the updates before, and the share of the run that is over; besides
what is changed returns scalars by name, :data:`FINE` among them."""


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
    checkpoint
        Where it keeps what it needs to go on.
    objective
        What candidates are compared by.

    Raises
    ------
    ResumeError
        If the checkpoint is damaged, or of another run.
    """

    def __init__(
        self,
        problem: Problem,
        algorithm: str,
        config: Any,
        key: Array,
        deadline: Deadline,
        tell: Tell = tell_nobody,
        checkpoint: Checkpoint | None = None,
        objective: Objective = EXPECTED_COST,
    ) -> None:
        self.objective = objective
        self.problem, self.algorithm, self.config = problem, algorithm, config
        self.key, self.deadline, self.tell = key, deadline, tell
        self.curve: list[Point] = []
        self.log: list[Mapping[str, float]] = []
        self.done, self.stopped, self.steps = 0, "", 0
        self._best: tuple[Mapping[str, float], Actor] | None = None
        self._first: np.ndarray | None = None
        self._reference, self._gained = np.zeros(0), 0.0
        self._entropy, self._unfine = 0.0, 0
        self._played: set[Any] = set()
        self._look_seconds, self._update_seconds, self._since = 0.0, 0.0, time.perf_counter()
        self._next_look = 1.0 / LOOKS
        self._learner: Any = None
        self._checkpoint = checkpoint or Checkpoint()
        self._made = identity(problem, algorithm, config, key) if self._checkpoint.path else {}
        self._held = self._checkpoint.read(self._made)

    @property
    def resumes(self) -> bool:
        """Whether the run goes on where an earlier one was interrupted."""
        return self._held is not None

    @property
    def reserve(self) -> float:
        """Seconds to leave for one more update, for choosing among candidates, and for the last checkpoint."""
        looks = (2.5 + self.objective.tries) * self._look_seconds
        return self._update_seconds + looks + self._checkpoint.seconds

    @property
    def ending(self) -> str:
        """Why the run ends: what stopped it early, else its time or its updates."""
        return self.stopped or (STOPPED_BY_TIME if self.deadline.updates is None else STOPPED_BY_UPDATES)

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

    def updated(
        self,
        learner: Changing,
        program: "Future[Callable[..., Any]]",
        step: Step[Changing],
        actor: Callable[[Changing], Actor],
        *,
        steps: int,
        chooses: bool = False,
    ) -> Changing:
        """Make updates until the run ends, and return what they changed.

        Parameters
        ----------
        learner
            What updates change, as it is before the first of them: any structure of arrays.
        program
            The update, which is being compiled.
        step
            Makes an update.
        actor
            Returns the policy that has been learned.
        steps
            Decisions of an update.
        chooses
            Whether the policy draws choices, whose entropy tells if it still explores.

        Notes
        -----
        An update that leads to something that is not finite or exploded is left out; :data:`STUBBORN` in a row end the
        run, and so does a policy whose choices are all but certain while it costs more than what it began with.
        """
        learner, self.steps = self._resumed(learner, actor), steps
        if not self.curve:
            self.look(0, actor(learner))
        update, told = None if self.stopped else self.in_time(program), None
        self.deadline.prepared()
        self._since = time.perf_counter()
        while update and not self.stopped and (share := self.share(self.done)) < 1.0:
            learner, latest = step(update, learner, self.done, share)
            # One update is always under way while the next is prepared; the clock tells the truth about all before.
            self._heard(told)
            told, self.done = latest, self.done + 1
            if (looks := self.is_due(share)) or self._checkpoint.is_due():
                values, told = self._heard(told), None
                if looks:
                    costs = self.look(self.done, actor(learner), **values)
                    self._require_sound(costs, values.get("losses/entropy") if chooses else None)
                if self._checkpoint.is_due():
                    self.keep(learner)
        self._heard(told)
        self._learner = learner
        return learner

    def _heard(self, told: Mapping[str, Any] | None) -> dict[str, float]:
        """Wait for what an update tells, and end the run if several in a row were left out."""
        values = {name: float(each) for name, each in jax.device_get(dict(told or {})).items()}
        if told is not None:
            self._unfine = 0 if values.pop(FINE) else self._unfine + 1
            self.log.append(values)
            self._entropy = self._entropy or values.get("losses/entropy", 0.0)
        if self._unfine >= STUBBORN:
            self.stopped = STOPPED_BY_DIVERGENCE
        return values

    def _require_sound(self, costs: Float[np.ndarray, " path"], entropy: float | None) -> None:
        """End the run if what it costs is not finite, or more than at first although it explores no more."""
        if not np.isfinite(costs.mean()):
            self.stopped = STOPPED_BY_DIVERGENCE
        elif entropy is not None and self._first is not None and entropy < COLLAPSED * self._entropy:
            worse = favored(costs - self._first, FAVORED)
            self.stopped = STOPPED_BY_COLLAPSE if worse else self.stopped

    def look(self, done: int, actor: Actor, **values: float) -> Float[np.ndarray, " path"]:
        """Play what has been learned on the events of selection, add a point to the curve, and return its costs."""
        mine = actor.deciding()
        sums = self._sums(mine)
        told = self.objective.told(self.problem, sums)
        rank = self._rank(told)
        if math.isfinite(rank[1]) and (self._best is None or rank < self._rank(self._best[0])):
            self._best = told, mine
        apart = 1.0 / LOOKS
        if self.deadline.updates is None:
            apart = max(apart, self._look_seconds / (LOOKING * self.deadline.seconds))
        self._next_look = self.deadline.share(done, self.reserve) + apart
        self.point(done, sums.costs, **told, **values)
        self._since = time.perf_counter()
        return sums.costs

    def point(self, done: int, costs: Float[np.ndarray, " path"], **values: float) -> None:
        """Add a point to the curve, and end the run if nothing was gained for as long as patience allows.

        Parameters
        ----------
        done
            Updates so far.
        costs
            What a policy costs on each path of the events of selection, money.
        values
            What else is told of it.
        """
        told = {"cost": self.problem.sign * float(costs.mean()), **values}
        rank, share = self._rank(told), self.deadline.share(done, self.reserve)
        ahead = math.isfinite(rank[1]) and all(rank < self._rank(each.values) for each in self.curve)
        if ahead and not done:
            self._first = costs
        if ahead if self.objective.is_more else self._saves(costs):
            self._reference, self._gained = costs, share
        if self.config.patience and share - self._gained >= self.config.patience:
            self.stopped = self.stopped or STOPPED_BY_PATIENCE
        self._tell(done, told)

    def _saves(self, costs: Float[np.ndarray, " path"]) -> bool:
        """Tell whether costs fell by more than chance since the last gain, so that many small ones count as well."""
        gone = self._reference - costs if self._reference.size else np.ones(len(costs))
        return bool(np.isfinite(costs.mean())) and favored(gone, FAVORED)

    def _tell(self, done: int, told: Mapping[str, float]) -> None:
        """Add a point to the curve, and tell it."""
        elapsed, shown = self.deadline.elapsed, dict(told)
        if self._first is not None and done:
            first = self.problem.sign * float(self._first.mean())
            shown["change_percent"] = 100.0 * (told["cost"] - first) / max(abs(first), 1e-12)
        if self.steps:
            played = float(self.steps * done)
            shown |= {"charts/global_step": played, "charts/SPS": played / max(elapsed, 1e-9)}
        self.curve.append(Point(elapsed, done, shown))
        self.tell(self.curve[-1])

    @property
    def best(self) -> Actor | None:
        """The best policy of the curve, as it decides; nothing before the first point."""
        return None if self._best is None else self._best[1]

    @property
    def served(self) -> Actor | None:
        """The best policy of the curve, if it keeps the floor of service."""
        return None if self._best is None or not self.objective.serves(self._best[0]) else self._best[1]

    def has_time(self) -> bool:
        """Tell whether there is time to play one more policy."""
        left = self.deadline.left()
        return left is None or left >= self._look_seconds

    def _rank(self, told: Mapping[str, float]) -> Rank:
        return self.objective.rank(told, self.problem.sign)

    def told(self, actor: Actor) -> dict[str, float]:
        """Return what the objective says of a policy, which is played on the events of selection."""
        return self.objective.told(self.problem, self._sums(actor))

    def _sums(self, actor: Actor) -> PathSums:
        """Play a policy on the events of selection, and remember how long that takes."""
        sums, form = None, jax.tree.structure(actor)
        # The first play of a form is compiled: only a second one tells how long plays take.
        for _ in range(1 if form in self._played else 2):
            began = time.perf_counter()
            sums = sums_of_paths(self.problem, actor, self.key)
            self._look_seconds = time.perf_counter() - began
        self._played.add(form)
        assert sums is not None
        return sums

    def finished(
        self,
        done: int,
        stopped: str,
        candidates: Mapping[str, Actor],
        played: Mapping[str, float] | None = None,
        state: Mapping[str, Any] | None = None,
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
        state
            What the last checkpoint holds of runs that do not go by :meth:`updated`.
        """
        every = {name: actor.deciding() for name, actor in candidates.items()}
        known: dict[str, Mapping[str, float]] = {
            name: {"cost": self.problem.sign * cost} for name, cost in (played or {}).items()
        }
        if self._best is not None:
            known["best point"], every["best point"] = self._best
        for name in [each for each in candidates if each not in known]:
            if known and not self.has_time():
                del every[name]
            else:
                sums = sums_of_paths(self.problem, every[name], self.key)
                known[name] = self.objective.told(self.problem, sums)
        chosen = min(every, key=lambda name: self._rank(known[name]))
        costs = {name: known[name]["cost"] for name in every}
        self._best = known[chosen], every[chosen]
        if self._learner is not None:
            self.stopped = stopped
            self.keep(self._learner)
        if state is not None:
            self.stopped = stopped
            self.keep_state(done, state)
        self._tell(done, known[chosen])
        return TrainResult(
            *(self.algorithm, every[chosen], dataclasses.asdict(self.config), tuple(self.curve), done),
            *(self.deadline.elapsed, self.deadline.cpu_seconds, stopped, costs, tuple(self.log)),
        )

    def keep(self, learner: Any) -> None:
        """Write a checkpoint with what updates change."""
        best = {} if self._best is None else arrays_of(self._best[1], "best")
        self._write({}, {**arrays_of(learner, "learner"), **best})

    def keep_state(self, done: int, state: Mapping[str, Any]) -> None:
        """Write a checkpoint with nested data of any sizes.

        Parameters
        ----------
        done
            Updates so far.
        state
            The data, as :func:`basestock.learning.checkpoints.packed` takes them.
        """
        arrays: dict[str, np.ndarray] = {}
        self.done = done
        self._write({"state": packed(state, arrays)}, arrays)

    def state(self) -> Any:
        """Return the data of a checkpoint to go on with, counters, curve and clock as they were; else nothing."""
        if self._held is None:
            return None
        try:
            self._go_on(self._held)
            return unpacked(self._held.facts["state"], self._held.arrays)
        except DAMAGES as error:
            raise self._checkpoint.damaged(error) from error

    def keeps(self) -> bool:
        """Tell whether it is time for a checkpoint."""
        return self._checkpoint.is_due()

    def _write(self, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Write a checkpoint with counters, curve and clock beside what is given."""
        self._checkpoint.write(
            self._made,
            {
                **facts,
                "budget": {"seconds": self.config.seconds, "updates": self.config.updates},
                "updates": self.done,
                "seconds": self.deadline.elapsed,
                "cpu_seconds": self.deadline.cpu_seconds,
                "stopped": self.stopped,
                "best": None if self._best is None else dict(self._best[0]),
                "gained": self._gained,
                "entropy": self._entropy,
                "unfine": self._unfine,
                "next_look": self._next_look,
                "look_seconds": self._look_seconds,
                "update_seconds": self._update_seconds,
                "curve": [dataclasses.asdict(point) for point in self.curve],
                "log": self.log,
            },
            {
                **arrays,
                "first": np.zeros(0) if self._first is None else self._first,
                "reference": self._reference,
            },
        )
        self._since = time.perf_counter()

    def _resumed(self, learner: Changing, actor: Callable[[Changing], Actor]) -> Changing:
        """Return what the checkpoint holds, with counters, curve and clock as they were; else what is begun with."""
        if self._held is None:
            return learner
        facts, arrays = self._held.facts, self._held.arrays
        try:
            found = refilled(learner, arrays, "learner")
            if facts["best"] is not None:
                self._best = dict(facts["best"]), refilled(actor(learner).deciding(), arrays, "best")
            self._go_on(self._held)
        except DAMAGES as error:
            raise self._checkpoint.damaged(error) from error
        return found

    def _go_on(self, held: Held) -> None:
        """Take over counters, curve and clock."""
        facts, arrays = held.facts, held.arrays
        self._first = arrays["first"] if arrays["first"].size else None
        self._reference, self._gained = arrays["reference"], facts["gained"]
        self._entropy, self._unfine, self.done = facts["entropy"], facts["unfine"], facts["updates"]
        self._look_seconds, self._update_seconds = facts["look_seconds"], facts["update_seconds"]
        self.deadline.go_on(facts["seconds"], facts["cpu_seconds"])
        goes_on = is_more(self.config, facts["budget"]) and ended_with_budget(facts["stopped"])
        self.stopped = "" if goes_on else facts["stopped"]
        due = self.deadline.share(self.done, self.reserve) + 1.0 / LOOKS
        self._next_look = min(facts["next_look"], due)
        self.curve = [Point(**point) for point in facts["curve"]]
        self.log = list(facts["log"])
