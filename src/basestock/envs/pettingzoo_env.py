"""A problem as a game of nodes for PettingZoo: every node that orders is an agent with its own view."""

from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces
from jaxtyping import Array
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils import parallel_to_aec

from basestock.decision import Problem
from basestock.envs.actions import ActionKind
from basestock.envs.compiled import Compiled
from basestock.envs.functional import Environment, EnvState, make_environment
from basestock.envs.render import RenderMode, show
from basestock.envs.settings import require_settings
from basestock.envs.spaces import LARGEST, action_legend, flat_space, observation_legend

RewardKind = Literal["shared", "local"]


def _reset(environment: Environment, key: Array) -> tuple[EnvState, Array]:
    return environment.reset(key)


def _step(environment: Environment, state: EnvState, action: Array) -> tuple[EnvState, Array, Array, Array]:
    result = environment.step(state, action)
    return result.state, result.observation, result.reward, result.places


class ParallelEnvironment(ParallelEnv[str, np.ndarray, Any]):
    """All nodes order at once.

    Parameters
    ----------
    problem
        The problem.
    actions
        ``continuous`` or ``multi_discrete``: the encoding of what a node orders on its inbound lanes.
    reward
        ``shared``: every agent is paid minus the cost of the whole network; ``local``: minus the cost at its own node,
        so that the agents' rewards add up to that of the network (nodes that decide nothing share theirs equally).
    largest_order, levels, decides, horizon, render_mode
        As for :class:`basestock.envs.gymnasium_env.GymnasiumEnvironment`.

    Notes
    -----
    A node sees its own stock, demand and waiting demand, and what is ordered and under way on the lanes that lead
    to it.
    """

    metadata = {  # noqa: RUF012
        "render_modes": ["rgb_array", "human"],
        "name": "basestock_v0",
        "is_parallelizable": True,
        "render_fps": 4,
    }

    def __init__(
        self,
        problem: Problem,
        *,
        actions: ActionKind = "continuous",
        reward: RewardKind = "shared",
        largest_order: float | None = None,
        levels: int | None = None,
        decides: Sequence[str] | None = None,
        horizon: int | None = None,
        render_mode: RenderMode | None = None,
    ) -> None:
        if actions == "discrete":
            raise ValueError(
                f"environment of {problem.name!r}: actions is 'discrete', must be 'continuous' or 'multi_discrete': "
                "every agent has an action of its own. Choose one of them."
            )
        given = {"actions": actions, "largest_order": largest_order, "levels": levels, "decides": decides}
        given |= {"reward": reward, "horizon": horizon, "render_mode": render_mode}
        require_settings(problem.name, given)
        self.problem = problem
        self._mode: RenderMode | None = render_mode
        self.render_mode = render_mode
        self.reward = reward
        self.environment = make_environment(
            problem,
            actions=actions,
            largest_order=largest_order,
            levels=levels,
            decides=decides,
            horizon=horizon,
        )
        self._place_agents()
        self.agents: list[str] = []
        compiled = Compiled(self.environment)
        self._reset, self._step = compiled(_reset), compiled(_step)
        self._state: EnvState | None = None
        self._random = np.random.default_rng()

    def _place_agents(self) -> None:
        network, codec = self.problem.network, self.environment.codec
        ends = {lane.name: lane.destination for lane in network.lanes}
        ends |= {process.name: process.node for process in network.processes}
        orders = [ends.get(slot.owner, slot.owner) for slot in codec.slots]
        self.possible_agents = [node.name for node in network.nodes if node.name in orders]
        legend = self.environment.legend
        owners = [ends.get(label.owner, label.owner) for label in legend]
        self._slots = {
            agent: np.array([i for i, owner in enumerate(orders) if owner == agent])
            for agent in self.possible_agents
        }
        self._seen = {
            agent: np.array([i for i, owner in enumerate(owners) if owner == agent])
            for agent in self.possible_agents
        }
        flat, named, meant = flat_space(legend), observation_legend(legend), action_legend(codec)
        self.observation_legend = {agent: tuple(named[i] for i in seen) for agent, seen in self._seen.items()}
        self.action_legend = {agent: tuple(meant[i] for i in slots) for agent, slots in self._slots.items()}
        self.observation_spaces = {
            agent: spaces.Box(flat.low[seen], flat.high[seen], dtype=np.float32)
            for agent, seen in self._seen.items()
        }
        self.action_spaces = {agent: self._space(slots) for agent, slots in self._slots.items()}
        self.state_space = flat

    def _space(self, slots: np.ndarray) -> spaces.Space[Any]:
        codec = self.environment.codec
        if codec.kind == "continuous":
            return spaces.Box(-1.0, 1.0, (len(slots),), dtype=np.float32)
        return spaces.MultiDiscrete(np.array(codec.sizes, dtype=np.int64)[slots])

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """Return what an agent sees."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """Return what an agent may do."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
        """Start an episode; the seed fixes all its events."""
        if seed is not None:
            self._random = np.random.default_rng(seed)
        key = jax.random.key(int(self._random.integers(2**31)))
        self._state, observation = self._reset(key)
        self.agents = list(self.possible_agents)
        return self._views(observation), {agent: {} for agent in self.agents}

    def step(
        self, actions: dict[str, Any]
    ) -> tuple[
        dict[str, np.ndarray],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """Let every node order, and play the period out.

        Raises
        ------
        ValueError
            If no episode runs, an agent's action is missing, or it is outside its space; all of them are named.
        """
        if self._state is None or not self.agents:
            raise ValueError(f"environment of {self.problem.name!r}: no episode runs. Call reset first.")
        joint = self._joint(actions)
        following, observation, reward, places = self._step(self._state, jnp.asarray(joint))
        self._state = following
        agents = self.agents
        over = int(following.elapsed) >= self.environment.horizon
        rewards = self._rewards(float(reward), np.asarray(places, dtype=np.float64))
        views = self._views(observation)
        if over:
            self.agents = []
        return (
            views,
            rewards,
            dict.fromkeys(agents, False),
            dict.fromkeys(agents, over),
            {agent: {} for agent in agents},
        )

    def state(self) -> np.ndarray:
        """Return what all agents together see, and the rest of the network."""
        if self._state is None:
            raise ValueError(f"environment of {self.problem.name!r}: no episode runs. Call reset first.")
        return np.clip(self._last, -LARGEST, LARGEST)

    def render(self) -> Any:
        """Return a picture, or show it, as the render mode says."""
        if self._mode is None or self._state is None:
            return None
        return show(self.problem, self._state.opened, self._mode)

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _joint(self, actions: dict[str, Any]) -> np.ndarray:
        wrong = [
            f"{agent}: {actions.get(agent)!r} must be in {self.action_spaces[agent]}"
            for agent in self.agents
            if agent not in actions or not self.action_spaces[agent].contains(actions[agent])
        ]
        if wrong:
            raise ValueError(
                f"environment of {self.problem.name!r}: {'; '.join(wrong)}. Correct the actions."
            )
        whole = self.environment.codec.kind != "continuous"
        joint = np.zeros(len(self.environment.codec.slots), dtype=np.int64 if whole else np.float32)
        for agent in self.agents:
            joint[self._slots[agent]] = actions[agent]
        return joint

    def _rewards(self, total: float, places: np.ndarray) -> dict[str, float]:
        if self.reward == "shared":
            return dict.fromkeys(self.agents, total)
        at = self.problem.network.node_index
        own = {agent: float(places[at[agent]]) for agent in self.agents}
        rest = (float(places.sum()) - sum(own.values())) / len(own)
        return {agent: value + rest for agent, value in own.items()}

    def _views(self, observation: Array) -> dict[str, np.ndarray]:
        self._last = np.asarray(observation, dtype=np.float32)
        return {agent: self._last[self._seen[agent]] for agent in self.possible_agents}


def aec_environment(problem: Problem, **settings: Any) -> AECEnv[str, np.ndarray, Any]:
    """Return the same game turn by turn: nodes order one after the other, then the period is played out.

    Parameters
    ----------
    problem, settings
        As for :class:`ParallelEnvironment`.
    """
    return parallel_to_aec(ParallelEnvironment(problem, **settings))
