"""What train does beside single runs: curricula, shaping, the mean of all runs."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common
from basestock.cli.errors import USAGE, CommandError

if TYPE_CHECKING:
    from basestock.decision import Problem
    from basestock.learning import Point, TrainResult

Curriculum = Annotated[
    int,
    typer.Option(
        "--curriculum",
        metavar="N",
        min=1,
        help="Widen the ranges of --randomize in N stages, each begun with what was learned before.",
    ),
]
Shaped = Annotated[
    bool,
    typer.Option(
        "--shaped",
        help="Learn with potential-based shaping: what positions away from newsvendor levels would cost.",
    ),
]
Together = Annotated[
    bool,
    typer.Option("--ensemble", help="Write the mean of all runs, ensemble.zip, into --out as well."),
]


def require_combined(common: Common, curriculum: int, *, ensemble: bool, resume: bool, ranges: bool) -> None:
    """Refuse to go on or to keep an ensemble without a folder, and a curriculum without ranges or of runs that go on.

    Raises
    ------
    CommandError
        Naming the option.
    """
    if resume and common.out is None:
        raise CommandError("--resume goes on with runs of a folder, must be with --out. Name it.", USAGE)
    if ensemble and common.out is None:
        raise CommandError("--ensemble writes a policy, must be with --out. Name a folder.", USAGE)
    if curriculum > 1 and (resume or not ranges):
        raise CommandError(
            f"--curriculum {curriculum} widens the ranges of --randomize, must be with these and without --resume. "
            "Give ranges.",
            USAGE,
        )


def with_potential(problem: "Problem") -> "Problem":
    """Return what is learned with shaping; it is judged without."""
    from basestock.learning.shaping import shaped

    return shaped(problem)


def in_stages(
    algorithm: str,
    problem: "Problem",
    config: Any,
    seed: int,
    stages: int,
    tell: "Callable[[Point], None]",
) -> "TrainResult":
    """Return the last run of a curriculum that widens the ranges of a randomized problem.

    Parameters
    ----------
    algorithm, problem, config, seed
        What is asked for of the run.
    stages
        Number of stages, which share its budget.
    tell
        Is told every point of every curve.
    """
    from basestock.learning import run_key
    from basestock.learning.curriculum import growing, learn_in_stages

    settings = {name: value for name, value in dataclasses.asdict(config).items() if value is not None}
    problems = growing(problem, stages)
    return learn_in_stages(problems, algorithm, key=run_key(seed), settings=settings, tell=tell)[-1]


def keep_ensemble(out: Path, problem: "Problem", results: "Sequence[TrainResult]", common: Common) -> None:
    """Write the mean of all runs beside their folders."""
    from basestock.learning import saved_actor
    from basestock.learning.ensemble import saved_ensemble

    members = [saved_actor(each.policy, problem, {"algorithm": each.algorithm}) for each in results]
    path = out / "ensemble.zip"
    saved_ensemble(members, {}).write(path)
    common.wrote(path, "mean of all runs")
