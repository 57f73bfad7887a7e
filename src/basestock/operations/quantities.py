"""Exact numbers at the order border: how floats enter, how ratios leave, what a limit leaves free."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import gcd

Exact = Decimal | Fraction | int

THOUSANDTH = Decimal("0.001")
# Wide enough for any product of two float64 values, and independent of the caller's own context.
WIDE = Context(prec=800, traps=[])
_REPEATING_PLACES = Decimal("1E-12")
_TERMINATING = 10**60


def quantity(value: float | Decimal) -> Decimal:
    """Turn a computed number into a quantity of 0.001 base units, the resolution of every ledger.

    Parameters
    ----------
    value
        A float or decimal, base units. NaN and infinity pass through, so that `finalize_quantity`
        can report them instead of a number that was made up.

    Examples
    --------
    >>> quantity(86.73949)
    Decimal('86.739')
    """
    exact = Decimal(value)
    return exact.quantize(THOUSANDTH, ROUND_HALF_EVEN, WIDE) if exact.is_finite() else exact


def decimal_of(numerator: int, denominator: int) -> Decimal:
    """Return a ratio as a decimal: exact where it terminates, else to 12 places.

    Examples
    --------
    >>> decimal_of(867, 10), decimal_of(1, 3)
    (Decimal('86.7'), Decimal('0.333333333333'))
    """
    whole, rest = divmod(numerator, denominator)
    if not rest:
        return Decimal(whole)
    common = gcd(rest, denominator)
    quotient = WIDE.divide(Decimal(numerator // common), Decimal(denominator // common))
    if _TERMINATING % (denominator // common):
        return quotient.quantize(_REPEATING_PLACES, ROUND_HALF_EVEN, WIDE)
    return quotient


def decimal_denominator(denominator: int) -> int:
    """Return the denominator of a decimal that shows such a ratio: its own, or that of 12 places.

    Examples
    --------
    >>> decimal_denominator(8), decimal_denominator(7)
    (8, 1000000000000)
    """
    return 10**12 if _TERMINATING % denominator else denominator


def exact_factor(factor: Exact) -> tuple[int, int]:
    """Return a unit factor as a ratio, recognizing a decimal that was written for a simple fraction.

    A conversion read backwards (one dozen = 12 each, so one each = 0.0833333333333 dozen) would make twelve
    pieces a hair less than a dozen and round one dozen up to thirteen pieces.

    Parameters
    ----------
    factor
        Base units in one order unit.

    Notes
    -----
    Only factors with more than nine decimals are touched, and only when a fraction with a denominator up to
    10,000 lies within 1e-9 of them.

    Examples
    --------
    >>> exact_factor(Decimal("0.0833333333333")), exact_factor(Decimal("0.45359237"))
    ((1, 12), (45359237, 100000000))
    """
    numerator, denominator = factor.as_integer_ratio()
    if denominator > 10**9:
        given = Fraction(numerator, denominator)
        simple = given.limit_denominator(10_000)
        if abs(simple - given) * 10**9 <= given:
            return simple.numerator, simple.denominator
    return numerator, denominator


def headroom(limit: Decimal, position: Decimal, booked: Decimal = Decimal(0)) -> Decimal:
    """Return what a stock limit leaves for a new order, base units, never negative.

    Parameters
    ----------
    limit, position, booked
        Largest position allowed, inventory position now, own proposals not yet in the position; base units.

    Examples
    --------
    >>> headroom(Decimal(100), Decimal(70), Decimal(10))
    Decimal('20')
    """
    return max(limit - position - booked, Decimal(0))


def affordable(budget: Decimal, unit_cost: Decimal) -> Decimal:
    """Return the quantity a remaining budget pays for, rounded down to 0.001 base units.

    Parameters
    ----------
    budget, unit_cost
        Money left, and money per base unit (> 0).

    Raises
    ------
    ValueError
        When the unit cost is not positive: such a line has no budget limit.

    Examples
    --------
    >>> affordable(Decimal(100), Decimal(3))
    Decimal('33.333')
    """
    if not unit_cost > 0:
        raise ValueError(f"unit_cost is {unit_cost}, must be > 0; a free item has no budget limit")
    return WIDE.divide(max(budget, Decimal(0)), unit_cost).quantize(THOUSANDTH, ROUND_DOWN, WIDE)


def in_base_units(amount: Exact) -> str:
    """Return an amount as a planner reads it: to 0.001, without trailing zeros, with its unit.

    Examples
    --------
    >>> in_base_units(Decimal("260.000")), in_base_units(Decimal(1))
    ('260 base units', '1 base unit')
    """
    shown = decimal_of(*amount.as_integer_ratio())
    text = f"{shown.quantize(THOUSANDTH, ROUND_HALF_EVEN, WIDE):f}"
    text = text.rstrip("0").rstrip(".")
    return f"{text} base unit{'' if text == '1' else 's'}"
