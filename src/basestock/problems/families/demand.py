"""Demand laws as files of instances spell them: a name under ``type``, and numbers."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from basestock.problems.families.rules import Rule, list_of, number, shown, whole, wrong_parameters
from basestock.uncertainty import (
    DemandLaw,
    Deterministic,
    Discrete,
    Geometric,
    LawError,
    Normal,
    Poisson,
    Seasonal,
    discrete_uniform,
)

_MOST_VALUES = 1_000_000
"""Largest number of values that a discrete law may have."""

_NOTE = Rule(lambda value: None, required=False)
"""Words of the file that say again what the name of the law says."""


@dataclasses.dataclass(frozen=True)
class Spelling:
    """How a file spells one law.

    Parameters
    ----------
    rules
        Rule by number of the law.
    build
        Law from the numbers.
    """

    rules: Mapping[str, Rule]
    build: Callable[..., DemandLaw]


def _listed(support: list[float], probabilities: list[float]) -> Discrete:
    return Discrete(tuple(map(float, support)), tuple(map(float, probabilities)))


def _masses(masses: np.ndarray) -> Discrete:
    """Return the law on 0, 1, 2, ... with these masses, scaled to sum to one."""
    keep = np.flatnonzero(masses > 1e-15)
    values, kept = keep.astype(np.float64), masses[keep] / masses[keep].sum()
    return Discrete(tuple(values.tolist()), tuple(kept.tolist()))


def _require_few(count: int) -> None:
    """Refuse laws on more values than can be listed."""
    if count > _MOST_VALUES:
        rule = f"must be spread over {_MOST_VALUES:,} whole numbers at most"
        raise LawError(f"demand reaches {count:,} units and more, {rule}. Count in larger units.")


def _rounded_gamma(mean: float, cv: float, truncated_at: int = 100) -> DemandLaw:
    """Return P(D = d) = F(d + 1/2) - F(d - 1/2), the law cut at a largest demand and scaled to sum to one."""
    from scipy.special import gammainc

    edges = np.maximum(np.arange(int(truncated_at) + 2) - 0.5, 0.0)
    return _masses(np.diff(gammainc(1 / cv**2, edges / (mean * cv**2))))


def _rounded_normal(mean: float, std: float, clip_at: float = 0) -> DemandLaw:
    """Round a normal variable to the nearest integer; what falls below 0 counts as 0."""
    from scipy.special import ndtr

    if std == 0:
        return Deterministic(float(max(round(mean), 0)))
    top = max(int(np.ceil(mean + 9 * std)), 1)
    _require_few(top)
    reached = np.concatenate([[0.0], ndtr((np.arange(top + 1) + 0.5 - mean) / std)])
    reached[-1] = 1.0
    return _masses(np.diff(reached))


def two_moment(mean: float, std: float) -> DemandLaw:
    """Return the discrete law fitted to a mean and a standard deviation (Adan, van Eenige and Resing 1995).

    Parameters
    ----------
    mean, std
        Units per period; mean 0 is no demand.

    Returns
    -------
    DemandLaw
        Poisson, or a mixture of two negative binomial or geometric laws with exactly these moments.

    Raises
    ------
    LawError
        If no law on whole numbers has such moments, or a mixture is needed that is not in the file format.

    Notes
    -----
    With a = (s/m)^2 - 1/m: a = 0 Poisson; 0 < a < 1 a sum of k or k + 1 geometric variables; a >= 1 one of two.
    """
    if mean == 0:
        return Deterministic(0.0)
    a = (std / mean) ** 2 - 1 / mean
    if abs(a) < 1e-12:
        return Poisson(mean)
    if a < 0:
        raise LawError(
            f"adan_van_eenige_resing: std is {std!r}, must be >= the square root of the mean {mean!r}. Correct it."
        )
    if a >= 1:
        w = np.sqrt(a * a - 1)
        first, second = (mean * (1 + a + w), mean * (1 + a - w))
        q = 1 / (1 + a + w)
        return _mixture(q, first / (2 + first), second / (2 + second), 1, 1)
    k = int(1 / a)
    q = ((1 + k) * a - np.sqrt((1 + k) * (1 - a * k))) / (1 + a)
    share = mean / (k + 1 - q + mean)
    return _mixture(float(q), share, share, k, k + 1)


def _mixture(q: float, first: float, second: float, k: int, m: int) -> DemandLaw:
    """Mix sums of ``k`` and ``m`` geometric variables with shares ``first`` and ``second``."""
    from scipy.special import betainc

    counts = ((k, first), (m, second))
    top = 16
    while any(betainc(top + 1, count, share) > 1e-15 for count, share in counts):
        top *= 2
        _require_few(top)
    values = np.arange(top + 1)
    return _masses(q * _sum_masses(k, first, values) + (1 - q) * _sum_masses(m, second, values))


def _sum_masses(count: int, share: float, values: np.ndarray) -> np.ndarray:
    """Return P(X = x) of a sum of ``count`` geometric variables, each with P(X = i) = (1 - share) share^i."""
    from scipy.special import betaln, xlogy

    ways = -betaln(count, values + 1) - np.log(values + count)
    return np.exp(ways + count * np.log1p(-share) + xlogy(values, share))


def _poisson_uniform_mean(low: float, high: float) -> DemandLaw:
    """Return the Poisson law whose mean is drawn uniformly each period: P(X = x) = mean of two gamma tails."""
    from scipy.special import gammainc

    if high == low:
        return Poisson(low)
    top = int(high + 12 * np.sqrt(high) + 40)
    _require_few(top)
    values = np.arange(top)
    masses = (gammainc(values + 1, high) - gammainc(values + 1, low)) / (high - low)
    return _masses(np.maximum(masses, 0.0))


def _step(before: float, after: float, first_period_after: int, periods: int) -> DemandLaw:
    """Return one level before a period and another from it on; periods count from 1."""
    path = [before if period < first_period_after else after for period in range(1, int(periods) + 1)]
    return Seasonal(tuple(Deterministic(float(level)) for level in path), repeats=False)


def _binomial(n: int, p: float) -> DemandLaw:
    from scipy.special import betaln, xlog1py, xlogy

    values = np.arange(int(n) + 1)
    ways = -np.log1p(n) - betaln(n - values + 1, values + 1)
    return _masses(np.exp(ways + xlogy(values, p) + xlog1py(n - values, -p)))


def _lognormal(mean: float, std: float) -> DemandLaw:
    from scipy.special import ndtr

    from basestock.uncertainty.laws import Empirical

    spread = np.sqrt(np.log1p((std / mean) ** 2))
    scores = np.linspace(-6.0, 6.0, 4801)
    quantiles = mean * np.exp(scores * spread - spread**2 / 2)
    return Empirical(tuple(ndtr(scores).tolist()), tuple(quantiles.tolist()))


_MEAN = number()
_MEAN_STD = {"mean": number(), "std": number()}
SPELLINGS: dict[str, Spelling] = {
    "poisson": Spelling({"mean": _MEAN}, Poisson),
    "geometric": Spelling({"mean": number(above=True), "support": _NOTE, "pmf": _NOTE}, Geometric),
    "deterministic": Spelling({"value": number()}, lambda value: Deterministic(float(value))),
    "discrete": Spelling({"support": list_of(number()), "probabilities": list_of(number(high=1.0))}, _listed),
    "discrete_uniform": Spelling({"low": whole(), "high": whole()}, discrete_uniform),
    "rounded_gamma": Spelling(
        {
            "mean": number(above=True),
            "cv": number(above=True),
            "truncated_at": whole(1, required=False),
            "rounding": _NOTE,
        },
        _rounded_gamma,
    ),
    "rounded_normal": Spelling({**_MEAN_STD, "clip_at": number(0, 0, required=False)}, _rounded_normal),
    "adan_van_eenige_resing": Spelling(_MEAN_STD, two_moment),
    "normal": Spelling(_MEAN_STD, Normal),
    "lognormal": Spelling({"mean": number(above=True), "std": number(above=True)}, _lognormal),
    "poisson_uniform_mean": Spelling(
        {"low": number(), "high": number(), "redrawn": _NOTE}, _poisson_uniform_mean
    ),
    "step": Spelling(
        {"before": number(), "after": number(), "first_period_after": whole(1), "periods": whole(1, 100_000)},
        _step,
    ),
    "binomial": Spelling({"n": whole(1), "p": number(high=1.0)}, _binomial),
}
"""Spelling by name of the law."""


def parse_law(spelled: Mapping[str, Any]) -> DemandLaw:
    """Return the demand law that a file spells.

    Parameters
    ----------
    spelled
        ``type`` and the numbers of the law.

    Returns
    -------
    DemandLaw
        The law of the demand of one period.

    Raises
    ------
    ValueError
        If the law is unknown or a number is wrong.

    Examples
    --------
    >>> parse_law({"type": "discrete_uniform", "low": 0, "high": 4}).mean
    2.0
    """
    wrong = _wrong_numbers(spelled)
    if wrong is not None:
        raise LawError(f"demand law is {shown(spelled)}, must be {wrong}. Correct the record.")
    spelling = SPELLINGS[spelled["type"]]
    numbers = {
        name: value for name, value in spelled.items() if name != "type" and spelling.rules[name] is not _NOTE
    }
    if spelled["type"] in ("poisson", "geometric", "normal"):
        return spelling.build(*(float(numbers[name]) for name in spelling.rules if name in numbers))
    return spelling.build(**numbers)


def wrong_law(spelled: object) -> str | None:
    """Return what a spelled law must be if it is not that, else nothing."""
    wrong = _wrong_numbers(spelled)
    if wrong is None and isinstance(spelled, Mapping):
        try:
            parse_law(spelled)
        except ValueError as error:
            wrong = f"a law ({error})"
    return wrong


def _wrong_numbers(spelled: object) -> str | None:
    if not isinstance(spelled, Mapping) or "type" not in spelled:
        return "a law: a type and its numbers"
    if not isinstance(spelled["type"], str) or spelled["type"] not in SPELLINGS:
        return f"a law whose type is one of {', '.join(SPELLINGS)}"
    rules = SPELLINGS[spelled["type"]].rules
    numbers = {name: value for name, value in spelled.items() if name != "type"}
    wrong = wrong_parameters(numbers, rules)
    if wrong:
        return f"a {spelled['type']} law ({'; '.join(str(each) for each in wrong)})"
    if not spelled.get("low", 0) <= spelled.get("high", float("inf")):
        return f"a {spelled['type']} law with low <= high"
    return None
