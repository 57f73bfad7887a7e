"""The names that learners go by in Python, on the command line and in reports."""

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.checkpoints import Checkpoint
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell
from basestock.learning.settings import configured


@runtime_checkable
class Train(Protocol):
    """What a learner does."""

    def __call__(
        self,
        problem: Problem,
        config: Any,
        *,
        key: Array,
        tell: Tell = ...,
        checkpoint: Checkpoint | None = None,
    ) -> TrainResult:
        """Learn a policy.

        Parameters
        ----------
        problem
            A simulated problem.
        config
            Settings, of the learner's own dataclass.
        key
            Key of the run: weights, training and selection events follow from it.
        tell
            Is told every point of the curve: its cost, and scalars of the learner, named as CleanRL does where that has
            a name (``losses/policy_loss`` and so on).
        checkpoint
            Where the run keeps what it needs to go on, and whether it goes on with what is there; nothing is kept if
            not given.

        Returns
        -------
        TrainResult
            The cheapest candidate on events of selection, without exploration: the last parameters, their average or
            those that targets are computed with, or the best point of the curve.
        """
        ...


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
    def config(self) -> type[Any]:
        """Dataclass of its settings."""
        return getattr(self._module, self.settings)

    @property
    def train(self) -> Train:
        """Its function."""
        return self._module.train

    def configured(self, given: Mapping[str, Any]) -> Any:
        """Return its settings, those that are not given at their defaults.

        Raises
        ------
        SettingError
            If a setting is unknown or breaks the rule of its field.
        """
        return configured(self.name, self.config, given)


ALGORITHMS: dict[str, Algorithm] = {
    each.name: each
    for each in (
        Algorithm("pathwise", "PathwiseConfig", "policy gradient through the transition itself"),
        Algorithm(
            "evolution", "EvolutionConfig", "evolution strategies: tries on common events, no derivative"
        ),
        Algorithm("imitation", "ImitationConfig", "a network that learns what a known policy does"),
        Algorithm("ppo", "PPOConfig", "proximal policy optimization, an actor and a critic"),
        Algorithm("a2c", "A2CConfig", "advantage actor-critic"),
        Algorithm("sac", "SACConfig", "soft actor-critic from a replay of experience"),
        Algorithm("td3", "TD3Config", "twin delayed deterministic policy gradient"),
        Algorithm("ddpg", "DDPGConfig", "deep deterministic policy gradient"),
        Algorithm("dqn", "DqnConfig", "deep Q-learning: double, dueling, prioritized, one head a quantity"),
        Algorithm(
            "deep_controlled",
            "DeepControlledConfig",
            "policy iteration: simulated choices, learned by a network",
        ),
        Algorithm(
            "fitted_value",
            "FittedValueConfig",
            "fitted value iteration: a network of values, exact expectations of what follows",
        ),
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
        ``tell``: is told every point of the curve; ``checkpoint``: where the run keeps what it needs to go on.

    Raises
    ------
    SettingError
        If a setting is unknown or breaks the rule of its field.
    """
    chosen = ALGORITHMS[algorithm]
    return chosen.train(problem, chosen.configured(settings or {}), key=key, **more)
