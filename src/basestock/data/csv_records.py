"""Where the records of a delimited text begin and end: quotes, counts of fields, nothing padded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_CHUNK = 1 << 25
_QUOTE, _NEWLINE, _RETURN = 34, 10, 13

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Records:
    """Records of a text.

    Parameters
    ----------
    ends : array of int, shape (records,)
        Position after the line end of each record.
    fields : array of int, shape (records,)
        Number of fields.
    rewritten : dict of int to bytes
        Records with stray quotes, written again in strict form.
    unclosed : int
        Record in which a quote opens that does not close properly, or -1.
    """

    ends: Positions
    fields: Positions
    rewritten: dict[int, bytes] = field(default_factory=dict)
    unclosed: int = -1

    @property
    def starts(self) -> Positions:
        """Return the first position of each record."""
        return np.concatenate([np.zeros(1, np.int64), self.ends[:-1]])

    def holding(self, positions: Positions) -> Positions:
        """Return the distinct records that hold the bytes at some positions."""
        return np.unique(np.searchsorted(self.ends, positions, side="right"))


def find_records(text: bytes, delimiter: bytes) -> Records:
    r"""Find the records of a text whose last line has a line end.

    Parameters
    ----------
    text : bytes
        UTF-8; the line end is ``\n`` or ``\r\n``.
    delimiter : bytes
        One byte.

    Examples
    --------
    >>> find_records(b'a,b\n"1,5",2\n', b",").fields.tolist()
    [2, 2]
    """
    array = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(array == _QUOTE)
    if len(quotes) and not _strict(array, quotes, delimiter[0]):
        return _walk(text, delimiter)
    ends: list[Positions] = []
    delimiters: list[Positions] = []
    inside = 0
    for start in range(0, len(array), _CHUNK):
        chunk = array[start : start + _CHUNK]
        free = np.ones(len(chunk), bool)
        if len(quotes):
            parity = np.bitwise_xor.accumulate((chunk == _QUOTE).view(np.uint8)) ^ inside
            inside = int(parity[-1])
            free = parity == 0
        ends.append(np.flatnonzero((chunk == _NEWLINE) & free) + start + 1)
        delimiters.append(np.flatnonzero((chunk == delimiter[0]) & free) + start)
    return _counted(np.concatenate(ends), np.concatenate(delimiters))


def _counted(ends: Positions, delimiters: Positions) -> Records:
    before = np.searchsorted(delimiters, ends)
    return Records(ends, np.diff(before, prepend=0) + 1)


def _strict(array: npt.NDArray[np.uint8], quotes: Positions, delimiter: int) -> bool:
    """Return True when every quote stands where the rules allow one and all of them close."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening == 0, _NEWLINE, array[np.maximum(opening - 1, 0)])
    last = len(array) - 1
    after = np.where(closing == last, _NEWLINE, array[np.minimum(closing + 1, last)])
    return bool(
        np.isin(before, [delimiter, _NEWLINE, _QUOTE]).all()
        and np.isin(after, [delimiter, _NEWLINE, _RETURN, _QUOTE]).all()
    )


def _walk(text: bytes, delimiter: bytes) -> Records:
    """Find records one by one: quotes inside an unquoted field are plain characters."""
    ends: list[int] = []
    counts: list[int] = []
    rewritten: dict[int, bytes] = {}
    strict = _strict_line(delimiter)
    position = 0
    while position < len(text):
        newline = text.find(b"\n", position)
        stop = len(text) if newline < 0 else newline + 1
        line = text[position:stop]
        if b'"' not in line:
            counts.append(line.count(delimiter) + 1)
        elif strict.fullmatch(line):
            counts.append(_QUOTED.sub(b"", line).count(delimiter) + 1)
        else:
            stop, fields, stray = _walk_record(text, position, delimiter)
            if stop < 0:
                return Records(np.array(ends, np.int64), np.array(counts, np.int64), unclosed=len(ends))
            counts.append(len(fields))
            if stray:
                rewritten[len(ends)] = delimiter.join(map(_quoted, fields)) + b"\n"
        ends.append(stop)
        position = stop
    return Records(np.array(ends, np.int64), np.array(counts, np.int64), rewritten)


_QUOTED = re.compile(rb'"[^"]*"')


def _strict_line(delimiter: bytes) -> re.Pattern[bytes]:
    """Return the form of a record on one line in which every quote stands where the rules allow one."""
    mark = re.escape(delimiter)
    cell = rb'(?:"(?:[^"]|"")*"|[^"\n' + mark + rb"]*)"
    return re.compile(cell + rb"(?:" + mark + cell + rb")*\r?\n")


def _quoted(cell: bytes) -> bytes:
    return b'"' + cell.replace(b'"', b'""') + b'"'


def _walk_record(text: bytes, position: int, delimiter: bytes) -> tuple[int, list[bytes], bool]:
    """Return the end of a record (-1 if a quote does not close), its cells, and if it has stray quotes."""
    cells: list[bytes] = []
    stray = False
    while True:
        if text[position : position + 1] == b'"':
            close = _closing_quote(text, position + 1)
            after = text[close + 1 : close + 2]
            if close < 0 or after not in (delimiter, b"\n", b"\r", b""):
                return -1, cells, stray
            cells.append(text[position + 1 : close].replace(b'""', b'"'))
            position = close + 1 + (after == b"\r")
        else:
            stop = _field_end(text, position, delimiter)
            cell = text[position:stop]
            stray = stray or b'"' in cell
            cells.append(cell.removesuffix(b"\r") if text[stop : stop + 1] != delimiter else cell)
            position = stop
        if text[position : position + 1] != delimiter:
            return position + 1, cells, stray
        position += 1


def _field_end(text: bytes, position: int, delimiter: bytes) -> int:
    newline = text.find(b"\n", position)
    newline = len(text) if newline < 0 else newline
    stop = text.find(delimiter, position, newline)
    return newline if stop < 0 else stop


def _closing_quote(text: bytes, position: int) -> int:
    """Return the position of the quote that closes a field, or -1."""
    while True:
        close = text.find(b'"', position)
        if close < 0 or text[close + 1 : close + 2] != b'"':
            return close
        position = close + 2


def split_record(record: bytes, delimiter: bytes) -> list[str]:
    r"""Return the cells of one record as text.

    Examples
    --------
    >>> split_record(b'id,"a ""b"" c"\r\n', b",")
    ['id', 'a "b" c']
    """
    _, cells, _ = _walk_record(record, 0, delimiter)
    return [cell.decode("utf-8", "backslashreplace") for cell in cells]
