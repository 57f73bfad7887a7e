"""Schedules driven by the clock: a busy machine makes a run worse, never longer."""

import dataclasses
import math
import time


@dataclasses.dataclass
class Deadline:
    """Time that a run has, or the number of updates that it makes.

    Parameters
    ----------
    seconds
        Wall time from now on.
    updates
        Number of updates, for runs that are the same on every machine; by the clock if not given.
    learning
        Wall time from when everything is prepared, where that ends earlier.
    """

    seconds: float
    updates: int | None = None
    learning: float = math.inf
    began: float = dataclasses.field(default_factory=time.perf_counter)
    cpu_began: float = dataclasses.field(default_factory=time.process_time)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.began

    @property
    def cpu_seconds(self) -> float:
        """Processor seconds since the start, of all threads."""
        return time.process_time() - self.cpu_began

    def prepared(self) -> None:
        """Begin to count the time of learning: programs are compiled."""
        self.seconds = min(self.seconds, self.elapsed + self.learning)

    def go_on(self, seconds: float, cpu_seconds: float) -> None:
        """Count what an earlier part of the run used, wall time and processor time in seconds."""
        self.began -= seconds
        self.cpu_began -= cpu_seconds

    def share(self, done: int, reserve: float = 0.0) -> float:
        """Return the share of the run that is over, in [0, 1], after a number of updates.

        Parameters
        ----------
        done
            Updates so far.
        reserve
            Seconds to leave for what comes after.
        """
        if self.updates is not None:
            return min(done / max(self.updates, 1), 1.0)
        return min(self.elapsed / max(self.seconds - reserve, 1e-3), 1.0)

    def left(self, reserve: float = 0.0) -> float | None:
        """Return the seconds that are left, never negative; nothing where the clock does not count."""
        return None if self.updates is not None else max(self.seconds - reserve - self.elapsed, 0.0)


def linear(share: float, first: float, last: float, over: float = 1.0) -> float:
    """Return where a number stands that moves evenly from one to another.

    Parameters
    ----------
    share
        Share of the run that is over.
    first, last
        Where it begins and ends.
    over
        Share of the run over which it moves.

    Examples
    --------
    >>> linear(0.25, 1.0, 0.0), linear(0.25, 1.0, 0.0, over=0.5), linear(0.75, 1.0, 0.0, over=0.5)
    (0.75, 0.5, 0.0)
    """
    return first + (last - first) * min(share / max(over, 1e-9), 1.0)


def geometric(share: float, first: float, last: float, over: float = 1.0) -> float:
    """Return where a positive number stands that falls or grows by the same factor all the way.

    Parameters
    ----------
    share
        Share of the run that is over.
    first, last
        Where it begins and ends, above 0.
    over
        Share of the run over which it moves.

    Examples
    --------
    >>> round(geometric(0.25, 1.0, 0.01, over=0.5), 6), geometric(0.75, 1.0, 0.01, over=0.5)
    (0.1, 0.01)
    """
    return first * (last / first) ** min(share / max(over, 1e-9), 1.0)


def cosine(share: float, first: float, last: float) -> float:
    """Return where a number stands that moves along half a cosine, slowly at both ends.

    Examples
    --------
    >>> [round(cosine(share, 1.0, 0.0), 3) for share in (0.0, 0.25, 0.5, 1.0)]
    [1.0, 0.854, 0.5, 0.0]
    """
    return last + (first - last) * 0.5 * (1.0 + math.cos(math.pi * share))
