"""Numbers for distinct rows of whole numbers."""

import numpy as np


def keys_of(rows: np.ndarray) -> np.ndarray:
    """Return one key for each row, equal only for equal rows: a number of 64 bits where rows fit, else their bytes."""
    width = rows.shape[1]
    if width == 0:
        return np.zeros(len(rows), dtype=np.int64)
    bits = min(63 // width, 8 * rows.dtype.itemsize)
    most = (1 << bits) // 2
    if bits < 2 or (len(rows) and (rows.min() < -most or rows.max() >= most)):
        return _bytes(rows)
    return rows.astype(np.int64) @ (np.int64(1) << (bits * np.arange(width, dtype=np.int64)))


def distinct_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the first of each distinct row, and for every row the number of its own among them."""
    _, first, inverse = np.unique(keys_of(rows), return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


class Table:
    """Numbers distinct rows in the order in which they are met.

    Parameters
    ----------
    width
        Entries of a row.
    kind
        Type of the entries.
    """

    def __init__(self, width: int, kind: type[np.signedinteger] = np.int16) -> None:
        self._blocks: list[np.ndarray] = [np.zeros((0, width), dtype=kind)]
        self._sorted: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._blocks))

    @property
    def rows(self) -> np.ndarray:
        """``[number, entry]``."""
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)]
        return self._blocks[0]

    def add(self, rows: np.ndarray) -> np.ndarray:
        """Return the numbers of rows, new ones last."""
        first, inverse = distinct_rows(rows)
        found = rows[first]
        numbers = self.find(found)
        fresh = numbers < 0
        numbers[fresh] = len(self) + np.arange(int(fresh.sum()))
        if fresh.any():
            self._blocks.append(found[fresh])
            self._index(keys_of(found[fresh]), numbers[fresh])
        return numbers[inverse]

    def _index(self, keys: np.ndarray, numbers: np.ndarray) -> None:
        """Take new keys among the sorted ones."""
        if self._sorted is not None and self._sorted[0].dtype == keys.dtype:
            keys, numbers = (
                np.concatenate([self._sorted[0], keys]),
                np.concatenate([self._sorted[1], numbers]),
            )
        elif self._sorted is not None:
            # Rows no longer fit 64 bits: all are told apart by their bytes from now on.
            keys, numbers = _bytes(self.rows), np.arange(len(self))
        order = np.argsort(keys, kind="stable")
        self._sorted = keys[order], numbers[order]

    def find(self, rows: np.ndarray) -> np.ndarray:
        """Return the numbers of rows, -1 for those that the table does not hold."""
        if self._sorted is None or not len(rows):
            return np.full(len(rows), -1, dtype=np.int64)
        known, numbers = self._sorted
        keys = keys_of(rows)
        if keys.dtype != known.dtype:
            if known.dtype == np.int64:
                known, numbers = _sorted_bytes(self.rows)
            keys = _bytes(rows)
        at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[at] == keys, numbers[at], -1)


def _bytes(rows: np.ndarray) -> np.ndarray:
    width = rows.shape[1] * rows.dtype.itemsize
    return np.ascontiguousarray(rows).view(f"V{width}").reshape(-1)


def _sorted_bytes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    keys = _bytes(rows)
    order = np.argsort(keys, kind="stable")
    return keys[order], order
