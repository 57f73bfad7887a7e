"""The law of demand that an order must cover: over lead time and review, at a node and all it supplies."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from basestock.decision import Problem
from basestock.policies.dependent import Requirements, long_run_variance
from basestock.uncertainty import DemandLaw, DiscreteLaw, Gamma, Normal, Seasonal

_EDGES = np.concatenate([np.linspace(0.0, 0.98, 197), 1.0 - np.geomspace(0.02, 1e-6, 60)[1:], [1.0]])

LEVELS, WEIGHTS = (_EDGES[1:] + _EDGES[:-1]) / 2, np.diff(_EDGES)
"""Middles and widths of the cells of probability in which a long law is tabulated: finer towards the upper tail."""

HIGHEST = 1.0 - 1e-6
"""Largest probability whose quantile is asked for: where stock costs nothing, all of it would be infinite."""

LATTICE = (377, 233)
"""Points, and the generator of their second coordinate: a Fibonacci lattice covers the unit square evenly."""

Inverse = Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class ProtectionDemand:
    """Demand over the protection interval of every (node, item).

    Parameters
    ----------
    periods
        ``[node, item]`` expected lead time plus review, periods.
    rate
        ``[node, item]`` expected demand per period, units.
    mean, deviation
        ``[node, item]`` units.
    values, masses
        ``[level, node, item]`` units and their probabilities: the law itself where it has few values, else the middles
        of :data:`LEVELS`.
    inverses
        Exact quantile function by (node, item).
    """

    periods: np.ndarray
    rate: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    values: np.ndarray
    masses: np.ndarray
    inverses: Mapping[tuple[int, int], Inverse]

    def quantile(self, level: np.ndarray) -> np.ndarray:
        """Return ``[node, item]`` quantiles at one probability per place, units."""
        found = np.zeros(self.mean.shape)
        for place, inverse in self.inverses.items():
            found[place] = inverse(np.clip(level[place], 0.0, HIGHEST))
        return found


@dataclasses.dataclass(frozen=True, eq=False)
class ArrivalDemand:
    """Demand before and after the arrival of an order, as scenarios.

    Parameters
    ----------
    before
        ``[scenario, node, item]`` until the order arrives, units; 0 where it is not told apart.
    during
        ``[scenario, node, item]`` from then until the next order arrives, or over both, units.
    weight
        ``[scenario, node, item]`` probabilities.
    """

    before: np.ndarray
    during: np.ndarray
    weight: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class _Law:
    mean: float
    deviation: float
    values: np.ndarray
    masses: np.ndarray
    inverse: Inverse


def protection_demand(problem: Problem) -> ProtectionDemand:
    """Tabulate the demand over lead time plus one review for every place that is supplied.

    Parameters
    ----------
    problem
        The problem; the lane of first priority counts, else the process that makes the item.

    Returns
    -------
    ProtectionDemand
        Zeros at places without supply. Components are required by the processes that take them.

    Notes
    -----
    Discrete laws are convolved exactly, over the law of the lead time where it is random; sums of normal demand over a
    fixed time stay normal. Laws with memory or seasons and other continuous laws enter by mean and variance through a
    gamma law.
    """
    arrays = problem.arrays
    shape = (arrays.num_nodes, arrays.num_items)
    periods, rate, mean, deviation = (np.zeros(shape) for _ in range(4))
    values, masses = (np.zeros((len(LEVELS), *shape)) for _ in range(2))
    masses[0] = 1.0
    inverses: dict[tuple[int, int], Inverse] = {}
    cache: dict[tuple[object, ...], _Law] = {}
    requirements = Requirements(problem)
    for node, item, lead_times, review in _supplied(problem, requirements):
        laws = requirements.laws(node, item)
        covers = {lead + review: probability for lead, probability in lead_times.items()}
        key = (*laws, *sorted(covers.items()))
        if key not in cache:
            cache[key] = _tabulate(laws, covers)
        law = cache[key]
        mean[node, item], deviation[node, item] = law.mean, law.deviation
        values[:, node, item], masses[:, node, item] = law.values, law.masses
        inverses[node, item] = law.inverse
        periods[node, item] = sum(length * probability for length, probability in covers.items())
        rate[node, item] = sum(law.mean for law in laws)
    return ProtectionDemand(periods, rate, mean, deviation, values, masses, inverses)


def arrival_demand(problem: Problem, split: np.ndarray) -> ArrivalDemand:
    """List scenarios of the demand that an order meets.

    Parameters
    ----------
    problem
        The problem.
    split
        ``[node, item]`` where the demand before the arrival must be told apart; elsewhere, and where orders arrive at
        once, the law over both is kept as it is.
    """
    total = protection_demand(problem)
    before, during, weight = np.zeros_like(total.values), total.values.copy(), total.masses.copy()
    along = np.arange(LATTICE[0])
    low, high = (along * LATTICE[1] + 0.5) % LATTICE[0] / LATTICE[0], (along + 0.5) / LATTICE[0]
    missing = max(LATTICE[0] - len(before), 0)
    before, during, weight = (
        np.pad(part, ((0, missing), (0, 0), (0, 0))) for part in (before, during, weight)
    )
    cache: dict[tuple[object, ...], tuple[np.ndarray, np.ndarray]] = {}
    requirements = Requirements(problem)
    for node, item, lead_times, review in _supplied(problem, requirements):
        if not split[node, item] or not any(lead_times):
            continue
        laws = requirements.laws(node, item)
        key = (*laws, review, *sorted(lead_times.items()))
        if key not in cache:
            until, after = _tabulate(laws, dict(lead_times)), _tabulate(laws, {review: 1.0})
            cache[key] = until.inverse(low), after.inverse(high)
        before[:, node, item], during[:, node, item] = 0.0, 0.0
        before[: LATTICE[0], node, item], during[: LATTICE[0], node, item] = cache[key]
        weight[:, node, item] = np.where(np.arange(len(weight)) < LATTICE[0], 1 / LATTICE[0], 0.0)
    return ArrivalDemand(before, during, weight)


def period_demand(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return values ``[level, node, item]`` of the demand of one period, units, and their probabilities.

    The law itself where it has few values, else the middles of :data:`LEVELS`; zero for sure at places without supply.
    """
    shape = (len(LEVELS), problem.arrays.num_nodes, problem.arrays.num_items)
    values, masses = np.zeros(shape), np.zeros(shape)
    masses[0] = 1.0
    for place, _, law in _laws_over(problem, lambda lead, review: 1):
        values[:, *place], masses[:, *place] = law.values, law.masses
    return values, masses


def remaining_quantile(problem: Problem, level: np.ndarray, later: int) -> np.ndarray:
    """Return ``[node, item]`` quantiles of the demand from ``later`` periods ahead until an order is replaced, units.

    Parameters
    ----------
    problem
        The problem; an order covers expected lead time plus review.
    level
        ``[node, item]`` probabilities.
    later
        Periods that are left out at the start; nothing is left over where they are all of the lead time or more.
    """
    found = np.zeros(level.shape)
    for place, covered, law in _laws_over(problem, lambda lead, review: review + max(lead - later, 0)):
        found[place] = law.inverse(np.clip(level[place], 0.0, HIGHEST)) if covered else 0.0
    return found


def _laws_over(
    problem: Problem, length: Callable[[int, int], int]
) -> Iterable[tuple[tuple[int, int], int, _Law]]:
    """List every supplied place, how many periods are covered, and the law of the demand over them."""
    cache: dict[tuple[object, ...], _Law] = {}
    requirements = Requirements(problem)
    for node, item, lead_times, review in _supplied(problem, requirements):
        laws = requirements.laws(node, item)
        lead = round(sum(periods * probability for periods, probability in lead_times.items()))
        covered = length(lead, review)
        key = (*laws, covered)
        if key not in cache:
            cache[key] = _tabulate(laws, {covered: 1.0})
        yield (node, item), covered, cache[key]


def lead_periods(problem: Problem) -> np.ndarray:
    """Return ``[node, item]`` expected lead time, or duration of the process that makes the item, whole periods."""
    return np.round(protection_demand(problem).periods - review_periods(problem)).clip(0.0)


def waiting_places(problem: Problem) -> np.ndarray:
    """Return ``[node, item]`` where what is short waits for the next order: backorders, orders of others, and runs."""
    arrays = problem.arrays
    share = np.asarray(arrays.lost_share)[..., 0]
    feeds = np.asarray(arrays.descendants).sum(1) > 1
    waits = (share < 0.5) | feeds[:, None]
    for place in Requirements(problem).takers:
        waits[place] = True
    return waits


def _supplied(
    problem: Problem, requirements: Requirements
) -> Iterable[tuple[int, int, Mapping[int, float], int]]:
    """List node, item, law of the lead time and review period: of the first lane, else of the process."""
    network, supply = problem.network, problem.uncertainty.supply
    units = None if supply is None else supply.units
    # Where a step is the time to the next demand, a lead time is the number of demands that pass.
    meanwhile = {} if units is None else units.law.demands_meanwhile(units.rate)
    destination = np.asarray(problem.arrays.lane_destination)
    for at, item in np.argwhere(np.asarray(problem.arrays.primary[..., 0]) > 0):
        lane = network.lanes[at]
        lead_times = lane.lead_time_law(network.items[item].name) if units is None else meanwhile
        yield int(destination[at]), int(item), lead_times, lane.review_period
    for (node, item), process in requirements.made.items():
        yield node, item, {process.duration: 1.0}, 1


def _tabulate(laws: tuple[DemandLaw, ...], covers: dict[int, float]) -> _Law:
    mean = sum(law.mean for law in laws)
    variance = sum(long_run_variance(law) for law in laws)
    length = sum(periods * probability for periods, probability in covers.items())
    spread = sum((periods - length) ** 2 * probability for periods, probability in covers.items())
    total, deviation = mean * length, float(np.sqrt(variance * length + mean**2 * spread))
    if laws and all(_whole(law) for law in laws):
        return _from_masses(total, deviation, _convolved(laws, covers))
    if deviation == 0 or total == 0:
        certain = np.full(len(LEVELS), total)
        return _Law(total, deviation, certain, WEIGHTS, lambda level: np.full(np.shape(level), total))
    normal = len(covers) == 1 and all(isinstance(law, Normal) for law in laws)
    law = Normal(total, deviation) if normal else Gamma(total, deviation)
    inverse = lambda level: law.quantile(np.atleast_1d(level)).reshape(np.shape(level))  # noqa: E731
    return _Law(total, deviation, law.quantile(LEVELS), WEIGHTS, inverse)


def _from_masses(mean: float, deviation: float, masses: np.ndarray) -> _Law:
    """Describe a law on 0, 1, 2, ..., by itself if few of its values matter."""
    cumulative = np.cumsum(masses)
    inverse = lambda level: np.searchsorted(cumulative, level - 1e-12).astype(float)  # noqa: E731
    first, last = np.searchsorted(cumulative, [1e-9, 1 - 1e-9])
    if last - first >= len(LEVELS):
        return _Law(mean, deviation, np.searchsorted(cumulative, LEVELS).astype(float), WEIGHTS, inverse)
    values = np.minimum(first + np.arange(len(LEVELS), dtype=float), last)
    kept = np.zeros(len(LEVELS))
    kept[: last - first + 1] = masses[first : last + 1]
    return _Law(mean, deviation, values, kept / kept.sum(), inverse)


def _whole(law: DemandLaw) -> bool:
    if not isinstance(law, DiscreteLaw) or isinstance(law, Seasonal):
        return False
    values, _ = law.support()
    return bool(np.all(values == np.round(values)) and values[-1] <= 4096)


def _convolved(laws: tuple[DemandLaw, ...], covers: dict[int, float]) -> np.ndarray:
    supports = [law.support() for law in laws if isinstance(law, DiscreteLaw)]
    size = int(sum(values[-1] for values, _ in supports)) * max(covers) + 1
    spectrum = np.ones(size // 2 + 1, dtype=complex)
    for values, masses in supports:
        dense = np.zeros(size)
        dense[values.astype(int)] = masses
        spectrum = spectrum * np.fft.rfft(dense)
    mixed = sum(probability * spectrum**periods for periods, probability in covers.items())
    masses = np.maximum(np.fft.irfft(mixed, size), 0.0)
    return masses / masses.sum()


def money_at_stake(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[node, item]`` underage and overage, money per unit and review period.

    Underage is what a unit short costs: the shortage rate, plus the margin where revenue is counted. Overage is what a
    unit left over costs until the next order: holding over one review. Places without demand of their own take the
    mean of what they supply. Where neither is known, a component takes what the runs that a unit of it holds up cost.
    """
    tariff, arrays = problem.tariff, problem.arrays
    shape = (arrays.num_nodes, arrays.num_items)

    def rate(leaf: object) -> np.ndarray:
        return np.zeros(shape) if leaf is None else np.asarray(leaf, dtype=np.float64)[..., 0]

    lost_share = np.asarray(arrays.lost_share, dtype=np.float64)[..., 0]
    short = rate(tariff.lost_sale) * lost_share + rate(tariff.backorder) * (1 - lost_share)
    if tariff.price is not None and tariff.purchase is not None:
        from basestock.economics import unit_costs

        cost = unit_costs(arrays, tariff)
        margin = rate(tariff.price) - (0.0 if cost is None else cost[..., 0])
        short = short + np.maximum(margin, 0.0) * lost_share
    overage = rate(tariff.holding) * review_periods(problem)
    reached = np.asarray(arrays.descendants, dtype=np.float64)
    priced = (short > 0).astype(np.float64)
    inherited = (reached @ short) / np.maximum(reached @ priced, 1.0)
    return _with_components(problem, np.where(short > 0, short, inherited)), overage


def _with_components(problem: Problem, short: np.ndarray) -> np.ndarray:
    """Pass the underage of products on to their components, from level to level of the bills."""
    takers = Requirements(problem).takers
    reached = np.asarray(problem.arrays.descendants, dtype=np.float64)
    for _ in range(len(problem.network.processes) if takers else 0):
        below = np.zeros_like(short)
        for (node, item), processes in takers.items():
            held_up = (short[node, product] / units for one in processes for product, units in one.items())
            below[node, item] = max(held_up, default=0.0)
        below = (reached @ below) / np.maximum(reached @ (below > 0), 1.0)
        if not ((short == 0) & (below > 0)).any():
            break
        short = np.where(short > 0, short, below)
    return short


def review_periods(problem: Problem) -> np.ndarray:
    """Return ``[node, item]`` periods between orders on the lane of first priority."""
    review = np.ones((problem.arrays.num_nodes, problem.arrays.num_items))
    for node, item, _, periods in _supplied(problem, Requirements(problem)):
        review[node, item] = periods
    return review
