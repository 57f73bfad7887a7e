"""The order quantities of other systems, reproduced for comparison and migration.

Their rules differ from `finalize` on purpose: some ignore the minimum, some exceed the maximum stock, some
stay silently below the trigger. Vendor minimums at purchase-order creation are left off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from types import MappingProxyType

from basestock.operations.final_quantity import (
    CONFLICT,
    MAX_LINES,
    MINIMUM,
    PACK,
    SPLIT,
    Conflict,
    FinalQuantity,
    OrderLine,
    Step,
    nothing_ordered,
)
from basestock.operations.order_rules import Context, OrderRule
from basestock.operations.quantities import Exact, decimal_of, exact_factor


@dataclass(frozen=True, slots=True)
class StockLevels:
    """What a min/max rule looks at, base units.

    Parameters
    ----------
    projected
        Forecast stock: on hand + on order - demand over the horizon of the other system.
    min_stock
        Level that triggers an order (reorder level, safety stock of a planning run); None: not kept.
    max_stock
        Level that an order fills up to; None: not kept.
    reorder_qty
        Quantity that an order has at least; None: not kept.
    """

    projected: Decimal
    min_stock: Exact | None = None
    max_stock: Exact | None = None
    reorder_qty: Exact | None = None


@dataclass(frozen=True, slots=True)
class _Lot:
    """One lot: the part of the need it serves, and its size after minimum and after rounding, base units."""

    served: Fraction
    raised: Fraction
    size: Fraction


def preset_quantity(
    name: str, levels: StockLevels, rule: OrderRule, context: Context | None = None
) -> FinalQuantity:
    """Return what another system would order.

    Parameters
    ----------
    name
        A key of `PRESETS`.
    levels
        Projected stock and the levels of the rule, base units.
    rule
        Order sizes of the source, order units; each system reads only the columns it knows.
    context
        Order date and lead time, for the date of arrival; caps are unknown to these systems.

    Returns
    -------
    FinalQuantity
        Its need is the quantity asked for before lot sizes, 0 where nothing triggers.

    Raises
    ------
    ValueError
        When there is no such preset, or it needs a fixed lot that the rule lacks.

    Examples
    --------
    >>> levels = StockLevels(projected=Decimal(194), min_stock=200, max_stock=300)
    >>> [preset_quantity(name, levels, OrderRule(multiple=100)).qty for name in ("odoo17", "odoo18")]
    [Decimal('200'), Decimal('100')]
    """
    if name not in PRESETS:
        raise ValueError(f"preset is {name!r}, must be one of {', '.join(PRESETS)}")
    if not levels.projected.is_finite():
        message = f"projected stock is {levels.projected}, must be a finite number of base units"
        return nothing_ordered(levels.projected, (), (Conflict(CONFLICT, "OUT-003", message),))
    return PRESETS[name](levels, rule, context or Context())


def _odoo(levels: StockLevels, rule: OrderRule, context: Context, *, fill_at_most: bool) -> FinalQuantity:
    """Fill up to the larger of minimum and maximum once the forecast falls below the minimum.

    Without a minimum the maximum is the trigger.
    """
    low, high = _level(levels.min_stock), _level(levels.max_stock)
    projected = Fraction(levels.projected)
    trigger = low if levels.min_stock is not None else high
    need = max(low, high) - projected if projected < trigger else Fraction(0)
    downward = fill_at_most and high > 0
    size = _rounded(need, _step(rule), down=downward)
    return _together(need, [_Lot(need, need, size)], rule, context)


def _odoo_up(levels: StockLevels, rule: OrderRule, context: Context) -> FinalQuantity:
    return _odoo(levels, rule, context, fill_at_most=False)


def _odoo_down(levels: StockLevels, rule: OrderRule, context: Context) -> FinalQuantity:
    return _odoo(levels, rule, context, fill_at_most=True)


def _erpnext(levels: StockLevels, rule: OrderRule, context: Context) -> FinalQuantity:
    """Order the reorder quantity, or the deficit where larger; minimum and packs are not read."""
    level, amount = _level(levels.min_stock), _level(levels.reorder_qty)
    projected = Fraction(levels.projected)
    triggered = (level or amount) and projected <= level
    need = max(amount, level - projected) if triggered else Fraction(0)
    unit = Fraction(*exact_factor(rule.factor))
    size = _rounded(need, unit if rule.integer_qty else None)
    return _together(need, [_Lot(need, need, size)], rule, context)


def _sap(levels: StockLevels, rule: OrderRule, context: Context) -> FinalQuantity:
    """Raise to the minimum, round up, cut to the maximum lot; again until the shortage is covered."""
    least, most = _line_limits(rule)
    step = _step(rule)

    def lot(remaining: Fraction) -> _Lot:
        raised = max(remaining, least)
        size = _rounded(raised, step)
        return _Lot(remaining, raised, size) if most is None or size <= most else _full(remaining, most)

    return _lot_by_lot(_shortage(levels), lot, rule, context)


def _sap_fixed(levels: StockLevels, rule: OrderRule, context: Context) -> FinalQuantity:
    """Cover the shortage with whole fixed lots."""
    if rule.fixed_lot is None:
        raise ValueError("preset 'sap_fixed' needs OrderRule.fixed_lot, the size of every lot in order units")
    size = Fraction(rule.fixed_lot) * Fraction(*exact_factor(rule.factor))
    return _lot_by_lot(_shortage(levels), lambda remaining: _full(remaining, size), rule, context)


def _frepple(levels: StockLevels, rule: OrderRule, context: Context) -> FinalQuantity:
    """Raise to the minimum (1 if none), round up to the multiple, split at the maximum.

    A lot at the maximum is rounded down to the multiple, so that it stays below.
    """
    unit = Fraction(*exact_factor(rule.factor))
    least, most = _line_limits(rule)
    least = least or unit
    step = None if rule.multiple is None else Fraction(rule.multiple) * unit

    def lot(remaining: Fraction) -> _Lot:
        raised = max(remaining, least)
        size = _rounded(raised, step)
        if most is None or size <= most:
            return _Lot(remaining, raised, size)
        return _full(remaining, _rounded(most, step, down=True))

    return _lot_by_lot(_shortage(levels), lot, rule, context)


Preset = Callable[[StockLevels, OrderRule, Context], FinalQuantity]
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "odoo17": _odoo_up,
        "odoo18": _odoo_down,
        "odoo19": _odoo_up,
        "erpnext": _erpnext,
        "sap": _sap,
        "sap_fixed": _sap_fixed,
        "frepple": _frepple,
    }
)


def _level(level: Exact | None) -> Fraction:
    return Fraction(0) if level is None else Fraction(level)


def _shortage(levels: StockLevels) -> Fraction:
    return max(_level(levels.min_stock) - Fraction(levels.projected), Fraction(0))


def _step(rule: OrderRule) -> Fraction | None:
    return None if rule.step is None else Fraction(rule.step) * Fraction(*exact_factor(rule.factor))


def _line_limits(rule: OrderRule) -> tuple[Fraction, Fraction | None]:
    unit = Fraction(*exact_factor(rule.factor))
    least, most = rule.line_limits
    return Fraction(least) * unit, None if most is None else Fraction(most) * unit


def _rounded(amount: Fraction, step: Fraction | None, *, down: bool = False) -> Fraction:
    if step is None:
        return amount
    return (floor if down else ceil)(amount / step) * step


def _full(remaining: Fraction, size: Fraction) -> _Lot:
    """Return a lot at its largest: it serves what it holds, and rounds only where it is the last."""
    served = min(remaining, size)
    return _Lot(served, served, size)


def _lot_by_lot(
    need: Fraction, lot: Callable[[Fraction], _Lot], rule: OrderRule, context: Context
) -> FinalQuantity:
    lots: list[_Lot] = []
    remaining = need
    while remaining > 0:
        lots.append(lot(remaining))
        remaining -= lots[-1].served
        if lots[-1].size <= 0 or len(lots) > MAX_LINES:
            return _refused(need, rule)
    return _together(need, lots, rule, context)


def _refused(need: Fraction, rule: OrderRule) -> FinalQuantity:
    least, most = rule.line_limits
    message = (
        f"a need of {float(need):g} base units cannot be covered by {MAX_LINES} lots of {least} to {most} "
        f"order units in steps of {rule.step}; correct minimum, multiple or maximum"
    )
    wanted = _decimal(need)
    return nothing_ordered(
        wanted, (Step(CONFLICT, -wanted, message),), (Conflict(CONFLICT, "SRC-010", message),)
    )


def _together(need: Fraction, lots: list[_Lot], rule: OrderRule, context: Context) -> FinalQuantity:
    """Put lots together with the rows that lead from the need to their sum."""
    wanted, sizes = _decimal(need), [lot.size for lot in lots if lot.size > 0]
    total = sum(sizes, Fraction(0))
    minimum = sum((lot.raised - lot.served for lot in lots), Fraction(0))
    deltas = [
        (MINIMUM, minimum, "raised to the minimum"),
        (PACK, total - need - minimum, "rounded to the pack"),
    ]
    steps = [Step(code, _decimal(delta), note) for code, delta, note in deltas if delta]
    if len(sizes) > 1:
        steps.append(Step(SPLIT, Decimal(0), f"{len(sizes)} lots"))
    if not total:
        return nothing_ordered(wanted, tuple(steps))
    unit = Fraction(*exact_factor(rule.factor))
    placed, received = _dates(context)
    return FinalQuantity(
        lines=tuple(OrderLine(_decimal(size / unit), _decimal(size), _packs(size, rule)) for size in sizes),
        order_qty=_decimal(total / unit),
        qty=_decimal(total),
        steps=tuple(steps),
        conflicts=(),
        need=wanted,
        order_date=placed,
        arrival_date=received,
    )


def _packs(size: Fraction, rule: OrderRule) -> int | None:
    """Return the packs in a lot, or None where it is not a whole number of them."""
    step = _step(rule)
    packs = None if step is None else size / step
    return None if packs is None or packs.denominator != 1 else packs.numerator


def _dates(context: Context) -> tuple[date | None, date | None]:
    if context.order_date is None:
        return None, None
    return context.order_date, context.order_date + timedelta(days=ceil(context.lead_time_days))


def _decimal(amount: Fraction) -> Decimal:
    return decimal_of(amount.numerator, amount.denominator)
