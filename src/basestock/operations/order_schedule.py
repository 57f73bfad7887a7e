"""When an order is placed and received once both calendars have had their say."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from basestock.operations.order_calendar import OpenDays, next_open
from basestock.operations.order_rules import Context, OrderRule


@dataclass(frozen=True, slots=True)
class Schedule:
    """Order and arrival day, and the days by which calendars delay the arrival."""

    order_date: date
    arrival_date: date
    gap_days: int

    def __str__(self) -> str:
        """Say both days and what they cost."""
        return (
            f"ordered on {self.order_date}, received on {self.arrival_date}: "
            f"{self.gap_days} more days to cover"
        )


def order_schedule(order_date: date, rule: OrderRule, context: Context) -> Schedule | None:
    """Return the next order day and the next receiving day after it, or None if a calendar has none.

    Notes
    -----
    The delay is counted against an order placed on `order_date` and received after `lead_time_days`; a day
    begun counts whole.

    Examples
    --------
    >>> str(order_schedule(date(2024, 6, 4), OrderRule(order_days="1000000"), Context(lead_time_days=2)))
    'ordered on 2024-06-10, received on 2024-06-12: 6 more days to cover'
    """
    lead = timedelta(days=ceil(context.lead_time_days))
    placed = next_open(order_date, _pattern(rule.order_days), context.order_calendar)
    if placed is None:
        return None
    received = next_open(placed + lead, _pattern(rule.receiving_weekdays), context.receiving_calendar)
    if received is None:
        return None
    return Schedule(placed, received, (received - order_date - lead).days)


def _pattern(weekdays: str | None) -> OpenDays | None:
    return None if weekdays is None else OpenDays(weekdays)
