"""What the parameters of problems may be: whole numbers, shares, names to choose from; all defects at once."""

import difflib
import functools
import inspect
import math
import numbers
from collections.abc import Callable
from types import UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

P = ParamSpec("P")
T = TypeVar("T")
Bounds = tuple[float | None, float | None]

SHARES = ("share", "probability", "prob", "risk", "discount", "memory")
"""Last words of the names of what lies between 0 and 1."""

COUNTS = ("num", "horizon", "periods", "shelf_life")
"""First words of the names of what there must be one of at least."""


def parameters(**bounds: Bounds) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Check the numbers and choices that a problem function is called with.

    Parameters
    ----------
    bounds
        Lowest and highest value of a parameter, None where there is none. Without: whole numbers are at least 0 (counts
        at least 1), shares between 0 and 1, other numbers at least 0; each finite.

    Returns
    -------
    Callable
        A decorator. The function then raises ``ValueError`` that names every wrong parameter, its value and its rule.

    Examples
    --------
    >>> @parameters()
    ... def shop(*, num_items: int = 2, fill_share: float = 0.5) -> int:
    ...     return num_items
    >>> shop(num_items=0)
    Traceback (most recent call last):
        ...
    ValueError: shop: num_items is 0, must be a whole number >= 1. Correct the parameter.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @functools.cache
        def kinds() -> dict[str, Any]:
            return get_type_hints(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> T:
            given = signature.bind(*args, **kwargs).arguments
            wrong = [
                f"{name} is {value!r}, must be {rule}."
                for name, value in given.items()
                if (rule := _broken(name, value, kinds().get(name), bounds.get(name))) is not None
            ]
            if wrong:
                remedy = "Correct the parameter." if len(wrong) == 1 else "Correct the parameters."
                raise ValueError(f"{function.__name__}: {' '.join([*wrong, remedy])}")
            return function(*args, **kwargs)

        return checked

    return decorate


def _broken(name: str, value: Any, kind: Any, bounds: Bounds | None) -> str | None:
    """Return the rule that a value breaks, or None."""
    if get_origin(kind) in (Union, UnionType):
        kinds = get_args(kind)
        optional = set(kinds) - {type(None)}
        if value is None or not (isinstance(value, numbers.Real) or len(optional) == 1):
            return None
        kind = next((each for each in kinds if each in (int, float)), kinds[0])
    if get_origin(kind) is Literal:
        return _not_a_choice(value, get_args(kind))
    if kind not in (int, float):
        return None
    low, high = bounds if bounds is not None else _usual(name, kind)
    ends = [text for text, end in ((">= {:g}", low), ("<= {:g}", high)) if end is not None]
    noun = "a whole number" if kind is int else "a finite number"
    rule = " ".join(
        [noun, " and ".join(ends).format(*(end for end in (low, high) if end is not None))]
    ).rstrip()
    if isinstance(value, bool) or not isinstance(value, numbers.Integral if kind is int else numbers.Real):
        return rule
    number = float(value)
    fine = math.isfinite(number) and (low is None or number >= low) and (high is None or number <= high)
    return None if fine else rule


def _usual(name: str, kind: type) -> Bounds:
    if kind is int:
        return (1 if name.startswith(COUNTS) else 0), None
    return 0, (1 if name.endswith(SHARES) else None)


def _not_a_choice(value: Any, choices: tuple[Any, ...]) -> str | None:
    if value in choices:
        return None
    near = difflib.get_close_matches(str(value), [str(each) for each in choices], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"one of {', '.join(map(str, choices))}{hint}"
