"""Acceptance sampling: operating characteristic, risks, and the smallest plan that keeps both of them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

Array = np.ndarray


@dataclasses.dataclass(frozen=True)
class SamplingPlan:
    """A single or double sampling plan.

    Parameters
    ----------
    sample_size, acceptance_number
        Units of the first sample [n], and defective units up to which the lot passes [c].
    second_sample_size, second_acceptance_number
        Units of the second sample, and defective units of both up to which the lot passes; ``None`` for single
        sampling. With more in the first sample, the lot is rejected at once.

    Examples
    --------
    >>> round(float(SamplingPlan(50, 1).acceptance(0.02)), 4)
    0.7358
    """

    sample_size: int
    acceptance_number: int
    second_sample_size: int | None = None
    second_acceptance_number: int | None = None

    def acceptance(self, fraction: float | Sequence[float] | Array, lot_size: int | None = None) -> Array:
        """Return the probability that a lot passes: the operating characteristic.

        Parameters
        ----------
        fraction
            Share of defective units.
        lot_size
            Units of a lot with exactly ``round(fraction * lot_size)`` defective ones, sampled without replacement
            (hypergeometric); if not given, units are defective independently (binomial).

        Returns
        -------
        numpy.ndarray
            Probabilities, in the shape of ``fraction``.
        """
        share = np.asarray(fraction, dtype=np.float64)
        return np.vectorize(lambda one: self._passes(float(one), lot_size), otypes=[float])(share)

    def _passes(self, share: float, lot_size: int | None) -> float:
        n, c = self.sample_size, self.acceptance_number
        first = _masses(n, share, lot_size, 0, 0)
        passed = float(first[: c + 1].sum())
        if self.second_sample_size is None or self.second_acceptance_number is None:
            return passed
        for found in range(c + 1, min(self.second_acceptance_number, n) + 1):
            second = _masses(self.second_sample_size, share, lot_size, n, found)
            passed += float(first[found] * second[: self.second_acceptance_number - found + 1].sum())
        return passed

    def producer_risk(self, quality_level: float, lot_size: int | None = None) -> float:
        """Return the probability that a lot of acceptable quality (AQL) is rejected [alpha]."""
        return 1.0 - float(self.acceptance(quality_level, lot_size))

    def consumer_risk(self, tolerance: float, lot_size: int | None = None) -> float:
        """Return the probability that a lot at the limit of tolerance (LTPD) passes [beta]."""
        return float(self.acceptance(tolerance, lot_size))

    def expected_sample(self, fraction: float, lot_size: int | None = None) -> float:
        """Return the expected number of units drawn from a lot."""
        if self.second_sample_size is None or self.second_acceptance_number is None:
            return float(self.sample_size)
        first = _masses(self.sample_size, fraction, lot_size, 0, 0)
        is_open = first[self.acceptance_number + 1 : self.second_acceptance_number + 1].sum()
        return self.sample_size + float(is_open) * self.second_sample_size


def _masses(size: int, share: float, lot_size: int | None, drawn: int, found: int) -> Array:
    """Return P(0), ..., P(size) defective units in a sample, after ``drawn`` units with ``found`` defective ones."""
    from scipy.special import xlog1py, xlogy

    counts = np.arange(size + 1)
    if lot_size is None:
        return np.exp(_log_choices(size, counts) + xlogy(counts, share) + xlog1py(size - counts, -share))
    bad, left = round(share * lot_size) - found, lot_size - drawn
    masses = np.zeros(size + 1)
    if not 0 <= bad <= left or size > left:
        return masses
    can = (counts <= bad) & (size - counts <= left - bad)
    ways = _log_choices(bad, counts[can]) + _log_choices(left - bad, size - counts[can])
    masses[can] = np.exp(ways - _log_choices(left, np.array([size])))
    return masses


def _log_choices(number: int, chosen: Array) -> Array:
    """Return the logarithm of the number of ways to choose from ``number`` units."""
    from scipy.special import betaln

    return -np.log1p(number) - betaln(number - chosen + 1, chosen + 1)


def smallest_plan(
    quality_level: float,
    tolerance: float,
    producer_risk: float,
    consumer_risk: float,
    *,
    lot_size: int | None = None,
    max_size: int = 10_000,
) -> SamplingPlan:
    """Return the single sampling plan with the fewest units that keeps both risks, by enumeration.

    Parameters
    ----------
    quality_level
        Share of defective units that is acceptable [AQL].
    tolerance
        Share that is not [LTPD].
    producer_risk, consumer_risk
        Largest probability of rejecting a lot of the first quality [alpha] and of passing one of the second [beta].
    lot_size
        Units of a lot, for sampling without replacement; binomial if not given.
    max_size
        Largest sample, units.

    Raises
    ------
    ValueError
        If a number is out of range, or no plan up to ``max_size`` keeps both risks.

    Notes
    -----
    For a sample size, the smallest acceptance number that keeps the producer's risk passes the fewest bad lots, so it
    alone needs to be tried.

    Examples
    --------
    >>> smallest_plan(0.01, 0.05, 0.05, 0.10)
    SamplingPlan(sample_size=132, acceptance_number=3, second_sample_size=None, second_acceptance_number=None)
    """
    _require_risks(quality_level, tolerance, producer_risk, consumer_risk)
    largest = max_size if lot_size is None else min(max_size, lot_size)
    number = 0
    for size in range(1, largest + 1):
        plan = SamplingPlan(size, number)
        while plan.producer_risk(quality_level, lot_size) > producer_risk:
            number += 1
            plan = SamplingPlan(size, number)
        if plan.consumer_risk(tolerance, lot_size) <= consumer_risk:
            return plan
    raise ValueError(
        f"smallest_plan: no sample of up to {largest} units keeps a producer's risk of {producer_risk} at "
        f"{quality_level} and a consumer's risk of {consumer_risk} at {tolerance}. Allow more risk or larger samples."
    )


def _require_risks(
    quality_level: float, tolerance: float, producer_risk: float, consumer_risk: float
) -> None:
    wrong: list[str] = []
    if not 0 <= quality_level < tolerance <= 1:
        wrong.append(
            f"quality_level is {quality_level} and tolerance {tolerance}, must be 0 <= AQL < LTPD <= 1."
        )
    for name, risk in (("producer_risk", producer_risk), ("consumer_risk", consumer_risk)):
        if not 0 < risk < 1:
            wrong.append(f"{name} is {risk}, must be a probability > 0 and < 1.")
    if wrong:
        raise ValueError(f"smallest_plan: {' '.join(wrong)} Correct them.")
