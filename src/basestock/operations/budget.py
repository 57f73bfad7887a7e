"""A budget: which packs of which lines it funds."""

from collections.abc import Callable
from typing import Any

import polars as pl


def fund(orders: pl.DataFrame, marginal: pl.DataFrame, budget: float, select: Callable[..., Any]) -> pl.DataFrame:
    """Keep what a budget funds, lines below the line in part.

    Parameters
    ----------
    orders, marginal
        Ranked proposals and the value of their packs.
    budget
        Money.
    select
        :func:`basestock.operations.selection.select_within_budget`.

    Returns
    -------
    polars.DataFrame
        Funded proposals with their funded quantity; the reason ``BUDGET_CUT`` where packs were cut.
    """
    cost = dict(zip(orders["proposal_id"], orders["unit_cost"], strict=True))
    ordered = dict(zip(orders["proposal_id"], orders["qty"], strict=True))
    blocks: dict[str, list[tuple[float, float]]] = {key: [] for key in orders["proposal_id"]}
    sizes: dict[str, list[float]] = {key: [] for key in orders["proposal_id"]}
    for row in marginal.iter_rows(named=True):
        key = row["proposal_id"]
        if key not in blocks or cost[key] is None or sum(sizes[key]) + row["qty"] > ordered[key] + 1e-6:
            continue
        blocks[key].append((row["qty"] * cost[key], row["expected_gain"]))
        sizes[key].append(row["qty"])
    chosen = select([(key, parts) for key, parts in blocks.items() if parts], budget)
    funded = {key: sum(sizes[key][:count]) for key, count in chosen.chosen.items()}
    kept = pl.Series("funded", [funded.get(key, 0.0) for key in orders["proposal_id"]])
    cut = kept < orders["qty"] - 1e-6
    share = kept / orders["qty"]
    return (
        orders.with_columns(
            kept.alias("qty"),
            (pl.col("order_qty") * share).alias("order_qty"),
            (pl.col("line_cost") * share).round(2).alias("line_cost"),
            pl.when(cut).then(pl.col("reason_codes") + " BUDGET_CUT").otherwise(pl.col("reason_codes")).alias("reason_codes"),
        )
        .filter(pl.col("qty") > 0)
    )
