"""How orders and receipts are written: frames, prices, batches (PRC-010, PUR-010, UOM-009, RCP-004, RCP-005)."""

from __future__ import annotations

import math

import polars as pl

from basestock.data.frames import ATTRIBUTE
from basestock.data.rules.leadtimes import SPREAD
from basestock.data.rules.work import Work

_TABLE = "purchase_order"
_TAXES = (1.05, 1.07, 1.08, 1.1, 1.19, 1.2, 1.21, 1.22, 1.23, 1.24, 1.25)
_SAME = 0.002
_MANY = 0.1
_FEWEST = 20
_FRAME = r"(?i)^(frame|framework|blanket|outline|scheduling)([ _-]?(contract|order|agreement))?$"
_KINDS = ("type", "order_type", "po_type", "doc_type")
_VALUES = ("line_value", "line_amount", "line_total", "net_value", "amount")
_WITHIN = 0.05
_CENT = 0.005
_BATCHED = 0.3
_EXPECTED = 0.15
_WEEK, _MONTH = 7.0, 30.0


def check_frames(work: Work) -> None:
    """Keep frame contracts from counting as orders; their call-offs count (PUR-010)."""
    if _TABLE not in work.tables:
        return
    rows = work.rows(_TABLE).filter((pl.col("status") == "open") & pl.col("firm").fill_null(True))
    line = ["po_id", "line_id"]
    called = rows.filter(pl.col("schedule_id").is_not_null()).group_by(line).agg(pl.len().alias("_calls"))
    rows = rows.join(called, on=line, how="left", maintain_order="left")
    header = (pl.col("schedule_id").is_null() & pl.col("_calls").is_not_null()).fill_null(False)
    kinds = [f"{ATTRIBUTE}{name}" for name in _KINDS if f"{ATTRIBUTE}{name}" in rows.columns]
    named = pl.any_horizontal(
        pl.lit(False), *(pl.col(kind).str.contains(_FRAME).fill_null(False) for kind in kinds)
    )
    frames = rows.filter(header | named | pl.col("_id").is_in(_contracted(work, rows).implode()))
    if frames.height == 0:
        return
    work.find("PUR-010", _TABLE, frames, column="qty_ordered", old="firm", new="not counted")
    every = work.rows(_TABLE)
    firm = pl.when(pl.col("_id").is_in(frames["_id"].implode())).then(pl.lit(False)).otherwise("firm")
    work.put(_TABLE, every.with_columns(firm.alias("firm")))


def _contracted(work: Work, rows: pl.DataFrame) -> pl.Series:
    """Return the lines that order exactly what a running contract obliges to, or allows, in all."""
    terms = work.rows("contract").select("supplier_id", "item_id", "start", "end", "min_take", "max_take")
    both = rows.select("_id", "supplier_id", "item_id", "order_date", "qty_ordered").join(
        terms, on=["supplier_id", "item_id"]
    )
    day = pl.col("order_date").fill_null(pl.lit(work.as_of))
    running = (pl.col("start") <= day) & (pl.col("end").is_null() | (pl.col("end") > day))
    whole = (pl.col("qty_ordered") == pl.col("min_take")) | (pl.col("qty_ordered") == pl.col("max_take"))
    return both.filter(running & whole.fill_null(False))["_id"].unique()


def check_order_values(work: Work) -> None:
    """Compare unit prices with the value of their line; the value decides (UOM-009)."""
    rows = work.rows(_TABLE)
    names = [f"{ATTRIBUTE}{name}" for name in _VALUES if f"{ATTRIBUTE}{name}" in rows.columns]
    if not names:
        return
    value = pl.col(names[0]).str.strip_chars().cast(pl.Float64, strict=False)
    unit = work.raw(_TABLE, "qty_ordered", rows["_id"]).str.strip_chars().cast(pl.Float64, strict=False)
    price = work.raw(_TABLE, "unit_price", rows["_id"]).str.strip_chars().cast(pl.Float64, strict=False)
    rows = rows.with_columns(value.alias("_value_said"), unit.alias("_qty"), price.alias("_unit"))
    product = pl.col("_qty") * pl.col("_unit")
    off = (product / pl.col("_value_said") - 1).abs() > _WITHIN
    counted = rows.filter((pl.col("_value_said") > 0) & off.fill_null(False))
    rule = pl.format(
        "Unit price times quantity must give the extended value within rounding; {} x {} against {}.",
        "_qty", "_unit", "_value_said",
    )  # fmt: skip
    ratio = pl.col("_value_said") / product
    new = (pl.col("_value_said") / pl.col("_qty")).round(6).cast(pl.String)
    work.find(
        "UOM-009",
        _TABLE,
        counted,
        column="unit_price",
        rule=rule,
        old=pl.col("_unit").cast(pl.String),
        new=new,
    )
    fixed = counted.filter((product > 0).fill_null(False)).select("_id", ratio.alias("_ratio"))
    frame = work.rows(_TABLE).join(fixed, on="_id", how="left", maintain_order="left")
    work.put(
        _TABLE,
        frame.with_columns((pl.col("unit_price") * pl.col("_ratio").fill_null(1.0)).alias("unit_price")).drop(
            "_ratio"
        ),
    )


def check_price_basis(work: Work) -> None:
    """Flag prices of which some hold tax or freight and others do not (PRC-010)."""
    if _TABLE not in work.tables:
        return
    rows = work.rows(_TABLE)
    for name in rows.columns:
        if name.startswith(f"{ATTRIBUTE}freight"):
            _check_freight(work, rows, name)
    costs = work.rows("item_supplier").group_by("item_id", "supplier_id").agg(
        (pl.col("unit_cost") / pl.col("price_per").fill_null(1) / pl.col("factor").fill_null(1)).first().alias("_cost")
    )  # fmt: skip
    priced = rows.join(costs, on=["item_id", "supplier_id"], how="inner", maintain_order="left")
    ratio = (pl.col("unit_price") / pl.col("_cost")).alias("_ratio")
    priced = priced.with_columns(ratio).filter(pl.col("_ratio").is_finite())
    if priced.height < _FEWEST:
        return
    net = float((priced["_ratio"] - 1).abs().le(_SAME).mean() or 0.0)  # type: ignore[arg-type]
    for tax in _TAXES:
        gross = priced.filter((pl.col("_ratio") / tax - 1).abs() <= _SAME).sort("_file", "_row")
        if net >= _MANY and gross.height >= _MANY * priced.height:
            rule = (
                f"prices must have one declared basis; {net:.0%} are those of item_supplier, {gross.height} of "
                f"{priced.height} are {tax:g} times that, as with tax"
            )
            first = gross.row(0, named=True)
            work.find_source(
                "PRC-010",
                _TABLE,
                file=first["_file"],
                row=first["_row"],
                column="unit_price",
                value=f"{tax:g}",
                rule=rule,
            )


def _check_freight(work: Work, rows: pl.DataFrame, name: str) -> None:
    cells = pl.col(name).str.to_lowercase()
    inside = rows.filter(cells.str.contains("include").fill_null(False)).sort("_file", "_row")
    apart = rows.filter(cells.str.contains(r"^\s*[0-9]").fill_null(False))
    if inside.height and apart.height:
        rule = (
            f"prices must have one declared basis; freight is in the price of {inside.height} lines and apart in "
            f"{apart.height}"
        )
        first = inside.row(0, named=True)
        work.find_source(
            "PRC-010", _TABLE, file=first["_file"], row=first["_row"], column=name.removeprefix(ATTRIBUTE),
            value=first[name], rule=rule,
        )  # fmt: skip


def check_postings(work: Work) -> None:
    """Find receipts posted in batches, and widen lead times by them (RCP-004)."""
    due = (
        work.rows(_TABLE)
        .group_by("po_id", "line_id")
        .agg(pl.coalesce("promised_date", "due_date").first().alias("_due"))
    )
    rows = (
        work.rows("receipt")
        .filter(pl.col("qty") > 0)
        .join(due, on=["po_id", "line_id"], how="inner")
        .sort("_file", "_row")
    )
    rows = rows.drop_nulls("_due")
    if rows.height < _FEWEST:
        return
    came, wanted = pl.col("receipt_date"), pl.col("_due")
    weekdays = rows.group_by(came.dt.weekday().alias("_day")).agg(
        (pl.len() / rows.height).alias("_share"), pl.col("_file", "_row").first()
    )  # fmt: skip
    meant = rows.group_by(wanted.dt.weekday().alias("_day")).agg((pl.len() / rows.height).alias("_meant"))
    worst = weekdays.join(meant, on="_day", how="left").filter(
        (pl.col("_share") > _BATCHED) & (pl.col("_share") - pl.col("_meant").fill_null(0.0) > _EXPECTED)
    ).sort("_share", "_day", descending=[True, False])  # fmt: skip
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    for row in worst.head(1).iter_rows(named=True):
        _report_batch(work, row, f"on a {names[row['_day'] - 1]}", row["_share"], _WEEK)
    ends = rows.filter(came == came.dt.month_end())
    share, due_then = ends.height / rows.height, rows.select((wanted == wanted.dt.month_end()).mean()).item()
    if share > _BATCHED and share - due_then > _EXPECTED:
        _report_batch(work, ends.row(0, named=True), "on the last day of a month", share, _MONTH)


def _report_batch(work: Work, first: dict[str, object], when: str, share: float, days: float) -> None:
    rule = f"receipts must be posted on the day they arrive; {share:.0%} are posted {when}, many were due on others"
    work.find_source(
        "RCP-004", "receipt", file=str(first["_file"]), row=int(str(first["_row"])), column="receipt_date",
        value=f"{share:.0%}", rule=rule,
    )  # fmt: skip
    frame = work.rows("item_supplier")
    spread = pl.coalesce("lead_time_sd_days", SPREAD * pl.col("lead_time_days"))
    # A posting up to so many days late, evenly spread, adds this variance.
    wide = (spread**2 + days**2 / 12).sqrt()
    work.put("item_supplier", frame.with_columns(wide.alias("lead_time_sd_days")))
    work.assume(
        "receipt.receipt_date",
        f"+{days / math.sqrt(12):.1f} days",
        "lead times spread by the batches of postings",
    )


def note_partial_deliveries(work: Work) -> None:
    """Say that lead times of partial deliveries are weighted by quantity (RCP-005)."""
    rows = work.rows("receipt").filter(pl.col("qty") > 0)
    several = rows.filter(pl.col("receipt_date").n_unique().over("po_id", "line_id") > 1).sort(
        "_file", "_row"
    )
    if several.height == 0:
        return
    lines = several.unique(["po_id", "line_id"]).height
    rule = f"the lead time of partial deliveries is weighted by quantity; {lines} lines came in parts"
    first = several.row(0, named=True)
    work.find_source(
        "RCP-005", "receipt", flag=False, file=first["_file"], row=first["_row"], column="receipt_date",
        value=str(lines), rule=rule,
    )  # fmt: skip
    work.assume(
        "receipt.lead_time",
        "weighted by quantity",
        "partial deliveries count by their part",
        f"{lines} lines",
    )
