"""Learned policies as contenders: one for each training seed."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Problem
from basestock.learning import TrainResult, learn, run_key
from experiments.contest import Contender
from experiments.registry import Options
from experiments.report import Cell


def learned(
    problem: Problem,
    algorithm: str,
    options: Options,
    *,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
    published: Mapping[str, Cell] | None = None,
) -> Contender:
    """Train a learner with every seed and return the policies.

    Parameters
    ----------
    problem
        What is learned, as the learner sees it.
    algorithm
        Registered name.
    options
        Seeds, and the time of a run.
    name
        Name of the row, the algorithm's if not given.
    settings
        Settings of the learner that are not its defaults.
    published
        Printed numbers.
    """
    given = {"seconds": options.budget_seconds, **(settings or {})}
    results: list[TrainResult] = [
        learn(problem, algorithm, key=run_key(seed), settings=given) for seed in range(options.seeds)
    ]
    updates = sorted(result.updates for result in results)
    seconds = max(result.seconds for result in results)
    cpu = max(result.cpu_seconds for result in results)
    told = (
        f"{options.seeds} seeds, at most {seconds:.0f} s and {cpu:.0f} CPU s each, "
        f"{updates[0]:,} to {updates[-1]:,} updates"
    )
    return Contender(
        name or algorithm, [result.policy for result in results], problem, published or {}, budget=told
    )
