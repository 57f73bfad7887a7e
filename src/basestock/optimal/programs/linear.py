"""Arrays of linear expressions in the variables of a program."""

from collections.abc import Sequence
from typing import Any

import numpy as np

Number = float | int | np.ndarray


class Linear:
    """An array whose entries are linear expressions; kept as (entry, variable, coefficient) and a constant.

    Parameters
    ----------
    shape
        Shape of the array.
    row, column, value
        Flat position of an entry, number of a variable, and its coefficient; a pair may be listed more than once.
    constant
        Constant part, of the shape of the array.

    Examples
    --------
    >>> x = Linear.variables(np.array([0, 1]))
    >>> (2.0 * x + 1.0).sum().terms()
    ([(0, 2.0), (1, 2.0)], 2.0)
    """

    __array_ufunc__ = None
    __slots__ = ("column", "constant", "row", "shape", "value")

    def __init__(
        self,
        shape: tuple[int, ...],
        row: np.ndarray,
        column: np.ndarray,
        value: np.ndarray,
        constant: np.ndarray | np.floating[Any],
    ) -> None:
        """Keep the parts."""
        self.shape, self.row, self.column, self.value = shape, row, column, value
        # NumPy makes a plain number of a table without axes as soon as it is changed.
        self.constant = np.asarray(constant, dtype=np.float64)

    @classmethod
    def variables(cls, numbers: np.ndarray) -> "Linear":
        """Return variables by their numbers; an entry of -1 is 0."""
        flat = numbers.ravel()
        there = np.flatnonzero(flat >= 0)
        return cls(numbers.shape, there, flat[there], np.ones(len(there)), np.zeros(numbers.shape))

    @classmethod
    def of(cls, constant: np.ndarray) -> "Linear":
        """Return expressions without variables."""
        nothing = np.zeros(0, dtype=np.int64)
        table = np.asarray(constant, dtype=np.float64)
        return cls(table.shape, nothing, nothing, np.zeros(0), table)

    @classmethod
    def zeros(cls, *shape: int) -> "Linear":
        """Return zeros."""
        return cls.of(np.zeros(shape))

    @property
    def size(self) -> int:
        """Number of entries."""
        return int(self.constant.size)

    @property
    def fixed(self) -> np.ndarray:
        """Whether each entry has no variable."""
        free = np.ones(self.size, dtype=bool)
        free[self.row[self.value != 0]] = False
        return free.reshape(self.shape)

    def __add__(self, other: "Linear | Number") -> "Linear":
        """Add, entry by entry."""
        if not isinstance(other, Linear):
            constant = self.constant + np.broadcast_to(np.asarray(other, dtype=np.float64), self.shape)
            return Linear(self.shape, self.row, self.column, self.value, constant)
        if other.shape != self.shape:
            raise ValueError(
                f"Linear: shapes {self.shape} and {other.shape} differ, must be equal to be added."
            )
        return Linear(
            self.shape,
            np.concatenate([self.row, other.row]),
            np.concatenate([self.column, other.column]),
            np.concatenate([self.value, other.value]),
            self.constant + other.constant,
        )

    __radd__ = __add__

    def __neg__(self) -> "Linear":
        return self * -1.0

    def __sub__(self, other: "Linear | Number") -> "Linear":
        """Subtract, entry by entry."""
        return self + (-other)

    def __rsub__(self, other: Number) -> "Linear":
        return -self + other

    def __mul__(self, factor: Number) -> "Linear":
        """Multiply each entry by a number."""
        table = np.broadcast_to(np.asarray(factor, dtype=np.float64), self.shape)
        value = self.value * table.ravel()[self.row]
        kept = value != 0
        return Linear(self.shape, self.row[kept], self.column[kept], value[kept], self.constant * table)

    __rmul__ = __mul__

    def placed(self, positions: np.ndarray, shape: tuple[int, ...]) -> "Linear":
        """Add the entries up at flat positions of another array; those at -1 drop out."""
        flat = np.asarray(positions).ravel()
        target = flat[self.row]
        kept = target >= 0
        constant = np.zeros(int(np.prod(shape)))
        np.add.at(constant, flat[flat >= 0], self.constant.ravel()[flat >= 0])
        return Linear(shape, target[kept], self.column[kept], self.value[kept], constant.reshape(shape))

    def sum(self, axis: int | None = None) -> "Linear":
        """Add up along an axis, or everything."""
        if axis is None:
            return self.placed(np.zeros(self.shape, dtype=np.int64), ())
        shape = tuple(np.delete(self.shape, axis).tolist())
        numbers = np.arange(int(np.prod(shape))).reshape(shape)
        return self.placed(np.broadcast_to(np.expand_dims(numbers, axis), self.shape), shape)

    def __getitem__(self, index: object) -> "Linear":
        """Choose entries as NumPy does."""
        chosen = np.arange(self.size).reshape(self.shape)[index]  # type: ignore[index]
        chosen = np.asarray(chosen)
        order = np.argsort(self.row, kind="stable")
        count = np.bincount(self.row, minlength=self.size)
        start = np.concatenate([[0], np.cumsum(count)])
        wanted = chosen.ravel()
        lengths = count[wanted]
        row = np.repeat(np.arange(len(wanted)), lengths)
        within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        at = order[np.repeat(start[wanted], lengths) + within]
        constant = self.constant.ravel()[wanted].reshape(chosen.shape)
        return Linear(chosen.shape, row, self.column[at], self.value[at], constant)

    def at(self, values: np.ndarray) -> np.ndarray:
        """Return the value of each entry for values of the variables."""
        total = np.bincount(self.row, self.value * values[self.column], minlength=self.size)
        return np.asarray(self.constant + total[: self.size].reshape(self.shape))

    def terms(self) -> tuple[list[tuple[int, float]], float]:
        """Return (variable, coefficient) of a single expression, and its constant."""
        pairs = zip(self.column.tolist(), self.value.tolist(), strict=True)
        return sorted(pairs), float(self.constant.sum())


def joined(parts: Sequence[Linear]) -> Linear:
    """Return several flat or shaped expressions as one flat array, in their order."""
    offsets = np.cumsum([0, *(part.size for part in parts)])
    return Linear(
        (int(offsets[-1]),),
        np.concatenate([part.row + offset for part, offset in zip(parts, offsets, strict=False)]),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.constant.ravel() for part in parts]),
    )
