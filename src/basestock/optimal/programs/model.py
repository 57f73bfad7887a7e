"""Linear and mixed-integer programs: named variables and constraints as arrays, solved by HiGHS."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from basestock.optimal.programs.highs import dropped, finite, found_any, options_of, solver_with, start_from
from basestock.optimal.programs.linear import Linear
from basestock.optimal.programs.lp_file import lp_text
from basestock.optimal.programs.refusal import InfeasibleError, ProgramError, UnboundedError

_BOX = 1e7
"""Bound that shows which variable of an unbounded program runs away."""

Relation = Literal["<=", ">=", "=="]


@dataclasses.dataclass(frozen=True)
class Solved:
    """What a solver found.

    Parameters
    ----------
    status
        ``optimal`` within the gap, or ``feasible`` when time ran out before that.
    objective, bound
        Value of what was found, and a proven lower bound on the best, in the unit of the objective.
    gap
        (objective - bound) / max(|objective|, 1e-10).
    values
        ``[variable]``; whole where the variable is.
    duals
        Group of constraints to ``[constraint]``: change of the objective per unit of the right-hand side. Empty for
        programs with whole variables.
    reduced_costs
        ``[variable]``; ``None`` for programs with whole variables.
    """

    status: Literal["optimal", "feasible"]
    objective: float
    bound: float
    gap: float
    values: np.ndarray
    duals: dict[str, np.ndarray]
    reduced_costs: np.ndarray | None


@dataclasses.dataclass
class _Rows:
    group: str
    expression: Linear
    low: np.ndarray
    high: np.ndarray
    relaxable: bool
    label: Callable[[int], str]


class ProgramModel:
    """A program that is built up by arrays of variables and groups of constraints, and minimizes.

    Parameters
    ----------
    name
        What it is called in messages and files.

    Examples
    --------
    >>> model = ProgramModel("diet")
    >>> x = model.variables("x", (2,))
    >>> model.constrain("calories", x.sum(), ">=", 3.0)
    >>> model.minimize((x * np.array([2.0, 5.0])).sum())
    >>> model.solve().objective
    6.0
    """

    def __init__(self, name: str) -> None:
        """Begin without variables."""
        self.name = name
        self._low: list[np.ndarray] = []
        self._high: list[np.ndarray] = []
        self._whole: list[np.ndarray] = []
        self._names: list[tuple[str, int, Callable[[int], str]]] = []
        self._rows: list[_Rows] = []
        self._objective = Linear.zeros()
        self._count = 0

    @property
    def num_variables(self) -> int:
        """Number of variables."""
        return self._count

    @property
    def num_constraints(self) -> int:
        """Number of constraints."""
        return sum(rows.expression.size for rows in self._rows)

    @property
    def num_whole(self) -> int:
        """Number of variables in whole numbers."""
        return int(sum(part.sum() for part in self._whole))

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups of constraints, in the order in which they were first given."""
        return tuple(dict.fromkeys(rows.group for rows in self._rows))

    def variables(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        low: float | np.ndarray = 0.0,
        high: float | np.ndarray = np.inf,
        whole: bool | np.ndarray = False,
        where: np.ndarray | None = None,
        label: Callable[[int], str] | None = None,
    ) -> Linear:
        """Add an array of variables.

        Parameters
        ----------
        name
            Name of the array.
        shape
            Its shape.
        low, high
            Bounds.
        whole
            Whether they take whole numbers only.
        where
            Entries that get a variable; the others are 0.
        label
            From a flat position to what the entry is called.
        """
        chosen = np.ones(shape, dtype=bool) if where is None else np.broadcast_to(where, shape)
        numbers = np.full(shape, -1, dtype=np.int64)
        count = int(chosen.sum())
        numbers[chosen] = self._count + np.arange(count)
        spread = lambda table, kind: np.broadcast_to(np.asarray(table, dtype=kind), shape)[chosen]  # noqa: E731
        self._low.append(spread(low, np.float64))
        self._high.append(spread(high, np.float64))
        self._whole.append(spread(whole, bool))
        called = label or (lambda flat: ",".join(map(str, np.unravel_index(flat, shape))))
        self._names += [(name, int(flat), called) for flat in np.flatnonzero(chosen.ravel())]
        self._count += count
        return Linear.variables(numbers)

    def constrain(
        self,
        group: str,
        expression: Linear,
        relation: Relation,
        right: float | np.ndarray = 0.0,
        *,
        where: np.ndarray | None = None,
        relaxable: bool = True,
        label: Callable[[int], str] | None = None,
    ) -> None:
        """Add constraints ``expression relation right``, entry by entry.

        Parameters
        ----------
        group
            Name of the group in messages and files.
        expression, relation, right
            Left side, ``<=``, ``>=`` or ``==``, and right side.
        where
            Entries that are constrained; all if not given. Entries without variables are dropped where they hold.
        relaxable
            Whether an explanation of infeasibility may violate the group; ``False`` for what only defines a quantity.
        label
            From a flat position to what the entry is called.
        """
        shape = expression.shape
        chosen = np.ones(shape, dtype=bool) if where is None else np.broadcast_to(where, shape)
        right = np.broadcast_to(np.asarray(right, dtype=np.float64), shape)
        slack = right - expression.constant
        holds = {"<=": slack >= -1e-9, ">=": slack <= 1e-9, "==": np.abs(slack) <= 1e-9}[relation]
        chosen = chosen & ~(expression.fixed & holds)
        if not chosen.any():
            return
        kept = np.flatnonzero(chosen.ravel())
        called = label or (lambda flat: ",".join(map(str, np.unravel_index(flat, shape))))
        bound = slack.ravel()[kept]
        low = np.full(len(kept), -np.inf) if relation == "<=" else bound
        high = np.full(len(kept), np.inf) if relation == ">=" else bound
        rows = _Rows(
            group, expression[chosen], low, high, relaxable, lambda row, kept=kept: called(int(kept[row]))
        )
        self._rows.append(rows)

    def minimize(self, expression: Linear) -> None:
        """Add an expression to the objective, which is minimized."""
        self._objective = self._objective + expression.sum()

    @property
    def objective(self) -> Linear:
        """The objective."""
        return self._objective

    def name_of(self, variable: int) -> str:
        """Return the name of a variable and its entry, such as ``order[0,factory -> shop,bolt]``."""
        name, flat, label = self._names[variable]
        return f"{name}[{label(flat)}]"

    def lp_text(self) -> str:
        """Return the program in the LP format; blanks and signs in names become underscores."""
        low, high = self._joined(self._low, float), self._joined(self._high, float)
        rows = [
            (f"{rows.group}[{rows.label(k)}]", rows.expression[k], float(rows.low[k]), float(rows.high[k]))
            for rows in self._rows
            for k in range(rows.expression.size)
        ]
        names = [self.name_of(variable) for variable in range(self._count)]
        whole = self._joined(self._whole, bool)
        return lp_text(self.name, self._objective, names, (low, finite(high, np.inf), whole), rows)

    def write_lp(self, path: Path | str) -> None:
        """Write the program as an LP file.

        Parameters
        ----------
        path
            Where to; its folder is made if absent.
        """
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(self.lp_text(), encoding="utf-8")

    def solve(
        self,
        *,
        time_limit: float | None = None,
        mip_rel_gap: float = 1e-6,
        threads: int = 1,
        seed: int = 0,
        warm_start: np.ndarray | None = None,
    ) -> Solved:
        """Solve the program.

        Parameters
        ----------
        time_limit
            Seconds; ``None`` for no limit.
        mip_rel_gap
            Relative gap between what is found and what is proven at which the search ends.
        threads
            Number of threads.
        seed
            Seed of the solver.
        warm_start
            ``[variable]`` values to start from; need not be feasible, and NaN where nothing is known.

        Raises
        ------
        InfeasibleError
            Naming the groups of constraints that contradict each other, found by the smallest violation.
        UnboundedError
            Naming a variable that runs away.
        ProgramError
            If an option is out of range, or time ran out before anything was found.
        """
        solver = solver_with(options_of(time_limit, mip_rel_gap, threads, seed))
        solver.passModel(self._lp())
        if warm_start is not None:
            start_from(solver, warm_start, self._count)
        solver.run()
        status = solver.modelStatusToString(solver.getModelStatus())
        if not self._count and self._rows:
            # Constraints without variables are kept only where they fail; HiGHS does not look at them.
            status = "Infeasible"
        if status in ("Infeasible", "Primal infeasible or unbounded", "Unbounded"):
            self._explain(status, time_limit)
        if status not in ("Optimal", "Empty") and not found_any(solver):
            raise ProgramError(
                f"Program {self.name!r}: nothing was found ({status.lower()}) within {time_limit} seconds, must have "
                "time for a first answer. Allow more time, or fewer periods."
            )
        return self._solved(solver, "optimal" if status in ("Optimal", "Empty") else "feasible")

    def _solved(self, solver: Any, status: Literal["optimal", "feasible"]) -> Solved:
        solution, info = solver.getSolution(), solver.getInfo()
        values = np.array(solution.col_value, dtype=np.float64)[: self._count]
        whole = self._joined(self._whole, bool)
        values[whole] = np.round(values[whole])
        mixed = bool(whole.any())
        if mixed:
            values = self._polished(values, whole)
        objective = float(self._objective.at(values))
        bound = float(info.mip_dual_bound) if mixed else objective
        bound = min(bound, objective) if np.isfinite(bound) else -np.inf
        duals: dict[str, np.ndarray] = {}
        if not mixed and solution.dual_valid:
            row_dual = np.array(solution.row_dual)
            ends = np.cumsum([rows.expression.size for rows in self._rows])
            for rows, end in zip(self._rows, ends, strict=True):
                part = row_dual[end - rows.expression.size : end]
                duals[rows.group] = np.concatenate([duals.get(rows.group, part[:0]), part])
        costs = np.array(solution.col_dual) if not mixed and solution.dual_valid else None
        gap = (objective - bound) / max(abs(objective), 1e-10)
        return Solved(status, objective, bound, gap, values, duals, costs)

    def _polished(self, values: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """Return values without what costs for nothing, and the best other ones: a search may end before that."""
        lp = self._lp()
        values = dropped(lp, values, whole)
        lp.integrality_ = []
        lp.col_lower_ = np.where(whole, values, np.array(lp.col_lower_))
        lp.col_upper_ = np.where(whole, values, np.array(lp.col_upper_))
        solver = solver_with(options_of(None, 0.0, 1, 0))
        solver.passModel(lp)
        solver.run()
        if not found_any(solver):
            return values
        better = np.array(solver.getSolution().col_value, dtype=np.float64)
        better[whole] = values[whole]
        return better if self._objective.at(better) <= self._objective.at(values) + 1e-9 else values

    def slacks(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return by group how far each constraint is from binding; below 0 where it is violated."""
        found: dict[str, np.ndarray] = {}
        for rows in self._rows:
            level = rows.expression.at(values) - rows.expression.constant
            slack = np.minimum(rows.high - level, level - rows.low)
            found[rows.group] = np.concatenate([found.get(rows.group, slack[:0]), slack])
        return found

    def labels(self, group: str) -> list[str]:
        """Return what the constraints of a group are called, in their order."""
        return [
            rows.label(row)
            for rows in self._rows
            if rows.group == group
            for row in range(rows.expression.size)
        ]

    def _joined(self, parts: Sequence[np.ndarray], kind: type) -> np.ndarray:
        return np.concatenate(parts).astype(kind) if parts else np.zeros(0, dtype=kind)

    def _lp(self) -> Any:
        import highspy
        from scipy.sparse import coo_array

        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self._count, self.num_constraints
        cost = (
            np.bincount(self._objective.column, self._objective.value, minlength=self._count)
            if self._count
            else np.zeros(0)
        )
        lp.col_cost_ = np.asarray(cost, dtype=np.float64)
        lp.offset_ = float(self._objective.constant)
        lp.col_lower_ = finite(self._joined(self._low, float), -highspy.kHighsInf)
        lp.col_upper_ = finite(self._joined(self._high, float), highspy.kHighsInf)
        lp.row_lower_ = self._joined([rows.low for rows in self._rows], float)
        lp.row_upper_ = self._joined([rows.high for rows in self._rows], float)
        offsets = np.cumsum([0, *(rows.expression.size for rows in self._rows)])
        row = self._joined(
            [rows.expression.row + at for rows, at in zip(self._rows, offsets, strict=False)], int
        )
        column = self._joined([rows.expression.column for rows in self._rows], int)
        value = self._joined([rows.expression.value for rows in self._rows], float)
        matrix = coo_array((value, (row, column)), shape=(lp.num_row_, max(self._count, 1))).tocsr()
        matrix.eliminate_zeros()
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.asarray(matrix.indptr, dtype=np.int32)
        lp.a_matrix_.index_ = np.asarray(matrix.indices, dtype=np.int32)
        lp.a_matrix_.value_ = np.asarray(matrix.data, dtype=np.float64)
        whole = self._joined(self._whole, bool)
        if whole.any():
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(flag)] for flag in whole]
        return lp

    def _explain(self, status: str, time_limit: float | None) -> None:
        """Raise the error that says why there is no answer."""
        if status != "Unbounded":
            for relax_all in (False, True):
                violations, where = self._smallest_violation(relax_all=relax_all, time_limit=time_limit)
                if violations:
                    told = "; ".join(
                        f"{group} by {amount:.6g} in all, for instance {where[group]}"
                        for group, amount in violations.items()
                    )
                    raise InfeasibleError(
                        f"Program {self.name!r}: no plan meets every constraint; the least that must give way is "
                        f"{told}. Raise these limits, lower what is asked for, or drop a constraint.",
                        violations,
                    )
        raise UnboundedError(
            f"Program {self.name!r}: the objective falls without end along {self._runaway()}, must be bounded. "
            "Give it a limit or a cost."
        )

    def _smallest_violation(
        self, *, relax_all: bool, time_limit: float | None
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Minimize the sum of violations with slacks for each constraint, scaled by its largest coefficient."""
        elastic = ProgramModel(f"{self.name}, elastic")
        elastic._low, elastic._high, elastic._whole = list(self._low), list(self._high), list(self._whole)
        elastic._names, elastic._count = list(self._names), self._count
        slacks: list[tuple[_Rows, Linear]] = []
        for rows in self._rows:
            expression = rows.expression
            if rows.relaxable or relax_all:
                shape = expression.shape
                under = elastic.variables("under", shape, where=np.isfinite(rows.low))
                over = elastic.variables("over", shape, where=np.isfinite(rows.high))
                expression = expression + under - over
                scale = np.ones(expression.size)
                np.maximum.at(scale, rows.expression.row, np.abs(rows.expression.value))
                elastic.minimize((under + over) * (1.0 / scale))
                slacks.append((rows, under + over))
            elastic._rows.append(dataclasses.replace(rows, expression=expression))
        solver = solver_with(options_of(time_limit, 1e-3, 1, 0))
        solver.passModel(elastic._lp())
        solver.run()
        if not found_any(solver):
            return {}, {}
        values = np.array(solver.getSolution().col_value)
        violations: dict[str, float] = {}
        where: dict[str, str] = {}
        for rows, slack in slacks:
            amounts = slack.at(values)
            if (amounts > 1e-6).any():
                worst = int(amounts.argmax())
                violations[rows.group] = violations.get(rows.group, 0.0) + float(
                    amounts[amounts > 1e-6].sum()
                )
                where.setdefault(rows.group, f"{rows.label(worst)} by {amounts[worst]:.6g}")
        return dict(sorted(violations.items(), key=lambda pair: -pair[1])), where

    def _runaway(self) -> str:
        """Return the name of a variable that grows with any bound that is put on it."""
        lp = self._lp()
        lp.integrality_ = []
        low, high = np.array(lp.col_lower_), np.array(lp.col_upper_)
        lp.col_lower_, lp.col_upper_ = np.maximum(low, -_BOX), np.minimum(high, _BOX)
        solver = solver_with(options_of(None, 1e-3, 1, 0))
        solver.passModel(lp)
        solver.run()
        values = np.array(solver.getSolution().col_value)
        if not len(values):
            return "its variables"
        far = ((values >= _BOX * 0.999) & (high > _BOX)) | ((values <= -_BOX * 0.999) & (low < -_BOX))
        order = np.argsort(-np.abs(np.array(lp.col_cost_)) * far, kind="stable")
        return repr(self.name_of(int(order[0])))
