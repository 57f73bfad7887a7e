"""The last look at an order before it leaves: is every line one that the source accepts.

Written apart from `finalize`, with other arithmetic, so that one mistake cannot hide in both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

from basestock.operations.order_calendar import OpenDays
from basestock.operations.order_rules import Context, OrderRule, limit_text
from basestock.operations.quantities import Exact, exact_factor

Number = Exact | float
# A ratio that does not terminate leaves as 12 decimals: two such roundings can meet in one comparison.
REPEATING_ERROR = Fraction(2, 10**12)


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a line must not leave.

    Parameters
    ----------
    code
        OUT-002 for a broken rule of the source, OUT-003 for a number that is no order quantity.
    rule
        The rule broken: finite, positive, whole_pieces, minimum, multiple, maximum, order_unit, order_day or
        the code of a cap.
    message
        Offender, value, rule and remedy.
    """

    code: str
    rule: str
    message: str


def legal_line(
    quantity: Number,
    rule: OrderRule,
    context: Context | None = None,
    *,
    order_quantity: Number | None = None,
    order_uom: str | None = None,
) -> list[Violation]:
    """Return everything that forbids sending one order line.

    Parameters
    ----------
    quantity
        Quantity of the line, base units; a float is read as the shortest decimal that prints the same.
    rule
        What the source accepts, order units.
    context
        Hard caps, and the day on which the line is to be ordered.
    order_quantity, order_uom
        The quantity and unit as they will be sent; None: not checked.

    Returns
    -------
    list[Violation]
        Empty when the line may leave.

    Examples
    --------
    >>> [found.rule for found in legal_line(40, OrderRule(multiple=12, minimum=48))]
    ['minimum', 'multiple']
    """
    context = context or Context()
    unusable = _unusable(quantity)
    if unusable is not None:
        return [unusable]
    amount = _fraction(quantity)
    return [
        *_size_violations(amount, rule),
        *_unit_violations(amount, rule, order_quantity, order_uom),
        *_cap_violations(amount, context),
        *_day_violations(rule, context),
    ]


def legal_order(
    quantities: Sequence[Number], rule: OrderRule, context: Context | None = None
) -> list[Violation]:
    """Return everything that forbids sending the lines of one order: each line, and their sum under the caps.

    Parameters
    ----------
    quantities
        Quantity of each line, base units.
    rule, context
        As in `legal_line`.

    Examples
    --------
    >>> from basestock.operations.order_rules import Cap
    >>> capped = Context(caps=(Cap("SHELF_LIFE", 100),))
    >>> [found.rule for found in legal_order([60, 60], OrderRule(multiple=12), capped)]
    ['SHELF_LIFE']
    """
    context = context or Context()
    found = [violation for quantity in quantities for violation in legal_line(quantity, rule, context)]
    if len(quantities) < 2 or any(_unusable(quantity) is not None for quantity in quantities):
        return found
    broken = {violation.rule for violation in found}
    total = sum((_fraction(quantity) for quantity in quantities), Fraction(0))
    return [*found, *(over for over in _cap_violations(total, context) if over.rule not in broken)]


def _unusable(quantity: Number) -> Violation | None:
    if not isfinite(quantity):
        message = f"quantity is {quantity}, must be a finite number of base units"
        return Violation("OUT-003", "finite", message)
    if quantity <= 0:
        message = f"quantity is {quantity}, must be > 0: an order of nothing has no line"
        return Violation("OUT-003", "positive", message)
    return None


def _size_violations(amount: Fraction, rule: OrderRule) -> Iterator[Violation]:
    unit = Fraction(*exact_factor(rule.factor))
    least, most = rule.line_limits
    slack = _slack(unit)
    shown = _shown(amount)
    if rule.integer_qty and amount.denominator != 1:
        yield Violation("OUT-003", "whole_pieces", f"{shown} base units of an item that is counted whole")
    if amount < Fraction(least) * unit - slack:
        yield _broken("minimum", shown, f"at least {_shown(Fraction(least) * unit)}")
    if rule.step is not None and _off_step(amount, Fraction(rule.step) * unit, slack):
        yield _broken("multiple", shown, f"a multiple of {_shown(Fraction(rule.step) * unit)}")
    if most is not None and amount > Fraction(most) * unit + slack:
        yield _broken("maximum", shown, f"at most {_shown(Fraction(most) * unit)}")


def _unit_violations(
    amount: Fraction, rule: OrderRule, order_quantity: Number | None, order_uom: str | None
) -> Iterator[Violation]:
    if order_uom is not None and order_uom != rule.order_uom:
        message = f"order unit is {order_uom!r}, the source takes {rule.order_uom!r}: convert the quantity"
        yield Violation("OUT-002", "order_unit", message)
    if order_quantity is None:
        return
    unit = Fraction(*exact_factor(rule.factor))
    if not isfinite(order_quantity):
        yield Violation("OUT-003", "finite", f"order quantity is {order_quantity}, must be a finite number")
    elif abs(_fraction(order_quantity) * unit - amount) > REPEATING_ERROR * (1 + unit):
        message = f"{order_quantity} order units of {rule.factor} are not {_shown(amount)} base units"
        yield Violation("OUT-002", "order_unit", message)


def _cap_violations(amount: Fraction, context: Context) -> Iterator[Violation]:
    for cap in context.caps:
        if cap.hard and amount > Fraction(cap.quantity):
            message = f"{_shown(amount)} base units, {limit_text(cap)} in all: order less"
            yield Violation("OUT-002", cap.code, message)


def _day_violations(rule: OrderRule, context: Context) -> Iterator[Violation]:
    day = context.order_date
    if day is None:
        return
    calendars = (None if rule.order_days is None else OpenDays(rule.order_days), context.order_calendar)
    if any(calendar is not None and not calendar.is_open(day) for calendar in calendars):
        message = f"{day} ({day:%A}) is not an order day: move the order to the next one"
        yield Violation("OUT-002", "order_day", message)


def _broken(rule: str, shown: str, wanted: str) -> Violation:
    return Violation("OUT-002", rule, f"{shown} base units, must be {wanted} base units")


def _off_step(amount: Fraction, step: Fraction, slack: Fraction) -> bool:
    return abs(amount - round(amount / step) * step) > slack


def _slack(unit: Fraction) -> Fraction:
    """Return the rounding that a unit without a terminating decimal makes unavoidable."""
    rest = unit.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return Fraction(0) if rest == 1 else REPEATING_ERROR


def _fraction(quantity: Number) -> Fraction:
    return Fraction(repr(float(quantity))) if isinstance(quantity, float) else Fraction(quantity)


def _shown(amount: Fraction) -> str:
    return f"{float(amount):.12g}"
