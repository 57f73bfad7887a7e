"""Steps of or-gym's serial line and of its network in a CPU second, beside a plain step in NumPy.

The plain step is written from the formulas of the original for one environment, as the original is; the original
itself made about 15,000 steps in a CPU second on this kind of machine, and the maintained network environment
gym-invmgmt about 8,300. Where gym-invmgmt is installed, its step is timed in the same turns. Environments run side
by side here; a step is one period of one of them. Events given: demand was recorded and orders are constant. Drawn
inside: the program draws demand, and orders between nothing and the capacity of each link. Vector environment: the
native Gymnasium environment of 1,024, actions given, observations and rewards as NumPy arrays after each period.
"""

import importlib.util
import json
from collections.abc import Callable, Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Game, Observation, Policy, Problem, game, simulate
from basestock.dynamics import Decision, Step
from basestock.economics import Ledger, Tariff
from basestock.envs.vector import VectorEnvironment
from basestock.problems.or_gym import inventory_management, network_management
from basestock.uncertainty import Recorded, record, root_words
from benchmarks.alone import alone
from benchmarks.measure import cpu_seconds, in_turns, ratio, summary
from benchmarks.registry import Benchmark, Measurement

ENVIRONMENTS, PERIODS, REPEATS = 2048, 30, 9
PLAIN_STEPS, VECTOR = 3000, 1024
ORIGINAL = 15_000
"""Steps of the original serial line in a CPU second."""

WANTED = {
    "serial line, events given": 1000.0 * ORIGINAL,
    "serial line, drawn inside": 150.0 * ORIGINAL,
    "serial line, vector environment": 30.0 * ORIGINAL,
    "network, events given": 100.0 * 8_300,
    "network, drawn inside": None,
}
"""Steps wanted in a CPU second."""

SUCCESSOR = 1 / 100
"""Largest share wanted of the time of a step of gym-invmgmt, events given."""


class Profit(eqx.Module):
    """Adds up the profit of each environment."""

    tariff: Tariff
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, profit: Array, step: Step) -> tuple[Array, None]:
        """Add one period."""
        return profit - jnp.asarray(self.ledger.signs) @ self.ledger.by_term(self.tariff, step), None


class Constant(Policy):
    """Orders the same on every lane."""

    units: Array

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Return the orders."""
        lanes = observation.in_transit
        return Decision(jnp.broadcast_to(self.units, lanes.shape)), memory


class Random(Policy):
    """Orders any quantity up to a largest one, on each lane and in each environment."""

    largest: Array

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Return the orders."""
        return Decision(self.largest * jax.random.uniform(key, observation.in_transit.shape)), memory


def plain_serial_line() -> Callable[[], object]:
    """Return an episode after episode of the serial line, one period at a time in NumPy."""
    start, capacity, lead = (
        np.array([100.0, 100.0, 200.0]),
        np.array([100.0, 90.0, 80.0]),
        np.array([3, 5, 10]),
    )
    short, holding = np.array([0.10, 0.075, 0.05, 0.025]), np.array([0.15, 0.10, 0.05])
    demand = np.random.default_rng(0).poisson(20, PLAIN_STEPS).astype(float)
    action = np.array([21.0, 20.0, 19.0])

    def run() -> float:
        total, period = 0.0, PERIODS
        stock = transit = waiting = np.zeros(0)
        shipped = np.zeros((PERIODS, 3))
        for asked in demand:
            if period == PERIODS:
                stock, transit, waiting, period = start.copy(), np.zeros(3), np.zeros(4), 0
                shipped[:] = 0.0
            requests = np.trunc(np.maximum(action, 0.0)) + waiting[1:]
            sent = np.minimum(np.minimum(requests, capacity), np.append(stock[1:], np.inf))
            shipped[period] = sent
            arrived = np.array([shipped[period - lead[i], i] if period >= lead[i] else 0.0 for i in range(3)])
            wanted = asked + waiting[0]
            sold = min(stock[0] + arrived[0], wanted)
            stock = stock + arrived - np.array([sold, sent[0], sent[1]])
            transit = transit - arrived + sent
            waiting = np.concatenate([[wanted - sold], requests - sent])
            profit = 2.0 * sold - 0.5 * sent[2] - short @ waiting - holding @ stock
            total += 0.97**period * float(profit)
            period += 1
        return total

    return run


def successor() -> Callable[[], object] | None:
    """Return steps of gym-invmgmt's network, where it is installed."""
    if importlib.util.find_spec("gym_invmgmt") is None:
        return None
    from gym_invmgmt import CoreEnv  # pyright: ignore[reportMissingImports]

    environment, action = CoreEnv(scenario="network"), np.full(11, 10.0)

    def run() -> None:
        environment.reset(seed=0)
        for step in range(PLAIN_STEPS):
            environment.step(action)
            if step % PERIODS == PERIODS - 1:
                environment.reset()

    return run


def _paths(name: str, problem: Problem, largest: float) -> dict[str, Callable[[], object]]:
    """Return whole episodes of many environments, with events given and drawn inside."""
    key, replications = jax.random.key(0), jnp.arange(ENVIRONMENTS)
    start = problem.start(ENVIRONMENTS)
    fold, initial = Profit(problem.tariff, problem.ledger), jnp.zeros(ENVIRONMENTS)

    def path(played: Game, policy: Policy) -> object:
        return jax.block_until_ready(
            simulate(played, policy, start, key=key, num_periods=PERIODS, fold=fold, initial=initial)
        )

    events = record(problem.events, root_words(key), PERIODS, replications)
    given, drawn = game(problem, Recorded(events)), game(problem)
    constant, anything = Constant(jnp.asarray(largest / 4)), Random(jnp.asarray(largest))
    return {
        f"{name}, events given": lambda: path(given, constant),
        f"{name}, drawn inside": lambda: path(drawn, anything),
    }


def vector_environment() -> Callable[[], object]:
    """Return whole episodes of the serial line through Gymnasium, the step that begins anew among them."""
    environment = VectorEnvironment(inventory_management(mode="faithful"), VECTOR)
    shape = environment.action_space.shape or ()
    actions = np.random.default_rng(0).uniform(-1, 1, (PERIODS, *shape)).astype(np.float32)
    environment.reset(seed=0)

    def run() -> None:
        for action in actions:
            environment.step(action)

    return run


def times() -> dict[str, list[float]]:
    """Return CPU seconds of one step."""
    steps = ENVIRONMENTS * PERIODS
    runs = {
        **_paths("serial line", inventory_management(mode="faithful"), 90.0),
        **_paths("network", network_management(), 40.0),
    }
    timed: dict[str, Callable[[], float]] = {
        name: lambda run=run: cpu_seconds(run) / steps for name, run in runs.items()
    }
    plain, other = plain_serial_line(), successor()
    through = vector_environment()
    timed["serial line, vector environment"] = lambda: cpu_seconds(through) / (VECTOR * PERIODS)
    timed["serial line, plain NumPy step"] = lambda: cpu_seconds(plain) / PLAIN_STEPS
    if other is not None:
        timed["network, gym-invmgmt"] = lambda: cpu_seconds(other) / PLAIN_STEPS
    return in_turns(timed, REPEATS)


def measure() -> Iterator[Measurement]:
    """Report how many steps a CPU second holds, and how many times that is of the others in the same turn."""
    found = alone("benchmarks.or_gym")
    for name, seconds in found.items():
        wanted = WANTED.get(name)
        limit = None if wanted is None else 1e9 / wanted
        yield summary(f"step of the {name}", [1e9 * second for second in seconds], "CPU ns", limit)
        yield summary(f"steps of the {name}", [1 / second for second in seconds], "1 / CPU s")
    pairs = {"serial line": "serial line, plain NumPy step", "network": "network, gym-invmgmt"}
    for chain, other in pairs.items():
        for way in ("events given", "drawn inside", "vector environment"):
            if other in found and f"{chain}, {way}" in found:
                both = zip(found[other], found[f"{chain}, {way}"], strict=True)
                yield summary(
                    f"{chain}, {way}: times {other}", [theirs / ours for theirs, ours in both], "times"
                )
    if "network, gym-invmgmt" in found:
        ours, theirs = found["network, events given"], found["network, gym-invmgmt"]
        yield ratio("step of the network, share of gym-invmgmt's", ours, theirs, SUCCESSOR)


BENCHMARK = Benchmark(
    "or_gym", "steps of or-gym's environments in a CPU second, beside a plain step", measure, quick=False
)

if __name__ == "__main__":
    print(json.dumps(times()))
