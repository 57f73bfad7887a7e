"""What comes out of finalizing a need: order lines, the ledger rows behind them, and conflicts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

TRIGGER = "TRIGGER"
MINIMUM = "MINIMUM"
PACK = "PACK"
PRICE_BREAK = "PRICE_BREAK"
SPLIT = "SPLIT"
REVIEW_GAP = "REVIEW_GAP"
CONFLICT = "CONFLICT"
# An order of more lines than this is a wrong maximum or a wrong need, never a wish.
MAX_LINES = 10_000


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the ledger: what changed the quantity, by how many base units, and why.

    A row with delta 0 is a remark: the quantity stood, something beside it is worth knowing.
    """

    code: str
    delta: Decimal
    note: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order: `order_qty` order units = `qty` base units = `packs` packs (None: no packs)."""

    order_qty: Decimal
    qty: Decimal
    packs: int | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why nothing can be ordered although something is needed; becomes an exception for a person.

    Parameters
    ----------
    code
        The reason code, CONFLICT.
    cause
        The cap (SHELF_LIFE, ...) or the rule on inputs (SRC-010, SRC-015, UOM-001, OUT-003) behind it.
    message
        Offender, value, rule and remedy.
    """

    code: str
    cause: str
    message: str


@dataclass(frozen=True, slots=True)
class FinalQuantity:
    """An orderable quantity and its way from the need.

    Parameters
    ----------
    lines
        Order lines, larger first; empty when nothing is ordered.
    order_qty, qty
        Total in order units and in base units.
    steps
        Ledger rows; their deltas sum to `qty - need` exactly.
    conflicts
        Rules that cannot hold together.
    need
        What was asked, base units.
    order_date, arrival_date
        Open days on which the order is placed and received; None without an order or without a date.
    gap_days
        Days by which calendars delay the arrival beyond what the need was computed for.
    """

    lines: tuple[OrderLine, ...]
    order_qty: Decimal
    qty: Decimal
    steps: tuple[Step, ...]
    conflicts: tuple[Conflict, ...]
    need: Decimal
    order_date: date | None = None
    arrival_date: date | None = None
    gap_days: int = 0

    @property
    def needs_recompute(self) -> bool:
        """Whether the order must cover more days than the need was computed for (REVIEW_GAP)."""
        return self.gap_days > 0


def nothing_ordered(
    need: Decimal, steps: tuple[Step, ...] = (), conflicts: tuple[Conflict, ...] = ()
) -> FinalQuantity:
    """Return the empty order."""
    return FinalQuantity((), Decimal(0), Decimal(0), steps, conflicts, need)
