"""The ledger of a card: the sum behind the quantity as a waterfall, exact to 0.001."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from basestock.operations.report.charts import LedgerBar, ledger_bars
from basestock.operations.report.glossary import is_step, ledger_label
from basestock.operations.report.numbers import fixed, quantity, signed
from basestock.operations.report.orders import Row


@dataclass(frozen=True)
class LedgerRow:
    """One row of the sum behind the quantity."""

    label: str
    qty: str
    note: str
    style: str
    bar: LedgerBar


def ledger_rows(row: Row, ledger: Sequence[Row]) -> tuple[list[LedgerRow], str]:
    """The ledger as a waterfall: components, the need they add up to, steps, and the order.

    Returns the rows and, where the components do not add up to the order exactly, a warning to show.
    """
    if not ledger:
        return [], ""
    lines = sorted(ledger, key=lambda line: (line["seq"] is None, line["seq"]))
    amounts = [_exact(line["qty"]) for line in lines]
    total, ordered = sum(amounts, Decimal(0)), _exact(row["qty"])
    decimals = 0 if all(amount == int(amount) for amount in amounts) else 3
    spans, entries = _waterfall(lines, amounts, row["base_uom"] or "units")
    bars = ledger_bars(spans)
    rows = [
        LedgerRow(label, _ledger_qty(amount, decimals, style), note, style, bar)
        for (label, amount, note, style), bar in zip(entries, bars, strict=True)
    ]
    if total == ordered:
        return rows, ""
    return (
        rows,
        f"The components add up to {quantity(float(total))}, the order is {quantity(float(ordered))}.",
    )


def _exact(value: float | None) -> Decimal:
    return Decimal(0) if value is None else Decimal(str(round(value, 3)))


def _waterfall(
    lines: Sequence[Row], amounts: Sequence[Decimal], unit: str
) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[str, Decimal, str, str]]]:
    first_step = next((i for i, line in enumerate(lines) if is_step(line["component"] or "")), len(lines))
    spans: list[tuple[Decimal, Decimal]] = []
    entries: list[tuple[str, Decimal, str, str]] = []
    total = Decimal(0)
    for index, (line, amount) in enumerate(zip(lines, amounts, strict=True)):
        if index == first_step:
            spans.append((Decimal(0), total))
            entries.append(("Need", total, "", "subtotal"))
        spans.append((total, total + amount))
        style = "less" if amount < 0 else "more"
        note = (line["note"] or "").replace("base units", unit)
        entries.append((ledger_label(line["component"] or "unnamed"), amount, note, style))
        total += amount
    spans.append((Decimal(0), total))
    entries.append((f"Order, {unit}", total, "", "total"))
    return spans, entries


def _ledger_qty(amount: Decimal, decimals: int, style: str) -> str:
    text = fixed(float(amount), decimals)
    return text if style in ("subtotal", "total") else signed(text)
