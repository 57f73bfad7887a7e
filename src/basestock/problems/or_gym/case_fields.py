"""Fields of a recorded case: each is read by a rule, and all that break theirs are told together."""

import contextlib
import dataclasses
import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

_ABSENT = object()


class CaseError(ValueError):
    """A case cannot be replayed."""


@dataclasses.dataclass(frozen=True, eq=False)
class Fields:
    """An object of a case.

    Parameters
    ----------
    values
        What the object holds.
    place
        Where it stands in the case, as a prefix of the names of its fields.
    faults
        What was found wrong so far; parts of a case share one list.
    """

    values: Mapping[str, Any]
    place: str = ""
    faults: list[str] = dataclasses.field(default_factory=list)

    def wrong(self, name: str, rule: str) -> None:
        """Note that a field breaks its rule."""
        given = f"is {repr(self.values[name])[:60]}" if name in self.values else "is missing"
        self.faults.append(f"{self.place}{name} {given}, must be {rule}.")

    def require(self) -> None:
        """Refuse the case if anything is wrong with it.

        Raises
        ------
        CaseError
            Naming every fault.
        """
        if self.faults:
            raise CaseError(f"{' '.join(self.faults)} Correct the case.")

    def part(self, name: str) -> "Fields":
        """Return an object inside this one; one that is none is told once, not field by field."""
        inside = self.values.get(name)
        if not isinstance(inside, Mapping):
            self.wrong(name, "an object")
            return Fields({})
        return Fields({str(key): value for key, value in inside.items()}, f"{self.place}{name}.", self.faults)

    def number(self, name: str, low: float = 0.0, high: float = math.inf, default: Any = _ABSENT) -> float:
        """Return a finite number within its bounds; ``low`` where it is none."""
        if name not in self.values and default is not _ABSENT:
            return default
        value: Any = self.values.get(name)
        if _is_number(value) and low <= value <= high:
            return float(value)
        self.wrong(name, f"a finite number {_range(low, high)}".rstrip())
        return low

    def whole(self, name: str, low: int = 0) -> int:
        """Return a whole number of at least ``low``."""
        value: Any = self.values.get(name)
        if _is_number(value) and value >= low and value == int(value):
            return int(value)
        self.wrong(name, f"a whole number >= {low}")
        return low

    def listed(self, name: str, count: int, *, whole: bool = False) -> list[float]:
        """Return as many numbers >= 0 as told; zeros where they are wrong."""
        values: Any = self.values.get(name)
        fine = isinstance(values, list) and len(values) == count
        if fine and all(_is_number(each) and each >= 0 and not (whole and each % 1) for each in values):
            return [float(each) for each in values]
        self.wrong(name, f"a list of {count} {'whole' if whole else 'finite'} numbers >= 0")
        return [0.0] * count

    def table(self, name: str, dimensions: int, columns: int | None = None) -> np.ndarray:
        """Return finite numbers, ``[period]`` or ``[period, column]``; an empty table where they are none."""
        form = "a list of numbers" if dimensions == 1 else "a list of equally long lists of numbers"
        table: np.ndarray = np.full((), np.nan)
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            table = np.asarray(self.values.get(name), dtype=np.float64)
        fine = table.ndim == dimensions and table.size > 0 and bool(np.isfinite(table).all())
        if fine and columns in (None, table.shape[-1]):
            return table
        width = "" if columns is None else f", {columns} in each"
        self.wrong(name, f"{form}, one a period{width}")
        return np.zeros((0,) * dimensions)


def _is_number(value: Any) -> bool:
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _range(low: float, high: float) -> str:
    ends = [(">=", low)] * (low > -math.inf) + [("<=", high)] * (high < math.inf)
    return " and ".join(f"{sign} {end:g}" for sign, end in ends)
