"""Limits that several items or lanes share, paid for instead of kept: what is left falls apart."""

import dataclasses
import time
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from basestock.decision import Problem
from basestock.dynamics.ordering import limit_load
from basestock.optimal.bounds.bound import Bound
from basestock.optimal.bounds.hindsight import splits_freely
from basestock.optimal.mdp.analysis import is_endless
from basestock.optimal.mdp.optimum import optimize
from basestock.uncertainty import Axes

EVALUATIONS = 24
"""Relaxed problems that are solved at most."""

GOLDEN = (5**0.5 - 1) / 2


@dataclasses.dataclass(frozen=True, eq=False)
class _Shared:
    """A limit on what is ordered in a period.

    Parameters
    ----------
    name
        What it is called.
    load
        ``[lane, item]`` what one unit takes of it.
    cap
        Its size.
    """

    name: str
    load: np.ndarray
    cap: float


def lagrangian_bound(problem: Problem, *, max_bytes: int, max_seconds: float) -> Bound | None:
    """Return the best bound that comes of paying for shared limits instead of keeping them.

    Parameters
    ----------
    problem
        Orders limited together, by budget, volume, weight, units, or the capacity of a supplier.
    max_bytes, max_seconds
        What it may take.

    Returns
    -------
    Bound
        ``None`` without such a limit, or where even without it no exact solution is found.

    Notes
    -----
    max over lambda >= 0 of (optimum where a unit of each limit costs lambda) - lambda times the limits: no policy that
    keeps them pays more for them than that (Hawkins 2003; Adelman and Mersereau 2008, doi:10.1287/opre.1070.0445).
    Without them the items are separate problems, each solved exactly. Every lambda gives a bound; the best is sought by
    golden section along one limit after the other, since the bound is concave in them. Other limits are dropped.
    """
    began = time.perf_counter()
    shared = _shared_limits(problem)
    if not shared or problem.kind != "periodic":
        return None
    free = _without_limits(problem)
    size = _length(problem)

    def value(prices: tuple[float, ...]) -> float:
        left = max_seconds - (time.perf_counter() - began)
        if left <= 0:
            return -np.inf
        paid = _with_prices(free, shared, prices)
        found = optimize(paid, max_bytes=max_bytes, max_seconds=left)
        cost = found.lower if problem.sense == "min" else -found.upper
        spent = sum(price * each.cap for price, each in zip(prices, shared, strict=True))
        return cost - size * spent if found.shown else -np.inf

    try:
        prices, best = _highest(_cached(value), len(shared), _scale(problem, shared))
    except ValueError:
        return None
    if not np.isfinite(best):
        return None
    each = ", ".join(
        f"{limit.name} at {price:.4g} a unit" for limit, price in zip(shared, prices, strict=True)
    )
    return Bound(
        problem.sign * best, 0.0, f"shared limits paid for instead of kept, the rest solved exactly: {each}"
    )


def _cached(value: Callable[[tuple[float, ...]], float]) -> Callable[[tuple[float, ...]], float]:
    known: dict[tuple[float, ...], float] = {}

    def ask(prices: tuple[float, ...]) -> float:
        if prices not in known:
            # What is refused for want of time proves nothing; the first refusal is an error.
            try:
                known[prices] = value(prices) if len(known) < EVALUATIONS else -np.inf
            except ValueError:
                if not known:
                    raise
                known[prices] = -np.inf
        return known[prices]

    return ask


def _shared_limits(problem: Problem) -> list[_Shared]:
    """Return the limits that can be paid for; what is not among them is left out, which is on the safe side."""
    network, axes = problem.network, Axes.of(problem.network)
    ordering = problem.arrays.ordering
    worth = None if ordering is None or ordering.value is None else np.asarray(ordering.value)[..., 0]
    found = [
        (limit.metric == "spend", _Shared(limit.label, limit_load(network, axes, limit, worth), limit.cap))
        for limit in network.limits
        if limit.hard and limit.metric != "orders"
    ]
    for supplier in network.suppliers:
        if supplier.capacity is not None:
            load = np.zeros((axes.num_lanes, axes.num_items))
            rows = [row for row, lane in enumerate(network.lanes) if lane.source == supplier.name]
            load[rows, : len(network.items)] = 1.0
            found.append((False, _Shared(f"capacity of {supplier.name}", load, supplier.capacity)))
    return [each for cuts, each in found if cuts or _may_split(problem, each)]


def _may_split(problem: Problem, shared: _Shared) -> bool:
    """Tell whether orders that wait at their source might as well be placed when they are shipped."""
    lanes = [lane for row, lane in enumerate(problem.network.lanes) if shared.load[row].any()]
    return splits_freely(problem, lanes) and not any(lane.order_delay for lane in lanes)


def _without_limits(problem: Problem) -> Problem:
    network = problem.network
    suppliers = tuple(dataclasses.replace(each, capacity=None) for each in network.suppliers)
    return dataclasses.replace(
        problem,
        network=dataclasses.replace(network, limits=(), suppliers=suppliers),
        tariff=dataclasses.replace(problem.tariff, limit_excess=None, contract_shortfall=None),
        known=None,
    )


def _with_prices(problem: Problem, shared: list[_Shared], prices: tuple[float, ...]) -> Problem:
    """Return the problem in which a unit ordered also costs what it takes of the limits."""
    added = sum(price * each.load for price, each in zip(prices, shared, strict=True))
    table = jnp.asarray(np.asarray(added, dtype=np.float32)[..., None])
    now = problem.tariff.unit_order
    return dataclasses.replace(
        problem, tariff=dataclasses.replace(problem.tariff, unit_order=table if now is None else now + table)
    )


def _length(problem: Problem) -> float:
    """Return how often a limit counts in the criterion."""
    if problem.averages:
        return 1.0
    factor = problem.discount if problem.discounts else 1.0
    if factor == 1:
        return float(problem.horizon)
    whole = 1 / (1 - factor)
    return whole if is_endless(problem) else whole * (1 - factor**problem.horizon)


def _scale(problem: Problem, shared: list[_Shared]) -> list[float]:
    """Return the size of prices to begin with: what a shortage costs by what a unit takes."""
    tables = [getattr(problem.tariff, name) for name in ("lost_sale", "backorder", "price", "holding")]
    most = max((float(np.asarray(table).max()) for table in tables if table is not None), default=1.0)
    return [0.1 * max(most, 1e-6) / max(float(each.load.max()), 1e-9) for each in shared]


def _highest(
    value: Callable[[tuple[float, ...]], float], count: int, scale: list[float]
) -> tuple[tuple[float, ...], float]:
    """Maximize a concave function of prices >= 0, one price after the other."""
    best = (0.0,) * count
    for _ in range(1 if count == 1 else 2):
        for at in range(count):
            along = lambda price, best=best, at=at: value((*best[:at], price, *best[at + 1 :]))  # noqa: E731
            price = _highest_along(along, best[at], scale[at])
            best = (*best[:at], price, *best[at + 1 :])
    return best, value(best)


def _highest_along(value: Callable[[float], float], first: float, step: float) -> float:
    """Maximize a concave function of one price >= 0: double until it falls, then golden section."""
    low, middle = max(first - step, 0.0), first
    high = first + step
    while value(high) > value(middle):
        low, middle, high = middle, high, high + 2 * (high - middle)
    for _ in range(8):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, right) if value(left) >= value(right) else (left, high)
    return max((low, middle, high, (low + high) / 2, first), key=value)
