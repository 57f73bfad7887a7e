"""What an exact solution may take: memory and time, stated and refused with the numbers."""

import dataclasses
import math
import time
from collections.abc import Callable

from basestock.decision import Problem

DEFAULT_MEMORY = 8 * 2**30
"""Bytes that tables and values may take."""


class TooLargeError(ValueError):
    """The tables of a problem need more memory, or its solution more time, than they may take."""


SETTLED = 4.0
"""Seconds after which the pace of a row of steps is believed."""


@dataclasses.dataclass(frozen=True)
class Budget:
    """What an exact solution may take.

    Parameters
    ----------
    max_bytes
        Memory of tables and values.
    deadline
        Reading of :func:`time.perf_counter` by which it must be finished.
    tell
        Is told what begins, with the numbers.
    """

    max_bytes: int = DEFAULT_MEMORY
    deadline: float = math.inf
    tell: Callable[[str], None] = lambda message: None

    def require_bytes(self, problem: Problem, needed: float, what: str) -> None:
        """Refuse what needs more memory."""
        if needed > self.max_bytes:
            raise TooLargeError(
                f"Problem {problem.name!r}: {what} need {needed / 2**30:.2f} GiB, must be at most "
                f"{self.max_bytes / 2**30:.2f} GiB. Allow more memory, narrow the box, or ask for a bound."
            )

    def require_seconds(self, problem: Problem, needed: float, what: str) -> None:
        """Refuse what needs more time than is left."""
        left = self.deadline - time.perf_counter()
        if needed > left:
            raise TooLargeError(
                f"Problem {problem.name!r}: {what} need about {needed:,.0f} s, must be at most the {max(left, 0):,.0f} "
                "s that are left. Allow more time, narrow the box, or ask for a bound."
            )


class Pace:
    """Refuses a long row of equal steps once it shows that they take longer than there is time.

    Parameters
    ----------
    problem, budget
        What is solved, and the time that it may take.
    total
        Number of steps.
    what
        What the steps are.
    """

    def __init__(self, problem: Problem, budget: Budget, total: int, what: str) -> None:
        self.problem, self.budget, self.total, self.what = problem, budget, total, what
        self.done, self.began = 0, time.perf_counter()

    def step(self) -> None:
        """Count a step; the first seconds tell nothing about the later ones."""
        self.done += 1
        gone = time.perf_counter() - self.began
        if gone > SETTLED:
            self.budget.require_seconds(self.problem, gone / self.done * (self.total - self.done), self.what)
