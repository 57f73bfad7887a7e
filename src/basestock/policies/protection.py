"""The law of demand that an order must cover: over lead time and review, at a node and all it supplies."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from basestock.decision import Problem
from basestock.uncertainty import Autoregressive, DemandLaw, DiscreteLaw, Gamma, Seasonal

LEVELS = (np.arange(200) + 0.5) / 200
"""Probabilities at which protection demand is tabulated: the middles of equal steps."""


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
    quantiles
        ``[level, node, item]`` units, at :data:`LEVELS`.
    """

    periods: np.ndarray
    rate: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    quantiles: np.ndarray

    def quantile(self, level: np.ndarray) -> np.ndarray:
        """Return ``[node, item]`` quantiles at one probability per place, units."""
        position = np.clip(np.ceil(level * len(LEVELS) - 0.5).astype(int), 0, len(LEVELS) - 1)
        return np.take_along_axis(self.quantiles, position[None], axis=0)[0]


def protection_demand(problem: Problem) -> ProtectionDemand:
    """Tabulate the demand over lead time plus one review for every place that is supplied.

    Parameters
    ----------
    problem
        The problem; the lane of first priority counts.

    Returns
    -------
    ProtectionDemand
        Zeros at places without supply.

    Notes
    -----
    Discrete laws are convolved exactly, over the law of the lead time where it is random. Laws with memory or seasons
    and continuous laws enter by mean and variance through a gamma law.
    """
    arrays = problem.arrays
    shape = (arrays.num_nodes, arrays.num_items)
    periods, rate, mean, deviation = (np.zeros(shape) for _ in range(4))
    quantiles = np.zeros((len(LEVELS), *shape))
    cache: dict[tuple[object, ...], tuple[float, float, np.ndarray]] = {}
    for node, item, lane in _supplied(problem):
        laws = _descendant_laws(problem, node, item)
        lead_times = problem.network.lanes[lane].lead_time_law(problem.network.items[item].name)
        review = problem.network.lanes[lane].review_period
        covers = {lead + review: probability for lead, probability in lead_times.items()}
        key = (*laws, *sorted(covers.items()))
        if key not in cache:
            cache[key] = _tabulate(laws, covers)
        mean[node, item], deviation[node, item], quantiles[:, node, item] = cache[key]
        periods[node, item] = sum(length * probability for length, probability in covers.items())
        rate[node, item] = sum(law.mean for law in laws)
    return ProtectionDemand(periods, rate, mean, deviation, quantiles)


def _supplied(problem: Problem) -> Iterable[tuple[int, int, int]]:
    primary = np.asarray(problem.arrays.primary[..., 0])
    destination = np.asarray(problem.arrays.lane_destination)
    for lane, item in np.argwhere(primary > 0):
        yield int(destination[lane]), int(item), int(lane)


def _descendant_laws(problem: Problem, node: int, item: int) -> tuple[DemandLaw, ...]:
    reached = np.asarray(problem.arrays.descendants[node])
    name = problem.network.items[item].name
    nodes = [other.name for position, other in enumerate(problem.network.nodes) if reached[position]]
    found = (problem.uncertainty.demand.get((place, name)) for place in nodes)
    return tuple(law for law in found if law is not None)


def _tabulate(laws: tuple[DemandLaw, ...], covers: dict[int, float]) -> tuple[float, float, np.ndarray]:
    mean = sum(law.mean for law in laws)
    variance = sum(_independent_variance(law) for law in laws)
    length = sum(periods * probability for periods, probability in covers.items())
    spread = sum((periods - length) ** 2 * probability for periods, probability in covers.items())
    total, deviation = mean * length, float(np.sqrt(variance * length + mean**2 * spread))
    if laws and all(_whole(law) for law in laws):
        return total, deviation, _convolved(laws, covers)
    if deviation == 0 or total == 0:
        return total, deviation, np.full(len(LEVELS), total)
    return total, deviation, Gamma(total, deviation).quantile(LEVELS)


def _independent_variance(law: DemandLaw) -> float:
    """Long-run variance of a sum per period, which memory raises."""
    if isinstance(law, Autoregressive):
        return law.base.variance / (1 - law.coefficient) ** 2
    return law.variance


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
    cumulative = np.cumsum(np.maximum(np.fft.irfft(mixed, size), 0.0))
    return np.searchsorted(cumulative / cumulative[-1], LEVELS).astype(np.float64)


def money_at_stake(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[node, item]`` underage and overage, money per unit and review period.

    Underage is what a unit short costs: the shortage rate, plus the margin where revenue is counted. Overage is what a
    unit left over costs until the next order: holding over one review. Places without demand of their own take the
    mean of what they supply.
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
    overage = rate(tariff.holding) * _review(problem)
    reached = np.asarray(arrays.descendants, dtype=np.float64)
    priced = (short > 0).astype(np.float64)
    inherited = (reached @ short) / np.maximum(reached @ priced, 1.0)
    return np.where(short > 0, short, inherited), overage


def _review(problem: Problem) -> np.ndarray:
    review = np.ones((problem.arrays.num_nodes, problem.arrays.num_items))
    for node, item, lane in _supplied(problem):
        review[node, item] = problem.network.lanes[lane].review_period
    return review
