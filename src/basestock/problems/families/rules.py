"""What the parameters of a record must be: rules by name, and everything in a record that breaks one."""

import dataclasses
import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any

LARGEST = 1e15
"""Beyond it a number in a record is a slip, and single precision no help."""

Check = Callable[[Any], str | None]
"""Returns what a value must be if it is not that, else nothing."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """What one parameter of a family must be.

    Parameters
    ----------
    check
        Says what the value must be if it is wrong.
    required
        Whether a record must have the parameter.
    """

    check: Check
    required: bool = True


@dataclasses.dataclass(frozen=True)
class Wrong:
    """One thing that is wrong with a record.

    Parameters
    ----------
    offender
        The record and the parameter.
    value
        What stands there, as text.
    rule
        What must stand there.
    remedy
        What to do.
    """

    offender: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.offender} is {self.value}, {self.rule}. {self.remedy}"


def wrong_parameters(parameters: Mapping[str, Any], rules: Mapping[str, Rule]) -> list[Wrong]:
    """Return everything in the parameters of a record that breaks a rule of its family.

    Parameters
    ----------
    parameters
        Parameters of a record.
    rules
        Rule by parameter.

    Returns
    -------
    list
        Unknown parameters first in the order of the record, then missing ones.
    """
    found: list[Wrong] = []
    for name, value in parameters.items():
        if name not in rules:
            near = difflib.get_close_matches(str(name), rules, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "Drop it, or choose another family."
            found.append(Wrong(f"parameter {name!r}", shown(value), "must be absent", hint))
            continue
        rule = rules[name].check(value)
        if rule is not None:
            found.append(Wrong(f"parameter {name!r}", shown(value), f"must be {rule}", "Correct the record."))
    found += [
        Wrong(f"parameter {name!r}", "missing", "must be given", "Add it to the record.")
        for name, rule in rules.items()
        if rule.required and name not in parameters
    ]
    return found


def shown(value: object) -> str:
    """Return a value as a message shows it, cut at 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number, and no truth value."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 2**1000
    return isinstance(value, float) and math.isfinite(value)


def number(low: float = 0.0, high: float = math.inf, *, above: bool = False, required: bool = True) -> Rule:
    """Return the rule of a number from ``low`` (or above it) to ``high``.

    Examples
    --------
    >>> number(above=True).check(0)
    'a number > 0'
    >>> number().check(3.5)
    """
    text = f"a number {'>' if above else '>='} {low:g}" + (f" and <= {high:g}" if high < math.inf else "")

    def check(value: object) -> str | None:
        if is_number(value) and abs(value) > LARGEST:  # type: ignore[arg-type]
            return f"{text}, of size {LARGEST:g} at most"
        fine = is_number(value) and low <= float(value) <= high and not (above and value == low)  # type: ignore[arg-type]
        return None if fine else text

    return Rule(check, required)


def whole(low: int = 0, high: int = 1_000_000, *, required: bool = True) -> Rule:
    """Return the rule of a whole number from ``low`` to ``high``."""

    def check(value: object) -> str | None:
        fine = is_number(value) and float(value).is_integer() and low <= value <= high  # type: ignore[arg-type, operator]
        return None if fine else f"a whole number from {low} to {high}"

    return Rule(check, required)


def exactly(usual: object, *, required: bool = False) -> Rule:
    """Return the rule of a parameter that the family has in one value only; lists may repeat it."""

    def check(value: object) -> str | None:
        plain: Any = (
            value if not isinstance(value, list) else (usual if all(v == usual for v in value) else value)
        )
        return None if plain == usual and isinstance(plain, bool) == isinstance(usual, bool) else repr(usual)

    return Rule(check, required)


def choice(*names: str, required: bool = True) -> Rule:
    """Return the rule of one of some names."""

    def check(value: object) -> str | None:
        return None if isinstance(value, str) and value in names else f"one of {', '.join(names)}"

    return Rule(check, required)


def truth(*, required: bool = True) -> Rule:
    """Return the rule of true or false."""
    return Rule(lambda value: None if isinstance(value, bool) else "true or false", required)


def list_of(rule: Rule, length: int | None = None, *, required: bool = True) -> Rule:
    """Return the rule of a list, not empty, whose entries keep a rule."""
    size = "one or more" if length is None else str(length)

    def check(value: object) -> str | None:
        fine = isinstance(value, list) and len(value) > 0 and length in (None, len(value))
        wrong = next((text for each in value if (text := rule.check(each))), None) if fine else None  # type: ignore[union-attr]
        return (
            None
            if fine and wrong is None
            else f"a list of {size} entries, each {wrong or rule.check(None) or 'fine'}"
        )

    return Rule(check, required)


def law(*, required: bool = True) -> Rule:
    """Return the rule of a demand law as the file spells it."""
    from basestock.problems.families.demand import wrong_law

    return Rule(wrong_law, required)
