"""What an order quantity must obey: the rule of a source, and the circumstances of one decision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from basestock.operations.order_calendar import Calendar, check_weekdays
from basestock.operations.quantities import Exact, in_base_units

Rounding = Literal["up", "down", "nearest", "economic"]
_LIMITS = {
    "BUDGET_CUT": "the budget pays for {}",
    "CAPACITY_CUT": "the source delivers at most {}",
    "GUARDRAIL_CLIP": "the guardrail lets pass at most {}",
    "MAX_STOCK": "the maximum stock leaves room for {}",
    "SHELF_LIFE": "the shelf life allows at most {}",
}
Gains = Callable[[Decimal], Decimal | float] | Mapping[Decimal, Decimal | float]


@dataclass(frozen=True, slots=True)
class OrderRule:
    """Order sizes that one source accepts, in its own order unit (the columns of `item_supplier`).

    Parameters
    ----------
    factor
        Base units in one order unit, > 0.
    minimum, multiple, maximum
        Least quantity, step and greatest quantity of one order line, order units; None: no such rule.
    rounding
        How a need meets the multiple.
    integer_qty
        Whole base units only; without a multiple then whole order units.
    order_uom
        Name of the order unit, for texts.
    fixed_lot
        Every line is exactly this, order units; excludes minimum, multiple and maximum.
    order_days, receiving_weekdays
        Weekdays on which orders are taken and goods received: seven characters 0 or 1, Monday first.

    Raises
    ------
    TypeError
        When a number is a float: it has no exact decimal meaning (see `quantities.quantity`).
    ValueError
        Names every value that breaks its bound.
    """

    factor: Exact = 1
    minimum: Exact | None = None
    multiple: Exact | None = None
    maximum: Exact | None = None
    rounding: Rounding = "up"
    integer_qty: bool = True
    order_uom: str = ""
    fixed_lot: Exact | None = None
    order_days: str | None = None
    receiving_weekdays: str | None = None

    def __post_init__(self) -> None:
        """Check every field and collect what is wrong."""
        problems = [
            *_sign_problems("factor", self.factor, zero_allowed=False),
            *_sign_problems("minimum", self.minimum, zero_allowed=True),
            *_sign_problems("multiple", self.multiple, zero_allowed=False),
            *_sign_problems("maximum", self.maximum, zero_allowed=False),
            *_sign_problems("fixed_lot", self.fixed_lot, zero_allowed=False),
        ]
        if self.rounding not in get_args(Rounding):
            problems.append(f"rounding is {self.rounding!r}, must be one of {', '.join(get_args(Rounding))}")
        if self.fixed_lot is not None and (self.minimum, self.multiple, self.maximum) != (None, None, None):
            problems.append("fixed_lot excludes minimum, multiple and maximum: give one or the others")
        if problems:
            raise ValueError("OrderRule: " + "; ".join(problems))
        if self.order_days is not None:
            check_weekdays("order_days", self.order_days)
        if self.receiving_weekdays is not None:
            check_weekdays("receiving_weekdays", self.receiving_weekdays)

    @property
    def step(self) -> Exact | None:
        """The multiple that holds, order units: a whole-unit item without one steps by 1."""
        if self.fixed_lot is not None:
            return self.fixed_lot
        return 1 if self.multiple is None and self.integer_qty else self.multiple

    @property
    def line_limits(self) -> tuple[Exact, Exact | None]:
        """Least and greatest quantity of one line, order units."""
        if self.fixed_lot is not None:
            return self.fixed_lot, self.fixed_lot
        return (0 if self.minimum is None else self.minimum), self.maximum


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on the whole order, net of the position and of what is already booked.

    Parameters
    ----------
    code
        Reason code of the limit: SHELF_LIFE, CAPACITY_CUT, MAX_STOCK, GUARDRAIL_CLIP or BUDGET_CUT.
    quantity
        Most that this order may be, base units; negative counts as 0.
    hard
        A hard cap cuts the order; a soft one is only reported.
    """

    code: str
    quantity: Exact
    hard: bool = True

    def __post_init__(self) -> None:
        """Reject a limit that is no number: a missing cap is left out, never infinite."""
        problems = _number_problems("quantity", self.quantity)
        if problems:
            raise ValueError(f"Cap {self.code}: {problems[0]}; leave out a cap that does not exist")


@dataclass(frozen=True, slots=True)
class Context:
    """Everything beside the rule that one order depends on.

    Parameters
    ----------
    caps
        Limits on the order, base units.
    gains
        Expected value, money, of ordering n base units in all: a function or a table by quantity. Needed by
        `economic` rounding only. 0 is asked as well.
    price_breaks
        Quantities from which a better price holds, base units.
    order_date
        Day on which the order is meant to be placed; None leaves the calendar out.
    lead_time_days
        From order to usable stock, calendar days.
    order_calendar, receiving_calendar
        Closures of supplier and location, beside the weekdays of the rule.
    """

    caps: tuple[Cap, ...] = ()
    gains: Gains | None = None
    price_breaks: tuple[Exact, ...] = ()
    order_date: date | None = None
    lead_time_days: Exact = 0
    order_calendar: Calendar | None = None
    receiving_calendar: Calendar | None = None


def _number_problems(name: str, value: Exact) -> list[str]:
    if isinstance(value, float):
        raise TypeError(f"{name} is the float {value}, must be Decimal, Fraction or int: convert it first")
    if isinstance(value, Decimal) and not value.is_finite():
        return [f"{name} is {value}, must be a finite number"]
    return []


def _sign_problems(name: str, value: Exact | None, *, zero_allowed: bool) -> list[str]:
    if value is None:
        return []
    problems = _number_problems(name, value)
    if problems or value > 0 or (zero_allowed and value == 0):
        return problems
    bound = ">= 0" if zero_allowed else "> 0"
    remedy = "" if name == "factor" else f"; None means no {name.replace('_', ' ')}"
    return [f"{name} is {value}, must be {bound}{remedy}"]


def limit_text(cap: Cap) -> str:
    """Say what a cap leaves, in a planner's words.

    Examples
    --------
    >>> limit_text(Cap("BUDGET_CUT", Decimal("260.000")))
    'the budget pays for 260 base units'
    """
    return _LIMITS.get(cap.code, cap.code + " allows at most {}").format(in_base_units(max(cap.quantity, 0)))
