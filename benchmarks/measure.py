"""Measuring on a machine that does other things too.

Processor time is counted, not elapsed time. Things that are compared run in turns, so that a slow minute hits
all of them, and their ratio is formed within each turn. The median is reported with the smallest and largest
turn beside it; a difference inside that range is no finding.
"""

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from benchmarks.registry import Measurement

Run = Callable[[], object]


def cpu_seconds(run: Run) -> float:
    """Return the processor seconds of this process that a call takes, over all its threads."""
    start = time.process_time()
    run()
    return time.process_time() - start


def child_cpu_seconds(command: Sequence[str]) -> float:
    """Return the processor seconds of a command, user and system.

    Raises
    ------
    subprocess.CalledProcessError
        When the command fails: a failure is never a fast success.
    """
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def in_turns(timed: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Return the times of several things, one of each in every turn, after a turn that is thrown away.

    The first turn compiles, fills caches, and is a cost of its own; measure it with a call of its own.
    """
    times: dict[str, list[float]] = {name: [] for name in timed}
    for turn in range(repeats + 1):
        for name, measure in timed.items():
            seconds = measure()
            if turn > 0:
                times[name].append(seconds)
    return times


def summary(what: str, values: Sequence[float], unit: str, limit: float | None = None) -> Measurement:
    """Return the median of some repeats with their range."""
    return Measurement(what, statistics.median(values), unit, min(values), max(values), limit)


def ratio(
    what: str, ours: Sequence[float], theirs: Sequence[float], limit: float | None = None
) -> Measurement:
    """Return the ratio of two things measured in turns, formed turn by turn."""
    pairs = zip(ours, theirs, strict=True)
    return summary(what, [mine / other if other else float("inf") for mine, other in pairs], "ratio", limit)
