"""Check and normalize the attributes of an authored object, as the schema says."""

import math
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping
from numbers import Real
from typing import Any, ClassVar, cast

from basestock.network.errors import Defect, NetworkError, nearest, noun, shown
from basestock.network.frozen import FrozenMapping
from basestock.network.schema import NONE, SCHEMA, Attribute, bounds

PROBABILITY_TOLERANCE = 1e-6
"""Probabilities sum to 1 within this."""


class Report:
    """Defects of one object, collected.

    Parameters
    ----------
    kind, name
        Type and name of the object.
    """

    __slots__ = ("defects", "kind", "name")

    def __init__(self, kind: str, name: object) -> None:
        self.kind = kind
        self.name = name if isinstance(name, str) else repr(name)
        self.defects: list[Defect] = []

    def add(self, field: str, value: str, rule: str, remedy: str = "") -> None:
        """Record that a field breaks a rule; the remedy defaults to correcting the object."""
        remedy = remedy or f"Correct the {noun(self.kind)}."
        self.defects.append(Defect(self.kind, self.name, field, value, rule, remedy))

    def close(self) -> None:
        """Raise :class:`NetworkError` when anything was recorded."""
        if self.defects:
            raise NetworkError(self.defects)


class SelfChecked:
    """Checks its own attributes when it is made, with messages for people who author networks.

    A checker of types at run time that honors ``typing.no_type_check`` leaves its constructor alone, so that wrong
    values meet these messages first.
    """

    __slots__ = ()
    __no_type_check__: ClassVar[bool] = True


def conform(part: object, name: object) -> Report:
    """Check every attribute of an object against the schema and store the normalized values in it.

    Parameters
    ----------
    part
        An object of an authored type, under construction.
    name
        Its name, for messages.

    Returns
    -------
    Report
        What is wrong; the caller adds its own rules and closes it.
    """
    kind = type(part).__name__
    report = Report(kind, name)
    for attribute in SCHEMA[kind]:
        value = getattr(part, attribute.name)
        if value is attribute.default:
            continue
        normalized = CHECKS.get(attribute.kind, _parts)(attribute, value, report)
        if normalized is not value:
            object.__setattr__(part, attribute.name, normalized)
    return report


def rule_of(attribute: Attribute, value: object = None) -> str:
    """Return the rule of a number as a phrase.

    Examples
    --------
    >>> rule_of(SCHEMA["Lane"][4], -1)
    'must be a whole number of periods >= 0'
    >>> rule_of(SCHEMA["Process"][7], 5.0)
    'must be a share > 0 and <= 1'
    """
    whole = "whole " if attribute.kind in _WHOLE_KINDS else ""
    if attribute.unit.startswith("share"):
        return f"must be a {attribute.unit} {bounds(attribute)}"
    unit = "" if attribute.unit == "-" else f" of {attribute.unit}"
    low, _, high = bounds(attribute).partition(" and ")
    too_high = high and _as_float(value) >= (attribute.high or 0.0)
    return f"must be a {whole}number{unit} {high if too_high else low}".rstrip()


_WHOLE_KINDS = frozenset({"whole number", "lead time", "lead times", "weekdays"})


def _in_bounds(attribute: Attribute, number: float) -> bool:
    low, high = attribute.low, attribute.high
    if low is not None and (number < low or (number == low and attribute.excludes_low)):
        return False
    return high is None or number < high or (number == high and not attribute.excludes_high)


def _as_float(value: object) -> float:
    """Return a number as a float, and NaN for anything else."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _as_number(attribute: Attribute, value: object) -> float | None:
    """Return the value as a finite float within bounds, or ``None``."""
    number = _as_float(value)
    return number if math.isfinite(number) and _in_bounds(attribute, number) else None


def _as_whole(attribute: Attribute, value: object) -> int | None:
    """Return the value as an int within bounds, or ``None``."""
    number = _as_number(attribute, value)
    return int(number) if number is not None and number.is_integer() else None


def _is_name(attribute: Attribute, value: object) -> bool:
    if not isinstance(value, str) or not 1 <= len(value) <= (attribute.high or 100):
        return False
    # Spaces other than the plain one (as in Japanese names) count as printable here; line breaks do not.
    return value.isprintable() or all(
        sign.isprintable() or unicodedata.category(sign) == "Zs" for sign in value
    )


def _percent_hint(attribute: Attribute, value: object) -> str:
    percent = attribute.unit.startswith("share") and 1 < _as_float(value) <= 100
    return "Divide by 100 if it is a percentage." if percent else ""


def _number(attribute: Attribute, value: object, report: Report, field: str = "") -> object:
    number = _as_number(attribute, value)
    if number is None:
        report.add(
            field or attribute.name, shown(value), rule_of(attribute, value), _percent_hint(attribute, value)
        )
    return value if number is None else number


def _whole(attribute: Attribute, value: object, report: Report, field: str = "") -> object:
    number = _as_whole(attribute, value)
    if number is None:
        report.add(field or attribute.name, shown(value), rule_of(attribute, value))
    return value if number is None or type(value) is int else number


def _flag(attribute: Attribute, value: object, report: Report) -> object:
    if not isinstance(value, bool):
        report.add(attribute.name, shown(value), "must be true or false")
    return value


def _name(attribute: Attribute, value: object, report: Report) -> object:
    if not _is_name(attribute, value):
        report.add(
            attribute.name,
            shown(value),
            f"must be text of 1 to {attribute.high or 100:.0f} printable characters",
        )
    return value


def _choice(attribute: Attribute, value: object, report: Report) -> object:
    if not isinstance(value, str) or value not in attribute.choices:
        report.add(
            attribute.name,
            shown(value),
            f"must be one of {bounds(attribute)}",
            _did_you_mean(attribute, value),
        )
    return value


def _did_you_mean(attribute: Attribute, value: object) -> str:
    hint = nearest(value, attribute.choices)
    return f"{hint}Correct the value." if hint else ""


def _sequence(attribute: Attribute, value: object, report: Report, what: str) -> tuple[Any, ...]:
    """Return a list or tuple as a tuple; report anything else, an empty one, and repeated entries."""
    if not isinstance(value, (list, tuple)):
        report.add(attribute.name, shown(value), f"must be a list of {what}")
        return ()
    entries = cast("tuple[Any, ...]", tuple(value))
    if not entries:
        absent = ", or be absent for all" if attribute.default is None else ""
        report.add(attribute.name, "empty", f"must list at least one of the {what}{absent}")
    return entries


def _report_repeated(attribute: Attribute, entries: Iterable[Hashable], report: Report) -> None:
    seen: set[Hashable] = set()
    for entry in entries:
        if entry in seen:
            report.add(attribute.name, f"{shown(entry)} twice", "must list each once", "Drop the repetition.")
        seen.add(entry)


def _names(attribute: Attribute, value: object, report: Report) -> object:
    entries = _sequence(attribute, value, report, "names")
    wrong = [entry for entry in entries if not _is_name(attribute, entry)]
    for entry in wrong:
        report.add(
            attribute.name, shown(entry), "must be text of 1 to 100 printable characters in each entry"
        )
    if not wrong and len(set(entries)) < len(entries):
        _report_repeated(attribute, entries, report)
    return entries


def _weekdays(attribute: Attribute, value: object, report: Report) -> object:
    entries = _sequence(attribute, value, report, "weekdays")
    days = [_as_whole(attribute, entry) for entry in entries]
    for entry, day in zip(entries, days, strict=True):
        if day is None:
            report.add(
                attribute.name, shown(entry), "must be a weekday from 0 (Monday) to 6 (Sunday) in each entry"
            )
    if None not in days:
        _report_repeated(attribute, days, report)
    found = tuple(sorted({day for day in days if day is not None}))
    return None if len(found) == 7 else found


def _levels(attribute: Attribute, value: object, report: Report) -> object:
    """Return increasing numbers as a tuple."""
    if not isinstance(value, (list, tuple)):
        report.add(attribute.name, shown(value), "must be a list of numbers")
        return ()
    levels = [_number(attribute, entry, report) for entry in cast("tuple[Any, ...]", tuple(value))]
    if not report.defects and levels != sorted(set(cast("list[float]", levels))):
        report.add(
            attribute.name, shown(value), "must list increasing numbers", "Sort them and drop repetitions."
        )
    return tuple(levels)


def _entries(attribute: Attribute, value: object, report: Report, what: str) -> list[tuple[Any, Any]]:
    """Return the entries of a mapping, sorted by key, so that equal mappings are written and read alike."""
    if not isinstance(value, Mapping):
        report.add(attribute.name, shown(value), f"must be {{{what}}}")
        return []
    entries = cast("list[tuple[Any, Any]]", list(value.items()))
    try:
        return sorted(entries, key=lambda entry: entry[0])
    except TypeError:
        return entries  # Keys of mixed types: one of them is reported as no name.


def _report_key(attribute: Attribute, key: object, report: Report, what: str) -> None:
    report.add(f"key of {attribute.name}", shown(key), f"must be {what}")


def _quantities(attribute: Attribute, value: object, report: Report) -> object:
    frozen: dict[Any, Any] = {}
    for key, entry in _entries(attribute, value, report, "name: number"):
        if not isinstance(key, str) or not key:
            _report_key(attribute, key, report, "a name")
        number = _as_number(attribute, entry)
        frozen[key] = (
            _number(attribute, entry, report, f"{attribute.name}[{key!r}]") if number is None else number
        )
    return FrozenMapping(frozen) if frozen else NONE


def _limit(attribute: Attribute, value: object, report: Report) -> object:
    if isinstance(value, Mapping):
        return _quantities(attribute, value, report) or None
    return _number(attribute, value, report)


def _is_pair(key: object) -> bool:
    return (
        isinstance(key, tuple)
        and len(cast("tuple[object, ...]", key)) == 2
        and all(isinstance(n, str) for n in key)
    )


def _pairs(attribute: Attribute, value: object, report: Report) -> object:
    frozen: dict[Any, Any] = {}
    for key, entry in _entries(attribute, value, report, "(before, after): number"):
        if not _is_pair(key):
            _report_key(attribute, key, report, "a pair of names")
        frozen[key] = _number(attribute, entry, report, f"{attribute.name}[{key!r}]")
    return FrozenMapping(frozen) if frozen else NONE


def _lead_time(attribute: Attribute, value: object, report: Report, field: str = "") -> object:
    if isinstance(value, Mapping):
        return _law(attribute, cast("Mapping[Any, Any]", value), report, field or attribute.name)
    return _whole(attribute, value, report, field)


def _law(attribute: Attribute, law: Mapping[Any, Any], report: Report, field: str) -> object:
    """Check {periods: probability}; drop what has probability 0 and unwrap a single outcome."""
    checked: dict[int, float] = {}
    num_defects = len(report.defects)
    for key, entry in law.items():
        periods, probability = _as_whole(attribute, key), _as_number(_PROBABILITY, entry)
        if periods is None:
            report.add(f"outcome of {field}", shown(key), rule_of(attribute, key))
        if probability is None:
            report.add(f"{field}[{key!r}]", shown(entry), "must be a probability >= 0 and <= 1")
        if periods is not None and probability is not None:
            checked[periods] = probability
    total = math.fsum(checked.values())
    if len(report.defects) == num_defects and abs(total - 1.0) > PROBABILITY_TOLERANCE:
        report.add(
            f"the sum of the probabilities in {field}",
            f"{total:.12g}",
            "must be 1",
            "Correct the probabilities.",
        )
    kept = {periods: checked[periods] for periods in sorted(checked) if checked[periods] > 0}
    return next(iter(kept)) if len(kept) == 1 else FrozenMapping(kept)


_PROBABILITY = Attribute("probability", "number", "-", None, "of one outcome", low=0.0, high=1.0)


def _lead_times(attribute: Attribute, value: object, report: Report) -> object:
    frozen: dict[Any, Any] = {}
    for key, entry in _entries(attribute, value, report, "item: lead time"):
        if not isinstance(key, str) or not key:
            _report_key(attribute, key, report, "a name")
        frozen[key] = _lead_time(attribute, entry, report, f"{attribute.name}[{key!r}]")
    return FrozenMapping(frozen) if frozen else NONE


def _unmet(attribute: Attribute, value: object, report: Report, field: str = "") -> object:
    if isinstance(value, str) and value in ("lost", "backorder"):
        return value
    share = _as_number(attribute, value)
    if share is None:
        rule = "must be 'lost', 'backorder' or a share backordered >= 0 and <= 1"
        report.add(field or attribute.name, shown(value), rule, _percent_hint(attribute, value))
    return value if share is None else share


def _unmet_at(attribute: Attribute, value: object, report: Report) -> object:
    frozen: dict[Any, Any] = {}
    for key, entry in _entries(attribute, value, report, "(node, item): what happens to unmet demand"):
        if not _is_pair(key):
            _report_key(attribute, key, report, "a pair of names, (node, item)")
            continue  # The network's other checks unpack the pairs.
        frozen[key] = _unmet(attribute, entry, report, f"{attribute.name}[{key!r}]")
    return FrozenMapping(frozen) if frozen else NONE


def _parts(attribute: Attribute, value: object, report: Report) -> object:
    """Check a list of authored objects; what is none is dropped from the result, so that checks can go on."""
    if not isinstance(value, (list, tuple)):
        report.add(attribute.name, shown(value), f"must be a list of {attribute.kind} objects")
        return ()
    parts = cast("tuple[object, ...]", tuple(value))
    wrong = [part for part in parts if type(part).__name__ != attribute.kind]
    for part in wrong:
        report.add(attribute.name, shown(part), f"must list objects of type {attribute.kind} only")
    return tuple(part for part in parts if type(part).__name__ == attribute.kind) if wrong else parts


CHECKS: dict[str, Callable[[Attribute, Any, Report], object]] = {
    "name": _name,
    "names": _names,
    "number": _number,
    "whole number": _whole,
    "flag": _flag,
    "choice": _choice,
    "lead time": _lead_time,
    "lead times": _lead_times,
    "quantities": _quantities,
    "limit": _limit,
    "pairs": _pairs,
    "weekdays": _weekdays,
    "levels": _levels,
    "unmet": _unmet,
    "unmet at": _unmet_at,
}
"""Kind of an attribute to the function that checks it; any other kind is the name of an authored type."""
