"""Master data: items, places, suppliers, sources, lanes, targets."""

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
    order_maximum,
    order_minimum,
    order_multiple,
    ratio,
    supplier_id,
    table,
    validity,
)

ITEM = table(
    "item",
    (
        Column(
            "item_id", "str", key=True, requirement="R", aliases=("unique_id", "sku"), code="IDN-009",
            description="Unique identifier, never read as a number.",
        ),
        Column("description", description="Name shown to people; empty = item_id."),
        Column("category", default="ALL", description="Path of the product tree, levels separated by `/`."),
        Column(
            "base_uom", "str", requirement="R", code="ITM-001",
            description="Unit of all quantities of the item.",
        ),
        amount(
            "unit_cost", "money/base_uom", "Cost of one unit; needed for money views, else the preferred "
            "supplier's cost.", requirement="C",
        ),
        amount(
            "unit_price", "money/base_uom", "Selling price; needed for profit views, else service mode.",
            requirement="C",
        ),
        currency(),
        Column(
            "holding_cost_rate", "dec", "1/year of unit_cost", default="0.25", lower=0.0, upper=2.0,
            code="NUM-010", description="Cost of holding one unit of money in stock for a year.",
        ),
        amount(
            "stockout_cost", "money/base_uom",
            "Loss per unit short, margin included; empty = price - cost, else from the service target.",
        ),
        Column(
            "salvage_value", "dec", "money/base_uom", default="0", lower=0.0, code="NUM-006",
            description="What an unsold unit still brings, at most unit_cost.",
        ),
        amount("weight_kg", "kg/base_uom", "Weight of one unit."),
        amount("volume_m3", "m3/base_uom", "Volume of one unit."),
        Column("storage_class", default="ambient", description="Storage class, as in `storage`."),
        Column(
            "shelf_life_days", "int", "days", requirement="C", lower=0.0, open_lower=True, code="NUM-006",
            description="Life from receipt; needed for perishables, empty = does not expire.",
        ),
        Column(
            "min_remaining_life_days", "int", "days", default="0", lower=0.0, code="NUM-006",
            description="Life a unit must still have when it is sold, below shelf_life_days.",
        ),
        choice(
            "lifecycle", ("new", "active", "phase_out", "ended"), "Stage of the item's life.",
            default="active",
        ),
        day("intro_date", "First day of sale."),
        day("end_date", "Last day of sale."),
        flag("free", "false", "Free of charge: a zero cost or price is meant."),
        flag("integer_qty", "true", "Only whole units exist."),
    ),
    tier=0,
    title="What is stocked, with its unit, cost and price.",
    unlocks="items, units and money",
)  # fmt: skip

LOCATION = table(
    "location",
    (
        Column(
            "location_id", "str", key=True, requirement="R", code="IDN-009", description="Unique identifier."
        ),
        Column("name", description="Name shown to people."),
        choice("type", ("supplier", "plant", "dc", "store", "virtual"), "Kind of place.", default="store"),
        Column(
            "timezone", requirement="C", default="UTC", code="LOC-001",
            description="IANA time zone; needed with more than one location.",
        ),
        Column("country", description="ISO 3166 code."),
        Column("calendar_id", description="Calendar of open days, as in `calendar_bucket`."),
        amount("capacity", "capacity_uom", "Storage capacity."),
        Column("capacity_uom", description="Unit of the capacity."),
        currency(),
        Column("parent_id", refers="location", code="LOC-002", description="Place this one belongs to."),
        Column(
            "lat", "dec", "degrees", lower=-90.0, upper=90.0, code="NUM-006",
            description="Latitude, north > 0.",
        ),
        Column(
            "lon", "dec", "degrees", lower=-180.0, upper=180.0, code="NUM-006",
            description="Longitude, east > 0.",
        ),
    ),
    tier=1,
    title="Places that hold or sell stock.",
    unlocks="several locations, time zones, calendars",
)  # fmt: skip

SUPPLIER = table(
    "supplier",
    (
        Column(
            "supplier_id", "str", key=True, requirement="R", code="IDN-009", description="Unique identifier."
        ),
        Column("name", description="Name shown to people."),
        currency(),
        amount("min_order_value", "money", "Least value of one order."),
        Column(
            "order_days", default="1111111",
            description="Seven digits 0/1, Monday first: days on which orders are taken.",
        ),
        Column("calendar_id", description="Calendar of working days, as in `calendar_bucket`."),
        Column(
            "payment_terms_days", "int", "days", lower=0.0, code="NUM-006", description="Days until payment."
        ),
        amount("free_freight_value", "money", "Order value from which freight is free."),
        amount("freight_cost", "money", "Freight of one order below the free value."),
    ),
    tier=1,
    title="Outside sources; their reliability is measured, never entered.",
    unlocks="order days, minimum values, freight",
)  # fmt: skip

ITEM_SUPPLIER = table(
    "item_supplier",
    (
        item_id(),
        supplier_id(),
        location_id(None),
        Column(
            "lead_time_days", "dec", "days", requirement="R", lower=0.0, upper=730.0, code="SRC-004",
            description="Order to receipt; an empty cell is learned from 8 or more receipts, else held.",
        ),
        amount(
            "lead_time_sd_days", "days", "Standard deviation of the lead time; empty = learned."
        ),
        choice(
            "lead_time_basis", ("calendar", "working"), "Kind of days of the lead time.", default="calendar",
            code="SRC-007",
        ),
        amount("receiving_days", "days", "Receipt to available stock.", default="0"),
        Column("order_uom", code="UOM-001", description="Unit of order quantities; empty = base_uom."),
        order_minimum(),
        order_multiple(),
        order_maximum(),
        choice(
            "rounding", ("up", "down", "nearest", "economic"),
            "How a need becomes a multiple; empty = economic with prices, else up.",
        ),
        amount(
            "unit_cost", "money/price_per", "Purchase price; needed for money views, else item.unit_cost.",
            requirement="C",
        ),
        currency(),
        amount("price_per", "units", "Number of units the price is for.", default="1", positive=True),
        amount("order_cost", "money/line", "Cost of placing one order line.", default="0"),
        Column(
            "priority", "int", default="1", lower=0.0, code="NUM-006",
            description="1 is first; 0 = never chosen automatically.",
        ),
        ratio("share", "Share of the item's volume; sums to 1 over its suppliers."),
        amount("capacity_per_period", "base_uom", "Most the supplier delivers per review period."),
        amount("batch_window_days", "days", "Orders within this window are joined.", default="0"),
        amount("expedite_lead_time_days", "days", "Lead time when expedited; empty = no expediting."),
        amount("expedite_cost", "money/base_uom", "Extra cost of an expedited unit."),
        *validity(),
    ),
    tier=0,
    title="Who supplies what, how fast and on which terms.",
    unlocks="orders",
)  # fmt: skip

LANE = table(
    "lane",
    (
        item_id("O"),
        Column(
            "from_location", key=True, requirement="R", refers="location", code="IDN-009",
            description="Place that ships.",
        ),
        Column(
            "to_location", key=True, requirement="R", refers="location", code="IDN-009",
            description="Place that receives.",
        ),
        Column(
            "lead_time_days", "dec", "days", requirement="R", lower=0.0, upper=730.0, code="SRC-004",
            description="Order to receipt.",
        ),
        order_minimum(),
        order_multiple(),
        order_maximum(),
        amount("cost_fixed", "money/shipment", "Cost of one shipment."),
        amount("cost_per_unit", "money/base_uom", "Cost of one unit."),
        amount("cost_per_km", "money/km", "Cost of one kilometer."),
        amount("distance_km", "km", "Length of the lane."),
        amount("capacity", "base_uom", "Most that moves per review period."),
        Column("calendar_id", description="Days on which the lane runs, as in `calendar_bucket`."),
        Column(
            "priority", "int", default="1", lower=0.0, code="NUM-006",
            description="1 is first; 0 = never chosen automatically.",
        ),
        *validity(),
    ),
    tier=2,
    title="Transfers between own places.",
    unlocks="multi-echelon replenishment",
)  # fmt: skip

ITEM_LOCATION = table(
    "item_location",
    (
        item_id(),
        location_id(),
        flag("stocked", "true", "The item is stocked here."),
        choice(
            "service_metric", ("cycle_service_level", "fill_rate", "ready_rate", "none"),
            "What the target is about; none = maximize money.", default="none",
        ),
        ratio("service_target", "Target of the metric; needed with a metric."),
        amount("min_stock", "base_uom", "Reorder level of the incumbent min/max rule."),
        amount("max_stock", "base_uom", "Order-up-to level of the incumbent min/max rule."),
        flag("max_stock_hard", "false", "max_stock is shelf space and is never exceeded."),
        amount("safety_stock", "base_uom", "Incumbent safety stock, for comparison only."),
        amount("reorder_point", "base_uom", "Incumbent reorder point, for comparison only."),
        amount("reorder_qty", "base_uom", "Incumbent order quantity, for comparison only."),
        amount(
            "review_days", "days", "Days between reviews; empty = gap between order days, else 7.",
            positive=True,
        ),
        amount("order_cost", "money/line", "Replaces the order cost at this place."),
        Column(
            "holding_cost_rate", "dec", "1/year of unit_cost", lower=0.0, upper=2.0, code="NUM-010",
            description="Replaces the item's holding cost rate at this place.",
        ),
        amount("stockout_cost", "money/base_uom", "Replaces the item's stockout cost at this place."),
        choice("unmet", ("lost", "backorder"), "What becomes of demand that finds no stock.", default="lost"),
        Column("abc", description="Class given by the business; empty = computed."),
        Column("segment", description="Segment for release thresholds."),
        Column("policy_id", description="Policy pinned to this item-location."),
        Column("planner", description="Who is asked."),
    ),
    tier=1,
    title="Targets and incumbent parameters per item and place.",
    unlocks="service targets, the incumbent rule, per-place costs",
)  # fmt: skip

MASTERS = (ITEM, LOCATION, SUPPLIER, ITEM_SUPPLIER, LANE, ITEM_LOCATION)
