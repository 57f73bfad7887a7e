"""Typical ranges of the five kinds of cost, and the rates of a tariff that lie outside them."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Array

from basestock.economics.tariff import RATE_AXES, Tariff
from basestock.network import SupplyNetwork
from basestock.uncertainty import Axes

DAYS_PER_MONTH = 365.25 / 12


@dataclasses.dataclass(frozen=True)
class Range:
    """Where a rate usually lies.

    Parameters
    ----------
    kind
        Kind of cost: holding, shortage, order, waste or transport.
    low, high
        Ends of the range, in ``unit``.
    unit
        What the rate is expressed in before it is compared.
    """

    kind: str
    low: float
    high: float
    unit: str


TYPICAL: dict[str, Range] = {
    "holding": Range("holding", 0.005, 0.05, "of the unit cost per month"),
    "lost_sale": Range("shortage", 2.0, 10.0, "times the margin per unit"),
    "unmet_demand": Range("shortage", 2.0, 10.0, "times the margin per unit"),
    "fixed_order": Range("order", 100.0, 400.0, "Rs per order"),
    "joint_order": Range("order", 100.0, 400.0, "Rs per order"),
    "unit_order": Range("order", 0.25, 1.0, "Rs per unit ordered"),
    "waste": Range("waste", 0.2, 0.3, "of the unit cost"),
    "transport": Range("transport", 2.0, 5.0, "Rs per km"),
    "vehicle": Range("transport", 2.0, 5.0, "Rs per km"),
}
"""Ranges by rate. Ordering is known by one example, Rs 200 and Rs 0.5 a unit: from half of it to twice as much."""


@dataclasses.dataclass(frozen=True)
class Conventions:
    """What a tariff does not say, and what its rates are compared by.

    Parameters
    ----------
    days_per_period
        Days.
    unit_cost, price
        Money per unit by item; where absent, the smallest rate ``purchase`` and the largest ``price`` of the tariff.
    kilometers
        Length of lanes by name; transport over other lanes is not compared.
    money_per_rupee
        Exchange rate: what a rupee is in the currency of the tariff.
    """

    days_per_period: float = 1.0
    unit_cost: Mapping[str, float] = dataclasses.field(default_factory=dict[str, float])
    price: Mapping[str, float] = dataclasses.field(default_factory=dict[str, float])
    kilometers: Mapping[str, float] = dataclasses.field(default_factory=dict[str, float])
    money_per_rupee: float = 1.0

    def __post_init__(self) -> None:
        numbers = {"days_per_period": self.days_per_period, "money_per_rupee": self.money_per_rupee}
        numbers |= {f"kilometers of {lane!r}": length for lane, length in self.kilometers.items()}
        wrong = [f"{name} is {value}, must be a finite number > 0." for name, value in numbers.items()
                 if not (np.isfinite(value) and value > 0)]  # fmt: skip
        if wrong:
            raise ValueError(f"Conventions: {' '.join(wrong)} Correct them.")


def atypical_rates(
    network: SupplyNetwork, tariff: Tariff, conventions: Conventions | None = None
) -> tuple[str, ...]:
    """Return a warning for every rate outside its typical range, and for every one that cannot be compared.

    Parameters
    ----------
    network
        The network of the tariff.
    tariff
        Rates; 0 means that nothing is charged, and is not compared.
    conventions
        Units and what else the comparison needs.

    Returns
    -------
    tuple
        One sentence each: the rate, its place, its value in the unit of the range, and the range; in the order of
        :data:`TYPICAL` and of the network. Empty where everything is typical.

    Examples
    --------
    >>> from basestock.economics import make_tariff
    >>> from basestock.problems import lost_sales
    >>> network = lost_sales().network
    >>> tariff = make_tariff(network, holding=0.5, purchase=100.0)
    >>> atypical_rates(network, tariff)[0]
    "holding at ('store', 'item') is 0.1522 of the unit cost per month, typically 0.005 to 0.05."
    """
    given, axes = conventions or Conventions(), Axes.of(network)
    cost = _by_item(axes, tariff.purchase, given.unit_cost, smallest=True)
    price = _by_item(axes, tariff.price, given.price, smallest=False)
    found: list[str] = []
    for rate, typical in TYPICAL.items():
        leaf: Array | None = getattr(tariff, rate)
        for owner, item, value in _places(axes, rate, leaf):
            place = repr(owner) if item is None else f"({owner!r}, {item!r})"
            base = _base(typical, owner, item, given, cost, price)
            if isinstance(base, str):
                found.append(f"{rate} at {place} cannot be compared: {base}")
            elif base is not None and not typical.low * (1 - 1e-6) <= value / base <= typical.high * (
                1 + 1e-6
            ):
                relative = f"{value / base:.4g} {typical.unit}"
                found.append(
                    f"{rate} at {place} is {relative}, typically {typical.low:g} to {typical.high:g}."
                )
    return tuple(found)


def _base(
    typical: Range,
    owner: str,
    item: str | None,
    given: Conventions,
    cost: Mapping[str, float],
    price: Mapping[str, float],
) -> float | str | None:
    """Return what a rate is divided by, why that is unknown, or nothing where there is nothing to compare with."""
    if typical.kind == "order":
        return given.money_per_rupee
    if typical.kind == "transport":
        length = given.kilometers.get(owner)
        return None if length is None else length * given.money_per_rupee
    unit = cost.get(item or "")
    if unit is None:
        return f"the unit cost of {item!r} is unknown. Give unit_cost."
    if typical.kind == "waste":
        return unit
    if typical.kind == "holding":
        return unit * given.days_per_period / DAYS_PER_MONTH
    margin = price.get(item or "", 0.0) - unit
    return margin if margin > 0 else f"the margin of {item!r} is not positive or unknown. Give price."


def _places(axes: Axes, rate: str, leaf: Array | None) -> Iterator[tuple[str, str | None, float]]:
    """Return the owner, the item and the value of every positive rate."""
    if leaf is None:
        return
    table = np.asarray(leaf, dtype=float)[..., 0]
    owners = axes.nodes if RATE_AXES[rate] == "node" else axes.lanes
    for row, owner in enumerate(owners):
        if table.ndim == 1:
            carried: list[tuple[str | None, float]] = [(None, float(table[row]))]
        else:
            carried = [(item, float(table[row, column])) for column, item in enumerate(axes.items)]
        yield from ((owner, item, value) for item, value in carried if value > 0)


def _by_item(
    axes: Axes, leaf: Array | None, given: Mapping[str, float], *, smallest: bool
) -> dict[str, float]:
    """Return money per unit by item: what is given, else the smallest or largest positive rate anywhere."""
    known: dict[str, float] = {}
    for column, item in enumerate(axes.items):
        rates = (
            [] if leaf is None else [float(value) for value in np.asarray(leaf)[:, column, 0] if value > 0]
        )
        if item in given:
            known[item] = given[item]
        elif rates:
            known[item] = min(rates) if smallest else max(rates)
    return known
