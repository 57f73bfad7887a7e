"""Risk over independent episodes: one number per episode, and what its law says of the bad ones."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from basestock.economics.estimates import Estimate


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


def value_at_risk(values: np.ndarray, share: float = 0.05) -> float:
    """Return the quantile at ``share``, money; shown beside the mean of the tail only."""
    return float(np.quantile(np.asarray(values, dtype=np.float64), share))


def risk_adjusted(values: np.ndarray, aversion: float = 0.5) -> float:
    """Return mean - k std, money.

    Examples
    --------
    >>> risk_adjusted(np.array([1.0, 3.0, 5.0]))
    2.0
    """
    values = np.asarray(values, dtype=np.float64)
    return float(values.mean() - aversion * values.std(ddof=1))


def sharpe(values: np.ndarray, reference: np.ndarray | float = 0.0) -> float | None:
    """Return mean over standard deviation of what the values exceed the reference, ``None`` where nothing varies.

    Parameters
    ----------
    values
        One number per episode, money.
    reference
        What they are compared with, paired by episode.

    Examples
    --------
    >>> sharpe(np.array([1.0, 3.0, 5.0])), sharpe(np.array([2.0, 2.0]))
    (1.5, None)
    """
    excess = np.asarray(values, dtype=np.float64) - reference
    return _over(float(excess.mean()), float(excess.std(ddof=1)), float(np.abs(excess).max()))


def sortino(values: np.ndarray, reference: float = 0.0) -> float | None:
    """Return mean excess over the semideviation about the reference, ``None`` where nothing falls below it.

    Examples
    --------
    >>> round(sortino(np.array([-3.0, 1.0, 5.0])), 6)
    0.57735
    """
    values = np.asarray(values, dtype=np.float64)
    below = semideviation(values, reference)
    return _over(float(values.mean()) - reference, below, float(np.abs(values - reference).max()))


def _over(excess: float, spread: float, scale: float) -> float | None:
    """Divide, unless the spread is no more than rounding."""
    return excess / spread if spread > 1e-12 * scale else None


def relative_returns(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return what each episode earns beyond its reference on the same events, as a share of the reference's size.

    Parameters
    ----------
    values, reference
        One number per episode, money, larger is better; an episode whose reference is 0 has no return and is left out.

    Examples
    --------
    >>> relative_returns(np.array([110.0, 90.0]), np.array([100.0, -100.0])).tolist()
    [0.1, 1.9]
    """
    values, reference = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    size = np.abs(reference)
    return (values - reference)[size > 0] / size[size > 0]


def risk_profile(levels: tuple[float, ...] = (0.05,)) -> dict[str, Callable[[np.ndarray], float | None]]:
    """Return the measures of a law of returns by name, in the order of reports.

    Parameters
    ----------
    levels
        Tail masses. ``cvar05_return`` is the mean of the worst 5 % of returns, higher is better; ``cvar05_loss`` is
        the same with the other sign, lower is better; ``var05_return`` is the 5 % quantile.

    Examples
    --------
    >>> list(risk_profile((0.1,)))[:3]
    ['cvar10_return', 'cvar10_loss', 'var10_return']
    """
    wrong = [level for level in levels if not 0 < level <= 1]
    if wrong:
        raise ValueError(
            f"risk_profile: levels are {wrong}, must be shares in (0, 1]. Divide percentages by 100."
        )
    measures: dict[str, Callable[[np.ndarray], float | None]] = {}
    for level in levels:
        tail = f"{100 * level:g}".rjust(2, "0")
        measures[f"cvar{tail}_return"] = partial(cvar, share=level)
        measures[f"cvar{tail}_loss"] = partial(_loss, share=level)
        measures[f"var{tail}_return"] = partial(value_at_risk, share=level)
    return measures | {
        "semideviation": semideviation,
        "risk_adjusted_return": risk_adjusted,
        "sharpe": sharpe,
        "sortino": sortino,
    }


def _loss(values: np.ndarray, share: float) -> float:
    return -cvar(values, share)


def share_estimate(hits: np.ndarray) -> Estimate:
    """Estimate a share with its Wilson (1927) interval, the wider side as the half-width.

    Parameters
    ----------
    hits
        Whether it happened, by episode.

    Examples
    --------
    >>> result = share_estimate(np.array([True] + 9 * [False]))
    >>> result.mean, round(result.half_width, 4)
    (0.1, 0.3042)
    """
    n = len(hits)
    share = float(np.mean(hits))
    low, high = wilson(int(np.sum(hits)), n)
    return Estimate(share, max(high - share, share - low), n)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share: never empty, never outside [0, 1].

    Examples
    --------
    >>> [round(end, 4) for end in wilson(0, 10)]
    [0.0, 0.2775]
    """
    score = 1.959963984540054
    center = (successes + score**2 / 2) / (n + score**2)
    width = score / (n + score**2) * math.sqrt(successes * (n - successes) / n + score**2 / 4)
    return max(center - width, 0.0), min(center + width, 1.0)
