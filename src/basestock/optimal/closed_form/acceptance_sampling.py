"""Acceptance sampling: operating characteristic, risks, and the smallest plan that keeps both of them."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

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
        Units of the second sample [n2], and defective units of both up to which the lot passes [c2]; ``None`` for
        single sampling.
    rejection_number
        Defective units of the first sample from which the lot is rejected at once [r1]; c2 + 1 if not given.

    Examples
    --------
    >>> round(float(SamplingPlan(50, 1).acceptance(0.02)), 4)
    0.7358
    """

    sample_size: int
    acceptance_number: int
    second_sample_size: int | None = None
    second_acceptance_number: int | None = None
    rejection_number: int | None = None

    def __post_init__(self) -> None:
        wrong: list[str] = []
        if not (self.sample_size >= 0 and self.acceptance_number >= 0):
            wrong.append(
                f"sample_size is {self.sample_size} and acceptance_number {self.acceptance_number}, must be >= 0."
            )
        if (self.second_sample_size is None) != (self.second_acceptance_number is None):
            wrong.append("a second sample must have a size and an acceptance number.")
        elif (
            self.second_acceptance_number is not None
            and self.second_acceptance_number < self.acceptance_number
        ):
            wrong.append(
                f"second_acceptance_number is {self.second_acceptance_number}, must be >= {self.acceptance_number}."
            )
        if self.rejection_number is not None and self.rejection_number <= self.acceptance_number:
            wrong.append(f"rejection_number is {self.rejection_number}, must be > {self.acceptance_number}.")
        if wrong:
            raise ValueError(f"SamplingPlan: {' '.join(wrong)} Correct the plan.")

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
        return float(self.outcomes(share, lot_size).passed.sum())

    def outcomes(self, share: float, lot_size: int | None = None) -> "Outcomes":
        """Return every way in which sampling ends: units drawn, defective ones found, passed or not.

        Parameters
        ----------
        share
            Share of defective units.
        lot_size
            Units of a lot, for sampling without replacement; independent units if not given.
        """
        n, c = self.sample_size, self.acceptance_number
        first = _masses(n, share, lot_size, 0, 0)
        found = np.arange(n + 1)
        if self.second_sample_size is None or self.second_acceptance_number is None:
            return Outcomes(
                np.full(n + 1, n), found, np.where(found <= c, first, 0), np.where(found > c, first, 0)
            )
        last = self.second_acceptance_number + 1 if self.rejection_number is None else self.rejection_number
        is_open = (found > c) & (found < last)
        parts = [
            Outcomes(
                np.full(n + 1, n),
                found,
                np.where(found <= c, first, 0),
                np.where(~is_open & (found > c), first, 0),
            )
        ]
        for number in np.flatnonzero(is_open & (first > 0)):
            more = np.arange(self.second_sample_size + 1)
            masses = first[number] * _masses(self.second_sample_size, share, lot_size, n, int(number))
            fine = number + more <= self.second_acceptance_number
            drawn = np.full(len(more), n + self.second_sample_size)
            parts.append(Outcomes(drawn, number + more, np.where(fine, masses, 0), np.where(fine, 0, masses)))
        return Outcomes(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def producer_risk(self, quality_level: float, lot_size: int | None = None) -> float:
        """Return the probability that a lot of acceptable quality (AQL) is rejected [alpha]."""
        return 1.0 - float(self.acceptance(quality_level, lot_size))

    def consumer_risk(self, tolerance: float, lot_size: int | None = None) -> float:
        """Return the probability that a lot at the limit of tolerance (LTPD) passes [beta]."""
        return float(self.acceptance(tolerance, lot_size))

    def expected_sample(self, fraction: float, lot_size: int | None = None) -> float:
        """Return the expected number of units drawn from a lot [ASN]."""
        ends = self.outcomes(fraction, lot_size)
        return float((ends.passed + ends.rejected) @ ends.drawn)

    def expected_cost(self, fraction: float, costs: "SamplingCosts", lot_size: int) -> float:
        """Return the expected cost of a lot, money.

        Parameters
        ----------
        fraction
            Share of defective units.
        costs
            What sampling, and what it lets pass or turns down, costs.
        lot_size
            Units of the lot.

        Notes
        -----
        Inspection of all units drawn, the defective units that are left in a lot that passes, and lots rejected;
        defective units that were found do not reach anybody.
        """
        ends = self.outcomes(fraction, lot_size)
        left = np.maximum(round(fraction * lot_size) - ends.found, 0)
        inspected = float((ends.passed + ends.rejected) @ ends.drawn)
        return (
            costs.inspection * inspected
            + costs.defective * float(ends.passed @ left)
            + costs.rejection * float(ends.rejected.sum())
        )


class Outcomes(NamedTuple):
    """Ways in which sampling ends.

    Parameters
    ----------
    drawn, found
        Units drawn, and defective ones among them.
    passed, rejected
        Probability of ending there with the lot passed, and rejected.
    """

    drawn: Array
    found: Array
    passed: Array
    rejected: Array


@dataclasses.dataclass(frozen=True)
class SamplingCosts:
    """What a sampling plan costs.

    Parameters
    ----------
    inspection
        Money per unit drawn.
    defective
        Money per defective unit in a lot that passes.
    rejection
        Money per lot rejected.
    """

    inspection: float = 1.0
    defective: float = 0.0
    rejection: float = 0.0

    def __post_init__(self) -> None:
        wrong = [
            f"{name} is {value}, must be a finite number >= 0."
            for name, value in dataclasses.asdict(self).items()
            if not (np.isfinite(value) and value >= 0)
        ]
        if wrong:
            raise ValueError(f"SamplingCosts: {' '.join(wrong)} Correct them.")


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
    SamplingPlan(sample_size=132, acceptance_number=3, second_sample_size=None, second_acceptance_number=None,
        rejection_number=None)
    """
    risks = _Risks(quality_level, tolerance, producer_risk, consumer_risk, lot_size)
    return next(_single_plans(risks, max_size))


def smallest_double_plan(
    quality_level: float,
    tolerance: float,
    producer_risk: float,
    consumer_risk: float,
    *,
    lot_size: int | None = None,
    ratios: Sequence[int] = (1, 2),
    max_size: int = 10_000,
) -> SamplingPlan:
    """Return the double sampling plan that draws the fewest units of good lots on average and keeps both risks.

    Parameters
    ----------
    quality_level, tolerance, producer_risk, consumer_risk, lot_size, max_size
        As in :func:`smallest_plan`.
    ratios
        Sizes of the second sample to try, in sizes of the first.

    Raises
    ------
    ValueError
        If a number is out of range, or no plan keeps both risks.

    Notes
    -----
    For two acceptance numbers a larger first sample passes fewer lots, so the sizes that keep both risks are an
    interval, and its smallest draws the fewest units. All pairs of acceptance numbers are tried up to three above that
    of the single plan (Montgomery 2019, section 15.3).

    Examples
    --------
    >>> plan = smallest_double_plan(0.01, 0.05, 0.05, 0.10)
    >>> plan.sample_size, plan.acceptance_number, plan.second_sample_size, plan.second_acceptance_number
    (69, 0, 69, 3)
    >>> round(plan.expected_sample(0.01), 1)
    103.2
    """
    risks = _Risks(quality_level, tolerance, producer_risk, consumer_risk, lot_size)
    single = next(_single_plans(risks, max_size))
    plans = [plan for plan, _ in _double_plans(risks, single, ratios)]
    if not plans:
        raise ValueError(
            f"smallest_double_plan: no double plan keeps the risks that {single} keeps. Use that one."
        )
    return min(plans, key=lambda plan: (plan.expected_sample(quality_level, lot_size), plan.sample_size))


def cheapest_plan(
    quality_level: float,
    tolerance: float,
    producer_risk: float,
    consumer_risk: float,
    *,
    lot_size: int,
    costs: SamplingCosts,
    incoming: Mapping[float, float] | None = None,
    double: bool = False,
) -> SamplingPlan:
    """Return the plan of least expected cost of a lot among those that keep both risks.

    Parameters
    ----------
    quality_level, tolerance, producer_risk, consumer_risk
        As in :func:`smallest_plan`.
    lot_size
        Units of a lot; samples are drawn without replacement.
    costs
        What the plan costs.
    incoming
        Probability of each share of defective units; all lots of acceptable quality if not given.
    double
        Whether double plans are tried as well.

    Raises
    ------
    ValueError
        If a number is out of range, or no plan keeps both risks.

    Notes
    -----
    Single plans are all tried, until inspection alone costs more than the best plan; double plans have second samples
    of one or two first ones.

    Examples
    --------
    >>> costs = SamplingCosts(inspection=1.0, defective=40.0, rejection=200.0)
    >>> plan = cheapest_plan(0.01, 0.05, 0.05, 0.10, lot_size=500, costs=costs, incoming={0.01: 0.8, 0.05: 0.2})
    >>> plan.sample_size, plan.acceptance_number
    (123, 3)
    """
    risks = _Risks(quality_level, tolerance, producer_risk, consumer_risk, lot_size)
    shares = {quality_level: 1.0} if incoming is None else dict(incoming)
    fine = all(0 <= share <= 1 and mass >= 0 for share, mass in shares.items())
    if not fine or abs(sum(shares.values()) - 1) > 1e-9:
        raise ValueError(
            f"cheapest_plan: incoming is {shares}, must map shares from 0 to 1 to probabilities that sum to 1. "
            "Correct it."
        )

    def cost(plan: SamplingPlan) -> float:
        return sum(
            mass * plan.expected_cost(share, costs, lot_size) for share, mass in shares.items() if mass
        )

    first = next(_single_plans(risks, lot_size))
    best, least = first, cost(first)
    for plan in _single_plans(risks, lot_size, every=True):
        if costs.inspection * plan.sample_size >= least:
            break
        least, best = min((least, best), (cost(plan), plan), key=lambda each: each[0])
    for plan, largest in _double_plans(risks, first, (1, 2)) if double else ():
        for size in range(plan.sample_size, largest + 1):
            if costs.inspection * size >= least:
                break
            again = dataclasses.replace(plan, sample_size=size, second_sample_size=size * _ratio(plan))
            least, best = min((least, best), (cost(again), again), key=lambda each: each[0])
    return best


def _ratio(plan: SamplingPlan) -> int:
    return (plan.second_sample_size or 0) // plan.sample_size


@dataclasses.dataclass(frozen=True)
class _Risks:
    """The two points that an operating characteristic must pass."""

    quality_level: float
    tolerance: float
    producer: float
    consumer: float
    lot_size: int | None

    def __post_init__(self) -> None:
        _require_risks(self.quality_level, self.tolerance, self.producer, self.consumer)
        if self.lot_size is not None and self.lot_size < 1:
            raise ValueError(
                f"sampling plan: lot_size is {self.lot_size}, must be a whole number >= 1. Correct it."
            )

    def good_pass(self, plan: SamplingPlan) -> bool:
        return plan.producer_risk(self.quality_level, self.lot_size) <= self.producer

    def bad_stop(self, plan: SamplingPlan) -> bool:
        return plan.consumer_risk(self.tolerance, self.lot_size) <= self.consumer


def _single_plans(risks: _Risks, max_size: int, *, every: bool = False) -> Iterator[SamplingPlan]:
    """Yield single plans that keep both risks by size; of each size the strictest one unless all are wanted."""
    largest = max_size if risks.lot_size is None else min(max_size, risks.lot_size)
    number, found = 0, False
    for size in range(1, largest + 1):
        while number < size and not risks.good_pass(SamplingPlan(size, number)):
            number += 1
        plan, allowed = SamplingPlan(size, min(number, size)), number
        while risks.bad_stop(plan):
            found = True
            yield plan
            allowed += 1
            if not every or allowed > size:
                break
            plan = SamplingPlan(size, allowed)
    if not found:
        raise ValueError(
            f"smallest_plan: no sample of up to {largest} units keeps a producer's risk of {risks.producer} at "
            f"{risks.quality_level} and a consumer's risk of {risks.consumer} at {risks.tolerance}. Allow more risk or "
            "larger samples."
        )


def _double_plans(
    risks: _Risks, single: SamplingPlan, ratios: Sequence[int]
) -> Iterator[tuple[SamplingPlan, int]]:
    """Yield for each pair of acceptance numbers the smallest plan that keeps both risks, and the largest first size."""
    top = single.acceptance_number + 3
    for ratio in ratios:
        most = 2 * single.sample_size + 10
        if risks.lot_size is not None:
            most = min(most, risks.lot_size // (1 + ratio))
        for first in range(top + 1):
            for second in range(first + 1, top + 1):

                def plan(
                    size: int, first: int = first, second: int = second, ratio: int = ratio
                ) -> SamplingPlan:
                    return SamplingPlan(size, first, size * ratio, second)

                found = _sizes(risks, plan, second + 1, most)
                if found is not None:
                    yield plan(found[0]), found[1]


def _sizes(risks: _Risks, plan: Callable[[int], SamplingPlan], low: int, most: int) -> tuple[int, int] | None:
    """Return the smallest and the largest first sample of a kind of plan that keeps both risks."""
    if low > most or not risks.bad_stop(plan(most)):
        return None
    smallest = _first(lambda size: risks.bad_stop(plan(size)), low, most)
    if not risks.good_pass(plan(smallest)):
        return None
    beyond = _first(lambda size: size > most or not risks.good_pass(plan(size)), smallest, most + 1)
    return smallest, beyond - 1


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the first number from ``low`` where a condition holds, which holds from there on and at ``high``."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


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
