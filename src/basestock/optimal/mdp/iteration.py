"""Dynamic programming on a listed process: average, discounted and total cost, with bounds."""

import dataclasses
import functools
import time
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from basestock.optimal.mdp.budget import Budget, TooLargeError
from basestock.optimal.mdp.process import Process
from basestock.optimal.mdp.rule import links_of, rule_of
from basestock.optimal.mdp.sweep import FORBIDDEN, Sweep

PATIENCE = 20
"""Sweeps within which the bounds must come half as close, or steps are halved."""


USUAL_SWEEPS = 60
"""Sweeps that are reckoned with before any is made."""


Method = Literal["value_iteration", "modified_policy_iteration", "policy_iteration"]
"""How values are improved; the bounds are those of the same sweep."""

METHODS: tuple[Method, ...] = get_args(Method)

RULE_SWEEPS: dict[Method, tuple[int, float]] = {
    "modified_policy_iteration": (20, 1e-3),
    "policy_iteration": (5_000, 1e-9),
}
"""Sweeps under the same decisions between two improvements at most, and the spread of their changes, relative to the
first one's, at which the values of the decisions count as found."""

FEW_LINKS = 20_000_000
"""Probabilities up to which decisions are worked on with where no method is asked for."""

MOST_LINKS = 100_000_000
"""Probabilities that the decisions of a policy iteration may have."""


class NotClosedError(ValueError):
    """Bounds did not close, or a state has no decision."""


@dataclasses.dataclass(frozen=True, eq=False)
class Solved:
    """A solved process.

    Parameters
    ----------
    lower, upper
        Bounds on the optimal criterion of the listed process from its start, money as a cost.
    values
        ``[carried, mixed]`` relative values, or costs to go, at the first period.
    best
        ``[period, carried, mixed]`` numbers of optimal decisions: of each period of a cycle or of the horizon.
    sweeps
        Sweeps made over all states.
    """

    lower: float
    upper: float
    values: np.ndarray
    best: np.ndarray
    sweeps: int

    @property
    def value(self) -> float:
        """Middle of the bounds."""
        return (self.lower + self.upper) / 2


class _Operator:
    """The periods of a schedule, one after the other."""

    def __init__(self, process: Process, schedule: Sequence[int], budget: Budget | None, sweeps: int) -> None:
        self.process, self.schedule = process, tuple(schedule)
        self.budget = Budget() if budget is None else budget
        self._sweeps = [Sweep(process, phase) for phase in process.phases]
        self._expected = sweeps
        self._states_cost()

    def _states_cost(self) -> None:
        """Say what is to be done, and refuse what cannot be finished in time by the time of one period."""
        process, began = self.process, time.perf_counter()
        self._sweeps[self.schedule[0]].value(np.zeros(process.valid.shape))
        seconds = (time.perf_counter() - began) * len(self.schedule) * self._expected
        size = process.valid.size * 40 / 2**30
        what = f"{process.num_states:,} states and {process.num_combinations:,} combinations with decisions and events"
        self.budget.tell(f"{what}: about {seconds:,.1f} s and {size:,.2f} GiB")
        self.budget.require_seconds(process.problem, seconds, what)

    @functools.cached_property
    def at(self) -> tuple[int, int]:
        """Carried and mixed number of the first start."""
        return int(self.process.start[0][0]), int(self.process.start[1][0])

    def back(self, values: np.ndarray, discount: float) -> np.ndarray:
        """Return the values before a cycle from those after it."""
        for kind in reversed(self.schedule):
            values = self._sweeps[kind].value(values * discount)
        self._require_decisions(values)
        return np.where(self.process.valid, values, 0.0)

    def decided(self, values: np.ndarray, discount: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the same, and the best decisions of every period of the cycle."""
        choices: list[np.ndarray] = []
        for kind in reversed(self.schedule):
            values, best = self._sweeps[kind].best(values * discount)
            choices.append(best)
        self._require_decisions(values)
        return np.where(self.process.valid, values, 0.0), np.stack(choices[::-1])

    def method(self, asked: Method | None) -> Method:
        """Return the method that was asked for, or one that fits; refuse one that does not."""
        links = links_of(self.process, self.schedule)
        if asked is None:
            return "modified_policy_iteration" if links <= FEW_LINKS else "value_iteration"
        if asked != "value_iteration" and links > MOST_LINKS:
            raise TooLargeError(
                f"Problem {self.process.problem.name!r}: its decisions have up to {links:,} probabilities, must be at "
                f"most {MOST_LINKS:,} for {asked.replace('_', ' ')}. Take value iteration."
            )
        return asked

    def improved(
        self, values: np.ndarray, discount: float, method: Method
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the values before a cycle, and the decisions that give them where the method works on with them."""
        return (
            (self.back(values, discount), None)
            if method == "value_iteration"
            else self.decided(values, discount)
        )

    def under(self, best: np.ndarray, values: np.ndarray, size: float, method: Method) -> np.ndarray:
        """Return the values of decisions, without end or after some more cycles by steps of a size."""
        rule = rule_of(self.process, best, self.schedule)
        found = rule.exact(values.shape) if method == "policy_iteration" else None
        if found is not None:
            return found
        most, settled = RULE_SWEEPS[method]
        first: float | None = None
        for _ in range(most):
            change = rule.back(values) - values
            spread = float(np.ptp(change[self.process.valid]))
            first = spread if first is None else first
            if spread <= settled * first:
                break
            still = change[self.at] if rule.discount == 1.0 else 0.0
            values = np.where(self.process.valid, values + size * (change - still), 0.0)
        return values

    def expected(self, values: np.ndarray) -> float:
        """Return the value of the start."""
        carried, mixed, probabilities = self.process.start
        return float(values[carried, mixed] @ probabilities)

    def _require_decisions(self, values: np.ndarray) -> None:
        """Refuse a box in which a state has no decision."""
        process = self.process
        stuck = process.valid & (values > FORBIDDEN / 1e6)
        if stuck.any():
            carried, mixed = (index[:1] for index in np.nonzero(stuck))
            row = process.rows(carried, mixed)[0]
            named = zip(process.kernels[0].names, row, strict=True)
            state = ", ".join(f"{name} {value}" for name, value in named if value)
            raise NotClosedError(
                f"Problem {process.problem.name!r}: no decision keeps the state ({state or 'empty'}) inside the box, "
                "one must. Widen the box."
            )


def solve_average(
    process: Process,
    schedule: Sequence[int] = (0,),
    *,
    tolerance: float = 1e-7,
    idle: float = 0.0,
    method: Method | None = None,
    max_sweeps: int = 20_000,
    budget: Budget | None = None,
) -> Solved:
    """Minimize the average cost of a period.

    Parameters
    ----------
    process
        A listed process.
    schedule
        Kind of each period of a cycle.
    tolerance
        Distance of the bounds at which to stop, relative to 1 + the optimum.
    idle
        What nothing at all costs, which the listed money does not count, for the size of the optimum.
    method
        Values of the next sweep: those of this one, or those of its decisions after some more periods (Puterman and
        Shin 1978, doi:10.1287/mnsc.24.11.1127) or without end (Howard 1960). One that fits if not given.
    max_sweeps
        Sweeps at most.
    budget
        What it may take.

    Returns
    -------
    Solved
        The optimum of the listed process lies between the bounds (Odoni 1969, doi:10.1287/opre.17.5.857).

    Raises
    ------
    NotClosedError
        If the bounds do not close, or a state has no decision inside the box.

    Notes
    -----
    V <- V + s (TV - V - its value at the start). Full steps, s = 1, while the span of TV - V falls fast: chains whose
    states come round periodically, as under last-in-first-out issuing, swing for ever; half steps from then on.
    """
    operator, valid = _Operator(process, schedule, budget, USUAL_SWEEPS), process.valid
    method = operator.method(method)
    values = np.zeros(valid.shape)
    step, before = 1.0, np.inf
    low = high = 0.0
    for number in range(1, max_sweeps + 1):
        improved, best = operator.improved(values, 1.0, method)
        change = improved - values
        low, high = (float(end(change[valid])) / len(schedule) for end in (np.min, np.max))
        if high - low <= tolerance * (1 + abs((high + low) / 2 + idle)):
            return Solved(low, high, improved, operator.decided(values, 1.0)[1], number)
        if number % PATIENCE == 0:
            step, before = (0.5 if high - low > before / 2 else step), high - low
        values = np.where(valid, values + step * (change - change[operator.at]), 0.0)
        if best is not None:
            values = operator.under(best, values, step, method)
    raise _not_closed(process, low, high, max_sweeps)


def solve_discounted(
    process: Process,
    schedule: Sequence[int] = (0,),
    *,
    tolerance: float = 1e-8,
    idle: float = 0.0,
    method: Method | None = None,
    max_sweeps: int = 20_000,
    budget: Budget | None = None,
) -> Solved:
    """Minimize the discounted cost without end, from the first decision.

    Parameters
    ----------
    process, schedule, idle, method, max_sweeps, budget
        As for :func:`solve_average`.
    tolerance
        Distance of the bounds at which to stop, relative to 1 + the optimum.

    Returns
    -------
    Solved
        With d the changes of a sweep, the optimum lies between TV + g / (1 - g) min d and TV + g / (1 - g) max d
        (MacQueen 1966, doi:10.1016/0022-247X(66)90060-6), g the factor of a cycle.

    Raises
    ------
    NotClosedError
        As for :func:`solve_average`.
    """
    operator, valid = _Operator(process, schedule, budget, USUAL_SWEEPS), process.valid
    method = operator.method(method)
    factor = process.problem.discount ** len(schedule)
    values = np.zeros(valid.shape)
    low = high = 0.0
    for number in range(1, max_sweeps + 1):
        improved, choice = operator.improved(values, process.problem.discount, method)
        change = (improved - values)[valid]
        here = operator.expected(improved)
        low, high = (here + factor / (1 - factor) * float(end(change)) for end in (np.min, np.max))
        if high - low <= tolerance * (1 + abs(here + idle)):
            shift = factor / (1 - factor) * (float(change.min()) + float(change.max())) / 2
            best = operator.decided(values, process.problem.discount)[1]
            return Solved(low, high, np.where(valid, improved + shift, 0.0), best, number)
        # The middle of the bounds is nearer than the sweep itself by far where the factor is near 1.
        shift = factor / (1 - factor) * (float(change.min()) + float(change.max())) / 2
        values = np.where(valid, improved + shift, 0.0)
        if choice is not None:
            values = operator.under(choice, values, 1.0, method)
    raise _not_closed(process, low, high, max_sweeps)


def solve_total(process: Process, schedule: Sequence[int], *, budget: Budget | None = None) -> Solved:
    """Minimize the total cost of a horizon, discounted by the problem's factor; nothing counts after its end.

    Parameters
    ----------
    process
        A listed process.
    schedule
        Kind of each period of the horizon.
    budget
        What it may take.

    Returns
    -------
    Solved
        By backward induction: both bounds are the optimum.

    Raises
    ------
    NotClosedError
        If a state has no decision inside the box.
    """
    operator = _Operator(process, schedule, budget, 1)
    values, best = operator.decided(np.zeros(process.valid.shape), process.problem.discount)
    optimum = operator.expected(values)
    return Solved(optimum, optimum, values, best, len(schedule))


def _not_closed(process: Process, low: float, high: float, sweeps: int) -> NotClosedError:
    return NotClosedError(
        f"Problem {process.problem.name!r}: the bounds are {low:.6g} and {high:.6g} after {sweeps:,} sweeps, must "
        "meet. Allow more sweeps or a larger tolerance."
    )
