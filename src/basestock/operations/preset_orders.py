"""Orders of all lines by the rule of another system, for comparison and migration."""

import numpy as np

from basestock.data.twin import Twin
from basestock.operations.candidates import order_rule, quantity_of
from basestock.operations.final_quantity import FinalQuantity
from basestock.operations.order_rules import Context
from basestock.operations.presets import StockLevels, preset_quantity
from basestock.operations.quantities import quantity

PLANNING = ("sap", "sap_fixed", "frepple")
"""Systems that net the demand of the lead time; the others look at stock and open orders alone."""


def preset_orders(
    name: str, twin: Twin, position: np.ndarray, lead_time_demand: np.ndarray
) -> list[FinalQuantity]:
    """Return what another system would order of every line.

    Parameters
    ----------
    name
        A preset.
    twin
        Lines; the levels are those of the export.
    position
        ``[line]`` available stock plus firm open orders, base units.
    lead_time_demand
        ``[line]`` expected demand over the lead time, base units.

    Returns
    -------
    list of FinalQuantity
        One per line; nothing where the export keeps no level that could trigger.

    Raises
    ------
    ValueError
        When there is no such preset, or it needs a fixed lot that exports do not have.
    """
    projected = position - lead_time_demand if name in PLANNING else position
    return [_order(name, twin, line, float(projected[line])) for line in range(twin.num_lines)]


def _order(name: str, twin: Twin, line: int, projected: float) -> FinalQuantity:
    trigger = twin.safety_stock if name in PLANNING else twin.min_stock
    lowest = trigger[line] if np.isfinite(trigger[line]) else twin.reorder_point[line]
    known = lambda value: quantity_of(value) if np.isfinite(value) else None  # noqa: E731
    levels = StockLevels(
        projected=quantity(projected),
        min_stock=known(lowest),
        max_stock=known(twin.max_stock[line]),
        reorder_qty=known(twin.reorder_quantity[line]),
    )
    context = Context(order_date=twin.as_of, lead_time_days=quantity(float(twin.lead_days[line])))
    return preset_quantity(name, levels, order_rule(twin, line), context)
