"""What an earlier load shows to have changed after the fact (SCH-007, IDN-016, LEK-005, OVR-002)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.drift import EarlierLoad
from basestock.data.rules.levels import leave_out
from basestock.data.rules.work import Work
from basestock.data.tables import TABLES

_POINTS = 0.10
_FEWEST_ROWS = 10
_PRICE_BAND = (0.5, 2.0)
_MOVED = 0.2
_SAME = 1e-6
_INPUTS = {
    "item": ("unit_cost", "unit_price"),
    "item_supplier": ("lead_time_days", "unit_cost", "order_minimum", "order_multiple"),
}
_HISTORY = {
    "demand_history": (["bucket_start", "item_id", "location_id", "channel"], "qty", "bucket_start"),
    "receipt": (["po_id", "line_id", "receipt_date"], "qty", "receipt_date"),
}


def empty_shares(work: Work) -> dict[str, dict[str, float]]:
    """Return the share of empty cells of every column that was read, by table."""
    shares: dict[str, dict[str, float]] = {}
    for name, state in work.tables.items():
        read = [column for column in state.text.columns if not column.startswith("_")]
        height = max(state.text.height, 1)
        counts = state.text.select(pl.col(read).null_count()).row(0) if read else ()
        shares[name] = {column: int(count) / height for column, count in zip(read, counts, strict=True)}
    return shares


def check_restated(work: Work, earlier: EarlierLoad | None) -> None:
    """Compare contents with those of an earlier load.

    Parameters
    ----------
    work : Work
        Tables in base units and reporting currency.
    earlier : EarlierLoad or None
        None compares nothing.
    """
    if earlier is None:
        return
    _check_empty(work, earlier)
    _check_reused(work, earlier)
    _check_history(work, earlier)
    _check_overrides(work, earlier)


def _check_empty(work: Work, earlier: EarlierLoad) -> None:
    """Flag columns that are empty far more, or far less, often than before (SCH-007)."""
    for table, columns in empty_shares(work).items():
        text = work.tables[table].text
        if text.height < _FEWEST_ROWS or (earlier.rows.get(table) or [0])[-1] < _FEWEST_ROWS:
            continue
        for column, share in columns.items():
            before = earlier.empty.get(table, {}).get(column)
            if not before:
                continue
            usual = float(pl.Series(before).median() or 0.0)  # type: ignore[arg-type]
            if abs(share - usual) > _POINTS:
                rule = (
                    f"the share of empty cells must stay within ten points of that of the last {len(before)} loads; "
                    f"it is {share:.0%}, was {usual:.0%}"
                )
                work.find_source(
                    "SCH-007", table, file=str(text["_file"][0]), column=column.removeprefix("attr."),
                    value=f"{share:.0%}", rule=rule,
                )  # fmt: skip


def _check_reused(work: Work, earlier: EarlierLoad) -> None:
    """Flag identifiers whose description, unit and price all changed: another product (IDN-016)."""
    before = earlier.tables.get("item")
    if before is None or "item" not in work.tables:
        return
    old = before.select(
        "item_id",
        *(pl.col(name).alias(f"_{name}") for name in ("description", "base_uom", "unit_price", "unit_cost")),
    )
    rows = work.rows("item").join(old, on="item_id", how="inner", maintain_order="left")
    rows = rows.filter(~pl.col("item_id").is_in(work.rows("supersession")["to_item"].implode()))
    price = pl.coalesce(
        pl.col("unit_price") / pl.col("_unit_price"), pl.col("unit_cost") / pl.col("_unit_cost")
    )
    words = [
        pl.col(name).str.to_lowercase() != pl.col(f"_{name}").str.to_lowercase()
        for name in ("description", "base_uom")
    ]
    found = rows.filter(words[0] & words[1] & ~price.is_between(*_PRICE_BAND))
    rule = pl.format(
        "One identifier must be one product; `{}` in {} became `{}` in {}, at {} times the price.",
        "_description", "_base_uom", "description", "base_uom", price.round(2),
    )  # fmt: skip
    work.find("IDN-016", "item", found, column="description", rule=rule)
    if found.height and earlier.as_of is not None:
        history = work.rows("demand_history").join(found, on="item_id", how="semi")
        leave_out(work, history.filter(pl.col("bucket_start") < earlier.as_of))


def _check_history(work: Work, earlier: EarlierLoad) -> None:
    """Flag histories that were restated or posted back without vintages (LEK-005)."""
    for table, (key, column, day) in _HISTORY.items():
        before = earlier.tables.get(table)
        rows = work.rows(table)
        if before is None or rows.height == 0 or rows["recorded_at"].null_count() < rows.height:
            continue
        old = before.group_by(key).agg(pl.col(column).sum().alias("_old"))
        if "complete" in before.columns:
            old = before.filter("complete").group_by(key).agg(pl.col(column).sum().alias("_old"))
        new = rows.sort("_file", "_row").group_by(key, maintain_order=True).agg(
            pl.col(column).sum(), pl.col("_file", "_row").first()
        )  # fmt: skip
        both = new.join(old, on=key, how="left", nulls_equal=True, maintain_order="left")
        known = before[day].max()
        late = pl.col("_old").is_null() & (pl.col(day) < pl.lit(known)) & pl.lit(table == "receipt")
        moved = ((pl.col(column) - pl.col("_old")).abs() > _SAME * pl.col("_old").abs().clip(1.0)).fill_null(
            False
        )
        changed = both.filter(moved | late)
        if changed.height:
            _report_restated(work, table, column, changed)


def _report_restated(work: Work, table: str, column: str, changed: pl.DataFrame) -> None:
    first = changed.row(0, named=True)
    rule = (
        f"a history that was restated must carry recorded_at; {changed.height} values of {table} changed or came "
        "after the earlier load, results are labeled revised data"
    )
    work.find_source(
        "LEK-005", table, file=first["_file"], row=first["_row"], column=column, value=str(first[column]), rule=rule,
        count=changed.height,
    )  # fmt: skip


def _check_overrides(work: Work, earlier: EarlierLoad) -> None:
    """Flag overrides of items whose inputs moved by more than a fifth since the earlier load (OVR-002)."""
    if "override" not in work.tables:
        return
    item = pl.col("scope").str.extract(r"(?:^|,)\s*item=([^,]+)", 1).str.strip_chars()
    rows = work.rows("override").with_columns(item.alias("item_id")).filter(pl.col("item_id").is_not_null())
    moved = pl.concat(
        [_moved(work, earlier, table, column) for table, columns in _INPUTS.items() for column in columns]
    )
    worst = moved.sort("_ratio", "_what").unique("item_id", keep="last", maintain_order=True)
    found = rows.join(worst, on="item_id", how="inner", maintain_order="left")
    rule = pl.format(
        "The inputs of an override must stay within 20 % of what they were; {} is {} times that of the earlier load.",
        "_what", pl.col("_times").round(2),
    )  # fmt: skip
    work.find("OVR-002", "override", found, column="value", rule=rule)


def _moved(work: Work, earlier: EarlierLoad, table: str, column: str) -> pl.DataFrame:
    """Return item_id, what moved, how many times, and how far, of one input."""
    schema = {"item_id": pl.String, "_what": pl.String, "_times": pl.Float64, "_ratio": pl.Float64}
    before = earlier.tables.get(table)
    if before is None or column not in TABLES[table]:
        return pl.DataFrame(schema=schema)
    mean = pl.col(column).mean()
    both = work.rows(table).group_by("item_id").agg(mean).join(
        before.group_by("item_id").agg(mean.alias("_old")), on="item_id"
    )  # fmt: skip
    times = pl.col(column) / pl.col("_old")
    found = both.with_columns(times.alias("_times")).filter(
        pl.col("_times").is_finite() & ((times - 1).abs() > _MOVED)
    )
    return found.select(
        "item_id", pl.lit(f"{table}.{column}").alias("_what"), "_times", times.log().abs().alias("_ratio")
    )
