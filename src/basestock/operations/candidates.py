"""Which quantities of a line are worth pricing: nothing, the first legal block, packs around the need, one more."""

import dataclasses
from decimal import Decimal

import numpy as np

from basestock.data.twin import Twin
from basestock.operations.finalize import finalize_quantity
from basestock.operations.lines import pack_size
from basestock.operations.order_rules import Cap, Context, OrderRule
from basestock.operations.pricing import CANDIDATES
from basestock.operations.quantities import quantity


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
    """Return the hard limits of a line: shelf space, measured against the position."""
    if not twin.max_stock_hard[line] or not np.isfinite(twin.max_stock[line]):
        return ()
    return (Cap("MAX_STOCK", quantity(twin.max_stock[line] - position)),)


@dataclasses.dataclass(frozen=True, eq=False)
class Ladder:
    """Candidate quantities of the lines.

    Parameters
    ----------
    quantities
        ``[line, candidate]`` increasing and padded with the last, first 0, base units.
    """

    quantities: np.ndarray


def candidate_ladder(twin: Twin, need: np.ndarray, position: np.ndarray) -> Ladder:
    """List the quantities to price for every line with a need.

    Parameters
    ----------
    twin
        Lines.
    need
        ``[line]`` what the policy asks for, base units, > 0.
    position
        ``[line]`` available stock plus firm open orders, base units.

    Returns
    -------
    Ladder
        Always holds the legal quantities below and above the need, and one pack more than the larger.
    """
    packs = pack_size(twin)
    rows = np.zeros((twin.num_lines, CANDIDATES))
    for line in range(twin.num_lines):
        legal = [_legal(twin, line, float(need[line]), float(position[line]), way) for way in ("down", "up")]
        rows[line] = _ladder(
            legal, float(packs[line]), _first_block(twin, line, float(packs[line])), float(need[line])
        )
    return Ladder(rows)


def _legal(twin: Twin, line: int, need: float, position: float, rounding: str) -> float:
    context = Context(caps=order_caps(twin, line, position))
    return float(finalize_quantity(quantity(need), order_rule(twin, line, rounding), context).qty)


def _first_block(twin: Twin, line: int, pack: float) -> float:
    least = np.nan_to_num(twin.order_minimum[line] * twin.factor[line])
    if not np.isfinite(pack):
        return float(least)
    return float(max(np.ceil(round(least / pack, 9)), 1.0) * pack)


def _ladder(legal: list[float], pack: float, first: float, need: float) -> np.ndarray:
    step = pack if np.isfinite(pack) else max(need / 8, 1e-3)
    low, high = min(legal), max(legal)
    top = max(high, first) + step
    middle = np.arange(first, top, step) if (top - first) / step < 10_000 else np.linspace(first, top, 64)
    fixed = {0.0, round(low, 6), round(high, 6), round(top, 6)}
    fixed |= {round(max(high - step, first), 6)} if high > 0 else set()
    wanted = sorted({round(float(value), 6) for value in middle} - fixed)
    room = CANDIDATES - len(fixed)
    if len(wanted) > room:
        wanted = [wanted[int(at)] for at in np.linspace(0, len(wanted) - 1, max(room, 1)).round()][:room]
    ladder = sorted(fixed | set(wanted))
    return np.array(ladder + [ladder[-1]] * (CANDIDATES - len(ladder)))
