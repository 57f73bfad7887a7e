"""Rounding by money: which legal quantity around a need is expected to be worth most."""

from collections.abc import Iterator
from decimal import Decimal

from basestock.operations.order_grid import OrderGrid
from basestock.operations.order_rules import Context


def most_valuable_total(
    need: int, grid: OrderGrid, context: Context, max_packs: int | None
) -> tuple[int, int]:
    """Weigh nothing, the two legal neighbors of a need, and the next price break.

    Parameters
    ----------
    need
        Ticks of the grid.
    grid
        Legal totals.
    context
        Expected values and price breaks.
    max_packs
        Largest total allowed; None: any.

    Returns
    -------
    tuple[int, int]
        Packs before a price break is looked at, and packs chosen. Ties go to fewer.

    Raises
    ------
    ValueError
        When the expected value of a quantity is missing or not a number.

    Notes
    -----
    A price break that wins is the need of the same question again: the search climbs while the next break is
    worth more still, so that finalizing the result changes nothing.
    """
    floor = need // grid.pack
    below = grid.at_most(floor if max_packs is None else min(floor, max_packs))
    above = grid.at_least(-(-need // grid.pack))
    rounded = chosen = 0
    best = _value(0, grid, context)
    for packs in sorted({below, above} - {0}):
        if max_packs is not None and packs > max_packs:
            break
        value = _value(packs, grid, context)
        if value > best:
            rounded, chosen, best = packs, packs, value
    for packs in _breaks_beyond(above, grid, context):
        if max_packs is not None and packs > max_packs:
            break
        value = _value(packs, grid, context)
        if value <= best:
            break
        rounded, chosen, best = max(rounded, min(above, packs)), packs, value
    return rounded, chosen


def _breaks_beyond(packs: int, grid: OrderGrid, context: Context) -> Iterator[int]:
    """Yield, ascending, the smallest legal total at each price break above `packs`."""
    reached = packs
    for target in sorted(grid.at_least(grid.packs_reaching(threshold)) for threshold in context.price_breaks):
        if target > reached:
            reached = target
            yield target


def _value(packs: int, grid: OrderGrid, context: Context) -> Decimal | float:
    """Return the expected value of a total, money."""
    gains = context.gains
    quantity = grid.base(packs * grid.pack)
    if gains is None:
        raise ValueError("economic rounding needs Context.gains; without expected values round 'up'")
    if callable(gains):
        value = gains(quantity)
    elif quantity in gains:
        value = gains[quantity]
    else:
        raise ValueError(f"Context.gains has no expected value of ordering {quantity} base units")
    if value != value:
        raise ValueError(f"the expected value of ordering {quantity} base units is not a number")
    return value
