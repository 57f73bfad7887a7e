"""A curriculum: problems that grow harder, each begun with what was learned on the one before."""

import dataclasses
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxtyping import Array

from basestock.decision import Problem
from basestock.learning.randomization import randomized
from basestock.learning.registry import ALGORITHMS, learn
from basestock.learning.results import TrainResult
from basestock.learning.runs import Tell, tell_nobody
from basestock.learning.saved import saved_actor
from basestock.learning.settings import SettingError
from basestock.uncertainty import HiddenDemand

PROMOTED = 0.3
"""Share of a stage after which the next one begins if nothing was gained meanwhile."""

STABLE = HiddenDemand()
"""Demand that nothing multiplies: what ranges are narrowed to."""


def narrowed(hidden: HiddenDemand, share: float) -> HiddenDemand:
    """Return ranges that have gone a share of the way from stable demand to what they are.

    How long a season is, how far ahead, and when a shock comes, stays as it is.

    Examples
    --------
    >>> narrowed(HiddenDemand(amplitude=(0.0, 0.6), length=(15.0, 40.0)), 0.5)
    HiddenDemand(level=(1.0, 1.0), trend=(0.0, 0.0), amplitude=(0.0, 0.3), length=(15.0, 40.0), phase=(0.0, 0.0), \
shock=(1.0, 1.0), shock_period=(0.0, 0.0))
    """
    sizes = {
        name: tuple(
            calm + share * (end - calm)
            for calm, end in zip(getattr(STABLE, name), getattr(hidden, name), strict=True)
        )
        for name in ("level", "trend", "amplitude", "shock")
    }
    return dataclasses.replace(hidden, **sizes)


def growing(problem: Problem, stages: int) -> list[Problem]:
    """Return randomized problems with ever wider ranges of demand, the last one with all of them.

    Parameters
    ----------
    problem
        A randomized problem: :func:`basestock.learning.randomization.randomized`.
    stages
        Number of problems.

    Raises
    ------
    SettingError
        If nothing of its demand is drawn.
    """
    drivers = problem.uncertainty.drivers
    hidden = None if drivers is None else drivers.hidden
    if hidden is None:
        raise SettingError(
            f"{problem.name!r}: paths draw nothing of its demand, must be randomized. Give ranges."
        )
    return [randomized(problem, narrowed(hidden, (at + 1) / stages)) for at in range(stages)]


def learn_in_stages(
    stages: Sequence[Problem],
    algorithm: str,
    *,
    key: Array,
    settings: Mapping[str, Any] | None = None,
    promoted: float = PROMOTED,
    tell: Tell = tell_nobody,
) -> list[TrainResult]:
    """Learn problems one after the other; return every run, the last one of the last problem.

    Parameters
    ----------
    stages
        The problems, the easiest first. Networks are kept, so that a flat one must read as much in all of them, while a
        network that all slots share (``network=shared``) may go from one item to many.
    algorithm
        A learner with ``begin_with``.
    key
        Key of all runs.
    settings
        Settings by name; the budget is that of all stages together.
    promoted
        Share of a stage after which the next one begins if nothing was gained meanwhile; what is left of its time goes
        to the others. 0 gives every stage the same time.
    tell
        Is told every point of every curve.

    Raises
    ------
    SettingError
        If the learner cannot begin with a policy, or there are more stages than updates.

    Notes
    -----
    Bengio et al. 2009, doi:10.1145/1553374.1553380.
    """
    if not hasattr(ALGORITHMS[algorithm].config, "begin_with"):
        raise SettingError(
            f"{algorithm}: cannot begin with a policy, must be a learner with begin_with. Choose pathwise."
        )
    given, found = dict(settings or {}), list[TrainResult]()
    with tempfile.TemporaryDirectory() as place:
        for at, problem in enumerate(stages):
            if found:
                # What was learned last, alone in a folder of its own.
                folder = Path(place) / str(at)
                saved_actor(found[-1].policy, stages[at - 1], {}).write(folder / "policy.zip")
                given["begin_with"] = str(folder)
            budget = _budget(settings or {}, found, len(stages) - at)
            patience = {"patience": promoted} if at + 1 < len(stages) else {}
            found.append(
                learn(problem, algorithm, key=key, settings={**given, **patience, **budget}, tell=tell)
            )
    return found


def _budget(settings: Mapping[str, Any], before: Sequence[TrainResult], left: int) -> dict[str, Any]:
    """Return what a stage may use: an equal part of what the earlier ones left."""
    seconds = float(settings.get("seconds", 60.0)) - sum(each.seconds for each in before)
    budget: dict[str, Any] = {"seconds": max(seconds / left, 1e-3)}
    if settings.get("updates") is not None:
        updates = (settings["updates"] - sum(each.updates for each in before)) // left
        if updates < 1:
            raise SettingError(
                f"updates is {settings['updates']}, must be at least one for each stage. Make it larger."
            )
        budget["updates"] = updates
    return budget
