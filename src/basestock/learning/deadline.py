"""Schedules driven by the clock: a busy machine makes a run worse, never longer."""

import dataclasses
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
    """

    seconds: float
    updates: int | None = None
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
