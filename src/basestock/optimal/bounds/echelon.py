"""What customers cost who are served from a given stock, and what sharing one stock among them costs at least."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Customers:
    """The cost of one place at the end of one period, by what was set aside for its demand until then.

    Parameters
    ----------
    masses
        ``[units]`` probabilities of the demand of 0, 1, ... units.
    holding, shortage
        Money per unit left over [h] and per unit short [b].
    weight
        Factor on both.
    """

    masses: np.ndarray
    holding: float
    shortage: float
    weight: float = 1.0

    def at(self, level: float) -> float:
        """Return G(y) = h E(y - D)+ + b E(D - y)+ of a level, money, weighted."""
        gaps = level - np.arange(len(self.masses))
        paid = self.holding * np.maximum(gaps, 0.0) + self.shortage * np.maximum(-gaps, 0.0)
        return float(self.weight * (self.masses @ paid))

    @functools.cached_property
    def slopes(self) -> np.ndarray:
        """``[level]`` what the unit after 0, 1, ... changes: (h + b) P(D <= y) - b, money, weighted."""
        return self.weight * ((self.holding + self.shortage) * np.cumsum(self.masses) - self.shortage)

    @functools.cached_property
    def least(self) -> float:
        """Cost of the best level, money, weighted."""
        return self.at(float((self.slopes < 0).sum()))


@dataclasses.dataclass(frozen=True, eq=False)
class _Line:
    """A convex function: values at ``first``, first + 1, ..., and straight on to both sides."""

    first: int
    values: np.ndarray
    left: float
    right: float

    def __call__(self, place: np.ndarray) -> np.ndarray:
        """Return its values."""
        last = self.first + len(self.values) - 1
        inside = np.interp(place, np.arange(self.first, last + 1), self.values)
        return (
            inside + self.left * np.minimum(place - self.first, 0) + self.right * np.maximum(place - last, 0)
        )


def least_shared_cost(
    customers: Sequence[Customers], holding: float, before: np.ndarray, stock: float | None = None
) -> float:
    """Return what sharing out one stock costs at least, where demand comes between ordering it and sharing it.

    Parameters
    ----------
    customers
        The places, with the demand that each serves from its share.
    holding
        Money per unit that is kept back [H].
    before
        ``[units]`` probabilities of the demand D0 that comes before the stock is shared out.
    stock
        What is there before D0 [Y], units; the best, if not given.

    Returns
    -------
    float
        min over Y of E R(Y - D0), R(x) = min over sum z <= x of H (x - sum z) + sum G(z); shares below 0 are allowed.

    Notes
    -----
    Every G is convex with corners at whole units, so that units go one by one to whoever gains the most (Federgruen and
    Zipkin 1984, doi:10.1287/opre.32.4.818).

    Examples
    --------
    >>> coin = np.array([0.5, 0.5])
    >>> least_shared_cost([Customers(coin, 1.0, 9.0)] * 2, 0.0, np.ones(1))
    1.0
    """
    cost = _shared_cost(customers, holding)
    demand = np.arange(len(before))
    if stock is not None:
        return float(before @ cost(stock - demand))
    low, high = cost.first, cost.first + len(cost.values) - 1 + len(before)
    # One value more to the left for every unit of D0, so that the sum over D0 is a convolution.
    line = cost(np.arange(low - len(before) + 1, high + 1))
    return float(np.convolve(line, before, mode="valid").min())


def _shared_cost(customers: Sequence[Customers], holding: float) -> _Line:
    """Return R."""
    owed = -min(each.weight * each.shortage for each in customers)
    # Units that save more than the cheapest debt costs are always set aside.
    taken = [
        int((each.slopes <= owed).sum()) if -each.weight * each.shortage < owed else 0 for each in customers
    ]
    base = sum(each.at(float(units)) for each, units in zip(customers, taken, strict=True))
    rest = np.concatenate([each.slopes[units:] for each, units in zip(customers, taken, strict=True)])
    # Any number of units can lie where lying costs least, with a place or kept back.
    lying = min(holding, *(each.weight * each.holding for each in customers))
    gains = np.sort(rest[rest < lying])
    return _Line(sum(taken), base + np.concatenate([[0.0], np.cumsum(gains)]), owed, lying)
