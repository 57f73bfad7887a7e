"""Estimates with intervals: 95 %, two-sided, Student t over independent replications."""

import dataclasses
import math
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % half-width.

    Parameters
    ----------
    mean
        Estimate; ``None`` where the quantity is not defined.
    half_width
        Half-width of the interval; ``None`` with fewer than two replications.
    n
        Number of independent replications.
    reason
        Why the mean is not defined.
    """

    mean: float | None
    half_width: float | None
    n: int
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        plain: dict[str, Any] = {"mean": self.mean, "half_width": self.half_width, "n": self.n}
        return plain if not self.reason else {**plain, "reason": self.reason}


def student_quantile(n: int) -> float:
    """Return the 97.5 % quantile of Student's t with n - 1 degrees of freedom.

    Examples
    --------
    >>> round(student_quantile(3), 4)
    4.3027
    """
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975))


def estimate(values: np.ndarray) -> Estimate:
    """Estimate the mean of independent values.

    Examples
    --------
    >>> result = estimate(np.array([1.0, 2.0, 3.0]))
    >>> result.mean, round(result.half_width, 3)
    (2.0, 2.484)
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n < 2:
        return Estimate(float(values[0]) if n else None, None, n, "" if n else "no_replication")
    return Estimate(float(values.mean()), student_quantile(n) * float(values.std(ddof=1)) / math.sqrt(n), n)


def estimate_ratio(numerator: np.ndarray, denominator: np.ndarray, empty: str) -> Estimate:
    """Estimate a ratio of means by the delta method; a denominator of 0 gives no value, with the reason.

    Parameters
    ----------
    numerator, denominator
        Sums of independent replications.
    empty
        Reason given when the denominators add up to 0.
    """
    numerator, denominator = (np.asarray(part, dtype=np.float64) for part in (numerator, denominator))
    n = len(numerator)
    if denominator.sum() == 0:
        return Estimate(None, None, n, empty)
    ratio = float(numerator.mean() / denominator.mean())
    if n < 2:
        return Estimate(ratio, None, n)
    spread = float((numerator - ratio * denominator).std(ddof=1)) / abs(float(denominator.mean()))
    return Estimate(ratio, student_quantile(n) * spread / math.sqrt(n), n)
