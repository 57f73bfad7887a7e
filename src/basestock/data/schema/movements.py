"""Stock, demand, orders, receipts and forecasts: what is there and what moved."""

from __future__ import annotations

from basestock.data.schema.model import (
    Column,
    amount,
    choice,
    currency,
    day,
    flag,
    item_id,
    location_id,
    ratio,
    supplier_id,
    table,
)

_STATUS = ("draft", "open", "closed", "cancelled")


def _as_of() -> Column:
    return Column(
        "as_of",
        "date",
        "day",
        key=True,
        requirement="C",
        code="FIL-015",
        description="Day of the snapshot; needed unless declared for the whole source.",
    )


def _uom(quantity: str) -> Column:
    return Column("uom", code="UOM-001", description=f"Unit of {quantity}; empty = base_uom.")


INVENTORY = table(
    "inventory",
    (
        _as_of(),
        item_id(),
        location_id(),
        Column(
            "on_hand", "dec", "base_uom", requirement="R", code="INV-001",
            description="Physical stock; a negative is planned as 0 and shown.",
        ),
        amount("reserved", "base_uom", "Stock promised to somebody.", default="0"),
        amount("quality_hold", "base_uom", "Stock waiting for inspection.", default="0"),
        amount("blocked", "base_uom", "Stock that must not be used.", default="0"),
    ),
    tier=0,
    title="Stock per place; available = on_hand - reserved - quality_hold - blocked.",
    unlocks="orders",
    kind="snapshot",
)  # fmt: skip

INVENTORY_LOT = table(
    "inventory_lot",
    (
        _as_of(),
        item_id(),
        location_id(),
        Column("lot_id", key=True, requirement="R", code="IDN-009", description="Lot or batch."),
        amount("quantity", "base_uom", "Stock of the lot.", requirement="R"),
        day("expiry_date", "Last usable day; needed for perishables.", requirement="C"),
        day("received_date", "Day of receipt."),
    ),
    tier=2,
    title="Stock by lot.",
    unlocks="perishables and lot tracing",
    kind="snapshot",
)  # fmt: skip

DEMAND_HISTORY = table(
    "demand_history",
    (
        Column(
            "bucket_start", "date", "day", key=True, requirement="R", aliases=("ds",), code="DAT-006",
            description="First day of the bucket.",
        ),
        choice("bucket", ("day", "week", "month"), "Length of the bucket; empty = inferred.", code="DAT-015"),
        item_id(),
        location_id(),
        Column("channel", key=True, description="Sales channel; empty = all together."),
        Column(
            "qty", "dec", "uom", requirement="R", aliases=("y",), code="DEM-001",
            description="Demand of the bucket; a negative is a return.",
        ),
        choice(
            "qty_kind", ("ordered", "shipped", "sold", "consumed"),
            "Only `ordered` is demand; the others are censored by stock.", requirement="R", code="DEM-005",
        ),
        _uom("qty, lost_qty and returned_qty"),
        ratio("in_stock_fraction", "Share of the bucket with stock; empty = from snapshots, else unknown."),
        amount("lost_qty", "uom", "Demand known to be lost."),
        amount("returned_qty", "uom", "Returns booked in the bucket."),
        amount("net_price", "money/uom", "Average price paid."),
        ratio("discount", "Share taken off the list price."),
        Column("event_id", refers="event", description="Event that explains the bucket."),
    ),
    tier=0,
    title="Demand per bucket; absent buckets mean what the source declares.",
    unlocks="forecast and backtest",
    kind="transaction",
    date="bucket_start",
)  # fmt: skip


def _order_columns(source: tuple[Column, ...], scrapped: tuple[Column, ...] = ()) -> tuple[Column, ...]:
    """Return the shape that purchase, transfer and production orders share."""
    return (
        Column("po_id", key=True, requirement="R", code="IDN-009", description="Order number."),
        Column("line_id", key=True, requirement="R", code="IDN-009", description="Line of the order."),
        Column("schedule_id", key=True, description="Schedule line; empty = the line has one date."),
        item_id(key=False),
        location_id(key=False),
        *source,
        day("order_date", "Day of ordering; empty = no lead time is learned from the line."),
        Column("due_date", "date", "day", code="PUR-004", description="Requested day of receipt."),
        day("promised_date", "Day the source has promised."),
        Column(
            "qty_ordered",
            "dec",
            "uom",
            requirement="R",
            lower=0.0,
            open_lower=True,
            code="PUR-006",
            description="Quantity ordered.",
        ),
        amount("qty_received", "uom", "Quantity received so far.", requirement="R"),
        *scrapped,
        _uom("the quantities"),
        amount("unit_price", "money/uom", "Price of one unit."),
        currency(),
        choice("status", _STATUS, "Only open, firm lines count as on order.", requirement="R"),
        flag("firm", "true", "False = a plan that nobody has released."),
    )


def _place(name: str, description: str) -> Column:
    return Column(name, requirement="R", refers="location", code="IDN-009", description=description)


PURCHASE_ORDER = table(
    "purchase_order",
    _order_columns((supplier_id(key=False),)),
    tier=1,
    title="Purchase order lines, open and closed.",
    unlocks="open orders, learned lead times",
    kind="transaction",
)

TRANSFER_ORDER = table(
    "transfer_order",
    _order_columns((_place("from_location", "Place that ships."),)),
    tier=2,
    title="Transfer order lines between own places, open and closed.",
    unlocks="transfers on their way",
    kind="transaction",
)

PRODUCTION_ORDER = table(
    "production_order",
    _order_columns(
        (Column("resource_id", refers="resource", description="Resource, as in `resource`."),),
        (amount("scrapped_qty", "uom", "Quantity scrapped.", default="0"),),
    ),
    tier=2,
    title="Production orders, open and closed.",
    unlocks="work in process, yield",
    kind="transaction",
)

RECEIPT = table(
    "receipt",
    (
        Column("po_id", key=True, requirement="R", code="IDN-009", description="Order number."),
        Column("line_id", key=True, requirement="R", code="IDN-009", description="Line of the order."),
        day("receipt_date", "Day of receipt.", key=True, requirement="R"),
        Column(
            "qty", "dec", "uom", requirement="R",
            description="Quantity received, in the unit of the order line; a negative is a reversal.",
        ),
        amount("rejected_qty", "uom", "Part of qty that was rejected.", default="0"),
    ),
    tier=1,
    title="Receipts of order lines.",
    unlocks="lead-time and yield laws",
    kind="transaction",
    date="receipt_date",
)  # fmt: skip

SALES_ORDER = table(
    "sales_order",
    (
        Column("so_id", key=True, requirement="R", code="IDN-009", description="Order number."),
        Column("line_id", key=True, requirement="R", code="IDN-009", description="Line of the order."),
        item_id(key=False),
        location_id(key=False),
        Column("customer_id", description="Customer."),
        day("due_date", "Day the customer wants it.", requirement="R"),
        amount("qty_open", "base_uom", "Quantity still to deliver.", requirement="R"),
        Column("priority", "int", lower=0.0, code="NUM-006", description="1 is first."),
        Column("partial_ok", "bool", description="Part deliveries are accepted."),
        Column(
            "max_late_days", "int", "days", lower=0.0, code="NUM-006", description="Lateness still accepted."
        ),
    ),
    tier=2,
    title="Open sales order lines; they consume the forecast of their due bucket.",
    unlocks="known future demand",
    kind="transaction",
)

FORECAST = table(
    "forecast",
    (
        _as_of(),
        day("bucket_start", "First day of the bucket.", key=True, requirement="R"),
        item_id(),
        location_id(),
        Column(
            "quantile", "dec", "share 0..1", key=True, lower=0.0, upper=1.0, open_lower=True, open_upper=True,
            code="NUM-010", description="Quantile; empty = mean.",
        ),
        amount("value", "base_uom", "Demand of the bucket.", requirement="R", code="FCT-002"),
    ),
    tier=2,
    title="Forecasts made elsewhere; quantiles must not cross.",
    unlocks="outside forecasts",
    kind="snapshot",
)  # fmt: skip

MOVEMENTS = (
    INVENTORY,
    INVENTORY_LOT,
    DEMAND_HISTORY,
    PURCHASE_ORDER,
    TRANSFER_ORDER,
    PRODUCTION_ORDER,
    RECEIPT,
    SALES_ORDER,
    FORECAST,
)
