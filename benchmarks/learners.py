"""Our PPO, SAC and DQN beside Stable-Baselines3's: as many steps of the same problems, judged on the same fresh events.

Theirs have their default settings and learn in our vector environment of eight, with observations and rewards
normalized as their documentation advises, and with the share of an episode that is left where episodes end. Ours have
settings for few steps, the same for every problem: fewer paths beside each other and more gradient steps for each,
where their defaults are for budgets of time, in which steps cost next to nothing. Processor time of a run holds
everything but compiling, which is told apart: theirs the environment, ours the play on events of selection, which is
beyond the counted steps. Runs of both alternate, seed by seed. Deep Q-learning has a joint action of few levels of each
quantity, the same for both.
"""

import dataclasses
import importlib.util
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy, Problem, flatten
from basestock.dynamics import Decision
from basestock.envs import ActionCodec, action_codec
from basestock.envs.vector import VectorEnvironment
from basestock.evaluation import play
from basestock.learning import TrainResult, learn, run_key
from basestock.network import SupplyNetwork
from basestock.problems import make_problem
from benchmarks.alone import alone
from benchmarks.measure import cpu_seconds, ratio, summary
from benchmarks.registry import Benchmark, Measurement

ENVIRONMENTS = 8
"""Environments that theirs play beside each other."""

SEEDS = 3
JUDGED = 99
"""Seed of the events that policies are judged on."""

UNHURRIED = 3600.0
"""Seconds that a run of ours may take; its updates are counted."""

SHORTFALL = 0.02
"""Share of their return that ours may lack."""


@dataclasses.dataclass(frozen=True)
class Learner:
    """A learner in both libraries.

    Parameters
    ----------
    ours, theirs
        Settings that are not defaults. Theirs keep as many gradient steps for a step of the environment as with one.
    limit
        Largest share wanted of their processor time.
    levels
        Levels of each quantity, where actions are discrete.
    """

    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]
    limit: float
    levels: int | None = None


LEARNERS = {
    "ppo": Learner({"paths": 64, "epochs": 10, "minibatches": 8}, {"n_steps": 2048 // ENVIRONMENTS}, 1 / 30),
    "sac": Learner({"paths": 16, "steps": 240}, {"train_freq": 1, "gradient_steps": ENVIRONMENTS}, 1 / 5),
    "dqn": Learner(
        {"paths": 16, "gradient_steps": 16},
        {"train_freq": 1, "gradient_steps": ENVIRONMENTS // 4},
        1 / 5,
        levels=6,
    ),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """What is learned by whom.

    Parameters
    ----------
    algorithm
        Name of the learner.
    problem, parameters
        Name and settings of the problem.
    steps
        Steps of the environment.
    replications
        Episodes that a policy is judged on.
    """

    algorithm: str
    problem: str
    steps: int
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    replications: int = 512


SERIAL, SHELVES = "or_gym/inv_management_v0", "inventory_management"

CASES = {
    "ppo, serial line": Case("ppo", SERIAL, 40_000),
    "ppo, 150 shelves": Case("ppo", SHELVES, 20_000, replications=64),
    "sac, serial line": Case("sac", SERIAL, 1_000),
    "sac, 150 shelves": Case("sac", SHELVES, 500, replications=64),
    "dqn, serial line": Case("dqn", SERIAL, 10_000),
    "dqn, 2 shelves": Case("dqn", SHELVES, 10_000, {"num_stores": 1, "num_products": 2}, replications=64),
}
"""Their DQN needs one number for the joint action: of the page example one store and two products remain."""


class TorchPolicy(Policy):
    """What a policy network of the other library decides.

    Parameters
    ----------
    codec
        From actions to quantities.
    network
        The authored network.
    predict
        From observations ``[replication, feature]`` to actions ``[replication, ...]``.
    horizon
        Periods of an episode that ends, whose share left is told; 0 where nothing ends.
    """

    codec: ActionCodec
    network: SupplyNetwork = eqx.field(static=True)
    predict: Callable[[np.ndarray], np.ndarray] = eqx.field(static=True)
    horizon: int = eqx.field(static=True)

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Decide outside of JAX."""
        seen = flatten(observation, self.network).T
        joint = self.codec.kind == "discrete"
        shape = seen.shape[:1] if joint else (len(seen), len(self.codec.slots))
        wanted = jax.ShapeDtypeStruct(shape, jnp.int32 if joint else jnp.float32)

        def decided(seen: Any, period: Any) -> np.ndarray:
            read = with_time(np.asarray(seen), int(period), self.horizon)
            return np.asarray(self.predict(read), wanted.dtype)

        return self.codec.decision(jax.pure_callback(decided, wanted, seen, observation.period).T), memory


def with_time(
    seen: Float[np.ndarray, "replication feature"], period: int, horizon: int
) -> Float[np.ndarray, "replication read"]:
    """Return observations and, where an episode ends, the share of it that is left."""
    if not horizon:
        return seen
    left = np.full((len(seen), 1), 1.0 - period / horizon, np.float32)
    return np.concatenate([seen, left], axis=1)


def ending(problem: Problem) -> int:
    """Return the periods after which nothing counts any more; 0 where a problem is judged in the long run."""
    return 0 if problem.averages else problem.horizon


def worth(problem: Problem) -> float:
    """Return what a reward of the next period is worth to theirs."""
    return problem.discount if problem.discounts else 0.99


def their_environment(problem: Problem, codec: ActionCodec, levels: int | None, seed: int) -> Any:
    """Return our vector environment as the other library wants it, normalized."""
    from gymnasium import spaces

    theirs: Any = importlib.import_module("stable_baselines3.common.vec_env")
    ours = VectorEnvironment(problem, ENVIRONMENTS, actions=codec.kind, levels=levels)
    first, horizon = with_time(ours.reset(seed=seed)[0], 0, ending(problem)), ending(problem)

    class Episodes(theirs.VecEnv):
        """Episodes that begin anew in the step that ends them."""

        period, given = 0, np.zeros(0)

        def reset(self) -> np.ndarray:
            self.period = 0
            return with_time(ours.reset()[0], 0, horizon)

        def step_async(self, actions: np.ndarray) -> None:
            self.given = actions

        def step_wait(self) -> Any:
            seen, rewards, _, ended, _ = ours.step(self.given)
            self.period += 1
            read, told = with_time(seen, self.period, horizon), [{} for _ in range(ENVIRONMENTS)]
            if ended.all():
                told = [{"terminal_observation": each, "TimeLimit.truncated": not horizon} for each in read]
                read = self.reset()
            return read, rewards.astype(np.float32), ended, told

        def close(self) -> None:
            ours.close()

        def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
            return [None] * ENVIRONMENTS

        def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
            raise AttributeError("environments are played together, none by itself")

        def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
            raise AttributeError("environments are played together, none by itself")

        def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
            return [False] * ENVIRONMENTS

    box = spaces.Box(-np.inf, np.inf, first.shape[1:])
    return theirs.VecNormalize(Episodes(ENVIRONMENTS, box, ours.single_action_space), gamma=worth(problem))


def theirs(case: Case, problem: Problem, seed: int) -> tuple[float, float]:
    """Return the processor seconds of a run of theirs, and the mean return of its policy."""
    learner = LEARNERS[case.algorithm]
    codec = action_codec(problem, "discrete" if learner.levels else "continuous", levels=learner.levels)
    environment = their_environment(problem, codec, learner.levels, seed)
    kind = getattr(importlib.import_module("stable_baselines3"), case.algorithm.upper())
    given = {**learner.theirs, "gamma": worth(problem), "seed": seed, "device": "cpu"}
    model = kind("MlpPolicy", environment, **given)
    seconds = cpu_seconds(lambda: model.learn(case.steps))

    def predict(seen: np.ndarray) -> np.ndarray:
        return model.predict(environment.normalize_obs(seen), deterministic=True)[0]

    return seconds, judged(case, problem, TorchPolicy(codec, problem.network, predict, ending(problem)))


def ours(case: Case, problem: Problem, seed: int, updates: int) -> tuple[float, float, TrainResult]:
    """Return the processor seconds of a run of ours, the mean return of its policy, and the run."""
    learner = LEARNERS[case.algorithm]
    given = {**learner.ours, "seconds": UNHURRIED, "updates": updates}
    if learner.levels:
        given["levels"] = learner.levels
    found: list[TrainResult] = []
    seconds = cpu_seconds(
        lambda: found.append(learn(problem, case.algorithm, key=run_key(seed), settings=given))
    )
    return seconds, judged(case, problem, found[0].policy), found[0]


def judged(case: Case, problem: Problem, policy: Policy) -> float:
    """Return the mean return of a policy; larger is better."""
    totals = play(problem, policy, replications=case.replications, seed=JUDGED).totals
    return -problem.sign * float(totals.mean())


def compared(case: Case, seeds: int) -> dict[str, list[float]]:
    """Return processor seconds and returns of both, seed by seed, and what compiling takes."""
    importlib.import_module("torch").set_num_threads(1)
    problem = make_problem(case.problem, case.parameters)
    # Two updates tell how many steps one has.
    first, _, told = ours(case, problem, seeds, 2)
    again = ours(case, problem, seeds, 2)[0]
    steps = told.curve[-1].values["charts/global_step"] / told.updates
    updates = max(math.floor(case.steps / steps), 1)
    both = [(ours(case, problem, seed, updates), theirs(case, problem, seed)) for seed in range(seeds)]
    return {
        "steps": [updates * steps],
        "compiling": [max(first - again, 0.0)],
        "ours": [mine[0] for mine, _ in both],
        "theirs": [other[0] for _, other in both],
        "our return": [mine[1] for mine, _ in both],
        "their return": [other[1] for _, other in both],
    }


def measure() -> Iterator[Measurement]:
    """Report times, their ratio, and returns of every case."""
    if importlib.util.find_spec("stable_baselines3") is None:
        print("learners: stable_baselines3 must be installed. Install basestock[torch].", file=sys.stderr)
        return
    for name, case in CASES.items():
        found = alone("benchmarks.learners", name, str(SEEDS))
        mine, other = found["our return"], found["their return"]
        lacking = [(theirs - ours) / abs(theirs) for ours, theirs in zip(mine, other, strict=True)]
        limit = LEARNERS[case.algorithm].limit
        yield Measurement.counted(f"{name}: steps of ours", found["steps"][0], f"of {case.steps:,}")
        yield summary(f"{name}: ours", found["ours"], "CPU s")
        yield summary(f"{name}: theirs", found["theirs"], "CPU s")
        yield Measurement.counted(f"{name}: compiling ours", found["compiling"][0], "CPU s")
        yield ratio(f"{name}: share of their time", found["ours"], found["theirs"], limit)
        yield summary(f"{name}: return of ours", mine, "money")
        yield summary(f"{name}: return of theirs", other, "money")
        yield summary(f"{name}: share of their return that ours lacks", lacking, "ratio", SHORTFALL)


BENCHMARK = Benchmark(
    "learners", "PPO, SAC and DQN beside Stable-Baselines3's: time and return", measure, quick=False
)

if __name__ == "__main__":
    print(json.dumps(compared(CASES[sys.argv[1]], int(sys.argv[2]))))
