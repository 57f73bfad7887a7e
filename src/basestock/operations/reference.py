"""The incumbent rule: what would be ordered without us."""

import dataclasses

import numpy as np

from basestock.data.twin import Twin
from basestock.operations.lines import holding_per_period


@dataclasses.dataclass(frozen=True, eq=False)
class ReferenceRule:
    """The rule ``current`` of every line: at or below s, order up to S, or multiples of Q.

    Parameters
    ----------
    reorder_point
        ``[line]`` s, base units.
    order_up_to_level
        ``[line]`` S, base units; NaN where the rule orders multiples of a quantity.
    order_quantity
        ``[line]`` Q, base units; NaN where the rule orders up to a level.
    origin
        ``[line]`` where the rule comes from, in words.
    """

    reorder_point: np.ndarray
    order_up_to_level: np.ndarray
    order_quantity: np.ndarray
    origin: list[str]

    def need(self, position: np.ndarray) -> np.ndarray:
        """Return what the rule orders at an inventory position, base units, before rounding."""
        below = self.reorder_point - position
        lots = (
            np.where(below >= 0, np.floor(below / np.maximum(self.order_quantity, 1e-9)) + 1, 0)
            * self.order_quantity
        )
        up_to = np.where(below >= 0, self.order_up_to_level - position, 0.0)
        return np.maximum(np.where(np.isfinite(self.order_up_to_level), up_to, lots), 0.0)


def current_rule(twin: Twin, rate: np.ndarray, service_level: np.ndarray) -> ReferenceRule:
    """Return the export's own rule: min/max; else reorder point and quantity; else base stock at the service target.

    Parameters
    ----------
    twin
        Calibrated lines.
    rate
        ``[line]`` expected demand per model period, base units.
    service_level
        ``[line]`` level of the inventory position that meets the item's service target, 0.95 if it has none, base
        units.

    Returns
    -------
    ReferenceRule
        One rule per line.
    """
    has_min_max = np.isfinite(twin.min_stock) & np.isfinite(twin.max_stock)
    has_point = ~has_min_max & np.isfinite(twin.reorder_point)
    lot = np.where(np.isfinite(twin.reorder_quantity), twin.reorder_quantity, _default_lot(twin, rate))
    quantity = np.where(has_point, np.maximum(lot, 1e-3), np.nan)
    level = np.where(
        has_min_max, np.maximum(twin.max_stock, twin.min_stock), np.where(has_point, np.nan, service_level)
    )
    # A base stock orders whenever it is below its level, however little.
    point = np.where(
        has_min_max, twin.min_stock, np.where(has_point, twin.reorder_point, service_level - 1e-3)
    )
    names = (
        "base stock at the service target",
        "reorder point and quantity of the export",
        "min/max of the export",
    )
    return ReferenceRule(
        point,
        level,
        quantity,
        [names[2 * int(a) + int(b)] for a, b in zip(has_min_max, has_point, strict=True)],
    )


def _default_lot(twin: Twin, rate: np.ndarray) -> np.ndarray:
    """Return the economic order quantity where an order has a cost, else the demand of one review period."""
    holding = holding_per_period(twin)
    known = (twin.order_cost > 0) & (holding > 0)
    economic = np.sqrt(2 * twin.order_cost * rate / np.where(known, holding, 1.0))
    return np.where(known, economic, rate * twin.review_periods)
