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
