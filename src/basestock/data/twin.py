"""What calibration gives: one line per planned item and location, everything the twin needs, in model periods."""

import dataclasses
import datetime

import numpy as np
import polars as pl


@dataclasses.dataclass(frozen=True, eq=False)
class Twin:
    """Planned item-locations as arrays, in a stable order (location, then item).

    Every array has one entry per line unless its shape is given. Unknown numbers are NaN, never 0.

    Parameters
    ----------
    item_id, location_id, supplier_id, supplier_name
        Names; an empty supplier where nobody exports one.
    description, category, base_uom, order_uom
        Texts of the item and its order unit.
    as_of
        Day of the decision.
    currency
        Reporting currency.
    period_days
        Days of a model period: 1, 7, or 365 / 12.
    dates
        ``[time]`` first day of each history bucket, oldest first.
    history
        ``[line, time]`` demand as recorded, units; NaN where unknown.
    in_stock
        ``[line, time]`` share of the bucket in stock; NaN where unknown.
    closed
        ``[line, time]`` whether nothing could be sold.
    known_at
        ``[line, time]`` first day on which the value was known, days since the first day of history.
    lead_days, lead_sd_days, review_days
        Lead time, its standard deviation, and the review period, days.
    lead_periods, review_periods
        The same in whole model periods: protection = ceil((lead + review) / period), at least 1; the review is at
        least 1 period.
    unit_cost, unit_price
        Money per base unit.
    holding_rate
        Share of the unit cost per year.
    stockout_cost
        Money per base unit short.
    implied_cost
        Whether the stockout cost was implied by a service target for lack of prices.
    backordered
        Whether unserved demand waits; else it is lost.
    order_cost
        Money per order line.
    factor
        Base units per order unit.
    order_minimum, order_multiple, order_maximum
        In order units; NaN where there is none.
    capacity
        Most that the source delivers per review, base units; NaN where there is no limit.
    supplier_minimum
        Least value of an order to the supplier over all its lines, money; NaN where there is none.
    price_breaks
        Per line: (base units, money per base unit) from which better prices hold, rising; empty without.
    rounding
        ``up``, ``down``, ``nearest`` or ``economic``.
    whole_units
        Whether the base unit is indivisible.
    on_hand, available
        Stock on the books, and what of it can be sold, base units; available is never negative.
    on_order
        ``[line, slot]`` firm open orders by periods until arrival, base units; the last slot holds the rest.
    min_stock, max_stock, max_stock_hard, reorder_point, reorder_quantity, safety_stock
        What the export says about the incumbent rule, base units.
    last_order_quantity, last_order_date
        Last order of the line on record, base units and ISO day.
    service_metric, service_target
        ``none`` or a KPI name, and its target.
    supplier_order_days
        Seven 0/1, Monday first, or an empty text.
    flags
        ``[line]`` codes of findings that keep a line from automatic release, joined by a space.
    assumptions
        ``[line]`` what was assumed for the line, joined by ``; ``.
    not_planned
        Frame of (item_id, location_id, codes, reason, on_hand, look_by).
    """

    item_id: list[str]
    location_id: list[str]
    supplier_id: list[str]
    supplier_name: list[str]
    description: list[str]
    category: list[str]
    base_uom: list[str]
    order_uom: list[str]
    as_of: datetime.date
    currency: str
    period_days: float
    dates: list[datetime.date]
    history: np.ndarray
    in_stock: np.ndarray
    closed: np.ndarray
    known_at: np.ndarray
    lead_days: np.ndarray
    lead_sd_days: np.ndarray
    review_days: np.ndarray
    lead_periods: np.ndarray
    review_periods: np.ndarray
    unit_cost: np.ndarray
    unit_price: np.ndarray
    holding_rate: np.ndarray
    stockout_cost: np.ndarray
    implied_cost: np.ndarray
    backordered: np.ndarray
    order_cost: np.ndarray
    factor: np.ndarray
    order_minimum: np.ndarray
    order_multiple: np.ndarray
    order_maximum: np.ndarray
    capacity: np.ndarray
    supplier_minimum: np.ndarray
    price_breaks: list[tuple[tuple[float, float], ...]]
    rounding: list[str]
    whole_units: np.ndarray
    on_hand: np.ndarray
    available: np.ndarray
    on_order: np.ndarray
    min_stock: np.ndarray
    max_stock: np.ndarray
    max_stock_hard: np.ndarray
    reorder_point: np.ndarray
    reorder_quantity: np.ndarray
    safety_stock: np.ndarray
    last_order_quantity: np.ndarray
    last_order_date: list[str]
    service_metric: list[str]
    service_target: np.ndarray
    supplier_order_days: list[str]
    flags: list[str]
    assumptions: list[str]
    not_planned: pl.DataFrame

    @property
    def num_lines(self) -> int:
        """Number of planned lines."""
        return len(self.item_id)

    def take(self, lines: np.ndarray) -> "Twin":
        """Return the twin of some of its lines."""
        picked: dict[str, object] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            per_line = field.name not in {"dates", "not_planned"} and isinstance(value, list | np.ndarray)
            if not per_line:
                picked[field.name] = value
            else:
                picked[field.name] = (
                    value[lines] if isinstance(value, np.ndarray) else [value[line] for line in lines]
                )
        return Twin(**picked)  # type: ignore[arg-type]
