"""Which quantities of a line are worth pricing: nothing, the first legal block, packs around the need, one more."""

from decimal import Decimal

import numpy as np

from basestock.data.twin import Twin
from basestock.operations.finalize import finalize_quantity
from basestock.operations.lines import pack_size
from basestock.operations.order_rules import Cap, Context, OrderRule
from basestock.operations.pricing import CANDIDATES
from basestock.operations.quantities import quantity

WAYS = ("down", "up")
MAX_BREAKS = 4
"""Price breaks that are priced; the quantities between them are interpolated."""


def order_rule(twin: Twin, line: int, rounding: str | None = None) -> OrderRule:
    """Return the order sizes that the source of a line accepts."""
    exact = lambda value: quantity_of(value) if np.isfinite(value) else None  # noqa: E731
    multiple = exact(twin.order_multiple[line])
    days = twin.supplier_order_days[line]
    return OrderRule(
        factor=quantity_of(twin.factor[line]),
        minimum=exact(twin.order_minimum[line]),
        multiple=multiple if multiple else None,
        maximum=exact(twin.order_maximum[line]),
        rounding=rounding or twin.rounding[line],  # type: ignore[arg-type]
        integer_qty=bool(twin.whole_units[line]),
        order_uom=twin.order_uom[line],
        order_days=days or None,
    )


def quantity_of(value: float) -> Decimal:
    """Return an exported number as the decimal it was written as."""
    return Decimal(repr(float(value)))


def order_caps(twin: Twin, line: int, position: float) -> tuple[Cap, ...]:
    """Return the hard limits of a line: shelf space, measured against the position, and the source's capacity."""
    caps: list[Cap] = []
    if twin.max_stock_hard[line] and np.isfinite(twin.max_stock[line]):
        caps.append(Cap("MAX_STOCK", quantity(float(twin.max_stock[line]) - position)))
    if np.isfinite(twin.capacity[line]):
        caps.append(Cap("CAPACITY_CUT", quantity(float(twin.capacity[line]))))
    return tuple(caps)


def candidate_ladder(
    twin: Twin, need: np.ndarray, position: np.ndarray, wanted: np.ndarray | None = None
) -> np.ndarray:
    """List the quantities to price for every line with a need.

    Parameters
    ----------
    twin
        Lines.
    need
        ``[line]`` what the policy asks for, base units, > 0.
    position
        ``[line]`` available stock plus firm open orders, base units.
    wanted
        ``[line]`` a quantity that must be among them, base units.

    Returns
    -------
    numpy.ndarray
        ``[line, candidate]`` increasing and padded with the last, first 0, base units: the legal quantities below and
        above the need, the next pack, price breaks, and packs between.
    """
    packs = pack_size(twin)
    step = np.where(np.isfinite(packs), packs, np.maximum(need / 8, 1e-3))
    first = smallest_order(twin, packs)
    below, above = _legal_neighbors(twin, need, position, packs, first)
    top = np.maximum(above, first) + step
    before = np.where(above > 0, np.maximum(above - step, first), 0.0)
    breaks = [_at_least(level, packs, first) for level in price_levels(twin)]
    given = [] if wanted is None else [wanted]
    fixed = np.stack([np.zeros_like(need), below, above, before, top, *breaks, *given], axis=1)
    room = max(CANDIDATES - fixed.shape[1], 0)
    share = np.linspace(0.0, 1.0, room) if room > 1 else np.zeros(room)
    between = np.round((top - first) / step)[:, None] * share[None, :]
    middle = first[:, None] + np.floor(between) * step[:, None]
    return _distinct(np.concatenate([fixed, middle], axis=1))


def smallest_order(twin: Twin, packs: np.ndarray) -> np.ndarray:
    """Return ``[line]`` the smallest legal order, base units; 0 where any quantity may be ordered."""
    least = np.nan_to_num(twin.order_minimum * twin.factor)
    with_packs = np.maximum(np.ceil(np.round(least / np.nan_to_num(packs, nan=1.0), 9)), 1.0) * packs
    return np.where(np.isfinite(packs), with_packs, least)


def price_levels(twin: Twin) -> list[np.ndarray]:
    """Return the ``[line]`` quantities from which better prices hold, base units; 0 where there are fewer."""
    most = min(max((len(breaks) for breaks in twin.price_breaks), default=0), MAX_BREAKS)
    return [
        np.array([breaks[at][0] if at < len(breaks) else 0.0 for breaks in twin.price_breaks])
        for at in range(most)
    ]


def _legal_neighbors(
    twin: Twin, need: np.ndarray, position: np.ndarray, packs: np.ndarray, first: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the legal quantities below (0 if none) and above the need."""
    whole = np.isfinite(packs)
    size = np.where(whole, packs, 1.0)
    floor, ceiling = (way(np.round(need / size, 9)) * size for way in (np.floor, np.ceil))
    exact = np.maximum(np.round(need, 3), first)
    below = np.where(whole, np.where(floor > 0, np.maximum(floor, first), 0.0), exact)
    above = np.where(whole, np.maximum(ceiling, first), exact)
    limited = twin.max_stock_hard | np.isfinite(twin.order_maximum) | np.isfinite(twin.capacity)
    for line in np.flatnonzero(limited):
        legal = [_legal(twin, int(line), float(need[line]), float(position[line]), way) for way in WAYS]
        below[line], above[line] = min(legal), max(legal)
    return below, above


def _at_least(level: np.ndarray, packs: np.ndarray, first: np.ndarray) -> np.ndarray:
    size = np.where(np.isfinite(packs), packs, 1e-3)
    return np.where(level > 0, np.maximum(np.ceil(np.round(level / size, 9)) * size, first), 0.0)


def _distinct(rows: np.ndarray) -> np.ndarray:
    """Sort every row, keep each value once, and repeat the largest at the end."""
    rows = np.sort(np.round(rows, 6), axis=1)
    last = rows[:, -1:]
    again = np.diff(rows, axis=1, prepend=-1.0) <= 0
    return np.minimum(np.sort(np.where(again, np.inf, rows), axis=1), last)[:, :CANDIDATES]


def _legal(twin: Twin, line: int, need: float, position: float, rounding: str) -> float:
    context = Context(caps=order_caps(twin, line, position))
    return float(finalize_quantity(quantity(need), order_rule(twin, line, rounding), context).qty)
