"""Learned policies as contenders: one for each training seed."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from basestock.decision import Problem
from basestock.learning import TrainResult, learn, run_key
from basestock.learning.results import STOPPED_BY_TIME, STOPPED_BY_UPDATES
from experiments.contest import Contender
from experiments.registry import Options
from experiments.report import Cell


def settings_of(name: str) -> dict[str, Any]:
    """Return the settings of a learner that a file beside the experiments holds.

    Parameters
    ----------
    name
        Name of the file without its ending, as ``assembly_dqn_published``.
    """
    path = Path(__file__).parent / "settings" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def learned(
    problem: Problem,
    algorithm: str,
    options: Options,
    *,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
    published: Mapping[str, Cell] | None = None,
    seeds: Sequence[int] = (),
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
    seeds
        Training seeds that come before 0, 1, 2, ..., as those of a source.
    """
    given = {"seconds": options.budget_seconds, **(settings or {})}
    chosen = training_seeds(options.seeds, seeds)
    results: list[TrainResult] = [
        learn(problem, algorithm, key=run_key(seed), settings=given) for seed in chosen
    ]
    updates = sorted(result.updates for result in results)
    seconds = max(result.seconds for result in results)
    cpu = max(result.cpu_seconds for result in results)
    size = sum(leaf.size for leaf in jax.tree.leaves(results[0].policy.network))
    told = (
        f"seeds {', '.join(map(str, chosen))}: at most {seconds:.0f} s and {cpu:.0f} CPU s each, "
        f"{updates[0]:,} to {updates[-1]:,} updates, {size:,} parameters"
    )
    if ended := {result.stopped for result in results} - {STOPPED_BY_TIME, STOPPED_BY_UPDATES}:
        told += f"; {', '.join(sorted(ended))}"
    return Contender(
        name or algorithm, [result.policy for result in results], problem, published or {}, budget=told
    )


def training_seeds(count: int, first: Sequence[int]) -> list[int]:
    """Return so many training seeds, some of them first.

    Examples
    --------
    >>> training_seeds(5, (42, 123, 999)), training_seeds(2, (42, 123, 999))
    ([42, 123, 999, 0, 1], [42, 123])
    """
    return [*first, *range(count)][:count]
