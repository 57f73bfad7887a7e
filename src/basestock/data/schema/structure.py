"""Everything else: production, calendars, units, prices, events, limits, overrides."""

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
    order_minimum,
    order_multiple,
    ratio,
    supplier_id,
    table,
    validity,
)


def _item(name: str, description: str) -> Column:
    return Column(
        name, key=True, requirement="R", refers="item", code="IDN-009", description=description
    )  # fmt: skip


def _calendar(description: str) -> Column:
    return Column("calendar_id", refers="calendar_bucket", description=description)


def _yield(default: str) -> Column:
    return Column(
        "yield", "dec", "share 0..1", default=default, lower=0.0, upper=1.0, open_lower=True, code="BOM-007",
        description="Good share of what is started.",
    )  # fmt: skip


def _priority(default: str | None = None) -> Column:
    return Column("priority", "int", default=default, lower=0.0, code="NUM-006", description="1 is first.")


BOM = table(
    "bom",
    (
        _item("parent_id", "Item that is made."),
        _item("component_id", "Item that goes in."),
        amount(
            "qty_per", "uom", "Quantity of the component per base_qty of the parent, always positive.",
            requirement="R", positive=True, code="BOM-004",
        ),
        amount(
            "base_qty", "parent base_uom", "Quantity of the parent.", default="1", positive=True,
            code="BOM-004",
        ),
        Column("uom", code="BOM-008", description="Unit of qty_per; empty = the component's base_uom."),
        Column(
            "scrap_fraction", "dec", "share 0..1", default="0", lower=0.0, upper=1.0, open_upper=True,
            code="BOM-007", description="Share of the component lost.",
        ),
        Column("offset_days", "dec", "days", default="0", description="Need after the start of the make."),
        Column("alt_group", description="Lines of one group replace each other."),
        _priority(),
        _yield("1"),
        *validity(),
    ),
    tier=2,
    title="Bill of material lines.",
    unlocks="make items, dependent demand",
)  # fmt: skip

OPERATION = table(
    "operation",
    (
        Column("operation_id", key=True, requirement="R", code="IDN-009", description="Unique identifier."),
        item_id(key=False),
        location_id(key=False),
        amount("duration_days", "days", "Start to finish without queue."),
        amount("setup_hours", "hours/batch", "Setup of one batch.", default="0"),
        amount("hours_per_unit", "hours/base_uom", "Run time of one unit.", default="0"),
        order_minimum(),
        order_multiple(),
        _yield("1"),
        Column("resource_id", refers="resource", description="Resource, as in `resource`."),
    ),
    tier=2,
    title="How an item is made.",
    unlocks="production",
)

RESOURCE = table(
    "resource",
    (
        Column("resource_id", key=True, requirement="R", code="IDN-009", description="Unique identifier."),
        location_id(key=False),
        amount("capacity_hours", "hours/bucket", "Capacity of one bucket."),
        amount("cost_per_hour", "money/hour", "Cost of one hour."),
        _calendar("Days on which it runs."),
    ),
    tier=2,
    title="Machines, labor, tools.",
    unlocks="finite capacity",
)

CALENDAR_BUCKET = table(
    "calendar_bucket",
    (
        Column("calendar_id", key=True, requirement="R", code="IDN-009", description="Calendar."),
        day("start", "First day of the bucket.", key=True, requirement="R"),
        day("end", "First day after the bucket; empty = open end."),
        Column("weekdays", default="1111111", description="Seven digits 0/1, Monday first: days meant."),
        Column("start_time", description="From this time of day, HH:MM; empty = midnight."),
        Column("end_time", description="Until this time of day, HH:MM; empty = midnight."),
        Column("value", "dec", "1 open, 0 closed", default="1", lower=0.0, code="NUM-006",
               description="1 = open, 0 = closed."),
        _priority("0"),
    ),
    tier=1,
    title="Open and closed days; the lowest priority wins, then the latest start, else open.",
    unlocks="order days and shutdowns",
)  # fmt: skip

UOM_CONVERSION = table(
    "uom_conversion",
    (
        item_id("O"),
        Column("from_uom", key=True, requirement="R", code="IDN-009", description="Unit converted."),
        Column("to_uom", key=True, requirement="R", code="IDN-009", description="Unit it becomes."),
        Column(
            "factor", "dec", "to_uom per from_uom", requirement="R", lower=0.0, open_lower=True,
            code="UOM-003",
            description="One from_uom = factor to_uom; never taken as 1 when missing.",
        ),
    ),
    tier=1,
    title="Unit conversions, per item or for all (item_id empty).",
    unlocks="order units",
)  # fmt: skip

PRICE = table(
    "price",
    (
        item_id(),
        supplier_id("O"),
        Column("list", key=True, description="Price list; empty = purchase price."),
        Column(
            "min_qty", "dec", "order_uom", key=True, requirement="R", default="0", lower=0.0, code="NUM-006",
            description="Quantity from which the price holds.",
        ),
        amount("price", "money/order_uom", "Price of one unit.", requirement="R"),
        currency(),
        choice("scheme", ("all_units", "incremental"), "Units the price is for.", default="all_units"),
        *validity(),
    ),
    tier=1,
    title="Prices with quantity breaks.",
    unlocks="price breaks",
)  # fmt: skip

FX_RATE = table(
    "fx_rate",
    (
        day("date", "Day of the rate.", key=True, requirement="R"),
        Column("from", key=True, requirement="R", code="PRC-001", description="ISO 4217 code converted."),
        Column("to", key=True, requirement="R", code="PRC-001", description="ISO 4217 code it becomes."),
        amount(
            "rate",
            "to per from",
            "One unit of `from` in `to`.",
            requirement="R",
            positive=True,
        ),
    ),
    tier=2,
    title="Exchange rates.",
    unlocks="several currencies",
)

EVENT = table(
    "event",
    (
        Column("event_id", key=True, requirement="R", code="IDN-009", description="Unique identifier."),
        Column("scope", description="`item=..`, `location=..`, `category=..`, joined by `,`; empty = all."),
        day("start", "First day.", requirement="R"),
        day("end", "First day after it.", requirement="R"),
        choice("kind", ("promo", "holiday", "one_off", "closure"), "Kind of event.", requirement="R"),
        amount("uplift", "factor of base demand", "Expected demand relative to normal."),
        ratio("discount", "Share taken off the list price."),
    ),
    tier=2,
    title="Promotions, holidays, one-offs, closures.",
    unlocks="event demand",
)

SUPERSESSION = table(
    "supersession",
    (
        _item("from_item", "Item that is replaced."),
        _item("to_item", "Item that replaces it."),
        day("switch_date", "First day of the new item.", requirement="R"),
        amount("ratio", "to per from", "New units per old unit.", default="1", positive=True),
        flag("use_up", "false", "The old stock is used up first."),
    ),
    tier=2,
    title="Items that replace others.",
    unlocks="lifecycle",
)

STORAGE = table(
    "storage",
    (
        location_id(),
        Column(
            "storage_class",
            key=True,
            requirement="R",
            code="IDN-009",
            description="frozen, chilled, ambient, ..",
        ),
        amount("capacity", "capacity_uom", "Capacity of the class.", requirement="R"),
        Column("capacity_uom", description="Unit of the capacity."),
    ),
    tier=2,
    title="Storage capacity by class.",
    unlocks="storage limits",
)

CONTRACT = table(
    "contract",
    (
        supplier_id(),
        item_id("O"),
        day("start", "First day.", key=True, requirement="R"),
        day("end", "First day after it."),
        amount("min_take", "base_uom", "Least quantity to take."),
        amount("max_take", "base_uom", "Most that may be taken."),
        amount("penalty", "money/base_uom", "Penalty for each unit not taken."),
    ),
    tier=2,
    title="Quantity contracts with suppliers.",
    unlocks="contracts",
)

INSPECTION = table(
    "inspection",
    (
        item_id(),
        supplier_id("O"),
        amount("lot_size", "base_uom", "Size of an inspected lot."),
        ratio("aql", "Acceptable quality level."),
        ratio("ltpd", "Lot tolerance defective share."),
        Column(
            "sample_size", "int", "units", lower=0.0, code="NUM-006", description="Units inspected per lot."
        ),
        Column(
            "accept_number", "int", "units", lower=0.0, code="NUM-006", description="Most defects accepted."
        ),
        amount("cost", "money/unit inspected", "Cost of inspecting one unit."),
    ),
    tier=2,
    title="Sampling plans at receipt.",
    unlocks="quality",
)

CHANGEOVER = table(
    "changeover",
    (
        Column(
            "resource_id",
            key=True,
            requirement="R",
            refers="resource",
            code="IDN-009",
            description="Resource.",
        ),
        _item("from_item", "Item made before."),
        _item("to_item", "Item made next."),
        amount("hours", "hours", "Time of the change.", default="0"),
        amount("cost", "money", "Cost of the change.", default="0"),
    ),
    tier=2,
    title="Sequence-dependent changeovers.",
    unlocks="changeover times",
)

COVARIATE = table(
    "covariate",
    (
        day("date", "Day of the value.", key=True, requirement="R"),
        Column("name", key=True, requirement="R", code="IDN-009", description="weather, price index, .."),
        Column("scope", key=True, description="`item=..`, `location=..`, `category=..`; empty = all."),
        Column("value", "dec", "its own", requirement="R", description="Value of the day."),
        Column(
            "known_ahead_days", "int", "days", default="0", lower=0.0, code="NUM-006",
            description="Days before its date on which the value is known.",
        ),
    ),
    tier=2,
    title="Outside series that explain demand.",
    unlocks="covariates",
    kind="transaction",
    date="date",
)  # fmt: skip

CONSTRAINT = table(
    "constraint",
    (
        Column("scope", key=True, requirement="R", default="all",
               description="`supplier=..`, `location=..`, `category=..`; all = the whole plan."),
        Column("period", key=True, requirement="R", code="IDN-009", description="review, week or month."),
        Column(
            "metric", "enum", key=True, requirement="R",
            choices=("spend", "orders", "volume", "weight", "units"),
            code="SCH-010", description="What is limited.",
        ),
        amount("cap", "unit of the metric", "Limit.", requirement="R"),
        flag("hard", "true", "The limit is never exceeded."),
    ),
    tier=2,
    title="Budgets and other limits on a plan.",
    unlocks="budgets",
)  # fmt: skip

_REASONS = (
    "KNOWN_ORDER",
    "PROMO_INFO",
    "SUPPLIER_INFO",
    "QUALITY",
    "SPACE",
    "CASH",
    "DATA_WRONG",
    "TRUST",
    "OTHER",
)

OVERRIDE = table(
    "override",
    (
        Column("override_id", key=True, requirement="R", code="IDN-009", description="Unique identifier."),
        Column(
            "scope", requirement="R", code="OVR-001", description="`item=..`, `location=..`, `supplier=..`."
        ),
        Column("field", requirement="R", code="OVR-001", description="`table.column` that is replaced."),
        Column("value", requirement="R", code="OVR-001", description="Canonical text that replaces it."),
        day("valid_from", "First day."),
        Column(
            "valid_to", "date", "day", requirement="R", code="OVR-001", description="First day without it."
        ),
        choice("reason_code", _REASONS, "Why.", requirement="R"),
        Column("author", requirement="R", code="OVR-001", description="Who."),
        Column("comment", description="Free words."),
    ),
    tier=3,
    title="Knowledge of people that replaces an input for a while.",
    unlocks="dated overrides",
)

STRUCTURE = (
    BOM,
    OPERATION,
    RESOURCE,
    CALENDAR_BUCKET,
    UOM_CONVERSION,
    PRICE,
    FX_RATE,
    EVENT,
    SUPERSESSION,
    STORAGE,
    CONTRACT,
    INSPECTION,
    CHANGEOVER,
    COVARIATE,
    CONSTRAINT,
    OVERRIDE,
)
