"""HiGHS behind a few functions: options, warm starts, and values without what costs for nothing."""

from typing import Any

import numpy as np

from basestock.optimal.programs.refusal import ProgramError

MAX_NUMBER = 1e15
"""Larger bounds are no bounds."""

INTEGRALITY = 1e-9
"""How far an integer variable may be off a whole number while HiGHS searches; it is rounded afterwards."""


def dropped(lp: Any, values: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Lower whole variables that cost something one by one, as long as every constraint holds."""
    from scipy.sparse import csr_array

    shape = (lp.num_row_, lp.num_col_)
    matrix = csr_array(
        (np.array(lp.a_matrix_.value_), np.array(lp.a_matrix_.index_), np.array(lp.a_matrix_.start_)), shape
    )
    columns, level = matrix.tocsc(), matrix @ values
    low, high = np.array(lp.row_lower_), np.array(lp.row_upper_)
    kept, least = values.copy(), np.array(lp.col_lower_)
    for variable in np.flatnonzero(whole & (np.array(lp.col_cost_) > 0)).tolist():
        part = slice(columns.indptr[variable], columns.indptr[variable + 1])
        rows, each = columns.indices[part], columns.data[part]
        while kept[variable] - 1 >= least[variable]:
            moved = level[rows] - each
            if (moved < low[rows] - 1e-9).any() or (moved > high[rows] + 1e-9).any():
                break
            level[rows] = moved
            kept[variable] -= 1
    return kept


def found_any(solver: Any) -> bool:
    """Tell whether a solver holds values that meet every constraint."""
    import highspy

    return solver.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible


def finite(bounds: np.ndarray, infinite: float) -> np.ndarray:
    """Return bounds with those beyond :data:`MAX_NUMBER` as a solver writes infinite ones."""
    return np.where(np.abs(bounds) < MAX_NUMBER, bounds, infinite)


def options_of(time_limit: float | None, mip_rel_gap: float, threads: int, seed: int) -> dict[str, Any]:
    """Return the options of the solver, all given explicitly."""
    wrong = [
        f"{name} is {value!r}, must be {rule}."
        for name, value, fine, rule in (
            ("time_limit", time_limit, time_limit is None or time_limit > 0, "a number of seconds > 0"),
            ("mip_rel_gap", mip_rel_gap, 0 <= mip_rel_gap < np.inf, "a finite number >= 0"),
            ("threads", threads, threads >= 1, "a whole number >= 1"),
            ("seed", seed, 0 <= seed < 2**31, "a whole number from 0 to 2147483647"),
        )
        if not fine
    ]
    if wrong:
        raise ProgramError(f"solve: {' '.join(wrong)} Correct the options.")
    return {
        "output_flag": False,
        "threads": int(threads),
        "time_limit": float(np.inf if time_limit is None else time_limit),
        "mip_rel_gap": float(mip_rel_gap),
        "mip_abs_gap": 1e-9,
        "random_seed": int(seed),
        "mip_feasibility_tolerance": INTEGRALITY,
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
    }


def solver_with(options: dict[str, Any]) -> Any:
    """Return a solver with the given options."""
    import highspy

    # HiGHS keeps one pool of threads a process, which refuses another number of them.
    highspy.Highs.resetGlobalScheduler(True)
    solver = highspy.Highs()
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver


def start_from(solver: Any, values: np.ndarray, count: int) -> None:
    """Hand values to start from to a solver, NaN where nothing is known.

    Raises
    ------
    ProgramError
        If there is not one value for each variable.
    """
    import highspy

    if len(values) != count:
        raise ProgramError(
            f"warm_start has {len(values)} values, must have {count}, one for each variable. Build it for this program."
        )
    known = np.flatnonzero(np.isfinite(values))
    if len(known) == count:
        solution = highspy.HighsSolution()
        solution.col_value = values.tolist()
        solver.setSolution(solution)
    elif len(known):
        solver.setSolution(len(known), known.astype(np.int32), values[known])
