"""Keeps a policy only where the events of selection favor it over the one before it."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from basestock.learning.actors import Actor
from basestock.learning.runs import Run
from basestock.learning.saved import actor_kept, kept_actor
from basestock.learning.selection import FAVORED, PATHS, costs_of, favored


@dataclasses.dataclass
class Judge:
    """Compares policies on the events of selection, and keeps the curve.

    Parameters
    ----------
    run
        The run.
    best, costs
        The best policy, and its cost on each path, money.
    seconds
        Time that a comparison took.
    latest
        Mean cost of the policy that was played last, money.
    """

    run: Run
    best: Actor
    costs: Float[np.ndarray, " path"]
    seconds: float = 0.0
    latest: float = math.inf

    @classmethod
    def begun(cls, run: Run, first: Actor) -> "Judge":
        """Return who compares others with a first policy, which is played."""
        judge = cls(run, first.deciding(), np.zeros(0))
        judge.costs = judge.played(0, first)
        return judge

    @classmethod
    def resumed(cls, run: Run, kept: Mapping[str, Any]) -> "Judge":
        """Return who goes on with what :meth:`kept` says."""
        return cls(run, actor_kept(kept["best"], run.problem), kept["costs"], kept["seconds"], kept["latest"])

    def kept(self) -> dict[str, Any]:
        """Return what a checkpoint holds."""
        best = kept_actor(self.best, self.run.problem)
        return {"best": best, "costs": self.costs, "seconds": self.seconds, "latest": self.latest}

    @property
    def reserve(self) -> float:
        """Seconds to leave for the end of the run."""
        return 2.5 * self.seconds

    def played(self, done: int, actor: Actor, **told: float) -> Float[np.ndarray, " path"]:
        """Play a policy, add a point to the curve, and return its cost on each path, money."""
        problem, deadline = self.run.problem, self.run.deadline
        began = deadline.elapsed
        costs = costs_of(problem, actor.deciding(), self.run.key)
        self.seconds, self.latest = deadline.elapsed - began, float(costs.mean())
        self.run.point(done, costs, **told)
        return costs

    def near(self, share: float) -> bool:
        """Tell whether the policy that was played last costs at most a share more than the best."""
        best = float(self.costs.mean())
        return self.latest <= best + share * abs(best)

    def judge(self, done: int, actor: Actor, *, certain: float = FAVORED, **told: float) -> bool:
        """Keep a policy if it is cheaper on the same events, and tell whether it is.

        Parameters
        ----------
        done
            Policies so far.
        actor
            The policy.
        certain
            Standard errors by which it must be cheaper.
        told
            What else is told of it.
        """
        costs = self.played(done, actor, **told)
        cheaper = favored(self.costs - costs, certain)
        if cheaper:
            self.best, self.costs = actor.deciding(), costs
        return cheaper

    def costs_of(self, actor: Actor, paths: int) -> Float[np.ndarray, " path"]:
        """Return what a policy costs on some of the events of selection, money."""
        return costs_of(self.run.problem, actor.deciding(), self.run.key, paths=paths)

    def compared(self, actor: Actor, paths: int = PATHS) -> bool:
        """Keep a policy if it is cheaper on some of these events; for policies that take long to play."""
        costs = self.costs_of(actor, paths)
        # A path meets the same events however many others are beside it.
        saved = self.costs[:paths] - costs
        cheaper = favored(saved, FAVORED)
        if cheaper:
            self.best, self.costs = actor.deciding(), self.costs - saved.mean()
        return cheaper
