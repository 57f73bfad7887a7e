"""Which days an order can be placed and received, and how far a calendar moves both."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol, runtime_checkable

EVERY_DAY = "1111111"
# A calendar without an open day for this long has none in any planning horizon.
MAX_SEARCH_DAYS = 400


@runtime_checkable
class Calendar(Protocol):
    """Anything that knows whether a day is open."""

    def is_open(self, day: date) -> bool:
        """Return whether the day is open."""
        ...


@dataclass(frozen=True, slots=True)
class OpenDays:
    """A weekly pattern with closures.

    Parameters
    ----------
    weekdays
        Seven characters 0 or 1, Monday first.
    closed
        Single days on which it is shut all the same.

    Examples
    --------
    >>> OpenDays("1111100").is_open(date(2024, 6, 1))  # a Saturday
    False
    """

    weekdays: str = EVERY_DAY
    closed: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        """Reject a pattern that is not seven 0/1 characters."""
        check_weekdays("weekdays", self.weekdays)

    def is_open(self, day: date) -> bool:
        """Return whether the day is in the weekly pattern and not closed."""
        return self.weekdays[day.weekday()] == "1" and day not in self.closed


def check_weekdays(name: str, weekdays: str) -> None:
    """Raise ValueError unless the text is seven characters 0 or 1."""
    if len(weekdays) != 7 or set(weekdays) - {"0", "1"}:
        raise ValueError(f"{name} is {weekdays!r}, must be seven characters 0 or 1, Monday first")


def next_open(day: date, *calendars: Calendar | None) -> date | None:
    """Return the first day from `day` on that is open in every given calendar, or None if there is none.

    Examples
    --------
    >>> next_open(date(2024, 6, 1), OpenDays("1111100"), None)
    datetime.date(2024, 6, 3)
    """
    present = [calendar for calendar in calendars if calendar is not None]
    for offset in range(MAX_SEARCH_DAYS):
        candidate = day + timedelta(days=offset)
        if all(calendar.is_open(candidate) for calendar in present):
            return candidate
    return None
