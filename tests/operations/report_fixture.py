"""A synthetic run for the report: frames that fit together, with the columns of the output tables."""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from typing import Any

import polars as pl

from basestock.operations.report import ReportView, view_from_frames

AS_OF = date(2026, 3, 2)
PRODUCTS = [
    ("Olive oil, extra virgin 0.5 l", "EA", 4.20, 12),
    ("Espresso beans, dark roast 1 kg", "EA", 9.80, 6),
    ("Oat drink, barista 1 l", "EA", 1.35, 12),
    ("Basmati rice 5 kg", "EA", 7.10, 4),
    ("Dishwasher tablets, 60 pieces", "EA", 8.40, 8),
    ("Kitchen roll, 4 rolls", "EA", 2.15, 16),
    ("Parmesan, aged 24 months", "KG", 14.90, None),
    ("Tomato passata 700 g", "EA", 1.05, 24),
    ("Printer paper A4, 500 sheets", "EA", 3.60, 5),
    ("LED lamp E27, 8 W", "EA", 2.90, 20),
]
SUPPLIERS = [
    ("S-ACME", "ACME Foods"),
    ("S-NORD", "Nordmark Trading"),
    ("S-VALE", "Vale & Sons"),
    ("S-ORIO", "Orion Supply"),
]
LOCATIONS = ["DC-EAST", "DC-WEST", "STORE-014"]
REASONS = [
    "BELOW_TARGET PACK",
    "BELOW_TARGET",
    "LEADTIME_RISK PACK",
    "BELOW_TARGET MINIMUM PACK",
    "SEASON PACK",
    "PROMO",
    "PRICE_BREAK",
]
FLAGS = ["", "", "", "", "DEM-003", "SRC-006", "PRC-005 DEM-003"]


def order_row(index: int, dice: random.Random) -> dict[str, Any]:
    """One order line whose numbers fit together."""
    name, unit, cost, pack = PRODUCTS[index % len(PRODUCTS)]
    supplier, supplier_name = SUPPLIERS[dice.randrange(len(SUPPLIERS))]
    packs = dice.randrange(1, 14)
    qty = float(packs * pack) if pack else round(dice.uniform(8, 60), 2)
    line_cost = round(qty * cost, 2)
    value = round(line_cost * dice.choice([0.02, 0.08, 0.15, 0.22, 0.31, 0.5]) * dice.uniform(0.5, 1.4), 2)
    lead = dice.randrange(3, 22)
    return {
        "proposal_id": f"{index:06x}{dice.randrange(16**10):010x}",
        "run_id": "c4b1f09e5a7d",
        "kind": "transfer" if index % 17 == 16 else "buy",
        "item_id": f"SKU-{1000 + index}",
        "location_id": LOCATIONS[dice.randrange(3)],
        "source_id": supplier,
        "order_date": AS_OF + timedelta(days=dice.choice([0, 0, 0, 1, 2])),
        "arrival_p50": AS_OF + timedelta(days=lead),
        "arrival_p90": AS_OF + timedelta(days=lead + dice.randrange(2, 8)),
        "qty": qty,
        "order_qty": float(packs) if index % 11 == 5 and pack else qty,
        "order_uom": "BOX" if index % 11 == 5 and pack else unit,
        "packs": float(packs) if pack else None,
        "unit_cost": cost,
        "line_cost": line_cost,
        "currency": "EUR",
        "value_now": value,
        "value_se": round(max(value * dice.uniform(0.02, 0.2), 0.35), 2),
        "return_per_currency": round(value / line_cost, 4),
        "p_stockout_without": round(dice.choice([1.0, 0.97, 0.8, 0.46, 0.998]), 3),
        "p_stockout_with": round(dice.choice([0.0, 0.004, 0.03, 0.07, 0.12]), 3),
        "cover_days_after": round(dice.uniform(5, 60), 1),
        "reference_qty": None
        if index % 13 == 7
        else max(0.0, qty + (pack or 5) * dice.choice([-2, -1, 0, 0, 1, 3])),
        "previous_qty": max(0.0, qty + (pack or 4) * dice.choice([-1, 0, 1])),
        "reason_codes": REASONS[dice.randrange(len(REASONS))],
        "guardrails": "GUARDRAIL_CLIP" if index % 29 == 20 else "",
        "data_flags": FLAGS[dice.randrange(len(FLAGS))],
        "status": "proposed",
        "policy_id": "marginal",
        "policy_sha": "9f2c64d1",
        "inputs_sha": "51e07ab3",
        "seed": 7,
        "description": name,
        "supplier_name": supplier_name,
        "base_uom": unit,
        "on_hand": float(dice.randrange(0, 40)),
        "on_order": float(dice.choice([0, 0, 0, 24])),
        "demand_per_day": round(qty / dice.uniform(14, 35), 2),
        "service_metric": dice.choice(["fill_rate", "fill_rate", "cycle_service_level", "none"]),
        "service_target": 0.95,
        "service_expected": round(dice.uniform(0.92, 0.995), 3),
        "last_year_qty": None if index % 5 == 0 else qty + (pack or 3),
    }


def ledger_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Components that sum to the quantity exactly."""
    lead = round(row["demand_per_day"] * 14, 3)
    review = round(row["demand_per_day"] * 7, 3)
    step = -2.739 if row["packs"] else 0.0
    safety = round(row["qty"] - step - lead - review + row["on_hand"] + row["on_order"], 3)
    parts = [
        ("demand over lead time", lead, "14 days"),
        ("demand over review", review, "7 days"),
        ("safety", safety, "for 5.0 % break-even probability of need"),
        ("available", -row["on_hand"], "on hand less reserved and held"),
        ("on order", -row["on_order"], ""),
        *([("PACK", step, "economic rounding to a multiple of the pack")] if step else []),
    ]
    return [
        {"proposal_id": row["proposal_id"], "seq": seq, "component": name, "qty": qty, "note": note}
        for seq, (name, qty, note) in enumerate(parts, start=1)
    ]


def marginal_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Falling gains per pack, the last ordered one still positive, the next ones not."""
    num = int(row["packs"] or 5)
    pack_cost = row["line_cost"] / num
    return [
        {
            "proposal_id": row["proposal_id"],
            "pack_no": pack,
            "qty": row["qty"] / num,
            "expected_gain": round(pack_cost * 0.4 * (1 - (pack - 0.6) / (num + 0.2)), 2),
            "gain_se": round(pack_cost * 0.012, 2),
            "cumulative_cost": round(pack_cost * pack, 2),
        }
        for pack in range(1, num + 3)
    ]


def counterfactual_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Two changes that flip the order and two priced alternatives."""
    pack = row["qty"] / (row["packs"] or 5)
    entries = [
        ("on hand at least 30", row["qty"] - pack, None, None, "one pack less"),
        ("demand per day at least 4.15", row["qty"] + pack, None, None, "one pack more; spread held"),
        ("wait one review", 0.0, -0.31 * row["value_now"], 0.8, "the next order day is 9 Mar"),
        ("source: Orion Supply", row["qty"], -4.12, 1.1, "two days faster, 0.30 dearer per unit"),
    ]
    keys = ("alternative", "qty", "value_delta", "value_se", "note")
    return [{"proposal_id": row["proposal_id"], **dict(zip(keys, entry, strict=True))} for entry in entries]


def history_of(row: dict[str, Any], dice: random.Random, days: int = 90) -> list[dict[str, Any]]:
    """Daily demand with a run of stockout days."""
    rate, empty = row["demand_per_day"], dice.randrange(10, days - 8)
    buckets = []
    for index in range(days):
        out = empty <= index < empty + 5
        season = 1.25 if index % 7 in (4, 5) else 0.9
        qty = 0 if out else max(0, round(dice.gauss(rate * season, math.sqrt(rate) + 0.3)))
        buckets.append(
            {
                "item_id": row["item_id"],
                "location_id": row["location_id"],
                "bucket_start": AS_OF - timedelta(days=days - index),
                "qty": float(qty),
                "in_stock_fraction": 0.0 if out else 1.0,
            }
        )
    return buckets


def future_of(row: dict[str, Any], days: int = 42) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Forecast and projection at three quantiles."""
    rate, place = row["demand_per_day"], {"item_id": row["item_id"], "location_id": row["location_id"]}
    forecast, projection = [], []
    for index in range(days):
        at = AS_OF + timedelta(days=index)
        for level, sign in ((0.1, -1), (0.5, 0), (0.9, 1)):
            spread = 1.28 * math.sqrt(rate)
            value = round(max(0.0, rate * (1.25 if index % 7 in (4, 5) else 0.9) + sign * spread), 2)
            forecast.append({**place, "date": at, "quantile": level, "value": value})
            for scenario in ("with", "without"):
                arrived = row["qty"] if scenario == "with" and at >= row["arrival_p50"] else 0.0
                used = rate * index - sign * 1.28 * math.sqrt(rate * max(index, 0.1))
                stock = round(max(0.0, row["on_hand"] + row["on_order"] + arrived - used), 1)
                projection.append(
                    {
                        **place,
                        "date": at,
                        "quantile": level,
                        "on_hand": stock,
                        "backorders": 0.0,
                        "scenario": scenario,
                    }
                )
    return forecast, projection


def exception_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Exceptions about some of the lines and about none of them."""
    kinds = [
        ("projected_stockout", "Order today; the next order day is a week later."),
        ("late_order", "Ask the supplier for a partial delivery of PO-4471."),
        ("excess", "Cancel the open line PO-4390, 48 EA not yet shipped."),
        ("minimum_over_180_days", "Negotiate the minimum or share the order with DC-WEST."),
        ("lead_time_drift", "Observed P50 16 days, stated 11: confirm and update the lead time."),
        ("data_error", "Correct the unit of the supplier row, then load again."),
        ("overdue_receipt", "PO-4402 is 9 days late: confirm or expedite."),
    ]
    places = [f"{row['item_id']}@{row['location_id']}" for row in rows[:10]] + [
        "SKU-7001@DC-WEST",
        "SKU-7002@DC-EAST",
    ]
    return [
        {
            "exception_id": f"x{index:03d}",
            "type": kinds[index % len(kinds)][0],
            "object": place,
            "money_at_risk": round(4180.0 / (index + 1) ** 1.3, 2),
            "act_by": None if index == 9 else AS_OF + timedelta(days=[0, 1, 3, -1, 7][index % 5]),
            "recommended_action": kinds[index % len(kinds)][1],
            "root_cause_id": f"PO-{4400 + index}" if index % 3 == 1 else None,
            "state": "open",
        }
        for index, place in enumerate(places)
    ]


def issue_rows() -> list[dict[str, Any]]:
    """Findings of several codes and severities."""
    entries = [
        (
            "UOM-001",
            "error",
            "item_supplier.csv",
            "uom",
            "CTN",
            "A factor from CTN to EA must be known.",
            "Add it to uom_conversion.",
            "quarantine",
            3,
        ),
        (
            "DEM-003",
            "warning",
            "demand_history.csv",
            "qty",
            "0",
            "Sales of days without stock are a lower bound.",
            "Nothing to do; demand is estimated.",
            "flag",
            9,
        ),
        (
            "PRC-005",
            "warning",
            "item.csv",
            "unit_cost",
            "0",
            "A cost must be above zero.",
            "Enter the cost in the item master.",
            "flag",
            4,
        ),
        (
            "IDN-005",
            "repair",
            "item.csv",
            "item_id",
            " SKU-1003",
            "An identifier has no blanks at its ends.",
            "Trim it at the source.",
            "repair",
            2,
        ),
    ]
    return [
        {
            "code": code,
            "severity": severity,
            "scope": "row",
            "file": file,
            "row": 12 + 7 * index,
            "key": f"item=SKU-{1000 + index}",
            "column": column,
            "value": value,
            "rule": rule,
            "remedy": remedy,
            "action": action,
            "old": value if action == "repair" else None,
            "new": value.strip() if action == "repair" else None,
            "exposure": round(1840.5 / (index + 1), 2),
        }
        for code, severity, file, column, value, rule, remedy, action, num in entries
        for index in range(num)
    ]


def meta() -> dict[str, Any]:
    """Facts about the run."""
    return {
        "title": "Order proposals for the demo store",
        "as_of": AS_OF,
        "currency": "EUR",
        "run_id": "c4b1f09e5a7d",
        "run_folder": "runs/2026-03-02-c4b1f09e",
        "policy": "marginal",
        "reference": "current",
        "seed": 7,
        "budget": 9000.0,
        "code_version": "0.1.0",
        "horizon": "84 days",
        "replications": 200,
        "assumptions": [
            "Holding cost 25 % of unit cost a year for all items: 7 orders change between 15 % and 35 %.",
            "Review period 7 days, since no order days are given.",
            "Absent days of demand are zero, as declared with --gaps zero.",
        ],
        "warnings": [
            "No open orders are known: an order already on its way would be proposed again.",
            "Stock is two days old.",
        ],
        "hashes": {"inputs_sha": "51e07ab3", "config_sha": "0d19c2aa", "policy_sha": "9f2c64d1"},
        "tables": {
            "item": {"read": 74, "accepted": 72, "repaired": 2, "quarantined": 0, "folded": 0, "ignored": 0},
            "demand_history": {
                "read": 81204,
                "accepted": 81190,
                "repaired": 0,
                "quarantined": 3,
                "folded": 11,
                "ignored": 0,
            },
            "item_supplier": {
                "read": 96,
                "accepted": 93,
                "repaired": 0,
                "quarantined": 3,
                "folded": 0,
                "ignored": 0,
            },
            "inventory": {
                "read": 74,
                "accepted": 74,
                "repaired": 0,
                "quarantined": 0,
                "folded": 0,
                "ignored": 0,
            },
        },
    }


def kpi_rows() -> list[dict[str, Any]]:
    """Key figures with and without an interval, and one that is unknown with its reason."""
    entries = [
        ("plan", "year", "saving", None, None, 18450.0, 2210.0, 200.0, None),
        ("plan", "84 days", "fill_rate_value", 97.1, 100.0, 0.971, 0.006, 200.0, None),
        ("reference", "84 days", "fill_rate_value", 94.2, 100.0, 0.942, 0.008, 200.0, None),
        ("plan", "84 days", "average_inventory_value", None, None, 41210.0, 650.0, 200.0, None),
        ("plan", "84 days", "turnover", None, None, 8.61, 0.22, 200.0, None),
        ("plan", "84 days", "line_fill_rate", None, None, None, None, None, "no_demand"),
    ]
    keys = ("scope", "period", "name", "numerator", "denominator", "value", "half_width", "n", "reason")
    return [dict(zip(keys, entry, strict=True)) for entry in entries]


def example_frames(num_lines: int = 60, num_charts: int = 200) -> dict[str, pl.DataFrame]:
    """All frames of a run with so many lines; charts only for the first ones, as in a run."""
    dice = random.Random(7)
    rows = [order_row(index, dice) for index in range(num_lines)]
    charted = sorted(rows, key=lambda row: -row["return_per_currency"])[:num_charts]
    futures = [future_of(row) for row in charted]
    frames: dict[str, list[dict[str, Any]]] = {
        "orders": rows,
        "ledger": [part for row in rows for part in ledger_of(row)],
        "marginal": [pack for row in rows for pack in marginal_of(row)],
        "counterfactual": [entry for row in charted for entry in counterfactual_of(row)],
        "history": [bucket for row in charted for bucket in history_of(row, dice)],
        "forecast": [entry for forecast, _ in futures for entry in forecast],
        "projection": [entry for _, projection in futures for entry in projection],
        "exceptions": exception_rows(rows),
        "issues": issue_rows(),
        "kpi": kpi_rows(),
        "not_planned": [
            {
                "item_id": "SKU-7003",
                "location_id": "DC-EAST",
                "codes": "SRC-002",
                "reason": "No lead time is stated and only 3 receipts are known.",
                "on_hand": 14.0,
                "on_order": 0.0,
                "look_by": AS_OF + timedelta(days=4),
            },
            {
                "item_id": "SKU-7004",
                "location_id": "STORE-014",
                "codes": "INV-002",
                "reason": "Stocked, but the stock snapshot has no row.",
                "on_hand": None,
                "on_order": 24.0,
                "look_by": AS_OF + timedelta(days=1),
            },
        ],
        "coverage": [
            {
                "feature": "orders",
                "enabled": True,
                "needs": "item, inventory, demand_history, item_supplier",
                "missing": "",
            },
            {
                "feature": "learned_lead_times",
                "enabled": False,
                "needs": "purchase_order, receipt",
                "missing": "receipt",
            },
            {"feature": "price_breaks", "enabled": False, "needs": "price", "missing": "price"},
        ],
    }
    return {name: pl.DataFrame(entries, infer_schema_length=None) for name, entries in frames.items()}


def example_view(num_lines: int = 60) -> ReportView:
    """The run as the report takes it."""
    return view_from_frames(meta=meta(), **example_frames(num_lines))


def order_rows(num: int = 2) -> list[dict[str, Any]]:
    """Order lines as rows, to change one field of."""
    return example_frames(num)["orders"].to_dicts()


def view_with(**changes: list[dict[str, Any]]) -> ReportView:
    """The example run with some frames replaced by rows."""
    frames = example_frames(8)
    frames.update({name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in changes.items()})
    return view_from_frames(meta=meta(), **frames)
