"""How a network takes a disruption: service lost, time to respond, time to recover."""

import dataclasses

import numpy as np

WINDOW = 7
"""Periods that the fill rate is taken over to tell whether it has recovered."""


@dataclasses.dataclass(frozen=True)
class Resilience:
    """Key figures of one disruption, against the same path without it.

    Parameters
    ----------
    service_lost
        Demand not served at once beyond that of the undisturbed path, until recovery, as a share of the demand.
    units_lost
        The same in units.
    response_periods
        Periods from the start until what is ordered first exceeds the undisturbed path; ``None`` if it never does.
    recovery_periods
        Periods from the start until the fill rate of the last 7 periods is back at that of the undisturbed path for
        good; 0 if it never left it, ``None`` if it has not come back by the end.
    worst_service
        Smallest share of the demand of a period that was served at once until recovery; of the first period where
        nothing was lost.
    """

    service_lost: float
    units_lost: float
    response_periods: int | None
    recovery_periods: int | None
    worst_service: float


def resilience(
    served: np.ndarray,
    demand: np.ndarray,
    ordered: np.ndarray,
    undisturbed_served: np.ndarray,
    undisturbed_demand: np.ndarray,
    undisturbed_ordered: np.ndarray,
    *,
    start: int,
    tolerance: float = 0.01,
) -> Resilience:
    """Compare a disturbed path with the undisturbed one on the same events.

    Parameters
    ----------
    served, demand, ordered
        ``[period]`` units served at once, asked for and ordered, with the disruption; means over replications.
    undisturbed_served, undisturbed_demand, undisturbed_ordered
        The same without it.
    start
        First period of the disruption.
    tolerance
        Largest loss of fill rate that counts as none, a share.

    Returns
    -------
    Resilience
        Times in periods.

    Raises
    ------
    ValueError
        If the paths differ in length, or the start is outside them.

    Examples
    --------
    >>> ten = np.full(12, 10.0)
    >>> hit = np.array([10, 10, 4, 0, 6, 10, 10, 10, 10, 10, 10, 10.0])
    >>> found = resilience(hit, ten, ten + (np.arange(12) == 3), ten, ten, ten, start=2)
    >>> found.units_lost, found.response_periods, found.recovery_periods
    (20.0, 1, 9)
    """
    paths = (served, demand, ordered, undisturbed_served, undisturbed_demand, undisturbed_ordered)
    if len({len(path) for path in paths}) > 1 or not 0 <= start < len(served):
        raise ValueError(
            f"resilience: paths of {[len(path) for path in paths]} periods and start {start}, must be of one length "
            "that the start lies in. Correct the arguments."
        )
    calm = _fill_rate(undisturbed_served, undisturbed_demand)
    bad = np.flatnonzero((calm - _fill_rate(served, demand))[start:] > tolerance)
    more = np.flatnonzero(ordered[start:] > undisturbed_ordered[start:] * (1 + tolerance) + 1e-9)
    length = int(bad[-1]) + 1 if len(bad) else 0
    until = slice(start, start + length)
    short = np.maximum(demand - served, 0.0) - np.maximum(undisturbed_demand - undisturbed_served, 0.0)
    lost, asked = float(short[until].sum()), float(demand[until].sum())
    return Resilience(
        lost / asked if asked > 0 else 0.0,
        lost,
        int(more[0]) if len(more) else None,
        None if start + length == len(served) else length,
        float(_share(served, demand)[start : start + max(length, 1)].min()),
    )


def _fill_rate(served: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Return the fill rate of the last periods, of as many as there were."""
    last = np.ones(WINDOW)
    return _share(np.convolve(served, last)[: len(served)], np.convolve(demand, last)[: len(demand)])


def _share(served: np.ndarray, demand: np.ndarray) -> np.ndarray:
    return np.where(demand > 0, served / np.where(demand > 0, demand, 1.0), 1.0)
