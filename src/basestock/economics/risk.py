"""Risk over independent episodes (``kpis.md`` section 6)."""

import numpy as np


def cvar(values: np.ndarray, share: float = 0.05) -> float:
    """Return the mean of the smallest ``share`` of the values, the last one in part (Rockafellar and Uryasev 2000).

    Parameters
    ----------
    values
        One number per episode, larger is better, money.
    share
        Tail mass in (0, 1].

    Returns
    -------
    float
        Never above the mean, money.

    Examples
    --------
    >>> cvar(np.arange(30.0))
    0.3333333333333333
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    mass = share * len(ordered)
    whole = int(np.floor(mass))
    part = (mass - whole) * ordered[whole] if whole < len(ordered) else 0.0
    return float((ordered[:whole].sum() + part) / mass)


def semideviation(values: np.ndarray, target: float | None = None) -> float:
    """Return the root mean square of what the values fall short of the target, or of their mean, money.

    Examples
    --------
    >>> round(semideviation(np.array([-1.0, 1.0])), 6)
    0.707107
    """
    values = np.asarray(values, dtype=np.float64)
    aim = float(values.mean()) if target is None else target
    return float(np.sqrt(np.mean(np.maximum(aim - values, 0.0) ** 2)))
