"""A small calibrated twin without any file: Poisson demand, packs, minima, one line short, one long in stock."""

import datetime

import numpy as np
import polars as pl

from basestock.data.twin import Twin


def small_twin(num_lines: int = 6, num_days: int = 200, seed: int = 3) -> Twin:
    draw = np.random.default_rng(seed)
    rate = np.linspace(1.0, 8.0, num_lines)
    as_of = datetime.date(2026, 3, 2)
    dates = [as_of - datetime.timedelta(days=num_days - day) for day in range(num_days)]
    unknown = np.full(num_lines, np.nan)
    cost = np.linspace(4.0, 20.0, num_lines)
    return Twin(
        item_id=[f"I{line}" for line in range(num_lines)],
        location_id=["MAIN"] * num_lines,
        supplier_id=["ACME"] * num_lines,
        supplier_name=["Acme Ltd"] * num_lines,
        description=[f"Item {line}" for line in range(num_lines)],
        category=["ALL"] * num_lines,
        base_uom=["EA"] * num_lines,
        order_uom=["EA"] * num_lines,
        as_of=as_of,
        currency="EUR",
        period_days=1.0,
        dates=dates,
        history=draw.poisson(rate[:, None], (num_lines, num_days)).astype(np.float32),
        in_stock=np.full((num_lines, num_days), np.nan, dtype=np.float32),
        closed=np.zeros((num_lines, num_days), dtype=bool),
        known_at=np.tile(np.arange(1.0, num_days + 1.0), (num_lines, 1)),
        lead_days=np.full(num_lines, 7.0),
        lead_sd_days=unknown,
        review_days=np.full(num_lines, 7.0),
        lead_periods=np.full(num_lines, 7),
        review_periods=np.full(num_lines, 7),
        unit_cost=cost,
        unit_price=cost * 1.4,
        holding_rate=np.full(num_lines, 0.25),
        stockout_cost=cost * 0.4,
        implied_cost=np.zeros(num_lines, dtype=bool),
        backordered=np.zeros(num_lines, dtype=bool),
        order_cost=np.full(num_lines, 2.0),
        factor=np.ones(num_lines),
        order_minimum=np.where(np.arange(num_lines) % 2 == 0, 24.0, np.nan),
        order_multiple=np.full(num_lines, 6.0),
        order_maximum=unknown,
        capacity=unknown,
        supplier_minimum=unknown,
        price_breaks=[()] * num_lines,
        rounding=["economic"] * num_lines,
        whole_units=np.ones(num_lines, dtype=bool),
        on_hand=10.0 * rate,
        available=np.where(np.arange(num_lines) == num_lines - 1, 400.0, 6.0 * rate).round(),
        on_order=np.zeros((num_lines, 1)),
        min_stock=unknown,
        max_stock=unknown,
        max_stock_hard=np.zeros(num_lines, dtype=bool),
        reorder_point=unknown,
        reorder_quantity=unknown,
        safety_stock=unknown,
        last_order_quantity=unknown,
        last_order_date=[""] * num_lines,
        service_metric=["none"] * num_lines,
        service_target=unknown,
        supplier_order_days=[""] * num_lines,
        flags=[""] * num_lines,
        assumptions=[""] * num_lines,
        not_planned=pl.DataFrame(
            schema={
                **dict.fromkeys(("item_id", "location_id", "codes", "reason"), pl.String),
                "on_hand": pl.Float64,
                "look_by": pl.Date,
            }
        ),
    )
