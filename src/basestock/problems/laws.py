"""Demand laws in the arguments of problem functions: a law, or the way a file of instances spells it."""

from collections.abc import Mapping
from typing import Any

from basestock.problems.families.demand import parse_law
from basestock.uncertainty import DemandLaw

SpelledLaw = Mapping[str, Any]


def law_of(demand: DemandLaw | SpelledLaw) -> DemandLaw:
    """Return the law that an argument stands for.

    Examples
    --------
    >>> law_of({"type": "poisson", "mean": 3.0}).mean
    3.0
    """
    return parse_law(demand) if isinstance(demand, Mapping) else demand
