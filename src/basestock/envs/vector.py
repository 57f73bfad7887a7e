"""Many environments at once for Gymnasium, on one compiled step."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from jaxtyping import Array

from basestock.decision import Problem
from basestock.envs.actions import ActionKind
from basestock.envs.compiled import Compiled
from basestock.envs.functional import Environment, EnvState, make_environment
from basestock.envs.gymnasium_env import ObservationKind
from basestock.envs.settings import require_settings
from basestock.envs.spaces import (
    action_legend,
    action_space,
    blocks,
    dict_space,
    flat_space,
    observation_legend,
)


def _reset(environment: Environment, key: Array, replications: Array) -> tuple[EnvState, Array]:
    state, observation = environment.reset_replications(key, replications)
    return state, observation.T


def _step(environment: Environment, state: EnvState, action: Array) -> tuple[EnvState, Array, Array]:
    result = environment.step_batch(state, action.T)
    return result.state, result.observation.T, result.reward


class VectorEnvironment(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """A problem as a native vector environment: all episodes start and end together.

    Parameters
    ----------
    problem
        The problem.
    num_envs
        Environments that are played side by side; number r meets the same events whatever their number.
    actions, observations, largest_order, levels, decides, horizon
        As for :class:`basestock.envs.gymnasium_env.GymnasiumEnvironment`.

    Notes
    -----
    The step after a truncated one starts the next episodes (Gymnasium's ``NEXT_STEP`` convention): its action counts
    for nothing and its reward is 0.
    """

    def __init__(
        self,
        problem: Problem,
        num_envs: int = 1,
        *,
        actions: ActionKind = "continuous",
        observations: ObservationKind = "flat",
        largest_order: float | None = None,
        levels: int | None = None,
        decides: Sequence[str] | None = None,
        horizon: int | None = None,
        render_mode: None = None,
    ) -> None:
        given = {"actions": actions, "largest_order": largest_order, "levels": levels, "decides": decides}
        given |= {"observations": observations, "horizon": horizon, "num_envs": num_envs}
        require_settings(problem.name, given)
        self.problem = problem
        self.num_envs = num_envs
        self.render_mode = render_mode
        self.environment = make_environment(
            problem,
            actions=actions,
            largest_order=largest_order,
            levels=levels,
            decides=decides,
            horizon=horizon,
        )
        legend = self.environment.legend
        self.observation_legend = observation_legend(legend)
        self.action_legend = action_legend(self.environment.codec)
        self._blocks = blocks(legend) if observations == "dict" else None
        self.single_observation_space = dict_space(legend) if observations == "dict" else flat_space(legend)
        self.single_action_space = action_space(self.environment.codec)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        compiled = Compiled(self.environment)
        self._reset, self._step = compiled(_reset), compiled(_step)
        self._state: EnvState | None = None
        self._ended = False
        self._elapsed = 0

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start all episodes; one seed fixes the events of all.

        Raises
        ------
        ValueError
            If a list of seeds is given: the environments share one root of events.
        """
        if isinstance(seed, list):
            raise ValueError(
                f"environment of {self.problem.name!r}: seed is a list, must be one whole number or None: number r "
                "of the environments has its own events under it. Give one seed."
            )
        super().reset(seed=seed)
        return self._begin(), {}

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Play one period of every environment.

        Raises
        ------
        ValueError
            If the actions have the wrong shape or are not finite.
        gymnasium.error.ResetNeeded
            If no episode has been started.
        """
        if self._state is None:
            raise gymnasium.error.ResetNeeded("environment: step before reset. Call reset first.")
        given = self._checked(actions)
        never = np.zeros(self.num_envs, dtype=bool)
        if self._ended:
            return self._begin(), np.zeros(self.num_envs, dtype=np.float64), never, never.copy(), {}
        self._state, observation, reward = self._step(self._state, given)
        self._elapsed += 1
        self._ended = self._elapsed >= self.environment.horizon
        rewards = np.asarray(reward, dtype=np.float64)
        return self._view(observation), rewards, never, np.full(self.num_envs, self._ended), {}

    def _begin(self) -> Any:
        key = jax.random.key(int(self.np_random.integers(2**31)))
        self._state, observation = self._reset(key, jnp.arange(self.num_envs))
        self._ended, self._elapsed = False, 0
        return self._view(observation)

    def _checked(self, actions: Any) -> Array:
        given = np.asarray(actions)
        shape = self.action_space.shape
        if given.shape != shape or not np.isfinite(given).all():
            raise ValueError(
                f"environment of {self.problem.name!r}: actions have shape {given.shape}, must be finite and of shape "
                f"{shape}. Reshape or repair them."
            )
        return jnp.asarray(given)

    def _view(self, observations: Array) -> Any:
        values = np.asarray(observations)
        if self._blocks is None:
            return values
        return {name: values[:, part] for name, part in self._blocks.items()}
