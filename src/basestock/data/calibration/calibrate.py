"""From canonical tables to the twin."""

import datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from basestock.data.calibration.assumed import assumption_notes
from basestock.data.calibration.panel import BUCKET_DAYS, demand_panel
from basestock.data.calibration.sources import choose_sources, price_breaks
from basestock.data.calibration.supply import last_orders, newest_stock, open_orders
from basestock.data.dataset import Dataset
from basestock.data.twin import Twin

DEFAULT_HOLDING_RATE = 0.25
DEFAULT_REVIEW_DAYS = 7.0
DEFAULT_LEAD_SPREAD = 0.3
DEFAULT_SERVICE = 0.95
_KEYS = ["item_id", "location_id"]


def calibrate(
    dataset: Dataset,
    *,
    items: str | None = None,
    locations: str | None = None,
    count_drafts: bool = False,
    include_quarantined: bool = False,
) -> Twin:
    """Bring every item-location that can be planned to one line of the twin.

    Parameters
    ----------
    dataset
        Checked canonical tables.
    items, locations
        Regular expressions; only matching lines are planned.
    count_drafts
        Whether draft orders count as on order.
    include_quarantined
        Whether lines held by findings are planned as far as their data go; they keep the codes as flags.

    Returns
    -------
    Twin
        Lines in stable order, and the list of what is not planned with the reason.
    """
    places = _places(dataset, items, locations)
    sourced = choose_sources(dataset.tables["item_supplier"], places, dataset.as_of)
    table = _joined(dataset, sourced)
    reasons = table.with_columns(_reason(dataset, include_quarantined).alias("reason"))
    planned = reasons.filter(pl.col("reason") == "").sort("location_id", "item_id")
    left = reasons.filter(pl.col("reason") != "")
    return _twin(dataset, planned, _not_planned(dataset, left), count_drafts)


def _places(dataset: Dataset, items: str | None, locations: str | None) -> pl.DataFrame:
    """List the item-locations that stock, demand, or a table of item-locations names."""
    named = [
        dataset.tables[name].select(_KEYS)
        for name in ("inventory", "demand_history")
        if name in dataset.tables
    ]
    if "item_location" in dataset.tables:
        here = dataset.tables["item_location"]
        off = here.filter(~pl.col("stocked").fill_null(True)).select(_KEYS)
        named.append(here.select(_KEYS))
        places = pl.concat(named).unique().join(off, on=_KEYS, how="anti")
    else:
        places = pl.concat(named).unique()
    held = dataset.held.select(_KEYS) if dataset.held.height else places.clear()
    places = pl.concat([places, held]).unique().drop_nulls().sort(_KEYS)
    for column, pattern in (("item_id", items), ("location_id", locations)):
        if pattern is not None:
            places = places.filter(pl.col(column).str.contains(pattern))
    return places


def _joined(dataset: Dataset, sourced: pl.DataFrame) -> pl.DataFrame:
    item = dataset.tables["item"].drop("_assumed", strict=False)
    table = sourced.drop("_assumed", strict=False).join(
        item, on="item_id", how="left", suffix="_item", maintain_order="left"
    )
    if "item_location" in dataset.tables:
        table = table.join(
            dataset.tables["item_location"].drop(
                "source", "source_id", "updated_at", "_assumed", strict=False
            ),
            on=_KEYS,
            how="left",
            suffix="_here",
            maintain_order="left",
        )
    if "inventory" in dataset.tables:
        table = table.join(
            newest_stock(dataset.tables["inventory"]), on=_KEYS, how="left", maintain_order="left"
        )
    if "supplier" in dataset.tables:
        supplier = dataset.tables["supplier"].select(
            "supplier_id", "order_days", "min_order_value", pl.col("name").alias("supplier_name")
        )
        table = table.join(supplier, on="supplier_id", how="left", maintain_order="left")
    if "purchase_order" in dataset.tables:
        table = table.join(
            last_orders(dataset.tables["purchase_order"]), on=_KEYS, how="left", maintain_order="left"
        )
    sold = dataset.tables["demand_history"].group_by(_KEYS).agg(pl.col("qty").sum().alias("sold"))
    table = table.join(sold, on=_KEYS, how="left", maintain_order="left")
    held = dataset.held.select(*_KEYS, "codes") if dataset.held.height else None
    if held is None:
        return table.with_columns(pl.lit(None, dtype=pl.String).alias("codes"))
    return table.join(held.unique(_KEYS), on=_KEYS, how="left", maintain_order="left")


def _reason(dataset: Dataset, include_quarantined: bool) -> pl.Expr:
    """Say why a line is not planned; an empty text where it is."""
    made = (
        dataset.tables["bom"]["parent_id"].unique().implode()
        if "bom" in dataset.tables
        else pl.Series([[]], dtype=pl.List(pl.String))
    )
    parts = dataset.tables["bom"]["component_id"].unique().implode() if "bom" in dataset.tables else made
    assumed_stock = "inventory" in dataset.info.assume
    stockless = pl.lit(False) if assumed_stock else pl.col("available").is_null()
    return (
        pl.when(pl.col("codes").is_not_null() & pl.lit(not include_quarantined))
        .then(pl.lit("held by findings in the data"))
        .when(pl.col("lifecycle").fill_null("active") == "ended")
        .then(pl.lit("ended item: no new orders"))
        .when(pl.col("supplier_id").is_null() & pl.col("item_id").is_in(made))
        .then(pl.lit("made item: needs production planning"))
        .when(pl.col("supplier_id").is_null())
        .then(pl.lit("no source of supply (SRC-001)"))
        .when(stockless)
        .then(pl.lit("no stock row (INV-002)"))
        .when(pl.col("sold").is_null() & pl.col("item_id").is_in(parts))
        .then(pl.lit("dependent demand: needs the plan of what it goes into"))
        .when(pl.col("sold").is_null())
        .then(pl.lit("no demand history"))
        .otherwise(pl.lit(""))
    )


def _not_planned(dataset: Dataset, left: pl.DataFrame) -> pl.DataFrame:
    look_by = dataset.as_of + datetime.timedelta(days=int(DEFAULT_REVIEW_DAYS))
    on_hand = pl.col("on_hand") if "on_hand" in left.columns else pl.lit(None, dtype=pl.Float64)
    return left.select(
        "item_id",
        "location_id",
        pl.col("codes").fill_null("").alias("codes"),
        "reason",
        on_hand.alias("on_hand"),
        pl.lit(look_by).alias("look_by"),
    ).sort("location_id", "item_id")


def _numbers(table: pl.DataFrame, *names: str, default: float = np.nan) -> np.ndarray:
    """Return the first known number among columns, else the default."""
    columns = [pl.col(name).cast(pl.Float64) for name in names if name in table.columns]
    if not columns:
        return np.full(table.height, default)
    values = table.select(pl.coalesce(*columns).alias("value"))["value"].to_numpy().astype(np.float64)
    return np.where(np.isfinite(values), values, default)


def _texts(table: pl.DataFrame, *names: str, default: str = "") -> list[str]:
    columns = [pl.col(name).cast(pl.String) for name in names if name in table.columns]
    if not columns:
        return [default] * table.height
    return table.select(pl.coalesce(*columns, pl.lit(default)).alias("value"))["value"].to_list()


def _flags(table: pl.DataFrame, name: str, default: bool) -> np.ndarray:
    if name not in table.columns:
        return np.full(table.height, default)
    return table[name].fill_null(default).to_numpy().astype(bool)


def _order_day_gap(order_days: list[str]) -> np.ndarray:
    """Return the longest gap between order days, days; NaN where no days are given."""
    gaps: list[float] = []
    for text in order_days:
        open_days = [day for day, flag in enumerate(text) if flag == "1"]
        if not open_days or len(open_days) == 7:
            gaps.append(np.nan)
            continue
        following = [*open_days[1:], open_days[0] + 7]
        gaps.append(float(max(after - before for before, after in zip(open_days, following, strict=True))))
    return np.array(gaps)


def _costs(table: pl.DataFrame) -> np.ndarray:
    """Return money per base unit: the source's price, else the item's cost."""
    price = (
        _numbers(table, "unit_cost")
        / _numbers(table, "price_per", default=1.0)
        / _numbers(table, "factor", default=1.0)
    )
    cost = np.where(np.isfinite(price), price, _numbers(table, "unit_cost_item"))
    return np.where(cost > 0, cost, np.nan)


def _stockout(
    table: pl.DataFrame,
    cost: np.ndarray,
    price: np.ndarray,
    holding: np.ndarray,
    review: np.ndarray,
    waits: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return money per unit short, and where it had to be implied by a service target for lack of a price."""
    given = _numbers(table, "stockout_cost_here", "stockout_cost")
    margin = price - cost
    known = np.where(np.isfinite(given), given, np.where(margin > 0, margin, np.nan))
    target = np.clip(_numbers(table, "service_target", default=DEFAULT_SERVICE), 0.0, 0.999)
    lead = np.where(waits, 0.0, np.nan_to_num(_numbers(table, "lead_time_days")))
    held = np.nan_to_num(cost) * holding * (review + lead) / 365.0
    implied = held * target / (1 - target)
    return np.where(np.isfinite(known), known, implied), ~np.isfinite(known)


def _rounding(table: pl.DataFrame, cost: np.ndarray, price: np.ndarray) -> list[str]:
    """Return the rule of rounding: as given, else by money where it is known."""
    usual = np.where(np.isfinite(cost) & np.isfinite(price), "economic", "up").tolist()
    return [given or default for given, default in zip(_texts(table, "rounding"), usual, strict=True)]


class _Times(NamedTuple):
    lead_days: np.ndarray
    review_days: np.ndarray
    lead_periods: np.ndarray
    review_periods: np.ndarray
    order_days: list[str]


def _times(table: pl.DataFrame, period: float) -> _Times:
    """Return lead times and reviews, in days and in whole model periods that cover both together."""
    lead = _numbers(table, "lead_time_days") + _numbers(table, "receiving_days", default=0.0)
    order_days = _texts(table, "order_days")
    gap = _order_day_gap(order_days)
    review = _numbers(table, "review_days")
    review = np.where(np.isfinite(review), review, np.where(np.isfinite(gap), gap, DEFAULT_REVIEW_DAYS))
    protection = np.maximum(np.ceil((lead + review) / period - 1e-9), 1).astype(int)
    reviews = np.clip(np.round(review / period), 1, protection).astype(int)
    return _Times(lead, review, protection - reviews, reviews, order_days)


def _twin(dataset: Dataset, table: pl.DataFrame, not_planned: pl.DataFrame, count_drafts: bool) -> Twin:
    period = BUCKET_DAYS[dataset.bucket]
    panel = demand_panel(
        dataset.tables["demand_history"],
        table.select(_KEYS),
        dataset.bucket,
        dataset.gaps or "missing",
        dataset.as_of,
    )
    times = _times(table, period)
    cost, price = _costs(table), _numbers(table, "unit_price")
    holding = _numbers(table, "holding_cost_rate_here", "holding_cost_rate", default=DEFAULT_HOLDING_RATE)
    waits = np.array([unmet == "backorder" for unmet in _texts(table, "unmet", default="lost")], dtype=bool)
    stockout, implied = _stockout(table, cost, price, holding, times.review_days, waits)
    orders = dataset.tables.get("purchase_order")
    on_order = (
        np.zeros((table.height, 1))
        if orders is None
        else _on_order(orders, table, dataset, period, count_drafts)
    )
    whole = _flags(table, "integer_qty", True)
    flags = _flag_codes(dataset, table)
    return Twin(
        item_id=table["item_id"].to_list(),
        location_id=table["location_id"].to_list(),
        supplier_id=table["supplier_id"].fill_null("").to_list(),
        supplier_name=_texts(table, "supplier_name", "supplier_id"),
        description=_texts(table, "description", "item_id"),
        category=_texts(table, "category", default="ALL"),
        base_uom=_texts(table, "base_uom"),
        order_uom=_texts(table, "order_uom", "base_uom"),
        as_of=dataset.as_of,
        currency=dataset.currency,
        period_days=period,
        dates=panel.dates,
        history=panel.history,
        in_stock=panel.in_stock,
        closed=panel.closed,
        known_at=panel.known_at,
        lead_days=times.lead_days,
        lead_sd_days=_numbers(table, "lead_time_sd_days"),
        review_days=times.review_days,
        lead_periods=times.lead_periods,
        review_periods=times.review_periods,
        unit_cost=cost,
        unit_price=price,
        holding_rate=holding,
        stockout_cost=stockout,
        implied_cost=implied,
        backordered=waits,
        order_cost=_numbers(table, "order_cost_here", "order_cost", default=0.0),
        factor=_numbers(table, "factor", default=1.0),
        order_minimum=_numbers(table, "order_minimum"),
        order_multiple=_numbers(table, "order_multiple"),
        order_maximum=_numbers(table, "order_maximum"),
        capacity=_numbers(table, "capacity_per_period"),
        supplier_minimum=_numbers(table, "min_order_value"),
        price_breaks=price_breaks(dataset.tables.get("price"), table, dataset.as_of),
        rounding=_rounding(table, cost, price),
        whole_units=whole,
        on_hand=_numbers(table, "on_hand", default=0.0),
        available=_numbers(table, "available", default=0.0),
        on_order=on_order,
        min_stock=_numbers(table, "min_stock"),
        max_stock=_numbers(table, "max_stock"),
        max_stock_hard=_flags(table, "max_stock_hard", False),
        reorder_point=_numbers(table, "reorder_point"),
        reorder_quantity=_numbers(table, "reorder_qty"),
        safety_stock=_numbers(table, "safety_stock"),
        last_order_quantity=_numbers(table, "last_qty"),
        last_order_date=_texts(table, "last_date"),
        service_metric=_texts(table, "service_metric", default="none"),
        service_target=_numbers(table, "service_target"),
        supplier_order_days=times.order_days,
        flags=flags,
        assumptions=assumption_notes(dataset, _with_units(table), implied.tolist(), flags),
        not_planned=not_planned,
    )


def _on_order(
    orders: pl.DataFrame, table: pl.DataFrame, dataset: Dataset, period: float, count_drafts: bool
) -> np.ndarray:
    if count_drafts:
        status = pl.when(pl.col("status") == "draft").then(pl.lit("open")).otherwise(pl.col("status"))
        orders = orders.with_columns(status.alias("status"))
    return open_orders(orders, table.select(_KEYS), dataset.as_of, period)


def _flag_codes(dataset: Dataset, table: pl.DataFrame) -> list[str]:
    """Return the codes of the findings of each line; those that would hold it are among them if it is planned."""
    held = table["codes"].fill_null("").to_list()
    if dataset.flagged.is_empty():
        return held
    flagged = dataset.flagged.unique(_KEYS)
    found = table.select(_KEYS).join(flagged, on=_KEYS, how="left", maintain_order="left")
    pairs = zip(held, found["codes"].fill_null("").to_list(), strict=True)
    return [" ".join(sorted({*one.split(), *other.split()})) for one, other in pairs]


def _with_units(table: pl.DataFrame) -> pl.DataFrame:
    factor = pl.col("factor") if "factor" in table.columns else pl.lit(1.0)
    return table.with_columns(factor.alias("factor"))
