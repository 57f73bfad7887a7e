"""The source of each line: the valid row of the lowest priority number, ties to the lowest name."""

import datetime

import polars as pl


def choose_sources(item_supplier: pl.DataFrame, lines: pl.DataFrame, as_of: datetime.date) -> pl.DataFrame:
    """Join the preferred source to every line that has one.

    Parameters
    ----------
    item_supplier
        Canonical table; a row without location holds everywhere, a row with one wins there.
    lines
        (item_id, location_id).
    as_of
        Day on which the row must be valid.

    Returns
    -------
    polars.DataFrame
        The lines with the columns of their source, null where there is none; priority 0 is never chosen.
    """
    valid = item_supplier.filter(
        (pl.col("valid_from").is_null() | (pl.col("valid_from") <= as_of))
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") > as_of))
        & (pl.col("priority").fill_null(1) > 0)
    )
    here = valid.filter(pl.col("location_id").is_not_null()).with_columns(pl.lit(0).alias("_general"))
    anywhere = (
        valid.filter(pl.col("location_id").is_null())
        .drop("location_id")
        .with_columns(pl.lit(1).alias("_general"))
    )
    joined = pl.concat(
        [
            lines.join(here, on=["item_id", "location_id"]),
            lines.join(anywhere, on="item_id"),
        ],
        how="diagonal_relaxed",
    )
    ranked = joined.sort(
        ["item_id", "location_id", "_general", "priority", "valid_from", "supplier_id"],
        descending=[False, False, False, False, True, False],
        nulls_last=True,
    )
    best = ranked.unique(["item_id", "location_id"], keep="first", maintain_order=True)
    return lines.join(best, on=["item_id", "location_id"], how="left", maintain_order="left")


def price_breaks(
    prices: pl.DataFrame | None, table: pl.DataFrame, as_of: datetime.date
) -> list[tuple[tuple[float, float], ...]]:
    """Return the purchase prices of each line from certain quantities on: (base units, money per base unit), rising.

    Parameters
    ----------
    prices
        Canonical ``price``; rows of a supplier are purchase prices per order unit, others are for customers.
    table
        Lines with their source and the factor of its order unit.
    as_of
        Day on which a price must be valid; the latest one of a quantity holds.

    Returns
    -------
    list
        One tuple per line, empty where its source has one price.
    """
    if prices is None:
        return [()] * table.height
    valid = prices.filter(
        pl.col("supplier_id").is_not_null()
        & (pl.col("min_qty") > 0)
        & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= as_of))
        & (pl.col("scheme").fill_null("all_units") == "all_units")
    ).sort("valid_from", nulls_last=False)
    newest = valid.unique(["item_id", "supplier_id", "min_qty"], keep="last", maintain_order=True)
    keys = ["item_id", "supplier_id"]
    steps = newest.sort("min_qty").group_by(keys, maintain_order=True).agg("min_qty", "price")
    found = table.select(*keys, "factor").join(steps, on=keys, how="left", maintain_order="left")
    return [
        tuple((quantity * factor, price / factor) for quantity, price in zip(quantities, money, strict=True))
        if quantities
        else ()
        for quantities, money, factor in found.select("min_qty", "price", "factor").iter_rows()
    ]
