"""One order before one random demand."""

import numpy as np

from basestock.decision import Solution
from basestock.uncertainty import ContinuousLaw, DemandLaw, DiscreteLaw, Normal

_METHOD = "newsvendor, Arrow, Harris and Marschak 1951"


def newsvendor(law: DemandLaw, holding_cost: float, shortage_cost: float) -> Solution:
    """Return min over y of h E(y - D)+ + p E(D - y)+.

    Parameters
    ----------
    law
        Law of the demand, units.
    holding_cost, shortage_cost
        Money per unit left over [h] and per unit short [p].

    Returns
    -------
    Solution
        Optimal cost, and ``order_up_to_level`` in units.

    Raises
    ------
    ValueError
        If the law has seasons or a memory.

    Examples
    --------
    >>> from basestock.uncertainty import Poisson
    >>> round(newsvendor(Poisson(6.0), 1.0, 4.0).value, 5)
    3.57011
    """
    share = shortage_cost / (holding_cost + shortage_cost) if shortage_cost > 0 else 0.0
    if isinstance(law, Normal):
        return _normal(law, holding_cost, shortage_cost, share)
    if isinstance(law, DiscreteLaw):
        values, masses = law.support()
    elif isinstance(law, ContinuousLaw):
        # Midpoints of equal steps of probability: exact enough for smooth quantiles, 1e-6 of the cost.
        levels = (np.arange(200_000) + 0.5) / 200_000
        values, masses = law.quantile(levels), np.full(len(levels), 1 / len(levels))
    else:
        kind = type(law).__name__
        raise ValueError(
            f"newsvendor: the law is {kind}, must be the law of one demand. Give one without seasons."
        )
    best = values[min(int(np.searchsorted(np.cumsum(masses), share - 1e-12)), len(values) - 1)]
    gaps = best - values
    cost = masses @ (holding_cost * np.maximum(gaps, 0) + shortage_cost * np.maximum(-gaps, 0))
    return Solution(float(cost), {"order_up_to_level": float(best)}, _METHOD)


def _normal(law: Normal, holding_cost: float, shortage_cost: float, share: float) -> Solution:
    """Return (h + p) sigma phi(z), z the standard quantile of p / (h + p)."""
    from scipy.special import ndtri

    if not 0 < share < 1:
        return Solution(0.0, {"order_up_to_level": law.mean if share else 0.0}, _METHOD)
    score = float(ndtri(share))
    density = float(np.exp(-score * score / 2) / np.sqrt(2 * np.pi))
    cost = (holding_cost + shortage_cost) * law.deviation * density
    return Solution(cost, {"order_up_to_level": law.average + law.deviation * score}, _METHOD)
