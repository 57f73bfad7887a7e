"""Stops of a whole run: what nobody usually spends is kept for a person (RUN-005)."""

import dataclasses
import datetime
from collections.abc import Mapping

import polars as pl

LIMIT = 3.0
"""Times the median of a review period."""

NUM_PERIODS = 26
"""Review periods that the median looks back."""


@dataclasses.dataclass(frozen=True)
class Guard:
    """What the guardrails of a run say.

    Parameters
    ----------
    stops
        Sentences; any of them stops the release, and the proposals are kept for review.
    notices
        Checks that were skipped, and why.
    """

    stops: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def usual_spend(tables: Mapping[str, pl.DataFrame], as_of: datetime.date, review_days: float) -> pl.DataFrame:
    """Return spend and lines of each past review period with closed orders: columns period, money, lines."""
    orders = tables.get("purchase_order")
    empty = pl.DataFrame(schema={"period": pl.Int64, "money": pl.Float64, "lines": pl.UInt32})
    if orders is None:
        return empty
    costs = tables["item"].select("item_id", pl.col("unit_cost").alias("_cost"))
    age = (pl.lit(as_of) - pl.col("order_date")).dt.total_days()
    closed = orders.filter((pl.col("status") == "closed") & pl.col("order_date").is_not_null() & (age > 0))
    if closed.is_empty():
        return empty
    price = pl.coalesce(pl.col("unit_price").cast(pl.Float64), pl.col("_cost").cast(pl.Float64))
    return (
        closed.join(costs, on="item_id", how="left")
        .with_columns(((age - 1) / review_days).floor().cast(pl.Int64).alias("period"))
        .with_columns((pl.col("period") - pl.col("period").min()).alias("period"))
        .filter(pl.col("period") < NUM_PERIODS)
        .group_by("period")
        .agg((pl.col("qty_ordered") * price).sum().alias("money"), pl.len().alias("lines"))
        .sort("period")
    )


def guard_run(
    tables: Mapping[str, pl.DataFrame],
    as_of: datetime.date,
    orders: pl.DataFrame,
    review_days: float,
    currency: str,
) -> Guard:
    """Compare a run with what a review period usually orders.

    Parameters
    ----------
    tables, as_of
        Canonical tables, with closed purchase orders or without, and the day of the decision.
    orders
        Proposed lines.
    review_days
        Usual review period, days.
    currency
        Of the money.

    Returns
    -------
    Guard
        A stop where spend or number of lines is more than three times the median.
    """
    past = usual_spend(tables, as_of, review_days)
    if past.is_empty():
        return Guard(notices=("RUN-005 was skipped: there are no closed purchase orders to compare with.",))
    spend, lines = float(orders["line_cost"].sum() or 0.0), float(orders.height)
    usual, count = (float(past[name].cast(pl.Float64).median() or 0.0) for name in ("money", "lines"))  # type: ignore[arg-type]
    stops: list[str] = []
    for what, now, before, unit in (("spend", spend, usual, currency), ("lines", lines, count, "lines")):
        if before > 0 and now > LIMIT * before:
            stops.append(
                f"RUN-005: {what} is {now:,.2f} {unit}, must be at most {LIMIT:g} x the usual {before:,.2f} of a "
                "review period; look through the proposals before anything is released."
            )
    return Guard(tuple(stops))
