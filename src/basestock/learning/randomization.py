"""Domain randomization: a problem whose demand each path draws anew, so that a policy learns to infer it."""

import dataclasses
from collections.abc import Mapping

from basestock.decision import Problem
from basestock.uncertainty import DriverError, HiddenDemand, MarketDrivers

WINDOW = 12
"""Past demands that are seen where a problem shows none."""


def watching(problem: Problem, periods: int = WINDOW) -> Problem:
    """Return a problem that shows its past demand, so that a policy can tell what it does not know.

    Parameters
    ----------
    problem
        The problem.
    periods
        Past demands that are seen at least.
    """
    seen = problem.information
    if seen.demand_window >= periods:
        return problem
    return dataclasses.replace(problem, information=dataclasses.replace(seen, demand_window=periods))


def randomized(problem: Problem, hidden: HiddenDemand, periods: int = WINDOW) -> Problem:
    """Return a problem whose paths each draw what multiplies its demand, and nobody is told.

    Parameters
    ----------
    problem
        The problem; its own laws are what is multiplied.
    hidden
        Ranges of what is drawn.
    periods
        Past demands that are seen at least.

    Notes
    -----
    What is learned on it is judged on :func:`watching` of the problem as it is (Tobin et al. 2017,
    doi:10.1109/IROS.2017.8202133). The best policy of the randomized problem infers what was drawn from what it sees.
    """
    drivers = problem.uncertainty.drivers or MarketDrivers()
    uncertainty = dataclasses.replace(
        problem.uncertainty, drivers=dataclasses.replace(drivers, hidden=hidden)
    )
    return dataclasses.replace(watching(problem, periods), uncertainty=uncertainty)


def hidden_demand(ranges: Mapping[str, str]) -> HiddenDemand:
    """Return ranges that are written ``low:high``, by name.

    Raises
    ------
    DriverError
        If a name is unknown, or a range is none.

    Examples
    --------
    >>> hidden_demand({"level": "0.5:1.5"}).level
    (0.5, 1.5)
    """
    known = [field.name for field in dataclasses.fields(HiddenDemand)]
    found: dict[str, tuple[float, ...]] = {}
    for name, written in ranges.items():
        try:
            found[name] = tuple(float(end) for end in written.split(":"))
        except ValueError:
            found[name] = ()
        if name not in known or len(found[name]) != 2:
            raise DriverError(
                f"range {name}={written}: must be NAME=LOW:HIGH of {', '.join(known)}. Correct it."
            )
    return HiddenDemand(**found)  # type: ignore[arg-type]
