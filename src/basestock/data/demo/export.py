"""The company's canonical tables: what its business system would export."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from basestock.data.demo.catalog import ALWAYS, Catalog, Floats, Ints
from basestock.data.demo.company import Company
from basestock.data.demo.families import LEAD_TIMES_DAYS, SUPPLIER_NAMES
from basestock.data.demo.incumbent import Flags

CASE_UNIT = "CS"
"""Unit in which some items of a full export are ordered."""

_TARGETS = {"A": 0.98, "B": 0.95, "C": 0.9}


def supplier_ids(index: Ints) -> list[str]:
    """Return identifiers of suppliers by position."""
    return [f"S-{number + 1:03d}" for number in index.tolist()]


def ordered_in_cases(catalog: Catalog) -> Flags:
    """Return the items that a full export orders in cases: every second one with packs of four or more."""
    return (catalog.pack >= 4) & (np.arange(catalog.num_items) % 2 == 0)


def _dates(company: Company, rows: Ints) -> list[date]:
    return [company.day(row) for row in rows.tolist()]


def _days_of_sale(company: Company, days: Ints) -> list[date | None]:
    """Return days of sale as dates; those far outside the window are unknown."""
    return [company.day(day) if abs(day) < ALWAYS else None for day in days.tolist()]


def item(company: Company) -> pl.DataFrame:
    """Return the item table."""
    catalog = company.catalog
    return pl.DataFrame(
        {
            "item_id": catalog.item_id,
            "description": catalog.description,
            "category": catalog.category,
            "base_uom": ["EA"] * catalog.num_items,
            "unit_cost": catalog.unit_cost,
            "unit_price": catalog.unit_price,
            "lifecycle": catalog.lifecycle,
            "intro_date": _days_of_sale(company, catalog.intro_day),
            "end_date": _days_of_sale(company, catalog.end_day),
        },
        schema_overrides={"intro_date": pl.Date, "end_date": pl.Date},
    )


def _item_ids(company: Company) -> pl.Series:
    return pl.Series("item_id", company.catalog.item_id)


def _place_ids(company: Company) -> pl.Series:
    return pl.Series("location_id", company.places.names)


def inventory(company: Company) -> pl.DataFrame:
    """Return the stock after the last day of the history."""
    places = company.places
    return pl.DataFrame(
        {
            "as_of": [company.as_of] * len(places.item),
            "item_id": _item_ids(company)[places.item],
            "location_id": _place_ids(company)[places.place],
            "on_hand": company.on_hand,
        }
    )


def _rounded(shares: Floats) -> Floats:
    """Return shares of a day in hundredths; only a day without any stock is 0, only a full day is 1."""
    inside = np.clip(np.round(shares, 2), 0.01, 0.99)
    return np.where((shares > 0.0) & (shares < 1.0), inside, shares)


def demand_history(company: Company) -> pl.DataFrame:
    """Return one row for each day from an item's first day of sale, days without sales included."""
    places = company.places
    num_days = len(company.sales)
    on_sale = np.arange(num_days)[None, :] >= company.catalog.intro_day[places.item][:, None]
    entry, row = np.nonzero(on_sale)
    calendar = pl.Series([company.day(day) for day in range(num_days)], dtype=pl.Date)
    return pl.DataFrame(
        {
            "bucket_start": calendar[row],
            "item_id": _item_ids(company)[places.item][entry],
            "location_id": _place_ids(company)[places.place][entry],
            "qty": company.sales.T[on_sale],
            "qty_kind": pl.repeat("sold", len(row), eager=True),
            "in_stock_fraction": _rounded(company.in_stock.T[on_sale]),
            "discount": company.discount.T[on_sale],
        }
    )


def item_supplier(company: Company, *, in_cases: bool) -> pl.DataFrame:
    """Return who supplies what; `in_cases` = some items are ordered in cases, at a price per case."""
    catalog = company.catalog
    second = np.flatnonzero(catalog.second_supplier >= 0)
    item_index = np.concatenate([np.arange(catalog.num_items), second])
    supplier = np.concatenate([catalog.supplier, catalog.second_supplier[second]])
    is_second = np.arange(len(item_index)) >= catalog.num_items
    per_case = ordered_in_cases(catalog)[item_index] & in_cases
    units = np.where(per_case, catalog.pack[item_index], 1)
    cost = np.round(catalog.unit_cost[item_index] * np.where(is_second, 1.08, 1.0), 2)
    minimum = catalog.minimum[item_index] // units
    columns = {
        "item_id": _item_ids(company)[item_index],
        "supplier_id": supplier_ids(supplier),
        "lead_time_days": np.asarray(LEAD_TIMES_DAYS)[supplier],
        "lead_time_basis": ["calendar"] * len(item_index),
        "order_uom": np.where(per_case, CASE_UNIT, "EA").tolist(),
        "order_minimum": pl.Series(minimum).replace(0, None),
        "order_multiple": catalog.pack[item_index] // units,
        "order_maximum": pl.repeat(None, len(item_index), dtype=pl.Int64, eager=True),
        "unit_cost": np.round(cost * units, 2),
        "priority": np.where(is_second, 2, 1),
    }
    frame = pl.DataFrame(columns).sort("item_id", "supplier_id")
    return frame if in_cases else frame.drop("order_uom", "order_maximum")


def location(company: Company) -> pl.DataFrame:
    """Return the branches."""
    names = company.places.names
    return pl.DataFrame(
        {
            "location_id": names,
            "name": [f"Branch {name.title()}" for name in names],
            "type": ["store"] * len(names),
            "timezone": ["Europe/Berlin"] * len(names),
            "country": ["DE"] * len(names),
        }
    )


def supplier(company: Company) -> pl.DataFrame:
    """Return the suppliers with their order days and terms."""
    number = np.arange(len(SUPPLIER_NAMES))
    return pl.DataFrame(
        {
            "supplier_id": supplier_ids(number),
            "name": SUPPLIER_NAMES,
            "min_order_value": [100 if index % 4 == 1 else None for index in number.tolist()],
            "order_days": company.order_days,
            "calendar_id": ["SUPPLIERS"] * len(number),
            "payment_terms_days": [(14, 30, 60)[index % 3] for index in number.tolist()],
        }
    )


def item_location(company: Company) -> pl.DataFrame:
    """Return service targets and the parameters of the min/max rule."""
    places = company.places
    letters = [company.catalog.abc[index] for index in places.item.tolist()]
    return pl.DataFrame(
        {
            "item_id": _item_ids(company)[places.item],
            "location_id": _place_ids(company)[places.place],
            "service_metric": ["fill_rate"] * len(letters),
            "service_target": [_TARGETS[letter] for letter in letters],
            "min_stock": company.min_stock,
            "max_stock": company.max_stock,
            "abc": letters,
        }
    )


def calendar_bucket(company: Company) -> pl.DataFrame:
    """Return the suppliers' holidays."""
    return pl.DataFrame(
        {
            "calendar_id": ["SUPPLIERS"] * len(company.closures),
            "start": [start for start, _ in company.closures],
            "end": [end for _, end in company.closures],
            "weekdays": ["1111111"] * len(company.closures),
            "value": [0] * len(company.closures),
            "priority": [1] * len(company.closures),
        }
    )


def uom_conversion(company: Company) -> pl.DataFrame:
    """Return how many units a case holds."""
    catalog = company.catalog
    cases = np.flatnonzero(ordered_in_cases(catalog))
    return pl.DataFrame(
        {
            "item_id": _item_ids(company)[cases],
            "from_uom": [CASE_UNIT] * len(cases),
            "to_uom": ["EA"] * len(cases),
            "factor": catalog.pack[cases],
        }
    ).sort("item_id")


def purchase_lines(company: Company) -> pl.DataFrame:
    """Return every order line with both of its deliveries; one order is one supplier, place and day."""
    orders, places, catalog = company.orders, company.places, company.catalog
    item_index = places.item[orders.entry]
    per_case = ordered_in_cases(catalog)[item_index]
    units = np.where(per_case, catalog.pack[item_index], 1)
    lines = pl.DataFrame(
        {
            "row": orders.row,
            "supplier": catalog.supplier[item_index],
            "place": places.place[orders.entry],
            "item": item_index,
            "qty_ordered": orders.quantity // units,
            "later": orders.later_quantity // units,
            "rejected": orders.rejected // units,
            "arrival": orders.arrival,
            "later_arrival": orders.later_arrival,
            "uom": np.where(per_case, CASE_UNIT, "EA").tolist(),
            "unit_price": np.round(catalog.unit_cost[item_index] * units, 2),
            "due": orders.row + np.asarray(LEAD_TIMES_DAYS)[catalog.supplier[item_index]],
        }
    ).sort("row", "supplier", "place", "item")
    order_key = pl.struct("row", "supplier", "place")
    return lines.with_columns(
        po=order_key.rank("dense").cast(pl.Int64),
        line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("row", "supplier", "place"),
    )


def _order_numbers(lines: pl.DataFrame) -> pl.Series:
    return lines.select(pl.format("PO-{}", pl.col("po").cast(pl.String).str.zfill(6))).to_series()


def purchase_order(company: Company, lines: pl.DataFrame) -> pl.DataFrame:
    """Return order lines; what has not come before the snapshot is open."""
    num_days = len(company.sales)
    first = pl.col("qty_ordered") - pl.col("later")
    received = pl.when(pl.col("arrival") < num_days).then(first).otherwise(0)
    received = received + pl.when(pl.col("later_arrival") < num_days).then(pl.col("later")).otherwise(0)
    lines = lines.with_columns(received=received)
    is_open = (lines["received"] < lines["qty_ordered"]).to_list()
    return pl.DataFrame(
        {
            "po_id": _order_numbers(lines),
            "line_id": lines["line"],
            "item_id": _item_ids(company)[lines["item"]],
            "location_id": _place_ids(company)[lines["place"]],
            "supplier_id": supplier_ids(lines["supplier"].to_numpy()),
            "order_date": _dates(company, lines["row"].to_numpy()),
            "due_date": _dates(company, lines["due"].to_numpy()),
            "qty_ordered": lines["qty_ordered"],
            "qty_received": lines["received"],
            "uom": lines["uom"],
            "unit_price": lines["unit_price"],
            "status": ["open" if flag else "closed" for flag in is_open],
        }
    )


def receipt(company: Company, lines: pl.DataFrame) -> pl.DataFrame:
    """Return deliveries before the snapshot."""
    first = lines.select(
        "po", "line", day="arrival", qty=pl.col("qty_ordered") - pl.col("later"), rejected="rejected"
    )
    later = lines.filter(pl.col("later") > 0).select(
        "po", "line", day="later_arrival", qty="later", rejected=pl.lit(0, pl.Int64)
    )
    both = pl.concat([first, later]).filter(pl.col("day") < len(company.sales)).sort("po", "line", "day")
    return pl.DataFrame(
        {
            "po_id": _order_numbers(both),
            "line_id": both["line"],
            "receipt_date": _dates(company, both["day"].to_numpy()),
            "qty": both["qty"],
            "rejected_qty": both["rejected"],
        }
    )


def four_tables(company: Company) -> dict[str, pl.DataFrame]:
    """Return the tables of the quick start, for one place."""
    return {
        "item": item(company),
        "inventory": inventory(company).drop("location_id"),
        "demand_history": demand_history(company).drop("location_id"),
        "item_supplier": item_supplier(company, in_cases=False),
    }


def all_tables(company: Company) -> dict[str, pl.DataFrame]:
    """Return every table of a full export, clean."""
    lines = purchase_lines(company)
    return {
        "item": item(company),
        "inventory": inventory(company),
        "demand_history": demand_history(company),
        "item_supplier": item_supplier(company, in_cases=True),
        "location": location(company),
        "supplier": supplier(company),
        "item_location": item_location(company),
        "purchase_order": purchase_order(company, lines),
        "receipt": receipt(company, lines),
        "calendar_bucket": calendar_bucket(company),
        "uom_conversion": uom_conversion(company),
    }
