"""One environment at a time for Gymnasium."""

from collections.abc import Sequence
from typing import Any, Literal

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Problem
from basestock.envs.actions import ActionKind
from basestock.envs.compiled import Compiled
from basestock.envs.functional import Environment, EnvState, make_environment
from basestock.envs.render import RenderMode, show
from basestock.envs.settings import require_settings
from basestock.envs.spaces import (
    action_legend,
    action_space,
    blocks,
    dict_space,
    flat_space,
    observation_legend,
)

ObservationKind = Literal["flat", "dict"]


def _reset(environment: Environment, key: Array) -> tuple[EnvState, Array]:
    return environment.reset(key)


def _step(environment: Environment, state: EnvState, action: Array) -> tuple[EnvState, Array, Array, Array]:
    result = environment.step(state, action)
    return result.state, result.observation, result.reward, result.terms


class GymnasiumEnvironment(gymnasium.Env[Any, Any]):
    """A problem as a Gymnasium environment: seeded, truncated at the horizon and never terminated.

    Parameters
    ----------
    problem
        The problem.
    actions
        ``continuous``, ``multi_discrete`` or ``discrete``.
    observations
        ``flat``, or ``dict`` with one array for each named block.
    largest_order, levels, decides
        See :func:`basestock.envs.actions.action_codec`.
    horizon
        Decisions of an episode; the problem's horizon if not given.
    render_mode
        ``rgb_array`` for pictures, ``human`` for a window (or text where there is no screen).

    Notes
    -----
    ``observation_legend`` and ``action_legend`` say what each number means, with units. The reward is minus the cost
    of the period by the ledger, undiscounted, in money; ``info["terms"]`` splits it.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        actions: ActionKind = "continuous",
        observations: ObservationKind = "flat",
        largest_order: float | None = None,
        levels: int | None = None,
        decides: Sequence[str] | None = None,
        horizon: int | None = None,
        render_mode: RenderMode | None = None,
    ) -> None:
        given = {"actions": actions, "largest_order": largest_order, "levels": levels, "decides": decides}
        given |= {"observations": observations, "horizon": horizon, "render_mode": render_mode}
        require_settings(problem.name, given)
        self.problem = problem
        self.environment = make_environment(
            problem,
            actions=actions,
            largest_order=largest_order,
            levels=levels,
            decides=decides,
            horizon=horizon,
        )
        legend = self.environment.legend
        self._mode: RenderMode | None = render_mode
        self.render_mode = render_mode
        self.observation_legend = observation_legend(legend)
        self.action_legend = action_legend(self.environment.codec)
        self._blocks = blocks(legend) if observations == "dict" else None
        self.observation_space = dict_space(legend) if observations == "dict" else flat_space(legend)
        self.action_space = action_space(self.environment.codec)
        compiled = Compiled(self.environment)
        self._reset, self._step = compiled(_reset), compiled(_step)
        self._state: EnvState | None = None

    metadata = {"render_modes": ["rgb_array", "human"], "render_fps": 4}  # noqa: RUF012

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode; the seed fixes all its events."""
        super().reset(seed=seed)
        key = jax.random.key(int(self.np_random.integers(2**31)))
        self._state, observation = self._reset(key)
        if self.render_mode == "human":
            self.render()
        return self._view(observation), {"period": 0}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Order, and play the period out.

        Raises
        ------
        ValueError
            If the action is outside the action space: wrong shape, out of range, or not finite.
        gymnasium.error.ResetNeeded
            If no episode has been started.
        """
        if self._state is None:
            raise gymnasium.error.ResetNeeded("environment: step before reset. Call reset first.")
        following, observation, reward, terms = self._step(self._state, jnp.asarray(self._checked(action)))
        self._state, elapsed = following, int(following.elapsed)
        info = {"period": elapsed, "terms": dict(zip(self.environment.terms, terms.tolist(), strict=True))}
        if self.render_mode == "human":
            self.render()
        return self._view(observation), float(reward), False, elapsed >= self.environment.horizon, info

    def render(self) -> Any:
        """Return a picture ``uint8[height, width, 3]``, or show it, as the render mode says."""
        if self._mode is None or self._state is None:
            return None
        return show(self.problem, self._state.opened, self._mode)

    def _checked(self, action: Any) -> Any:
        """Return an action of the space; shares may come as lists or in another precision."""
        if isinstance(self.action_space, gymnasium.spaces.Box) and np.asarray(action).dtype.kind in "fiu":
            action = np.asarray(action, dtype=np.float32)
        if not self.action_space.contains(action):
            raise ValueError(
                f"environment of {self.problem.name!r}: action {np.array2string(np.asarray(action), threshold=20)} is "
                f"outside the action space, must be in {self.action_space}. Clip or reshape it."
            )
        return action

    def _view(self, flat: Array) -> Any:
        values = np.asarray(flat, dtype=np.float32)
        if self._blocks is None:
            return values
        return {name: values[part] for name, part in self._blocks.items()}
