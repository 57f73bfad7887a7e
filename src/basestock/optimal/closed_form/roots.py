"""Where functions of one variable change their sign."""

from collections.abc import Callable
from typing import Any


def root(function: Callable[[float], float], low: float, high: float, *, accuracy: float = 1e-12) -> float:
    """Return where a continuous function changes its sign.

    Parameters
    ----------
    function
        Has different signs at both ends.
    low, high
        Ends.
    accuracy
        How far the answer may be off.

    Examples
    --------
    >>> root(lambda x: x * x - 2.0, 0.0, 2.0)
    1.4142136
    """
    from scipy.optimize import brentq

    found: Any = brentq(function, low, high, xtol=accuracy)
    return float(found)
