"""A budget: which packs of which lines it funds."""

import dataclasses

import numpy as np

from basestock.data.twin import Twin
from basestock.operations.order_rules import Cap
from basestock.operations.pricing import order_value
from basestock.operations.proposals import PricedLines, finalize_line
from basestock.operations.quantities import quantity
from basestock.operations.selection import Selection, select_within_budget
from basestock.operations.snapshot import Snapshot


def fund(twin: Twin, snapshot: Snapshot, priced: PricedLines, budget: float) -> tuple[PricedLines, Selection]:
    """Keep what a budget funds; lines below the budget line are funded in part.

    Parameters
    ----------
    twin, snapshot, priced
        Lines, today, and what was decided without a budget.
    budget
        Money.

    Returns
    -------
    tuple
        The lines finalized again under a cap of what is funded, and the selection with its bound. Lines without a
        cost cannot be funded.
    """
    blocks = [_blocks(twin, priced, row) for row in range(len(priced.lines))]
    offers = [
        (str(row), [(cost, gain) for _, cost, gain in parts]) for row, parts in enumerate(blocks) if parts
    ]
    selection = select_within_budget(offers, budget)
    final, chosen = list(priced.final), priced.chosen.copy()
    for row, line in enumerate(priced.lines):
        count = selection.chosen.get(str(row), 0)
        funded = blocks[row][count - 1][0] if count else 0.0
        if funded >= float(final[row].qty) - 1e-6:
            continue
        caps = (Cap("BUDGET_CUT", quantity(funded)),)
        position = float(snapshot.position[line])
        final[row] = finalize_line(
            twin, int(line), float(priced.need[row]), position, priced.prices, row, caps
        )
        chosen[row] = int(np.argmin(np.abs(priced.prices.quantity[row] - float(final[row].qty))))
    return dataclasses.replace(priced, final=final, chosen=chosen), selection


def _blocks(twin: Twin, priced: PricedLines, row: int) -> list[tuple[float, float, float]]:
    """List (quantity so far, cost, gain) of the blocks up to the order."""
    line, quantities, gains = int(priced.lines[row]), priced.prices.quantity[row], priced.prices.gain[row]
    paid = [order_value(twin, line, float(quantity)) for quantity in quantities]
    if not np.isfinite(paid).all():
        return []
    # A better price can make more cost less: then the step is free.
    return [
        (float(quantities[at]), max(paid[at] - paid[at - 1], 0.0), float(gains[at]))
        for at in range(1, priced.chosen[row] + 1)
        if quantities[at] > quantities[at - 1]
    ]
