"""The names that learners go by in Python, on the command line and in reports."""

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.results import TrainResult


class SettingError(ValueError):
    """A setting of a learner is unknown or has a wrong value."""


@dataclasses.dataclass(frozen=True)
class Algorithm:
    """A registered learner.

    Parameters
    ----------
    name
        Registered name, and that of its module.
    settings
        Name of its dataclass of settings.
    meaning
        One line for lists.
    """

    name: str
    settings: str
    meaning: str

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"basestock.learning.{self.name}")

    @property
    def config(self) -> Callable[..., Any]:
        """Makes its settings."""
        return getattr(self._module, self.settings)

    @property
    def train(self) -> Callable[..., TrainResult]:
        """``(problem, config, *, key, tell) -> TrainResult``."""
        return self._module.train

    def configured(self, given: Mapping[str, Any]) -> Any:
        """Return its settings, those that are not given at their defaults.

        Raises
        ------
        SettingError
            If a setting is unknown or has another type than its default.
        """
        known = {field.name: field for field in dataclasses.fields(self.config())}
        defaults = self.config()
        strange = sorted(set(given) - set(known))
        if strange:
            raise SettingError(
                f"{self.name}: {', '.join(map(repr, strange))} unknown, must be one of {', '.join(known)}."
            )
        values = {
            name: _like(self.name, name, value, getattr(defaults, name)) for name, value in given.items()
        }
        return self.config(**values)


def _like(owner: str, name: str, value: Any, default: Any) -> Any:
    """Return a value as the type of its default."""
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(value)
    if isinstance(default, bool) or isinstance(value, bool):
        fine = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        fine = isinstance(value, int | float)
        value = float(value) if fine else value
    else:
        fine = default is None or isinstance(value, type(default))
    if not fine:
        raise SettingError(
            f"{owner}: {name} is {value!r}, must be like its default {default!r}. Correct the setting."
        )
    return value


ALGORITHMS: dict[str, Algorithm] = {
    each.name: each
    for each in (
        Algorithm("pathwise", "PathwiseConfig", "policy gradient through the transition itself"),
        Algorithm("ppo", "PPOConfig", "proximal policy optimization, an actor and a critic"),
        Algorithm("a2c", "A2CConfig", "advantage actor-critic"),
        Algorithm("sac", "SACConfig", "soft actor-critic from a replay of experience"),
        Algorithm("td3", "TD3Config", "twin delayed deterministic policy gradient"),
        Algorithm("ddpg", "DDPGConfig", "deep deterministic policy gradient"),
        Algorithm("dqn", "DqnConfig", "deep Q-learning: double, dueling, prioritized, one head a quantity"),
        Algorithm("tabular", "TabularConfig", "Q-learning with a table, for small problems"),
    )
}
"""Every learner by name."""


def learn(
    problem: Problem, algorithm: str, *, key: Array, settings: Mapping[str, Any] | None = None, **more: Any
) -> TrainResult:
    """Learn a policy.

    Parameters
    ----------
    problem
        The problem.
    algorithm
        Registered name of a learner.
    key
        Key of the run.
    settings
        Settings by name; others keep their defaults.
    more
        ``tell``: is told every point of the curve.

    Raises
    ------
    SettingError
        If a setting is unknown or has a wrong type.
    """
    chosen = ALGORITHMS[algorithm]
    return chosen.train(problem, chosen.configured(settings or {}), key=key, **more)
