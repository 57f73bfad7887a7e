"""Numbers: bounds of the schema, rounding dirt, absurd sizes, place-holders (codes NUM-006 to NUM-013)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.catalog import fractional_items
from basestock.data.rules.work import Work
from basestock.data.tables import TABLES, Column

_ELSEWHERE = frozenset(("SRC-011", "FCT-002"))
"""Codes of bounds whose violation another rule treats."""

_DIRT = 1e-6
_ABSURD = 1e9
_TIMES_MEDIAN = 1_000
_PLACE_HOLDERS = (999.0, 9_999.0, 99_999.0, 999_999.0)
_ZERO_OR_NONE = (
    "order_minimum",
    "order_maximum",
    "capacity_per_period",
    "weight_kg",
    "volume_m3",
    "max_stock",
)

_MANY_ROWS = 100
_VARYING = {
    "item": ("unit_cost", "unit_price", "weight_kg", "volume_m3"),
    "item_supplier": ("unit_cost",),
    "price": ("price",),
    "inventory": ("on_hand",),
    "demand_history": ("qty", "net_price"),
    "purchase_order": ("qty_ordered", "unit_price"),
    "receipt": ("qty",),
}
"""Columns whose values differ in any honest table of some size."""


def check_bounds(work: Work) -> None:
    """Take out rows with a number outside the bounds of its column."""
    for table in work.tables:
        for column in TABLES[table].columns:
            if column.numeric and column.code not in _ELSEWHERE:
                _check_column(work, table, column)


def _check_column(work: Work, table: str, column: Column) -> None:
    value = pl.col(column.name)
    outside = pl.lit(False)
    if column.lower is not None:
        outside = outside | ((value <= column.lower) if column.open_lower else (value < column.lower))
    if column.upper is not None:
        outside = outside | ((value >= column.upper) if column.open_upper else (value > column.upper))
    if column.lower is None and column.upper is None:
        return
    rows = work.rows(table).filter(outside.fill_null(False))
    if rows.height == 0:
        return
    code = column.code if work.log.entries[column.code].severity == "error" else "NUM-006"
    work.find(code, table, rows, column=column.name, rule=_bound_rule(column))


def _bound_rule(column: Column) -> str:
    left = "(" if column.open_lower else "["
    right = ")" if column.open_upper else "]"
    low = "-inf" if column.lower is None else f"{column.lower:g}"
    high = "inf)" if column.upper is None else f"{column.upper:g}{right}"
    hint = " Divide a percentage by 100." if column.upper == 1.0 else ""
    return f"{column.name} must lie in {left}{low}, {high}.{hint}"


def clean_rounding(work: Work) -> None:
    """Round quantities that miss a whole number by less than a millionth (NUM-011)."""
    for table, state in work.tables.items():
        for column in state.table.columns:
            if column.quantity:
                _round_column(work, table, column.name)


def _round_column(work: Work, table: str, column: str) -> None:
    frame = work.rows(table)
    value = pl.col(column)
    near = ((value - value.round(0)).abs() <= _DIRT * value.abs()) & (value != value.round(0))
    rows = frame.filter(near.fill_null(False))
    if rows.height == 0:
        return
    work.find(
        "NUM-011", table, rows, column=column, old=value.cast(pl.String), new=value.round(0).cast(pl.String)
    )
    rounded = pl.when(near).then(value.round(0)).otherwise(value).alias(column)
    work.put(table, frame.with_columns(rounded))


def check_whole_units(work: Work) -> None:
    """Flag fractions of whole-unit items (NUM-007)."""
    items = work.rows("item").select("item_id", pl.col("integer_qty").fill_null(True).alias("_whole"))
    fractional = pl.concat([items.filter(~pl.col("_whole"))["item_id"], fractional_items(work)])
    for table, column in (
        ("demand_history", "qty"),
        ("inventory", "on_hand"),
        ("purchase_order", "qty_ordered"),
    ):
        value = pl.col(column)
        rows = work.rows(table).filter(((value - value.round(0)).abs() > _DIRT).fill_null(False))
        if rows.height:
            rows = rows.filter(~pl.col("item_id").is_in(fractional.implode()))
            work.find("NUM-007", table, rows, column=column)


def check_sizes(work: Work) -> None:
    """Flag quantities far beyond those of their item (NUM-008)."""
    for table, column in (("demand_history", "qty"), ("purchase_order", "qty_ordered")):
        if table not in work.tables:
            continue
        frame = work.rows(table)
        value = pl.col(column)
        medians = (
            frame.lazy().filter(value > 0).group_by("item_id")
            .agg(value.median().alias("_median"), value.max().alias("_max"), pl.len().alias("_count"))
            .filter((pl.col("_count") >= 3) & (pl.col("_max") > _TIMES_MEDIAN * pl.col("_median"))).collect()
        )  # fmt: skip
        if medians.height == 0:
            continue
        rows = frame.join(medians, on="item_id", how="inner").filter(
            value > _TIMES_MEDIAN * pl.col("_median")
        )
        rule = pl.format("A quantity must be at most 1,000 times the median {} of its item.", "_median")
        work.find("NUM-008", table, rows, column=column, rule=rule)
    _check_money_sizes(work)


def _check_money_sizes(work: Work) -> None:
    for table, column in (("item", "unit_cost"), ("item", "unit_price"), ("item_supplier", "unit_cost")):
        if table in work.tables:
            rows = work.rows(table).filter((pl.col(column) > _ABSURD).fill_null(False))
            work.find("NUM-008", table, rows, column=column, rule=f"{column} must be at most 1e9.")


def check_constants(work: Work) -> None:
    """Flag columns with one value in more than 100 rows where values differ (SCH-011)."""
    for table, columns in _VARYING.items():
        frame = work.rows(table)
        if frame.height <= _MANY_ROWS:
            continue
        said = frame.filter(frame["_assumed"] == "") if "_assumed" in frame.columns else frame
        for column in columns:
            files = said.filter(pl.col(column).is_not_null()).group_by("_file").agg(
                pl.len().alias("_count"), pl.col(column).n_unique().alias("_values"), pl.col(column).first(),
                pl.col("_row").min(),
            ).filter((pl.col("_count") > _MANY_ROWS) & (pl.col("_values") == 1)).sort("_file")  # fmt: skip
            for row in files.iter_rows(named=True):
                rule = f"a column must have two values in more than {_MANY_ROWS} rows; all {row['_count']} are one"
                work.find_source(
                    "SCH-011",
                    table,
                    file=row["_file"],
                    row=row["_row"],
                    column=column,
                    value=f"{row[column]:g}",
                    rule=rule,
                )


def check_place_holders(work: Work) -> None:
    """Flag columns in which 999, 9999, ... stand in more than 1 % of the rows (NUM-009), zeros beside blanks."""
    for table in work.tables:
        frame = work.rows(table)
        for column in TABLES[table].columns:
            if column.type == "dec" and frame[column.name].null_count() < frame.height:
                _flag_place_holder(work, table, column.name)
            if column.name in _ZERO_OR_NONE:
                _flag_two_blanks(work, table, column.name)


def _flag_place_holder(work: Work, table: str, column: str) -> None:
    frame = work.rows(table)
    counts = frame.filter(pl.col(column).is_in(_PLACE_HOLDERS))
    if counts.height < 3 or counts.height <= 0.01 * frame.height or counts[column].n_unique() > 1:
        return
    value = f"{counts[column][0]:g}"
    work.find_source(
        "NUM-009", table, file=str(counts["_file"][0]), column=column, value=value, count=counts.height
    )


def _flag_two_blanks(work: Work, table: str, column: str) -> None:
    values = work.rows(table)[column]
    zeros, blanks = int((values == 0).sum()), values.null_count()
    if not zeros or not blanks:
        return
    file = str(work.rows(table)["_file"][0])
    rule = f"zero and empty must not stand for the same thing; {column} has {zeros} zeros and {blanks} blanks"
    work.find_source("NUM-013", table, file=file, column=column, value="0", rule=rule)
