"""Problems that are computed, not simulated: the same report, with the optimum as its only row."""

from basestock.decision import Problem
from basestock.economics import Estimate
from basestock.evaluation.report import EvaluationReport, PolicyRow, gap_percent


def evaluate_computed(problem: Problem) -> EvaluationReport:
    """Return the computed optimum of a problem and its gap to the known value.

    Parameters
    ----------
    problem
        A problem with a ``solve`` of its own.

    Raises
    ------
    ValueError
        If it has none.
    """
    if problem.solve is None:
        raise ValueError(
            f"evaluate: {problem.name} has no computed optimum, must have one. Simulate policies on it instead."
        )
    solution = problem.solve()
    gap, certificate = gap_percent(problem, solution.value)
    row = PolicyRow(
        "optimal",
        dict(solution.decision),
        Estimate(solution.value, 0.0, 1),
        terms={},
        kpis={},
        risk={},
        windows=(),
        versus={},
        gap_percent=gap,
        certificate=certificate,
    )
    provenance = {"criterion": problem.criterion, "sense": problem.sense, "method": solution.method}
    return EvaluationReport(problem.name, (row,), provenance, {})
