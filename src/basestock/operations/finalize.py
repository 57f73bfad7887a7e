"""From a need to an orderable quantity, in exact arithmetic: no other place rounds.

The steps are trigger, unit, minimum, multiple, caps, maximum, calendar. A hard cap beats the multiple, the
multiple the minimum, the minimum the need, and the need a soft limit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from basestock.operations.economic import most_valuable_total
from basestock.operations.final_quantity import (
    CONFLICT,
    MAX_LINES,
    MINIMUM,
    PACK,
    PRICE_BREAK,
    REVIEW_GAP,
    SPLIT,
    TRIGGER,
    Conflict,
    FinalQuantity,
    OrderLine,
    Step,
    nothing_ordered,
)
from basestock.operations.order_grid import OrderGrid, build_grid
from basestock.operations.order_rules import Cap, Context, OrderRule, limit_text
from basestock.operations.order_schedule import Schedule, order_schedule
from basestock.operations.quantities import WIDE, in_base_units


def finalize_quantity(need: Decimal, rule: OrderRule, context: Context | None = None) -> FinalQuantity:
    """Turn a need into order lines that the source accepts.

    Parameters
    ----------
    need
        Quantity wanted, base units; `quantities.quantity` makes one of a float.
    rule
        What the source accepts, order units.
    context
        Caps, expected values and dates of this decision; None: none.

    Returns
    -------
    FinalQuantity
        Nothing or a legal quantity. A need that is not finite, a rule that cannot hold, a calendar without an
        open day, and a cap below the smallest legal quantity give nothing and a conflict.

    Raises
    ------
    TypeError
        When the need is not a decimal.
    ValueError
        When `economic` rounding is not told the expected value of a quantity it must weigh.

    Examples
    --------
    >>> rule = OrderRule(multiple=12, minimum=48)
    >>> final = finalize_quantity(Decimal("86.7"), rule, Context(caps=(Cap("SHELF_LIFE", 60),)))
    >>> final.qty, [(step.code, str(step.delta)) for step in final.steps]
    (Decimal('60'), [('PACK', '9.3'), ('SHELF_LIFE', '-36')])
    """
    if not isinstance(need, Decimal):
        raise TypeError(f"need is {need!r}, must be a Decimal: see quantities.quantity")
    if not need.is_finite():
        message = f"the need is {need}, must be a finite number of base units: the reference order stands in"
        return nothing_ordered(need, (), (Conflict(CONFLICT, "OUT-003", message),))
    if need <= 0:
        steps = (Step(TRIGGER, -need, "stock covers more than the need"),) if need else ()
        return nothing_ordered(need, steps)
    context = context or Context()
    try:
        grid = build_grid(need, rule, context)
    except ValueError as error:
        message = str(error)
        conflict = Conflict(CONFLICT, "UOM-001", message)
        return nothing_ordered(need, (Step(CONFLICT, -need, message),), (conflict,))
    run = _Run(need, rule, context, grid, grid.ticks_needed(need))
    run.choose_total()
    run.schedule_order()
    return run.result()


def finalize_with_calendar(
    need_after: Callable[[int], Decimal], rule: OrderRule, context: Context
) -> FinalQuantity:
    """Finalize the need of the interval that the calendars really leave to cover.

    Parameters
    ----------
    need_after
        Need, base units, when the order arrives so many days late; asked for 0 and for the delay.
    rule, context
        As in `finalize_quantity`.

    Returns
    -------
    FinalQuantity
        Its need is `need_after(0)`; the growth of the need is a ledger row REVIEW_GAP of its own.

    Examples
    --------
    >>> from datetime import date
    >>> monday_only, tuesday = OrderRule(order_days="1000000"), Context(order_date=date(2024, 6, 4))
    >>> final = finalize_with_calendar(lambda days: Decimal(10 + 2 * days), monday_only, tuesday)
    >>> final.qty, str(final.order_date), final.steps[0].code, final.steps[0].delta
    (Decimal('22'), '2024-06-10', 'REVIEW_GAP', Decimal('12'))
    """
    need = need_after(0)
    schedule = None if context.order_date is None else order_schedule(context.order_date, rule, context)
    if schedule is None or not schedule.gap_days:
        return finalize_quantity(need, rule, context)
    grown = need_after(schedule.gap_days)
    final = finalize_quantity(grown, rule, context)
    growth = Step(REVIEW_GAP, WIDE.subtract(grown, need), str(schedule))
    others = tuple(step for step in final.steps if step.code != REVIEW_GAP)
    return replace(final, need=need, steps=(growth, *others), gap_days=0)


@dataclass(slots=True)
class _Run:
    """One pass through the steps: the total so far, ticks, and the rows that led to it."""

    need: Decimal
    rule: OrderRule
    context: Context
    grid: OrderGrid
    total: int
    schedule: Schedule | None = None
    rows: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    conflicts: list[Conflict] = field(default_factory=list[Conflict])

    def choose_total(self) -> None:
        """Take steps 0 to 5."""
        if not self.triggered():
            return
        if not self.grid.feasible:
            self.conflict("SRC-010", self.infeasible_text())
            return
        needed = self.total
        self.round_total()
        self.cut_to_cap(needed)
        self.split_total()
        self.report_soft_caps()

    def triggered(self) -> bool:
        """Step 0: the bare need must not round to nothing; `economic` weighs nothing among the others."""
        rounding = self.rule.rounding
        if rounding in ("up", "economic") or _round(self.total, self.grid.pack, rounding):
            return True
        self.move(
            PACK, 0, f"rounds {rounding} to nothing: pack of {in_base_units(self.grid.base(self.grid.pack))}"
        )
        return False

    def round_total(self) -> None:
        """Steps 2 and 3: minimum, then multiple or price break."""
        grid, rounding = self.grid, self.rule.rounding
        if rounding == "economic":
            self.round_by_value()
            return
        self.raise_to_minimum()
        packs = max(_round(self.total, grid.pack, rounding), grid.low)
        self.move(PACK, packs * grid.pack, self.pack_text())

    def round_by_value(self) -> None:
        """Step 3 of `economic` rounding: the most valuable of the legal neighbors and price breaks."""
        rounded, chosen = most_valuable_total(self.total, self.grid, self.context, None)
        if not chosen:
            self.move(PACK, 0, "no legal quantity is worth more than nothing")
            return
        self.raise_to_minimum()
        self.move(PACK, rounded * self.grid.pack, self.pack_text())
        self.move(PRICE_BREAK, chosen * self.grid.pack, "the next price break is worth more")

    def raise_to_minimum(self) -> None:
        if self.total < self.grid.minimum:
            self.move(
                MINIMUM, self.grid.minimum, f"minimum of {in_base_units(self.grid.base(self.grid.minimum))}"
            )

    def cut_to_cap(self, needed: int) -> None:
        """Step 4: the largest legal quantity under the least hard cap, by value where value decides."""
        cap = self.least_cap
        if cap is None:
            return
        allowed = self.grid.packs_under(cap.quantity)
        if self.total <= allowed * self.grid.pack:
            return
        if allowed < self.grid.low:
            least = self.grid.base(self.grid.low * self.grid.pack)
            self.conflict(
                cap.code,
                f"{limit_text(cap)}, the smallest order is {in_base_units(least)}: "
                "order nothing, raise the limit, or agree on a smaller minimum or pack",
            )
            return
        if self.rule.rounding == "economic":
            allowed = most_valuable_total(needed, self.grid, self.context, allowed)[1]
        self.move(cap.code, allowed * self.grid.pack, limit_text(cap))

    def split_total(self) -> None:
        """Step 5: a total that lines of legal size can share, up unless a cap forbids it."""
        grid = self.grid
        packs = self.total // grid.pack
        if grid.num_lines(packs) <= 1:
            return
        shared = grid.at_least(packs)
        cap = self.least_cap
        if cap is not None and shared > grid.packs_under(cap.quantity):
            shared = grid.at_most(packs)
        num_lines = grid.num_lines(shared)
        if num_lines > MAX_LINES:
            self.conflict(
                "OUT-003",
                f"{num_lines} lines would be needed, at most {MAX_LINES} are sent: check the need and the "
                f"maximum of {in_base_units(grid.base((grid.high or 0) * grid.pack))} a line",
            )
            return
        note = f"{num_lines} lines of at most {in_base_units(grid.base((grid.high or 0) * grid.pack))}"
        self.total = shared * grid.pack
        self.rows.append((SPLIT, self.total, note))

    @property
    def least_cap(self) -> Cap | None:
        hard = (cap for cap in self.context.caps if cap.hard)
        return min(hard, key=lambda cap: self.grid.ticks(cap.quantity), default=None)

    def report_soft_caps(self) -> None:
        for cap in self.context.caps:
            if not cap.hard and self.total > self.grid.ticks(cap.quantity) and self.total:
                self.rows.append((cap.code, self.total, f"above what should be: {limit_text(cap)}"))

    def schedule_order(self) -> None:
        """Step 6: open days; a later arrival is the caller's to cover."""
        if not self.total or self.context.order_date is None:
            return
        self.schedule = order_schedule(self.context.order_date, self.rule, self.context)
        if self.schedule is None:
            self.conflict("SRC-015", "no open day to order or receive on: correct the order days or calendar")
        elif self.schedule.gap_days:
            self.rows.append((REVIEW_GAP, self.total, str(self.schedule)))

    def move(self, code: str, total: int, note: str) -> None:
        if total != self.total:
            self.total = total
            self.rows.append((code, total, note))

    def conflict(self, cause: str, message: str) -> None:
        self.move(CONFLICT, 0, message)
        self.conflicts.append(Conflict(CONFLICT, cause, message))

    def pack_text(self) -> str:
        if not self.grid.whole:
            return "smallest legal quantity"
        return f"pack of {in_base_units(self.grid.base(self.grid.pack))}, rounded {self.rule.rounding}"

    def infeasible_text(self) -> str:
        grid = self.grid
        above = grid.base(grid.low * grid.pack)
        below = grid.base((grid.high or 0) * grid.pack)
        return (
            "minimum, multiple and maximum cannot hold together: a line in packs of "
            f"{in_base_units(grid.base(grid.pack))} is {below} under the maximum or {above} from the minimum on; "
            "correct one of the three"
        )

    def steps(self) -> tuple[Step, ...]:
        """Return the rows with what each changed: differences of what is shown, so that they sum exactly."""
        steps: list[Step] = []
        before = self.need
        for code, total, note in self.rows:
            after = self.grid.base(total)
            steps.append(Step(code, WIDE.subtract(after, before), note))
            before = after
        return tuple(steps)

    def lines(self) -> tuple[OrderLine, ...]:
        """Cut the total; each line is the difference of running totals, so that the lines sum exactly."""
        grid, ticks = self.grid, 0
        order_before = base_before = Decimal(0)
        lines: list[OrderLine] = []
        for packs in grid.split(self.total // grid.pack):
            ticks += packs * grid.pack
            order_after, base_after = grid.order(ticks), grid.base(ticks)
            order_qty, qty = WIDE.subtract(order_after, order_before), WIDE.subtract(base_after, base_before)
            lines.append(OrderLine(order_qty, qty, packs if grid.whole else None))
            order_before, base_before = order_after, base_after
        return tuple(lines)

    def result(self) -> FinalQuantity:
        grid = self.grid
        steps = self.steps()
        if not self.total:
            return nothing_ordered(self.need, steps, tuple(self.conflicts))
        schedule = self.schedule
        return FinalQuantity(
            lines=self.lines(),
            order_qty=grid.order(self.total),
            qty=grid.base(self.total),
            steps=steps,
            conflicts=tuple(self.conflicts),
            need=self.need,
            order_date=None if schedule is None else schedule.order_date,
            arrival_date=None if schedule is None else schedule.arrival_date,
            gap_days=0 if schedule is None else schedule.gap_days,
        )


def _round(ticks: int, pack: int, rounding: str) -> int:
    """Return whole packs; `nearest` takes half a pack up."""
    if rounding == "up":
        return -(-ticks // pack)
    return ticks // pack if rounding == "down" else (2 * ticks + pack) // (2 * pack)
