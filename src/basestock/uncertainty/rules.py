"""What parameters of laws and drivers must be; everything that is wrong with one object is told together."""

import math
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, NamedTuple


class Rule(NamedTuple):
    """A parameter, whether it is fine, and what it must be."""

    value: object
    fine: bool
    rule: str


def is_number(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    """Tell whether a value is a finite number from low to high; texts and truth values are none.

    Examples
    --------
    >>> is_number(0.5, 0, 1), is_number("0.5"), is_number(float("nan"))
    (True, False, False)
    """
    if isinstance(value, str | bytes | bool):
        return False
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return math.isfinite(number) and low <= number <= high


def are_numbers(values: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    """Tell whether a value is a sequence of finite numbers from low to high."""
    is_sequence = isinstance(values, Iterable) and not isinstance(values, str | bytes | dict)
    return is_sequence and all(is_number(value, low, high) for value in values)


def positive(value: Any) -> Rule:
    """Ask for a finite number above 0."""
    return Rule(value, is_number(value, 0.0) and value > 0, "a finite number > 0")


def non_negative(value: Any) -> Rule:
    """Ask for a finite number from 0."""
    return Rule(value, is_number(value, 0.0), "a finite number >= 0")


def share(value: Any) -> Rule:
    """Ask for a number from 0 to 1."""
    return Rule(value, is_number(value, 0.0, 1.0), "a number >= 0 and <= 1")


def periods(value: Any, least: int = 0) -> Rule:
    """Ask for a whole number of periods from a least one on."""
    fine = is_number(value, least) and float(value).is_integer()
    return Rule(value, fine, f"a whole number of periods >= {least}")


def all_of(value: object, kind: type) -> Rule:
    """Ask for a tuple of objects of one kind."""
    fine = isinstance(value, tuple | list) and all(isinstance(each, kind) for each in value)
    return Rule(value, fine, f"a tuple of {kind.__name__}")


def names(value: object) -> Rule:
    """Ask for a tuple of names, not one name alone."""
    return Rule(value, all_of(value, str).fine, "a tuple of names")


def one_of(value: object, kind: type) -> Rule:
    """Ask for an object of a kind, or None."""
    return Rule(value, value is None or isinstance(value, kind), f"a {kind.__name__}, or None")


def by_name(value: object, kind: type | UnionType) -> Rule:
    """Ask for a mapping from names or places to objects of one kind."""
    fine = isinstance(value, Mapping) and all(isinstance(each, kind) for each in value.values())
    told = kind.__name__ if isinstance(kind, type) else "a number"
    return Rule(value, fine, f"a mapping from names to {told}")


def broken(rules: Mapping[str, Rule]) -> list[str]:
    """Return a sentence for each parameter that breaks its rule."""
    return [
        f"{name} is {value!r}, must be {rule}." for name, (value, fine, rule) in rules.items() if not fine
    ]


def require(error: type[ValueError], what: str, thing: str, /, **rules: Rule) -> None:
    """Refuse an object with everything that is wrong with its parameters.

    Parameters
    ----------
    error
        Kind of the error.
    what, thing
        Name of the object, and what is to be corrected.
    **rules
        Rule by parameter.

    Raises
    ------
    ValueError
        Naming every parameter that breaks its rule, with value and rule.
    """
    wrong = broken(rules)
    if wrong:
        raise error(f"{what}: {' '.join(wrong)} Correct the {thing}.")
