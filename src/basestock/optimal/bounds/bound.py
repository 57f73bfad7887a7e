"""What a bound is, and the best of those that apply."""

import dataclasses
import time
from collections.abc import Callable

from basestock.decision import Problem


@dataclasses.dataclass(frozen=True)
class Bound:
    """A bound on the optimum, on the right side of the sense: no policy costs less, or earns more.

    Parameters
    ----------
    value
        In the problem's own sense, money.
    half_width
        95 % half-width where it is the mean over paths, money; 0 where it is certain.
    method
        How it was computed, and why it holds.
    """

    value: float
    half_width: float
    method: str

    def surely(self, sign: int) -> float:
        """Return the safe end of the interval as a cost: what a mean over paths exceeds with 97.5 %.

        Parameters
        ----------
        sign
            +1 where the problem is minimized, -1 where it is maximized.
        """
        return sign * self.value - self.half_width


def all_bounds(
    problem: Problem,
    *,
    max_bytes: int,
    max_seconds: float,
    seed: int = 0,
    tell: Callable[[str], None] = lambda message: None,
) -> list[Bound]:
    """Return the bounds that apply to a problem, the tightest first, by the safe ends of their intervals.

    Parameters
    ----------
    problem
        Any problem.
    max_bytes, max_seconds
        What they may take: memory each, and time together; what one leaves over goes on to the rest.
    seed
        Root of the events of bounds that are means over paths.
    tell
        Is told what is finished.
    """
    end = time.perf_counter() + max_seconds
    found: list[Bound] = []
    kinds = _kinds(problem, max_bytes, seed)
    for number, kind in enumerate(kinds):
        left = end - time.perf_counter()
        # The first is closed-form work and needs no time to speak of.
        bound = kind(max(left, 0.0) / (len(kinds) - number)) if left > 0 or number == 0 else None
        if bound is not None:
            tell(f"bound {bound.value:,.6g}: {bound.method}")
            found.append(bound)
    return sorted(found, key=lambda bound: -bound.surely(problem.sign))


def _kinds(problem: Problem, max_bytes: int, seed: int) -> list[Callable[[float], Bound | None]]:
    """Return the kinds of bounds, each a function of the seconds that it may take."""
    from basestock.optimal.bounds.hindsight import hindsight_bound
    from basestock.optimal.bounds.lagrangian import lagrangian_bound
    from basestock.optimal.bounds.lead_time import shorter_lead_time
    from basestock.optimal.bounds.linear import approximate_program_bound
    from basestock.optimal.bounds.newsvendor import newsvendor_bound
    from basestock.optimal.bounds.relaxation import penalized_bound

    if problem.kind == "closed_form":
        return [lambda _: _computed(problem)]
    return [
        lambda _: newsvendor_bound(problem),
        lambda seconds: hindsight_bound(problem, max_seconds=seconds, seed=seed),
        lambda seconds: approximate_program_bound(problem, max_bytes=max_bytes, max_seconds=seconds),
        lambda seconds: penalized_bound(problem, max_bytes=max_bytes, max_seconds=seconds, seed=seed),
        lambda seconds: lagrangian_bound(problem, max_bytes=max_bytes, max_seconds=seconds),
        lambda seconds: shorter_lead_time(problem, max_bytes=max_bytes, max_seconds=seconds),
    ]


def _computed(problem: Problem) -> Bound | None:
    """Return the optimum of a problem that is computed and not played, guaranteed service among them."""
    if problem.solve is None:
        return None
    solution = problem.solve()
    return Bound(solution.value, 0.0, f"the optimum itself: {solution.method}")


def best_bound(problem: Problem, *, max_bytes: int, max_seconds: float) -> Bound | None:
    """Return the tightest of :func:`all_bounds`; ``None`` without any."""
    return next(iter(all_bounds(problem, max_bytes=max_bytes, max_seconds=max_seconds)), None)
