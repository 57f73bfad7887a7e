"""Programs as text in the LP format, which every solver reads and a person can check."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from basestock.optimal.programs.linear import Linear

LINE = 100
"""Characters after which a line is broken."""


def lp_text(
    name: str,
    objective: Linear,
    names: Sequence[str],
    bounds: tuple[np.ndarray, np.ndarray, np.ndarray],
    rows: Sequence[tuple[str, Linear, float, float]],
) -> str:
    """Return a program that minimizes as LP text.

    Parameters
    ----------
    name
        What it is called.
    objective
        Single expression.
    names
        Name of each variable.
    bounds
        ``[variable]`` lower bound, upper bound, and whether it is whole.
    rows
        Name, expression without constant, and lower and upper end of each constraint.
    """
    called = written(names)
    labels = written([row[0] for row in rows])
    low, high, whole = bounds
    lines = [f"\\ {name}", "Minimize", *_broken("obj", _terms(objective, called), _constant(objective))]
    lines.append("Subject To")
    for label, (_, expression, least, most) in zip(labels, rows, strict=True):
        relation, right = (
            ("=", least) if least == most else ("<=", most) if np.isfinite(most) else (">=", least)
        )
        lines += _broken(label, _terms(expression, called), f"{relation} {_number(right)}")
    lines += ["Bounds", *_bounds(called, low, high)]
    chosen = [each for each, flag in zip(called, whole.tolist(), strict=True) if flag]
    if chosen:
        lines += ["General", *(f" {each}" for each in chosen)]
    return "\n".join([*lines, "End", ""])


def written(names: Sequence[str]) -> list[str]:
    """Return names that an LP file can hold, each once.

    Examples
    --------
    >>> written(["order[0,factory -> shop,bolt]", "order[0,factory  shop,bolt]"])
    ['order(0,factory_shop,bolt)', 'order(0,factory_shop,bolt).1']
    """
    seen: dict[str, int] = {}
    result: list[str] = []
    for name in names:
        clean = re.sub(r"[^A-Za-z0-9_.,()]+", "_", name.replace("[", "(").replace("]", ")"))
        number = seen.get(clean, 0)
        seen[clean] = number + 1
        result.append(clean if number == 0 else f"{clean}.{number}")
    return result


def _terms(expression: Linear, names: Sequence[str]) -> list[str]:
    total: dict[int, float] = {}
    for variable, value in zip(expression.column.tolist(), expression.value.tolist(), strict=True):
        total[variable] = total.get(variable, 0.0) + value
    return [
        f"{'-' if value < 0 else '+'} {_number(abs(value))} {names[variable]}"
        for variable, value in sorted(total.items())
        if abs(value) > 1e-15
    ]


def _constant(objective: Linear) -> str:
    value = float(objective.constant)
    return "" if value == 0 else f"{'-' if value < 0 else '+'} {_number(abs(value))}"


def _number(value: float) -> str:
    return f"{value:.12g}"


def _broken(label: str, terms: Sequence[str], end: str) -> Iterator[str]:
    line = f" {label}:"
    for term in [*(terms or ["0"]), *([end] if end else [])]:
        if len(line) + len(term) + 1 > LINE:
            yield line
            line = "  "
        line += f" {term}"
    yield line


def _bounds(names: Sequence[str], low: np.ndarray, high: np.ndarray) -> Iterator[str]:
    """List bounds other than the usual 0 and infinite."""
    for name, least, most in zip(names, low.tolist(), high.tolist(), strict=True):
        if least == 0 and not np.isfinite(most):
            continue
        below = "-inf" if not np.isfinite(least) else _number(least)
        yield f" {below} <= {name}" + (f" <= {_number(most)}" if np.isfinite(most) else "")
