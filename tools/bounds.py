"""What proven bounds leave open, by family: each bound beside the optimum, and both bounds of a clairvoyant.

The plain bound of whoever sees the future is weak for inventories; what it leaves is printed beside what a price on
that knowledge leaves.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from basestock.optimal.bounds import all_bounds, clairvoyant_gap
from basestock.problems.instances import Instance

SECONDS, MEMORY = 120.0, 2 << 30
"""Time and memory for the bounds of an instance, and again for its optimum and the clairvoyant."""


def bounds_of(instance: Instance) -> dict[str, Any]:
    """Return the bounds of an instance, tightest first, and what a clairvoyant leaves.

    Parameters
    ----------
    instance
        An instance whose problem is played.

    Returns
    -------
    dict
        ``{"sign", "bounds": [{"value", "half_width", "method"}], "clairvoyant"}``; the last is ``None`` where the
        problem is not solved as one piece in the time.
    """
    problem = instance.problem()
    found = all_bounds(problem, max_bytes=MEMORY, max_seconds=SECONDS)
    try:
        gap = clairvoyant_gap(problem, max_bytes=MEMORY, max_seconds=SECONDS)
    except ValueError:
        gap = None
    keys = "value", "half_width", "method"
    return {
        "sign": problem.sign,
        "bounds": [{key: getattr(each, key) for key in keys} for each in found],
        "clairvoyant": gap
        and {
            "optimum": gap.optimum,
            "paths": gap.paths,
            "plain": gap.plain.value,
            "plain_half_width": gap.plain.half_width,
            "penalized": gap.penalized.value,
            "penalized_half_width": gap.penalized.half_width,
        },
    }


PROTOCOL = """\
## Bounds

What is proven without solving, on one instance of each family: the tightest bound that applies within 120 s, and how
far it is below the exact optimum (or the best known value, where the certificate is not exact). Beside it the bound of
a clairvoyant, who sees the events of a path for nothing, and his bound when that knowledge costs what an approximate
value function says; `±` is the 95 % half-width of a mean over paths.
"""


def section(lines: Mapping[str, Any], values: Mapping[str, float | None]) -> str:
    """Return the part of the page of results about bounds, as Markdown.

    Parameters
    ----------
    lines
        What :func:`bounds_of` found, by instance.
    values
        Optimal or best known value by instance.
    """
    head = ("instance", "value", "bound", "below %", "method", "clairvoyant below %", "penalized below %")
    rows = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for name, found in lines.items():
        value = values.get(name)
        tightest = found["bounds"][0] if found["bounds"] else None
        gap = found["clairvoyant"]
        cells = (
            name,
            "" if value is None else f"{value:.7g}",
            *(
                ("none", "", "")
                if tightest is None
                else (
                    _with_width(tightest["value"], tightest["half_width"]),
                    below(value, tightest["value"], found["sign"]),
                    tightest["method"].replace("|", "\\|"),
                )
            ),
            *(
                (below(gap["optimum"], gap[kind], found["sign"], gap[f"{kind}_half_width"]) if gap else "")
                for kind in ("plain", "penalized")
            ),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return PROTOCOL + "\n" + "\n".join(rows) + "\n"


def below(value: float | None, bound: float, sign: int, half_width: float = 0.0) -> str:
    """Return how far a bound is on its side of a value, in percent of it."""
    if not value or not math.isfinite(bound):
        return ""
    width = f" ± {100 * half_width / abs(value):.2g}" if half_width else ""
    return f"{100 * sign * (value - bound) / abs(value):.3g}{width}"


def _with_width(value: float, half_width: float) -> str:
    return f"{value:.7g}" + (f" ± {half_width:.2g}" if half_width else "")


def first_of_each_family(instances: Iterable[Instance]) -> list[Instance]:
    """Return the first instance of each family that is played, not only computed."""
    first: dict[str, Instance] = {}
    for instance in instances:
        first.setdefault(instance.family, instance)
    return [instance for instance in first.values() if instance.problem().kind != "closed_form"]
