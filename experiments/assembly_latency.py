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
from basestock.learning.actors import Actor
from basestock.learning.choices import places_of
from basestock.policies import BaseStock, ModifiedOrderUpTo, OrderUpTo
from basestock.problems.assembly import assembly_dqn_2025
from basestock.uncertainty import root_words
from experiments.assembly_policies import WITHOUT_BOUND, levels
from experiments.learners import settings_of
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

PRINTED_INDEX = 1769

PRINTED: dict[str, Cell] = {
    "agent": "Table 6 of the source",
    "state": "(0, 0, 0)",
    "Q-value": 0.2736,
    "index": PRINTED_INDEX,
    "orders": "(10, 16, 5)",
    "ms, median": 0.4833,
}
"""What the source prints of its agent in the declared start; its time is one decision's."""


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


def diagnostic(name: str, problem: Problem, policy: Actor) -> dict[str, Cell]:
    """Return what an agent does in the declared start: the state, the best value, its index, the orders, the time.

    Parameters
    ----------
    name, problem, policy
        The agent, whose choices have values. One with a head for each component has no joint index of its own: its
        orders are told by that of the problem, and its value is the sum over heads.
    """
    (seen, memory), key = observed(problem, policy), jax.random.key(0)
    joint, codec = _joint(problem), policy.codec
    values = np.asarray(policy.outputs(seen))[:, 0]
    orders = np.asarray(policy.decided(seen))[:, 0].astype(int)
    best = values[places_of(codec)[0]].max(1).sum()
    program = eqx.filter_jit(lambda each, look: each(look, memory, key=key)[0].order)
    net = np.asarray(seen.on_hand)[joint.nodes, joint.items, 0]
    if seen.backorders is not None:
        net = net - np.asarray(seen.backorders)[joint.nodes, joint.items, 0]
    return {
        "agent": name,
        "state": _told(net),
        "Q-value": float(best),
        "index": joint.encode(tuple(orders.tolist())),
        "orders": _told(orders),
        "ms, median": float(np.median(timed(lambda: program(policy, seen)))),
    }


def _joint(problem: Problem) -> JointIndex:
    """Return the joint actions of the assembly system."""
    assert isinstance(problem.action_map, JointIndex)
    return problem.action_map


def _told(numbers: np.ndarray) -> str:
    """Return numbers as the source prints them."""
    return f"({', '.join(f'{number:g}' for number in numbers.tolist())})"


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


def timed_rules(problem: Problem) -> dict[str, Policy]:
    """Return the rules of the source by the names that it has for them."""
    return {
        "(Q,R)": ModifiedOrderUpTo(*levels(problem, (2, 2, 1), (WITHOUT_BOUND,) * 3, (3, 3, 2))),
        "(s,S)": OrderUpTo(*levels(problem, (0, 0, 0), (4, 4, 3))),
        "newsvendor": BaseStock(*levels(problem, (2, 2, 2))),
    }


def run(options: Options) -> Report:
    """Time every decider."""
    full = assembly_dqn_2025(observation="stock")
    short = assembly_dqn_2025(observation="stock", action_range="short")
    # How much a network has learned does not matter to its time.
    given = {**settings_of("assembly_dqn_published"), "updates": 1}
    networks = {
        "dqn, 5,320 outputs": (full, given, "dqn"),
        "dqn, 4,374 outputs": (short, given, ""),
        "dqn, one head a component": (full, {**given, "joint": 1}, ""),
    }
    found = [
        row(name, full, policy, compiled, name)
        for name, policy in timed_rules(full).items()
        for compiled in (True, False)
    ]
    diagnosed: list[dict[str, Cell]] = [dict(PRINTED)]
    for name, (problem, settings, printed) in networks.items():
        policy = learn(problem, "dqn", key=run_key(options.seed), settings=settings).policy
        found += [row(name, problem, policy, compiled, printed) for compiled in (True, False)]
        diagnosed.append(diagnostic(f"{name}, 1 episode", problem, policy))
    trained = learn(
        *(full, "dqn"),
        key=run_key(options.seed),
        settings={**settings_of("assembly_dqn"), "seconds": options.budget_seconds},
    )
    diagnosed.append(diagnostic(f"dqn, one head a component, {trained.seconds:.0f} s", full, trained.policy))
    meant = [
        _told(np.asarray(_joint(each).decode(jnp.asarray([PRINTED_INDEX])))[:, 0]) for each in (short, full)
    ]
    return Report(
        EXPERIMENT.name, EXPERIMENT.about, EXPERIMENT.source,
        [
            Table(f"milliseconds of one decision, {DECISIONS} decisions in the state (0, 0, 0)", found),
            Table("what agents decide in the declared start", diagnosed),
        ],
        [
            f"Table 6 of the source: index {PRINTED_INDEX} means {meant[0]} with 4,374 joint actions, as printed, and "
            f"{meant[1]} with the 5,320 of its Table 8.",
            "Q-values are rewards of the rest of the episode: minus money / 10,000 with the published settings, never "
            "positive if they were right; savings on a base stock, in units of its cost of a period, with ours.",
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
