"""What is wrong with an authored network, said as offender, value, rule and remedy."""

import dataclasses
from collections.abc import Iterable

MAX_SHOWN = 100
"""An error message shows this number of defects; all of them are in the error."""

MAX_COMPARED = 20_000
"""Nearest names are looked for until this number of names is compared."""

MAX_TEXT = 80
"""A shown value is cut at this number of characters."""


@dataclasses.dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong.

    Parameters
    ----------
    kind
        What the offender is: ``"Item"``, ``"Lane"``, ``"SupplyNetwork"``, ...
    name
        Name of the offender; empty when it has none.
    field
        The attribute at fault.
    value
        Its value as text.
    rule
        What would have been right, starting with "must".
    remedy
        One sentence: what to do.
    place
        File and row, when the network was read from files.
    """

    kind: str
    name: str
    field: str
    value: str
    rule: str
    remedy: str
    place: str = ""

    def __str__(self) -> str:
        offender = f"{self.kind} {self.name!r}" if self.name else self.kind
        place = f"{self.place}: " if self.place else ""
        return f"{place}{offender}: {self.field} is {self.value}, {self.rule}. {self.remedy}"


class NetworkError(ValueError):
    """A network, or a part of one, breaks its rules; carries everything that is wrong at once.

    Parameters
    ----------
    defects
        What is wrong, in the order found.
    """

    def __init__(self, defects: Iterable[Defect]) -> None:
        self.defects = tuple(defects)
        super().__init__(self.defects)

    def __str__(self) -> str:
        if len(self.defects) == 1:
            return str(self.defects[0])
        lines = [f"{len(self.defects)} defects:", *(f"- {defect}" for defect in self.defects[:MAX_SHOWN])]
        if len(self.defects) > MAX_SHOWN:
            lines.append(f"- and {len(self.defects) - MAX_SHOWN} more.")
        return "\n".join(lines)


def noun(kind: str) -> str:
    """Return the word for a type in a remedy.

    Examples
    --------
    >>> noun("SupplyNetwork")
    'network'
    """
    return "network" if kind == "SupplyNetwork" else kind.lower()


def shown(value: object) -> str:
    r"""Return a value as a message shows it: escaped, cut at 80 characters with its length.

    Examples
    --------
    >>> shown("DC\t1")
    "'DC\\t1'"
    """
    text = repr(value)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}... ({len(text)} characters)"


def nearest(name: object, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'? " for the known name nearest to a wrong one, or nothing when none is near.

    Examples
    --------
    >>> nearest("retailr", ["retailer", "warehouse"])
    "Did you mean 'retailer'? "
    """
    import difflib

    if not isinstance(name, str):
        return ""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}? " if close else ""


class Suggestions:
    """Nearest names for many wrong ones, until a budget is spent: one search among ten thousand takes 0.1 s."""

    def __init__(self) -> None:
        self._num_compared = 0
        self._found: dict[tuple[str, frozenset[str]], str] = {}

    def nearest(self, name: str, known: frozenset[str]) -> str:
        """Return what :func:`nearest` returns, and nothing when the budget is spent."""
        key = (name, known)
        if key not in self._found and self._num_compared < MAX_COMPARED:
            self._num_compared += len(known)
            self._found[key] = nearest(name, known)
        return self._found.get(key, "")
