"""Open orders and receipts: what is really still to come, and which receipts teach a lead time (PUR, RCP)."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from basestock.data.rules.work import Work

LATE_DAYS = 30
"""Days past due after which an open line is doubtful."""

_OVER = 1.1
_ORDERS = ("purchase_order", "transfer_order", "production_order")
_OPEN = pl.col("qty_ordered") - pl.col("qty_received")


def open_lines(work: Work, table: str = "purchase_order") -> pl.DataFrame:
    """Return the firm open lines of a table with the quantity still to come, base units."""
    rows = work.rows(table).filter((pl.col("status") == "open") & pl.col("firm").fill_null(True))
    return rows.with_columns(pl.max_horizontal(_OPEN, pl.lit(0.0)).alias("open_qty"))


def check_orders(work: Work) -> None:
    """Check purchase, transfer and production orders."""
    for table in _ORDERS:
        if table in work.tables:
            _check_dates(work, table)
            work.settle(table)
            _check_open(work, table)
            _check_twins(work, table)


def _check_dates(work: Work, table: str) -> None:
    rows = work.rows(table)
    early = rows.filter(pl.col("due_date") < pl.col("order_date"))
    rule = pl.format(
        "The due date must not lie before the order date {}.", pl.col("order_date").cast(pl.String)
    )
    work.find("PUR-005", table, early, column="due_date", rule=rule)
    if table == "purchase_order":
        undated = pl.col("due_date").is_null() & pl.col("promised_date").is_null()
        work.find("PUR-004", table, rows.filter(undated & (pl.col("status") == "open")), column="due_date")


def _check_open(work: Work, table: str) -> None:
    rows = work.rows(table)
    ordered, received = pl.col("qty_ordered"), pl.col("qty_received")
    is_open = pl.col("status") == "open"
    work.find("PUR-002", table, rows.filter(received > _OVER * ordered), column="qty_received", new="0")
    done = rows.filter(is_open & (received >= ordered) & (received <= _OVER * ordered))
    rule = pl.format("An open line must have a quantity left; {} of {} are received.", received, ordered)
    work.find("PUR-001", table, done, column="qty_received", rule=rule)
    late = pl.coalesce("promised_date", "due_date") < work.as_of - timedelta(days=LATE_DAYS)
    work.find("PUR-003", table, rows.filter(is_open & (received < ordered) & late), column="due_date")
    gone = received + pl.col("scrapped_qty").fill_null(0.0) if table == "production_order" else received
    left = rows.filter((pl.col("status") == "closed") & (gone < ordered))
    rule = pl.format("A closed line must not have a quantity left; {} of {} are received.", received, ordered)
    work.find("PUR-007", table, left, column="qty_received", rule=rule)


def _check_twins(work: Work, table: str) -> None:
    """Hold open lines that look like one order entered twice (PUR-008)."""
    source = {"purchase_order": "supplier_id", "transfer_order": "from_location"}.get(table, "resource_id")
    alike = ["item_id", "location_id", source, "qty_ordered", "order_date", "due_date"]
    rows = work.rows(table).filter(
        (pl.col("status") == "open") & (pl.col("qty_received") < pl.col("qty_ordered"))
    )
    keyed = pl.col("source_id").is_not_null()
    rows = rows.filter(pl.col("order_date").is_not_null() & ~keyed)
    rows = rows.filter(pl.len().over(alike) > 1)
    if rows.height == 0:
        return
    twins = pl.format("{}/{}", "po_id", "line_id").sort().str.join(", ").over(alike)
    rows = rows.with_columns(twins.alias("_twins"))
    rule = pl.format(
        "Each order counts once; these lines are alike and carry no id of a proposal: {}.", "_twins"
    )
    work.find("PUR-008", table, rows, column="qty_ordered", rule=rule)


def check_order_units(work: Work) -> None:
    """Flag order lines whose price is that of a pack while the quantity counts base units (PUR-009)."""
    packs = work.rows("item_supplier").filter(pl.col("factor") > 1.0)
    if packs.height == 0 or "purchase_order" not in work.tables:
        return
    price = pl.col("unit_cost") / pl.col("price_per").fill_null(1.0)
    packs = packs.group_by("item_id", "supplier_id").agg(
        price.first().alias("_pack"), pl.col("factor").first()
    )
    rows = work.rows("purchase_order")
    unit = pl.Series("_unit", work.raw("purchase_order", "uom", rows["_id"]))
    rows = rows.with_columns(unit).filter(pl.col("_unit") == "")
    rows = rows.join(packs, on=["item_id", "supplier_id"], how="inner")
    near = (pl.col("unit_price") / pl.col("_pack") - 1).abs() < 0.2
    rule = pl.format(
        "The price is that of an order unit of {} base units, the quantity has no unit.", "factor"
    )
    work.find(
        "PUR-009", "purchase_order", rows.filter(near.fill_null(False)), column="qty_ordered", rule=rule
    )


def check_receipts(work: Work) -> None:
    """Match receipts to order lines; those that teach nothing are named."""
    if "receipt" not in work.tables:
        return
    rows = work.rows("receipt")
    work.find(
        "RCP-006", "receipt", rows.filter(pl.col("rejected_qty") > pl.col("qty").abs()), column="rejected_qty"
    )
    work.settle("receipt")
    matched = _matched(work)
    work.find("RCP-001", "receipt", matched.filter(pl.col("_line").is_null()), column="po_id")
    early = matched.filter(pl.col("receipt_date") < pl.col("order_date"))
    rule = pl.format("A receipt must lie after its order of {}.", pl.col("order_date").cast(pl.String))
    work.find("RCP-002", "receipt", early, column="receipt_date", rule=rule)
    _check_reversals(work)
    _check_swapped(work, matched)
    _check_doubled(work)


def _matched(work: Work) -> pl.DataFrame:
    """Return receipts with the item, place, supplier and day of their order."""
    lines = work.rows("purchase_order").group_by("po_id", "line_id").agg(
        pl.col("item_id", "location_id", "supplier_id").first(), pl.col("order_date").min(),
        pl.lit(True).first().alias("_line"),
    )  # fmt: skip
    return work.rows("receipt").join(lines, on=["po_id", "line_id"], how="left", maintain_order="left")


def _check_reversals(work: Work) -> None:
    rows = work.rows("receipt")
    total = pl.col("qty").sum().over("po_id", "line_id")
    lonely = rows.filter((pl.col("qty") < 0) & (total < 0))
    work.find("RCP-003", "receipt", lonely, column="qty")


def _check_swapped(work: Work, matched: pl.DataFrame) -> None:
    """Flag files in which receipts before their order would be in order with day and month exchanged."""
    day = pl.col("receipt_date")
    other = pl.date(day.dt.year(), day.dt.day().clip(1, 12), day.dt.month())
    early = matched.filter(day < pl.col("order_date"))
    fits = early.filter((day.dt.day() <= 12) & (other >= pl.col("order_date")) & (other <= work.as_of))
    if fits.height < 3 or fits.height < 0.01 * matched.height:
        return
    rule = (
        f"events must be in order; {fits.height} receipts lie before their order and would fit with day and "
        "month exchanged"
    )
    first = fits.sort("_file", "_row").row(0, named=True)
    work.find_source(
        "DAT-005", "receipt", file=first["_file"], row=first["_row"], column="receipt_date",
        value=str(first["receipt_date"]), rule=rule, count=fits.height,
    )  # fmt: skip


def _check_doubled(work: Work) -> None:
    """Units received but still open on the order are counted once (INV-006)."""
    received = work.rows("receipt").group_by("po_id", "line_id").agg(pl.col("qty").sum().alias("_posted"))
    frame = work.rows("purchase_order")
    single = pl.len().over("po_id", "line_id") == 1
    rows = frame.filter(single & (pl.col("status") == "open")).join(
        received, on=["po_id", "line_id"], how="inner"
    )
    posted = pl.min_horizontal("_posted", "qty_ordered")
    rows = rows.filter(posted > pl.col("qty_received"))
    if rows.height == 0:
        return
    old, new = pl.col("qty_received").cast(pl.String), pl.col("_posted").cast(pl.String)
    rule = pl.format(
        "Each unit is counted once; {} are received, the line says {}.", "_posted", "qty_received"
    )
    work.find("INV-006", "purchase_order", rows, column="qty_received", old=old, new=new, rule=rule)
    work.mark_repaired("purchase_order", rows["_id"])
    _hold_doubled(work, rows.with_columns((posted - pl.col("qty_received")).alias("_doubled")))
    fixed = rows.select("_id", posted.alias("_new"))
    frame = frame.join(fixed, on="_id", how="left", maintain_order="left")
    work.put(
        "purchase_order",
        frame.with_columns(pl.coalesce("_new", "qty_received").alias("qty_received")).drop("_new"),
    )


def _hold_doubled(work: Work, rows: pl.DataFrame) -> None:
    """Hold where more than one bucket of demand was counted twice."""
    pair = ["item_id", "location_id"]
    usual = work.rows("demand_history").group_by(*pair).agg(pl.col("qty").mean().alias("_usual"))
    doubled = rows.join(usual, on=pair, how="left").filter(
        pl.col("_doubled") > pl.col("_usual").fill_null(0.0)
    )
    work.hold("INV-006", doubled)
