"""Exchange rates that contradict each other, there and back or around three currencies, or are old (PRC-003, -004)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.work import Work

_BAND = 0.02
_MAX_AGE_DAYS = 35
_TABLE = "fx_rate"


def check_rates(work: Work) -> None:
    """Take out rates whose product there and back, or around a triangle, is not 1."""
    if _TABLE not in work.tables:
        return
    _check_pairs(work)
    _check_triangles(work)
    _check_age(work)


def _check_pairs(work: Work) -> None:
    rows = work.rows(_TABLE)
    back = rows.select(
        "date", pl.col("from").alias("to"), pl.col("to").alias("from"), pl.col("rate").alias("_back")
    )
    both = rows.join(back, on=["date", "from", "to"], how="inner", maintain_order="left")
    both = both.filter((pl.col("rate") * pl.col("_back") - 1).abs() > _BAND)
    rule = pl.format(
        "Rates there and back must have a product near 1; the way back is {}.",
        pl.col("_back").cast(pl.String),
    )
    work.find("PRC-004", _TABLE, both, column="rate", rule=rule)
    work.settle(_TABLE)


def _check_triangles(work: Work) -> None:
    """Take out a direct rate, and the two it is compared with, when both ways differ."""
    rows = work.rows(_TABLE)
    first = rows.select(
        "date", "from", pl.col("to").alias("_mid"), pl.col("rate").alias("_one"), pl.col("_id").alias("_a")
    )
    second = rows.select(
        "date", pl.col("from").alias("_mid"), "to", pl.col("rate").alias("_two"), pl.col("_id").alias("_b")
    )
    ways = rows.join(first, on=["date", "from"], how="inner").join(
        second, on=["date", "_mid", "to"], how="inner"
    )
    through = pl.col("_one") * pl.col("_two")
    ways = ways.filter((through / pl.col("rate") - 1).abs() > _BAND)
    ids = pl.concat([ways[name].alias("_id") for name in ("_id", "_a", "_b")]).unique()
    rule = "Rates around three currencies must have a product near 1."
    work.find("PRC-004", _TABLE, rows.filter(pl.col("_id").is_in(ids.implode())), column="rate", rule=rule)
    work.settle(_TABLE)


def _check_age(work: Work) -> None:
    """Flag every amount where the newest rate of a pair is too old (PRC-003)."""
    newest = (
        work.rows(_TABLE)
        .sort("date", "_file", "_row")
        .unique(["from", "to"], keep="last", maintain_order=True)
    )
    age = (pl.lit(work.as_of) - pl.col("date")).dt.total_days()
    for row in newest.with_columns(age.alias("_age")).filter(age > _MAX_AGE_DAYS).iter_rows(named=True):
        pair = f"{row['from']} to {row['to']}"
        rule = f"Rates must not be older than {_MAX_AGE_DAYS} days; {pair} is {row['_age']} days old."
        work.find_source(
            "PRC-003",
            _TABLE,
            file=row["_file"],
            row=row["_row"],
            column="date",
            value=str(row["date"]),
            rule=rule,
        )
