"""Every way to decide behind one protocol: rules, programs, learners, and what is learned on top of a rule."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from basestock.decision import Policy, Problem, begin, game
from basestock.evaluation.report import policy_parameters
from basestock.learning.actors import Actor
from basestock.learning.registry import ALGORITHMS, learn
from basestock.learning.streams import run_key
from basestock.optimal.players import PLAYERS
from basestock.optimal.programs.paths import mean_demand
from basestock.policies import REGISTRY, fit
from basestock.uncertainty import root_words

Category = Literal["rule", "program", "learned", "hybrid"]

Finds = Callable[[Problem, int, float, Mapping[str, Any]], Policy]


@dataclasses.dataclass(frozen=True)
class Method:
    """A way to find a policy.

    Parameters
    ----------
    name
        Registered name.
    category
        ``rule``: classical, its parameters searched or computed; ``program``: an optimum, a mathematical program, or
        simulation ahead; ``learned``: a network; ``hybrid``: a network on top of a rule, or that begins as one.
    meaning
        One line for lists.
    finds
        From a problem, a seed, seconds and settings to a policy.
    """

    name: str
    category: Category
    meaning: str
    finds: Finds = dataclasses.field(repr=False)

    def fit(
        self, problem: Problem, *, seed: int = 0, seconds: float = math.inf, settings: Mapping[str, Any] = {}
    ) -> "Fitted":
        """Find a policy for a problem.

        Parameters
        ----------
        problem
            The problem.
        seed
            Of the events that it is found on, and of weights.
        seconds
            Time for it; of learners their own default if not given.
        settings
            Of learners; others have none.

        Raises
        ------
        ValueError
            If the method does not apply to the problem, or has no such setting.
        """
        if settings and self.category in ("rule", "program"):
            raise ValueError(
                f"method {self.name!r}: has no settings, must be given none; it got {', '.join(sorted(settings))}. "
                "Leave them out."
            )
        return Fitted(self, problem, self.finds(problem, seed, seconds, settings))


@dataclasses.dataclass(frozen=True, eq=False)
class Fitted:
    """A policy that a method found.

    Parameters
    ----------
    method, problem
        How, and for what.
    policy
        The policy.
    """

    method: Method
    problem: Problem
    policy: Policy

    @property
    def category(self) -> Category:
        """Category of the method."""
        return self.method.category

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters by name, by place where these differ; of networks their widths and number of weights."""
        if isinstance(self.policy, Actor):
            leaves = jax.tree.leaves(self.policy.network)
            return {"form": self.policy.form, "weights": sum(int(np.size(leaf)) for leaf in leaves)}
        return policy_parameters(self.problem, self.policy)

    def forecast(self, periods: int) -> Float[np.ndarray, "period node item"]:
        """Return the demand that is expected from the declared start on, units.

        Parameters
        ----------
        periods
            How far.
        """
        return mean_demand(self.problem, periods)

    def recommend(self) -> dict[tuple[str, str], float]:
        """Return what is ordered at the declared start: units by lane and item, those that are not 0."""
        problem, network = self.problem, self.problem.network
        root = root_words(run_key(0))
        start = begin(game(problem), self.policy, problem.start(1), root)
        seen, own = start.memory
        observation, _ = problem.information.observe(
            problem.arrays, start.state, start.world, start.outcome, seen, key=jax.random.key(0)
        )
        decision, _ = self.policy(observation, own, key=jax.random.key(0))
        shape = (problem.arrays.num_lanes, problem.arrays.num_items, 1)
        units = np.asarray(jnp.broadcast_to(decision.order, shape))[..., 0]
        return {
            (lane.name, item.name): float(units[row, column])
            for row, lane in enumerate(network.lanes)
            for column, item in enumerate(network.items)
            if units[row, column] != 0
        }


def _known(name: str) -> Finds:
    """Return what finds a policy that is registered by name."""

    def finds(problem: Problem, seed: int, seconds: float, settings: Mapping[str, Any]) -> Policy:
        entry = PLAYERS[name]
        if entry.compute is not None and entry.box is None:
            return entry.compute(problem)
        return fit(problem, entry, seed=seed, max_seconds=seconds).policy

    return finds


def _learned(algorithm: str, usual: Mapping[str, Any]) -> Finds:
    """Return what learns a policy."""

    def finds(problem: Problem, seed: int, seconds: float, settings: Mapping[str, Any]) -> Policy:
        limit = {} if math.isinf(seconds) else {"seconds": seconds}
        return learn(problem, algorithm, key=run_key(seed), settings={**usual, **limit, **settings}).policy

    return finds


HYBRIDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "residual": ("pathwise", {"structure": "residual"}, "a network that adds to a tuned rule"),
    "imitated": (
        "pathwise",
        {"begin_with": "base_stock"},
        "pathwise, from a network that imitates a base stock",
    ),
}
"""Learner, settings and meaning of methods that are made of a rule and a network."""


@functools.cache
def methods() -> dict[str, Method]:
    """Return every method by name."""
    found = [
        Method(name, "rule" if name in REGISTRY else "program", entry.meaning, _known(name))
        for name, entry in PLAYERS.items()
    ]
    found += [Method(name, "learned", each.meaning, _learned(name, {})) for name, each in ALGORITHMS.items()]
    found += [
        Method(name, "hybrid", meaning, _learned(algorithm, settings))
        for name, (algorithm, settings, meaning) in HYBRIDS.items()
    ]
    return {each.name: each for each in found}
