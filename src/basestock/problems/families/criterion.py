"""The criterion of a record: what counts, over which periods, discounted by what."""

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from basestock.decision import Problem
from basestock.problems.families.rules import Check, Wrong, is_number, shown, whole

_NOTES = ("replications", "also", "includes", "notes")
"""What a criterion may hold beside: words, and the number of runs behind a published value."""


def _horizon(value: object) -> str | None:
    fine = value is None or value == "infinite" or whole(1).check(value) is None
    return None if fine else "a whole number of periods >= 1, 'infinite' or null"


def _warm_up(value: object) -> str | None:
    fine = value is None or whole().check(value) is None
    return None if fine else "a whole number of periods >= 0 or null"


def _discount(value: object) -> str | None:
    fine = value is None or (is_number(value) and 0 < value <= 1)  # type: ignore[operator]
    return None if fine else "a number > 0 and <= 1, or null"


_RULES: dict[str, Check] = {"horizon": _horizon, "warm_up": _warm_up, "discount": _discount}
MAXIMIZED = ("discounted_return", "average_profit_per_period")
"""Criteria that are to be large; all others are costs."""


def wrong_criterion(
    criterion: object, allowed: tuple[str, ...], parameters: Mapping[str, Any], periods: object = None
) -> list[Wrong]:
    """Return everything that is wrong with the criterion of a record.

    Parameters
    ----------
    criterion
        Of the record; ``None`` where it has none.
    allowed
        Types of the family.
    parameters
        Of the record: lengths and a discount that stand there too must be the same.
    periods
        Periods that the parameters fix, where they do.
    """
    if criterion is None:
        return []
    if not isinstance(criterion, Mapping):
        return [_wrong("criterion", criterion, "an object with a type")]
    found = [
        _wrong(f"criterion {name!r}", criterion[name], rule)
        for name, check in _RULES.items()
        if name in criterion and (rule := check(criterion[name])) is not None
    ]
    found += [*_wrong_type(criterion, allowed, parameters), *_wrong_start(criterion, parameters)]
    found += _misspelled(criterion)
    return found or _contradicted(criterion, parameters, periods)


def _wrong(offender: str, value: object, rule: str) -> Wrong:
    return Wrong(offender, shown(value), f"must be {rule}", "Correct the record.")


def _wrong_type(
    criterion: Mapping[str, Any], allowed: tuple[str, ...], parameters: Mapping[str, Any]
) -> list[Wrong]:
    kind, sense = criterion.get("type"), criterion.get("sense")
    if kind is not None and kind not in allowed:
        return [_wrong("criterion", kind, " or ".join(allowed))]
    wanted = "max" if (kind or allowed[0]) in MAXIMIZED else "min"
    fine = sense is None or (isinstance(sense, str) and sense.startswith(wanted))
    found = [] if fine else [_wrong("criterion 'sense'", sense, f"{wanted!r} with this type")]
    factor = criterion.get("discount", parameters.get("discount"))
    discounted = str(kind).startswith("discounted") or kind is None
    if not discounted and is_number(factor) and factor < 1:  # type: ignore[operator]
        found.append(_wrong("criterion 'discount'", factor, "null where nothing is discounted"))
    return found


def _wrong_start(criterion: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return what is wrong with net stocks by item; a start in words is a note."""
    start, items = criterion.get("start"), parameters.get("items")
    if not isinstance(start, list):
        return []
    fine = len(start) == items and all(is_number(each) and float(each).is_integer() for each in start)
    rule = "words" if items is None else f"{items} whole numbers, the net stock of each item"
    return [] if fine else [_wrong("criterion 'start'", start, rule)]


def _misspelled(criterion: Mapping[str, Any]) -> list[Wrong]:
    """Return names that are nearly those that count; others are notes."""
    known = ("type", "sense", "start", *_RULES)
    near = {
        name: close[0]
        for name in criterion
        if name not in (*known, *_NOTES) and (close := difflib.get_close_matches(str(name), known, 1, 0.8))
    }
    return [
        Wrong(f"criterion {name!r}", shown(criterion[name]), "must be absent", f"Did you mean {meant!r}?")
        for name, meant in near.items()
    ]


def _contradicted(
    criterion: Mapping[str, Any], parameters: Mapping[str, Any], periods: object
) -> list[Wrong]:
    """Return what the criterion says otherwise than the parameters."""
    fixed = {name: parameters[name] for name in _RULES if name in parameters}
    if periods is not None:
        fixed["horizon"] = periods
    said = {name: criterion.get(name) for name in fixed}
    return [
        _wrong(f"criterion {name!r}", said[name], f"{fixed[name]}, as the parameters say")
        for name in fixed
        if said[name] is not None and said[name] != fixed[name]
    ]


def lengths_of_criterion(criterion: Mapping[str, Any]) -> dict[str, int]:
    """Return the horizon and the warm-up that a criterion gives, periods."""
    return {name: int(criterion[name]) for name in ("horizon", "warm_up") if is_number(criterion.get(name))}


def judged_by(problem: Problem, criterion: Mapping[str, Any]) -> Problem:
    """Return a problem with the type, the discount and the starting stocks of a criterion, where it gives them."""
    changes: dict[str, Any] = {"criterion": criterion.get("type") or problem.criterion}
    if is_number(criterion.get("discount")):
        changes["discount"] = float(criterion["discount"])
    elif not changes["criterion"].startswith("discounted_"):
        changes["discount"] = 1.0
    start = criterion.get("start")
    if isinstance(start, list):
        node = problem.network.nodes[0].name
        net = {(node, item.name): float(x) for item, x in zip(problem.network.items, start, strict=True)}
        changes["initial_state"] = dataclasses.replace(
            problem.initial_state,
            on_hand={place: x for place, x in net.items() if x > 0},
            backorders={place: -x for place, x in net.items() if x < 0},
        )
    return dataclasses.replace(problem, **changes)
