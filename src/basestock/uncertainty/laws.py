"""Probability laws of the demand of one item at one node in one period, as authored.

A law is a frozen description with exact moments. Discrete laws list their probabilities on the whole numbers
(or on any finite set of values), continuous laws give their quantile function; :mod:`basestock.uncertainty.tables`
turns both into arrays. Nothing here draws.
"""

import abc
import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from basestock.uncertainty.rules import Rule, are_numbers, is_number, non_negative, positive, require

TAIL = 1e-13
"""Probability beyond which the support of an unbounded discrete law is cut for exact expectations."""


class LawError(ValueError):
    """A parameter of a law is outside its range."""


def _require(law: str, **rules: Rule) -> None:
    require(LawError, law, "parameters" if len(rules) > 1 else "parameter", **rules)


class DemandLaw(abc.ABC):
    """The law of a non-negative quantity."""

    @property
    @abc.abstractmethod
    def mean(self) -> float:
        """Expected demand per period, in units of the item."""

    @property
    @abc.abstractmethod
    def variance(self) -> float:
        """Variance of the demand of one period, in squared units."""


class DiscreteLaw(DemandLaw):
    """A law on finitely many values, or cut where the tail is below :data:`TAIL`."""

    @abc.abstractmethod
    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """Return increasing values and their probabilities in double precision, which sum to one."""


class ContinuousLaw(DemandLaw):
    """A law with a continuous quantile function."""

    @abc.abstractmethod
    def quantile(self, level: np.ndarray) -> np.ndarray:
        """Return the quantiles of levels in (0, 1)."""


def _cut(
    log_masses: Callable[[np.ndarray], np.ndarray], mean: float, deviation: float
) -> tuple[np.ndarray, np.ndarray]:
    """List the whole numbers that carry more than :data:`TAIL`; the window widens until its upper end carries none."""
    low = max(int(mean - 9 * deviation - 20), 0)
    width = int(18 * deviation + 40)
    while True:
        values = np.arange(low, low + width, dtype=np.float64)
        masses = np.exp(log_masses(values))
        if masses[-1] < TAIL * 1e-3:
            break
        width *= 2
    keep = np.flatnonzero(masses > TAIL * 1e-2)
    values, masses = values[keep[0] : keep[-1] + 1], masses[keep[0] : keep[-1] + 1]
    return values, masses / masses.sum()


@dataclasses.dataclass(frozen=True)
class Deterministic(DiscreteLaw):
    """The same quantity in every period.

    Examples
    --------
    >>> Deterministic(4.0).mean
    4.0
    """

    quantity: float

    def __post_init__(self) -> None:
        _require("Deterministic", quantity=non_negative(self.quantity))

    @property
    def mean(self) -> float:
        """Mean demand of a period [units]: the quantity itself."""
        return self.quantity

    @property
    def variance(self) -> float:
        """Variance of the demand of a period [units²]: none."""
        return 0.0

    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the one value, with probability 1."""
        return np.array([self.quantity]), np.array([1.0])


@dataclasses.dataclass(frozen=True)
class Poisson(DiscreteLaw):
    """Poisson law with the given mean [lambda].

    Examples
    --------
    >>> values, probabilities = Poisson(5.0).support()
    >>> round(float(values @ probabilities), 9)
    5.0
    """

    rate: float

    def __post_init__(self) -> None:
        _require("Poisson", rate=non_negative(self.rate))

    @property
    def mean(self) -> float:
        """Mean demand of a period [units]: the rate."""
        return self.rate

    @property
    def variance(self) -> float:
        """Variance of the demand of a period [units²]: equal to the mean."""
        return self.rate

    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """Return values and probabilities; what is cut off at the ends weighs less than :data:`TAIL`."""
        from scipy.special import gammaln

        if self.rate == 0:
            return np.array([0.0]), np.array([1.0])
        masses = lambda x: x * math.log(self.rate) - self.rate - gammaln(x + 1)  # noqa: E731
        return _cut(masses, self.rate, math.sqrt(self.rate))


@dataclasses.dataclass(frozen=True)
class NegativeBinomial(DiscreteLaw):
    """Negative binomial law given by mean and variance, variance > mean."""

    average: float
    spread: float

    def __post_init__(self) -> None:
        known = is_number(self.average)
        wide = is_number(self.spread) and (not known or self.spread > self.average)
        spread = Rule(self.spread, wide, "a variance > the mean")
        _require("NegativeBinomial", average=positive(self.average), spread=spread)

    @property
    def mean(self) -> float:
        """Mean demand of a period [units]."""
        return self.average

    @property
    def variance(self) -> float:
        """Variance of the demand of a period [units²], larger than the mean."""
        return self.spread

    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """Return values and probabilities; what is cut off at the ends weighs less than :data:`TAIL`."""
        from scipy.special import gammaln

        successes = self.average**2 / (self.spread - self.average)
        share = self.average / self.spread

        def masses(x: np.ndarray) -> np.ndarray:
            choose = gammaln(x + successes) - gammaln(successes) - gammaln(x + 1)
            return choose + successes * math.log(share) + x * math.log1p(-share)

        return _cut(masses, self.average, math.sqrt(self.spread))


@dataclasses.dataclass(frozen=True)
class Geometric(DiscreteLaw):
    """Geometric law on 0, 1, 2, ... with the given mean; P(X = x) = (1 - r) r^x, r = mean / (1 + mean)."""

    average: float

    def __post_init__(self) -> None:
        _require("Geometric", average=positive(self.average))

    @property
    def mean(self) -> float:
        """Mean demand of a period [units]: r / (1 - r)."""
        return self.average

    @property
    def variance(self) -> float:
        """Variance of the demand of a period [units²]: mean (1 + mean)."""
        return self.average * (1 + self.average)

    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the values from 0 to where less than :data:`TAIL` is left, and their probabilities."""
        share = self.average / (1 + self.average)
        count = math.ceil(math.log(TAIL) / math.log(share)) + 1
        values = np.arange(count, dtype=np.float64)
        masses = (1 - share) * share**values
        return values, masses / masses.sum()


@dataclasses.dataclass(frozen=True)
class Discrete(DiscreteLaw):
    """Any finite law, given by values and probabilities."""

    values: tuple[float, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        values, masses = self.values, self.probabilities
        numbers = are_numbers(values, 0.0) and list(values) == sorted(set(values))
        shares = are_numbers(masses, 0.0)
        _require(
            "Discrete",
            values=Rule(values, numbers, "finite numbers >= 0, strictly increasing"),
            probabilities=Rule(masses, shares, "finite numbers >= 0"),
        )
        many = len(values) == len(masses) > 0
        total = math.fsum(masses)
        _require(
            "Discrete",
            values=Rule(values, many, f"as many as probabilities ({len(masses)}), one at least"),
            **{"sum of probabilities": Rule(total, not masses or abs(total - 1) < 1e-9, "1 within 1e-9")},
        )

    @property
    def mean(self) -> float:
        """Mean demand of a period [units]: values weighted by their probabilities."""
        return float(np.dot(self.values, self.probabilities))

    @property
    def variance(self) -> float:
        """Variance of the demand of a period [units²], about the mean."""
        return float(np.dot((np.array(self.values) - self.mean) ** 2, self.probabilities))

    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the values [units] and probabilities as given."""
        return np.array(self.values, dtype=np.float64), np.array(self.probabilities, dtype=np.float64)


def discrete_uniform(low: int, high: int) -> Discrete:
    """Return the law with equal probability on low, ..., high, both ends included."""
    count = high - low + 1
    return Discrete(tuple(float(value) for value in range(low, high + 1)), (1.0 / count,) * count)


@dataclasses.dataclass(frozen=True)
class Intermittent(DiscreteLaw):
    """No demand with probability 1 - p, else a size of a given law."""

    probability: float
    size: DiscreteLaw

    def __post_init__(self) -> None:
        chance = is_number(self.probability, 0.0, 1.0) and self.probability > 0
        _require(
            "Intermittent",
            probability=Rule(self.probability, chance, "in (0, 1]"),
            size=Rule(self.size, isinstance(self.size, DiscreteLaw), "a discrete law"),
        )

    @property
    def mean(self) -> float:
        """Mean demand of a period [units]: p times the mean size."""
        return self.probability * self.size.mean

    @property
    def variance(self) -> float:
        """Variance of the demand of a period [units²]: p E[size²] - mean²."""
        second = self.size.variance + self.size.mean**2
        return self.probability * second - self.mean**2

    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """Return zero and the sizes, with probabilities 1 - p and p times those of the sizes."""
        values, weights = self.size.support()
        weights = weights * self.probability
        if values[0] > 0:
            values, weights = np.concatenate([[0.0], values]), np.concatenate([[0.0], weights])
        weights = weights.copy()
        weights[0] += 1 - self.probability
        return values, weights


@dataclasses.dataclass(frozen=True)
class Normal(ContinuousLaw):
    """Normal law; a negative draw counts as no demand, so keep mean / deviation above 3 where that matters."""

    average: float
    deviation: float

    def __post_init__(self) -> None:
        _require("Normal", average=non_negative(self.average), deviation=non_negative(self.deviation))

    @property
    def mean(self) -> float:
        """Mean of the law before negative draws are cut to zero [units]."""
        return self.average

    @property
    def variance(self) -> float:
        """Variance of the law before negative draws are cut to zero [units²]."""
        return self.deviation**2

    def quantile(self, level: np.ndarray) -> np.ndarray:
        """Return the quantiles [units] of levels in (0, 1), cut at zero; the shape of ``level``."""
        from scipy import special

        return np.maximum(self.average + self.deviation * special.ndtri(level), 0.0)


@dataclasses.dataclass(frozen=True)
class Gamma(ContinuousLaw):
    """Gamma law given by mean and standard deviation."""

    average: float
    deviation: float

    def __post_init__(self) -> None:
        _require("Gamma", average=positive(self.average), deviation=positive(self.deviation))

    @property
    def mean(self) -> float:
        """Mean demand of a period [units]."""
        return self.average

    @property
    def variance(self) -> float:
        """Variance of the demand of a period [units²]."""
        return self.deviation**2

    def quantile(self, level: np.ndarray) -> np.ndarray:
        """Return the quantiles [units] of levels in (0, 1), by the inverse of the incomplete gamma function."""
        from scipy import special

        shape = (self.average / self.deviation) ** 2
        return special.gammaincinv(shape, level) * self.average / shape


@dataclasses.dataclass(frozen=True)
class Empirical(ContinuousLaw):
    """A quantile table with linear interpolation; the ends are held, so give the tails explicitly."""

    levels: tuple[float, ...]
    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        levels, quantiles = self.levels, self.quantiles
        rising = are_numbers(levels, 0.0, 1.0) and list(levels) == sorted(set(levels))
        never_down = are_numbers(quantiles, 0.0) and list(quantiles) == sorted(quantiles)
        _require(
            "Empirical",
            levels=Rule(levels, rising, "in [0, 1], strictly increasing"),
            quantiles=Rule(quantiles, never_down, "finite numbers >= 0, non-decreasing"),
        )
        many = len(levels) == len(quantiles) > 1
        _require("Empirical", levels=Rule(levels, many, "as many as quantiles, two at least"))

    def _knots(self) -> tuple[np.ndarray, np.ndarray]:
        levels = np.concatenate([[0.0], self.levels, [1.0]])
        values = np.concatenate([self.quantiles[:1], self.quantiles, self.quantiles[-1:]])
        return levels, values

    @property
    def mean(self) -> float:
        """Mean of the interpolated table [units]: the area under its quantile function."""
        levels, values = self._knots()
        return float(np.sum(np.diff(levels) * (values[1:] + values[:-1]) / 2))

    @property
    def variance(self) -> float:
        """Variance of the interpolated table [units²], its segments uniform."""
        levels, values = self._knots()
        low, high = values[:-1], values[1:]
        return float(np.sum(np.diff(levels) * (low**2 + low * high + high**2) / 3)) - self.mean**2

    def quantile(self, level: np.ndarray) -> np.ndarray:
        """Return the interpolated quantiles [units] of levels in [0, 1]; the ends are held outside the table."""
        return np.interp(level, self.levels, self.quantiles)


def empirical_from_sample(sample: Sequence[float], num_levels: int = 65) -> Empirical:
    """Return the quantile table of a sample at equally spaced levels, the extremes at the ends."""
    levels = np.linspace(0.0, 1.0, num_levels)
    quantiles = np.maximum.accumulate(np.quantile(np.asarray(sample, dtype=np.float64), levels))
    return Empirical(tuple(levels.tolist()), tuple(quantiles.tolist()))


@dataclasses.dataclass(frozen=True)
class Seasonal(DemandLaw):
    """One law per position in a cycle: period t follows ``laws[t mod len(laws)]``.

    Parameters
    ----------
    laws
        The laws, period 0 first.
    repeats
        Whether the cycle starts again after the last one; if not, nobody can play beyond it.
    """

    laws: tuple[DemandLaw, ...]
    repeats: bool = True

    def __post_init__(self) -> None:
        plain = (DiscreteLaw, ContinuousLaw)
        fine = (
            isinstance(self.laws, tuple | list)
            and len(self.laws) > 0
            and all(isinstance(law, plain) for law in self.laws)
        )
        _require("Seasonal", laws=Rule(self.laws, fine, "unmodulated laws, one at least"))

    @property
    def mean(self) -> float:
        """Mean demand of a period [units], averaged over the cycle."""
        return float(np.mean([law.mean for law in self.laws]))

    @property
    def variance(self) -> float:
        """Variance over a whole cycle [units²]: that within positions plus that between their means."""
        return float(np.mean([law.variance + law.mean**2 for law in self.laws])) - self.mean**2


@dataclasses.dataclass(frozen=True)
class Autoregressive(DemandLaw):
    """Demand with memory: D_t - m = rho (D_(t-1) - m) + (X_t - m), X_t of the base law with mean m, cut at zero.

    ``mean`` and ``variance`` are those of the stationary process without the cut.
    """

    base: DemandLaw
    coefficient: float

    def __post_init__(self) -> None:
        fine = isinstance(self.base, DemandLaw) and not isinstance(self.base, Autoregressive)
        inside = is_number(self.coefficient) and abs(self.coefficient) < 1
        _require(
            "Autoregressive",
            base=Rule(self.base, fine, "a law without memory of its own"),
            coefficient=Rule(self.coefficient, inside, "inside (-1, 1)"),
        )

    @property
    def mean(self) -> float:
        """Stationary mean without the cut at zero [units]: that of the base law."""
        return self.base.mean

    @property
    def variance(self) -> float:
        """Stationary variance without the cut at zero [units²]: that of the base law over 1 - rho²."""
        return self.base.variance / (1 - self.coefficient**2)
