"""What a run of learning leaves: a policy, its curve, and how it ended."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from basestock.learning.actors import Actor

STOPPED_BY_TIME = "the time was used up"
STOPPED_BY_UPDATES = "all updates were made"
STOPPED_BY_DIVERGENCE = "learning diverged: the last good parameters are kept"
STOPPED_BY_COLLAPSE = "the policy stopped exploring, and costs more than what it began with"
STOPPED_BY_PATIENCE = "nothing was gained for as long as patience allows"


def ended_with_budget(stopped: str) -> bool:
    """Tell whether a run that ended so has more to learn with a larger budget.

    Examples
    --------
    >>> ended_with_budget(STOPPED_BY_TIME), ended_with_budget(STOPPED_BY_PATIENCE)
    (True, False)
    """
    return stopped.startswith((STOPPED_BY_TIME, STOPPED_BY_UPDATES))


@dataclasses.dataclass(frozen=True)
class Point:
    """One point of a learning curve.

    Parameters
    ----------
    seconds
        Wall time since the start, compiling included.
    update
        Number of updates so far.
    values
        Scalars by name; ``cost`` is in the problem's own sense, money.
    """

    seconds: float
    update: int
    values: Mapping[str, float]


@dataclasses.dataclass(frozen=True, eq=False)
class TrainResult:
    """A finished run.

    Parameters
    ----------
    algorithm
        Registered name.
    policy
        The policy to use.
    config
        Every setting of the run by name.
    curve
        Points in the order of time.
    updates
        Updates of the parameters.
    seconds, cpu_seconds
        Wall time and processor time, compiling included.
    stopped
        Why the run ended.
    selected
        Which candidate the selection events chose, and what each cost there.
    log
        What every update told, in their order, scalars by name; empty for learners whose updates tell nothing.
    """

    algorithm: str
    policy: Actor
    config: Mapping[str, Any]
    curve: tuple[Point, ...]
    updates: int
    seconds: float
    cpu_seconds: float
    stopped: str
    selected: Mapping[str, float]
    log: tuple[Mapping[str, float], ...] = ()
