"""How the report writes numbers: thin thousands separators, a true minus, and unknown never as zero.

The script of the page draws rows with the same rules (`static/format.js`); `ROUND_HALF_UP` on the exact
binary value is what its `toFixed` does, so both print the same digits.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite

THIN_SPACE = "\u202f"
MINUS = "\u2212"
UNKNOWN = "\u2013"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MINOR_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def fixed(value: float | None, decimals: int) -> str:
    """A number with a fixed count of decimals and thin thousands separators.

    >>> fixed(-1234.565, 1)
    '−1\u202f234.6'
    >>> fixed(None, 2)
    '–'
    """
    if value is None or not isfinite(value):
        return UNKNOWN
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,f}".replace(",", THIN_SPACE)
    return MINUS + text if rounded < 0 else text


def quantity(value: float | None) -> str:
    """A quantity to 0.001, without trailing zeros.

    >>> quantity(362.150)
    '362.15'
    """
    text = fixed(value, 3)
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(text: str) -> str:
    """The same number with a plus sign where it has no minus; unknown and zero stay as they are."""
    is_plain = text.startswith((MINUS, UNKNOWN)) or not text.strip("0." + THIN_SPACE)
    return text if is_plain else "+" + text


def minor_digits(currency: str) -> int:
    """Decimals of the smallest unit of a currency (ISO 4217); 2 where the list says nothing.

    >>> minor_digits("JPY"), minor_digits("EUR")
    (0, 2)
    """
    return _MINOR_DIGITS.get(currency, 2)


def currency_name(currency: str) -> str:
    """What stands behind an amount: the code, or plain words where no currency was declared."""
    return "units of money" if currency == "XXX" else currency


def money(value: float | None, currency: str) -> str:
    """An amount to the minor unit, with its currency.

    >>> money(68.72, "USD")
    '68.72\u00a0USD'
    """
    return f"{fixed(value, minor_digits(currency))}\u00a0{currency_name(currency)}"


def large_money(value: float | None, currency: str) -> str:
    """An amount for a headline: whole units from 10,000 on, since cents there are noise."""
    is_large = value is not None and abs(value) >= 10_000
    return fixed(value, 0 if is_large else minor_digits(currency))


def percent(value: float | None) -> str:
    """A ratio as whole percent; what is nearly but not quite 0 or 1 says so.

    >>> percent(0.07), percent(0.004), percent(0.998), percent(1.0)
    ('7\u00a0%', '<1\u00a0%', '>99\u00a0%', '100\u00a0%')
    """
    if value is None or not isfinite(value):
        return UNKNOWN
    if 0 < value < 0.01:
        return "<1\u00a0%"
    if 0.99 < value < 1:
        return ">99\u00a0%"
    return f"{fixed(value * 100, 0)}\u00a0%"


def percent_exact(value: float | None) -> str:
    """A ratio as percent with one decimal, for service against a target."""
    return UNKNOWN if value is None else f"{fixed(value * 100, 1)}\u00a0%"


def ratio(value: float | None) -> str:
    """A pure number such as a return: two decimals, three below 0.1."""
    small = value is not None and abs(value) < 0.1
    return fixed(value, 3 if small else 2)


def days(value: float | None) -> str:
    """A span of days: whole from 10 on, one decimal below; 999 is the cap of the measure."""
    if value is not None and value >= 999:
        return "999+"
    return fixed(value, 1 if value is not None and abs(value) < 10 else 0)


def day(value: date | None, *, near: date | None = None) -> str:
    """A day in words; the year is left out when it is that of `near`.

    >>> day(date(2026, 3, 2)), day(date(2026, 3, 2), near=date(2026, 1, 1))
    ('2\u00a0Mar\u00a02026', '2\u00a0Mar')
    """
    if value is None:
        return UNKNOWN
    text = f"{value.day}\u00a0{_MONTHS[value.month - 1]}"
    return text if near is not None and near.year == value.year else f"{text}\u00a0{value.year}"


def count(value: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun.

    >>> count(1, "line"), count(2000, "line")
    ('1 line', '2\u202f000 lines')
    """
    noun = singular if value == 1 else plural or singular + "s"
    return f"{fixed(value, 0)} {noun}"
