"""E-E2: how long one decision of the assembly system takes."""

import dataclasses
import platform
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from basestock.decision import JointIndex, Observation, Policy, Problem, game
from basestock.decision.simulate import begin
from basestock.learning import learn, run_key
from basestock.policies import BaseStock, ModifiedOrderUpTo, OrderUpTo
from basestock.problems.assembly import assembly_dqn_2025
from basestock.uncertainty import root_words
from experiments.assembly_policies import WITHOUT_BOUND, levels
from experiments.registry import Experiment, Options
from experiments.report import Cell, Report, Table

DECISIONS = 500
"""Decisions that are timed, all in the same state, as in the source."""

PUBLISHED: dict[str, tuple[float, float]] = {
    "dqn": (0.2786, 0.0869),
    "(Q,R)": (0.0022, 0.00008),
    "(s,S)": (0.0027, 0.0010),
    "newsvendor": (0.0020, 0.0008),
}
"""Table 7 of the source: mean and standard deviation of a decision, milliseconds."""


def observed(problem: Problem, policy: Policy) -> tuple[Observation, Any]:
    """Return what is seen in the declared start, and what a policy remembers there."""
    moving = begin(game(problem), policy, problem.start(1), root_words(jax.random.key(0)))
    seen, remembered = moving.memory
    observe = problem.information.observe
    look, _ = observe(problem.arrays, moving.state, moving.world, moving.outcome, seen, key=jax.random.key(0))
    return look, remembered


def timed(decide: Callable[[], object]) -> np.ndarray:
    """Return ``[decision]`` milliseconds, after some decisions that compile and warm up."""
    for _ in range(10):
        jax.block_until_ready(decide())
    found = np.zeros(DECISIONS)
    for at in range(DECISIONS):
        began = time.perf_counter()
        jax.block_until_ready(decide())
        found[at] = 1e3 * (time.perf_counter() - began)
    return found


def row(name: str, problem: Problem, policy: Policy, compiled: bool, printed: str = "") -> dict[str, Cell]:
    """Return the times of a policy."""
    (seen, memory), key = observed(problem, policy), jax.random.key(0)
    if compiled:
        program = eqx.filter_jit(lambda each, look: each(look, memory, key=key)[0].order)
        decide = lambda: program(policy, seen)  # noqa: E731
    else:
        decide = lambda: policy(seen, memory, key=key)[0].order  # noqa: E731
    found = timed(decide)
    mean, deviation = PUBLISHED.get(printed, (None, None))
    return {
        "policy": name,
        "compiled": "yes" if compiled else "no",
        "published mean": mean,
        "published sd": deviation,
        "median": float(np.median(found)),
        "mean": float(found.mean()),
        "sd": float(found.std(ddof=1)),
        "least": float(found.min()),
        "most": float(found.max()),
        "p99": float(np.quantile(found, 0.99)),
    }


def run(options: Options) -> Report:
    """Time every decider."""
    full = assembly_dqn_2025(observation="stock")
    short = assembly_dqn_2025(observation="stock", action_range="short")
    rules = {
        "(Q,R)": ModifiedOrderUpTo(*levels(full, (2, 2, 1), (WITHOUT_BOUND,) * 3, (3, 3, 2))),
        "(s,S)": OrderUpTo(*levels(full, (0, 0, 0), (4, 4, 3))),
        "newsvendor": BaseStock(*levels(full, (2, 2, 2))),
    }
    # What a network decides does not matter to its time: few updates are enough.
    given = {
        "updates": 1,
        "paths": 1,
        "hidden": (128, 128),
        "gradient_steps": 1,
        "draws": 64,
        "capacity": 5000,
    }
    networks = {
        "dqn, 5,320 outputs": (full, {**given, "joint": 6000}, "dqn"),
        "dqn, 4,374 outputs": (short, {**given, "joint": 6000}, ""),
        "dqn, one head a component": (full, {**given, "joint": 1}, ""),
    }
    found = [
        row(name, full, policy, compiled, name)
        for name, policy in rules.items()
        for compiled in (True, False)
    ]
    for name, (problem, settings, printed) in networks.items():
        policy = learn(problem, "dqn", key=run_key(options.seed), settings=settings).policy
        found += [row(name, problem, policy, compiled, printed) for compiled in (True, False)]
    joint = short.action_map
    assert isinstance(joint, JointIndex)
    decoded = ", ".join(f"{units:g}" for units in joint.decode(jnp.asarray([1769]))[:, 0].tolist())
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [Table(f"milliseconds of one decision, {DECISIONS} decisions in the state (0, 0, 0)", found)],
        [
            f"Table 6 of the source: index 1769 means ({decoded}) with 4,374 joint actions, as printed; with the "
            "5,320 of its Table 8 it means other orders.",
            "The published rules are a few comparisons of numbers; ours read the whole observation of a network and "
            "return an order for every lane, in a compiled program that is called once a period.",
            "Other work on the machine shows in the means and the largest times: compare medians.",
        ],
        {**dataclasses.asdict(options), "machine": f"{platform.machine()}, {platform.system()}"},
    )  # fmt: skip


EXPERIMENT = Experiment(
    "E-E2",
    "time of one decision of the assembly system",
    "Mathematics 2025, 13(14), 2229, Tables 6 and 7, doi:10.3390/math13142229",
    run,
)
