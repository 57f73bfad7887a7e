"""Comparisons are between policies, never between games."""

from collections.abc import Mapping

import jax
import numpy as np

from basestock.decision import Problem


class FairnessError(ValueError):
    """Policies would be compared on different games."""


def require_fair(problems: Mapping[str, Problem]) -> None:
    """Refuse a comparison unless all methods face the same lead times, order timing, order range and events.

    Parameters
    ----------
    problems
        The problem each method would be judged on, by name of the method.

    Raises
    ------
    FairnessError
        Naming every method that differs from the first, and in what.
    """
    names = list(problems)
    first = problems[names[0]]
    differences = [
        f"{name!r} differs from {names[0]!r} in {', '.join(found)}"
        for name in names[1:]
        if (found := _differences(first, problems[name]))
    ]
    if differences:
        raise FairnessError(
            f"Comparison: {'; '.join(differences)}. All methods must face one game. Judge them on the same problem."
        )


def _differences(first: Problem, other: Problem) -> list[str]:
    if first is other:
        return []
    aspects = {
        "lead times": lambda p: (
            p.arrays.lead_time,
            p.arrays.mean_lead_time,
            p.arrays.features,
            p.events.lead_times,
        ),
        "order timing": lambda p: (p.arrays.review_period, p.arrays.review_phase),
        "order range": lambda p: (p.arrays.order_minimum, p.arrays.order_multiple, p.arrays.order_maximum),
        "demand": lambda p: p.events.market,
        "prices": lambda p: p.tariff,
        "start": lambda p: p.start(1),
    }
    found = [name for name, look in aspects.items() if not _equal(look(first), look(other))]
    found += ["sequence of events"] if first.sequence != other.sequence else []
    periods = [(p.horizon, p.warm_up, p.discount, p.criterion) for p in (first, other)]
    return found + (["horizon or criterion"] if periods[0] != periods[1] else [])


def _equal(first: object, other: object) -> bool:
    left, left_tree = jax.tree.flatten(first)
    right, right_tree = jax.tree.flatten(other)
    return left_tree == right_tree and all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))
