"""Backward induction over a horizon, with what is charged at its end."""

import dataclasses

import numpy as np

from basestock.decision import Problem
from basestock.optimal.mdp.enumeration import FiniteProcess, enumerate_process


@dataclasses.dataclass(frozen=True, eq=False)
class TotalCostSolution:
    """An optimal total over a horizon.

    Parameters
    ----------
    value
        Optimal expected total from the declared start, discounted by the problem's factor, money.
    process
        The enumerated process.
    best
        ``[period, state]`` index of an optimal decision.
    """

    value: float
    process: FiniteProcess
    best: np.ndarray


def minimize_total_cost(
    problem: Problem, *, max_order: int, max_position: int, min_position: int | None = None
) -> TotalCostSolution:
    """Solve a problem over its horizon by backward induction over the one transition.

    Parameters
    ----------
    problem
        Problem with discrete demand and fixed lead times; its own terms may charge the last period more.
    max_order, max_position, min_position
        Box of the decisions, as for :func:`~basestock.optimal.mdp.enumerate_process`.

    Returns
    -------
    TotalCostSolution
        Value and decisions; periods before counting starts are not part of it.
    """

    def enumerated(period: int) -> FiniteProcess:
        return enumerate_process(
            problem,
            max_order=max_order,
            max_position=max_position,
            min_position=min_position,
            period=period,
        )

    process, last = enumerated(0), enumerated(problem.horizon - 1)
    values = np.zeros(len(process.states))
    best: list[np.ndarray] = []
    for period in reversed(range(problem.horizon)):
        paid = last.cost if period == problem.horizon - 1 else process.cost
        total = paid + problem.discount * (values[process.successors] @ process.probabilities)
        total = np.where(process.allowed, total, np.inf)
        best.append(total.argmin(1))
        values = total.min(1)
    return TotalCostSolution(float(values[process.start]), process, np.stack(best[::-1]))
