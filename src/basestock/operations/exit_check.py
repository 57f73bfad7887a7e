"""The last look before lines leave: what the source would not accept is blocked, and somebody is told."""

import dataclasses

from basestock.data.twin import Twin
from basestock.operations.candidates import order_caps, order_rule
from basestock.operations.final_quantity import CONFLICT, Conflict, FinalQuantity, Step, nothing_ordered
from basestock.operations.legal import Violation, legal_order
from basestock.operations.order_rules import Context
from basestock.operations.proposals import PricedLines
from basestock.operations.snapshot import Snapshot


def block_illegal(twin: Twin, snapshot: Snapshot, priced: PricedLines) -> PricedLines:
    """Replace every order that the independent validator refuses by nothing and a conflict (OUT-002, OUT-003).

    Parameters
    ----------
    twin, snapshot
        Lines and today.
    priced
        Decided lines.

    Returns
    -------
    PricedLines
        Only legal orders; each refused one is a conflict, and so becomes an exception.
    """
    final, chosen = list(priced.final), priced.chosen.copy()
    for row, line in enumerate(priced.lines):
        found = _violations(twin, snapshot, int(line), final[row])
        if found:
            final[row] = _blocked(final[row], found)
            chosen[row] = 0
    return dataclasses.replace(priced, final=final, chosen=chosen)


def _violations(twin: Twin, snapshot: Snapshot, line: int, final: FinalQuantity) -> list[Violation]:
    if not final.lines:
        return []
    caps = order_caps(twin, line, float(snapshot.position[line]))
    context = Context(caps=caps, order_date=final.order_date)
    return legal_order([part.qty for part in final.lines], order_rule(twin, line), context)


def _blocked(final: FinalQuantity, found: list[Violation]) -> FinalQuantity:
    message = "; ".join(f"{each.code} {each.rule}: {each.message}" for each in found)
    step = Step(CONFLICT, -final.qty, message)
    return nothing_ordered(final.need, (*final.steps, step), (Conflict(CONFLICT, found[0].code, message),))
