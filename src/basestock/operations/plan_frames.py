"""The output tables of a plan."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.deciders import Decider, reference_rule
from basestock.operations.lines import pack_size
from basestock.operations.plan_settings import PlanSettings
from basestock.operations.projection import project
from basestock.operations.proposals import PricedLines, arrival, ledger_rows
from basestock.operations.snapshot import Snapshot


def orders_frame(
    twin: Twin,
    snapshot: Snapshot,
    forecast: DemandForecast,
    priced: PricedLines,
    ids: list[str],
    identity: tuple[str, str, str],
    settings: PlanSettings,
) -> pl.DataFrame:
    """Return the proposals, one row per line with an order, priced."""
    rule = reference_rule(twin, forecast)
    reference = rule.need(snapshot.position)
    per_day = forecast.mean.mean(axis=1) / twin.period_days
    rows = [
        _order_row(twin, snapshot, priced, row, ids[row], identity, settings, reference, per_day)
        for row in range(len(priced.lines))
        if priced.final[row].qty > 0
    ]
    return pl.DataFrame(rows, schema=ORDER_COLUMNS)


ORDER_COLUMNS: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("proposal_id", "run_id", "kind", "item_id", "location_id", "source_id"), pl.String),
    **dict.fromkeys(("order_date", "arrival_p50", "arrival_p90"), pl.Date),
    **dict.fromkeys(("qty", "order_qty"), pl.Float64),
    "order_uom": pl.String,
    **dict.fromkeys(("packs", "unit_cost", "line_cost"), pl.Float64),
    "currency": pl.String,
    **dict.fromkeys(
        (
            "value_now",
            "value_se",
            "return_per_currency",
            "p_stockout_without",
            "p_stockout_with",
            "cover_days_after",
            "reference_qty",
            "previous_qty",
        ),
        pl.Float64,
    ),
    **dict.fromkeys(
        ("reason_codes", "guardrails", "data_flags", "status", "policy_id", "policy_sha", "inputs_sha"),
        pl.String,
    ),
    "seed": pl.Int64,
    **dict.fromkeys(("description", "base_uom", "assumptions"), pl.String),
    **dict.fromkeys(("on_hand", "on_order", "demand_per_day", "last_year_qty", "service_target"), pl.Float64),
    "service_metric": pl.String,
}


def _order_row(
    twin: Twin,
    snapshot: Snapshot,
    priced: PricedLines,
    row: int,
    identity_of_line: str,
    identity: tuple[str, str, str],
    settings: PlanSettings,
    reference: np.ndarray,
    per_day: np.ndarray,
) -> dict[str, Any]:
    line, final, at = int(priced.lines[row]), priced.final[row], int(priced.chosen[row])
    prices, qty = priced.prices, float(priced.final[row].qty)
    cost = float(twin.unit_cost[line])
    line_cost = round(qty * cost, 2) if np.isfinite(cost) else None
    value = round(float(prices.value[row, at]), 2)
    rate = float(per_day[line])
    return {
        "proposal_id": identity_of_line,
        "run_id": identity[0],
        "kind": "buy",
        "item_id": twin.item_id[line],
        "location_id": twin.location_id[line],
        "source_id": twin.supplier_id[line],
        "order_date": final.order_date or twin.as_of,
        "arrival_p50": arrival(twin, line, 0.0),
        "arrival_p90": arrival(twin, line, 1.2816),
        "qty": round(qty, 3),
        "order_qty": round(float(final.order_qty), 3),
        "order_uom": twin.order_uom[line],
        "packs": float(sum(part.packs or 0 for part in final.lines)) or None,
        "unit_cost": _known(cost),
        "line_cost": line_cost,
        "currency": twin.currency,
        "value_now": value,
        "value_se": round(float(prices.value_se[row, at]), 2),
        "return_per_currency": round(value / line_cost, 6) if line_cost else None,
        "p_stockout_without": round(float(prices.p_stockout[row, 0]), 4),
        "p_stockout_with": round(float(prices.p_stockout[row, at]), 4),
        "cover_days_after": round(min((float(snapshot.position[line]) + qty) / rate, 999.0), 1)
        if rate > 0
        else None,
        "reference_qty": round(float(reference[line]), 3),
        "previous_qty": _known(float(twin.last_order_quantity[line])),
        "reason_codes": _reasons(twin, line, final),
        "guardrails": " ".join(conflict.cause for conflict in final.conflicts),
        "data_flags": twin.flags[line],
        "status": "proposed",
        "policy_id": settings.policy,
        "policy_sha": identity[1],
        "inputs_sha": identity[2],
        "seed": settings.seed,
        "description": twin.description[line],
        "base_uom": twin.base_uom[line],
        "assumptions": twin.assumptions[line],
        "on_hand": round(float(snapshot.available[line]), 3),
        "on_order": round(float(snapshot.on_order[line]), 3),
        "demand_per_day": round(rate, 4),
        "last_year_qty": _last_year(twin, line),
        "service_target": _known(float(twin.service_target[line])),
        "service_metric": twin.service_metric[line],
    }


def _known(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None


def _reasons(twin: Twin, line: int, final: Any) -> str:
    codes = ["BELOW_TARGET", *(step.code for step in final.steps if step.code != "TRIGGER")]
    codes += ["IMPLIED_COST"] if twin.implied_cost[line] else []
    return " ".join(dict.fromkeys(codes))


def _last_year(twin: Twin, line: int) -> float | None:
    """Return the demand of the review period that starts on this day a year ago, base units."""
    back = round(365.0 / twin.period_days)
    length = int(twin.review_periods[line])
    if twin.history.shape[1] < back:
        return None
    end = twin.history.shape[1] - back + length
    window = twin.history[line, max(end - length, 0) : end]
    return round(float(np.nansum(window)), 3) if np.isfinite(window).any() else None


def ledger_frame(
    twin: Twin, snapshot: Snapshot, forecast: DemandForecast, priced: PricedLines, ids: list[str]
) -> pl.DataFrame:
    """Return the rows of every proposal whose quantities sum exactly to its order."""
    rows: list[tuple[str, int, str, Decimal, str]] = []
    for row, line in enumerate(priced.lines):
        parts = ledger_rows(twin, snapshot, forecast, int(line), float(priced.need[row]), priced.final[row])
        rows += [(ids[row], seq, name, qty, note) for seq, (name, qty, note) in enumerate(parts, start=1)]
    schema = {
        "proposal_id": pl.String,
        "seq": pl.Int64,
        "component": pl.String,
        "qty": pl.Decimal(18, 3),
        "note": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def marginal_frame(twin: Twin, priced: PricedLines, ids: list[str]) -> pl.DataFrame:
    """Return the value of every pack of a proposal, and of the next one not ordered."""
    packs = pack_size(twin)
    rows: list[tuple[str, int, float, float, float, float | None]] = []
    for row, line in enumerate(priced.lines):
        quantities, cost = priced.prices.quantity[row], float(twin.unit_cost[line])
        pack = float(packs[line]) if np.isfinite(packs[line]) else max(float(quantities.max()) / 12, 1e-3)
        for at in range(1, len(quantities)):
            if quantities[at] <= quantities[at - 1]:
                continue
            rows.append(
                (
                    ids[row],
                    round(float(quantities[at]) / pack),
                    round(float(quantities[at] - quantities[at - 1]), 3),
                    round(float(priced.prices.gain[row, at]), 4),
                    round(float(priced.prices.gain_se[row, at]), 4),
                    round(float(quantities[at]) * cost, 2) if np.isfinite(cost) else None,
                )
            )
    schema = {
        "proposal_id": pl.String,
        "pack_no": pl.Int64,
        "qty": pl.Float64,
        "expected_gain": pl.Float64,
        "gain_se": pl.Float64,
        "cumulative_cost": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def rank(orders: pl.DataFrame) -> pl.DataFrame:
    """Order the lines by return per unit of money."""
    return orders.sort(
        ["return_per_currency", "item_id", "location_id"], descending=[True, False, False], nulls_last=True
    )


def kpi_frame(twin: Twin, snapshot: Snapshot, orders: pl.DataFrame, priced: PricedLines) -> pl.DataFrame:
    """Return the headline numbers of the run."""
    stock = float(np.nansum(snapshot.available * twin.unit_cost))
    values = {
        "lines": (float(orders.height), None),
        "line_cost": (float(orders["line_cost"].sum() or 0.0), None),
        "value_now": (
            float(orders["value_now"].sum()),
            float(np.linalg.norm(orders["value_se"].to_numpy())) * 1.96,
        ),
        "inventory_value": (stock, None),
        "planned_item_locations": (float(twin.num_lines), None),
        "not_planned_item_locations": (float(twin.not_planned.height), None),
        "lost_value_without": (float(np.maximum(priced.prices.value.max(axis=1), 0.0).sum()), None),
    }
    return pl.DataFrame(
        [
            {
                "scope": "all",
                "period": twin.as_of.isoformat(),
                "name": name,
                "numerator": round(value, 2),
                "denominator": 1.0,
                "value": round(value, 2),
                "half_width": None if width is None else round(width, 2),
                "n": None if width is None else float(len(priced.lines)),
            }
            for name, (value, width) in values.items()
        ],
        schema={
            "scope": pl.String,
            "period": pl.String,
            "name": pl.String,
            **dict.fromkeys(("numerator", "denominator", "value", "half_width", "n"), pl.Float64),
        },
    )


def _places(twin: Twin, shown: pl.DataFrame) -> np.ndarray:
    at = {key: line for line, key in enumerate(zip(twin.item_id, twin.location_id, strict=True))}
    return np.array([at[key] for key in zip(shown["item_id"], shown["location_id"], strict=True)], dtype=int)


def projection_frame(
    twin: Twin,
    forecast: DemandForecast,
    priced: PricedLines,
    decider: Decider,
    snapshot: Snapshot,
    shown: pl.DataFrame,
    settings: PlanSettings,
) -> pl.DataFrame:
    """Return stock with and without the orders, for the lines that get a card."""
    lines = _places(twin, shown)
    if not len(lines):
        return pl.DataFrame(
            schema={
                **dict.fromkeys(("item_id", "location_id", "scenario"), pl.String),
                "date": pl.Date,
                **dict.fromkeys(("quantile", "on_hand", "backorders"), pl.Float64),
            }
        )
    part = twin.take(lines)
    protection = int((part.lead_periods + part.review_periods).max())
    periods = min(max(2 * protection, 8), forecast.mean.shape[1])
    paths = forecast.take(lines).sample_paths(settings.replications, seed=settings.seed)[:, :, :periods]
    aimed = decider.level[lines]
    level = np.where(np.isfinite(aimed), aimed, snapshot.position[lines] + shown["qty"].to_numpy())
    return project(part, shown["qty"].to_numpy(), level, paths)


def history_frame(twin: Twin, shown: pl.DataFrame) -> pl.DataFrame:
    """Return the recorded demand of the lines that get a card."""
    lines = _places(twin, shown)
    count = len(twin.dates)
    return pl.DataFrame(
        {
            "item_id": np.repeat([twin.item_id[line] for line in lines], count).astype(str),
            "location_id": np.repeat([twin.location_id[line] for line in lines], count).astype(str),
            "bucket_start": twin.dates * len(lines),
            "qty": twin.history[lines].reshape(-1),
            "in_stock_fraction": twin.in_stock[lines].reshape(-1),
        },
        schema_overrides={"bucket_start": pl.Date},
    ).with_columns(pl.col("qty", "in_stock_fraction").fill_nan(None))


def forecast_frame(twin: Twin, forecast: DemandForecast, shown: pl.DataFrame) -> pl.DataFrame:
    """Return the forecast band of the lines that get a card."""
    lines = _places(twin, shown)
    wanted = (0.1, 0.5, 0.9)
    columns = [int(np.argmin(np.abs(np.asarray(forecast.levels) - level))) for level in wanted]
    protection = int((twin.lead_periods + twin.review_periods)[lines].max()) if len(lines) else 1
    periods = min(max(2 * protection, 8), forecast.mean.shape[1])
    values = forecast.quantiles[lines][:, :periods][:, :, columns]
    days = [
        twin.as_of + np.timedelta64(round(period * twin.period_days), "D").astype(object)
        for period in range(periods)
    ]
    per_line = periods * len(wanted)
    return pl.DataFrame(
        {
            "item_id": np.repeat([twin.item_id[line] for line in lines], per_line).astype(str),
            "location_id": np.repeat([twin.location_id[line] for line in lines], per_line).astype(str),
            "date": np.tile(np.repeat(np.array(days, dtype="datetime64[D]"), len(wanted)), len(lines)),
            "quantile": np.tile(wanted, periods * len(lines)),
            "value": np.round(values.reshape(-1), 3).astype(np.float64),
        }
    )
