"""The output table of proposals, one row per line with an order, priced."""

from typing import Any

import numpy as np
import polars as pl

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.final_quantity import FinalQuantity
from basestock.operations.plan_settings import PlanSettings
from basestock.operations.pricing import order_value
from basestock.operations.proposals import PricedLines, arrival
from basestock.operations.report.numbers import minor_digits
from basestock.operations.snapshot import Snapshot

MAX_COVER_DAYS = 999.0
P90 = 1.2816
"""Normal score of the 90 % quantile."""

_TEXT, _NUMBER = pl.String, pl.Float64
ORDER_COLUMNS: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("proposal_id", "run_id", "kind", "item_id", "location_id", "source_id"), _TEXT),
    **dict.fromkeys(("order_date", "arrival_p50", "arrival_p90"), pl.Date),
    **dict.fromkeys(("qty", "order_qty"), _NUMBER),
    "order_uom": _TEXT,
    **dict.fromkeys(("packs", "unit_cost", "line_cost"), _NUMBER),
    "currency": _TEXT,
    **dict.fromkeys(("value_now", "value_se", "return_per_currency"), _NUMBER),
    **dict.fromkeys(("p_stockout_without", "p_stockout_with", "cover_days_after"), _NUMBER),
    **dict.fromkeys(("reference_qty", "previous_qty"), _NUMBER),
    **dict.fromkeys(("reason_codes", "guardrails", "data_flags", "status"), _TEXT),
    **dict.fromkeys(("policy_id", "policy_sha", "inputs_sha"), _TEXT),
    "seed": pl.Int64,
    **dict.fromkeys(("description", "supplier_name", "base_uom", "assumptions"), _TEXT),
    **dict.fromkeys(("on_hand", "on_order", "demand_per_day", "last_year_qty"), _NUMBER),
    "service_metric": _TEXT,
    **dict.fromkeys(("service_target", "service_expected"), _NUMBER),
}


def orders_frame(
    twin: Twin,
    snapshot: Snapshot,
    forecast: DemandForecast,
    priced: PricedLines,
    ids: list[str],
    identity: tuple[str, str, str],
    settings: PlanSettings,
    reference: np.ndarray,
) -> pl.DataFrame:
    """Return the proposals, one row per line with an order, priced.

    Parameters
    ----------
    twin, snapshot, forecast, priced
        Lines, today, law of demand, and what was decided.
    ids
        Proposal ids of the priced lines.
    identity
        Hashes of run, policy and inputs.
    settings
        What was asked.
    reference
        ``[line]`` what the reference rule orders, base units.

    Returns
    -------
    polars.DataFrame
        The output table ``order_proposal`` and what the report shows beside it.
    """
    rows = np.array([row for row, final in enumerate(priced.final) if final.qty > 0], dtype=int)
    lines, final = priced.lines[rows], [priced.final[row] for row in rows]
    texts = lambda values: [values[line] for line in lines]  # noqa: E731
    columns: dict[str, Any] = {
        "proposal_id": [ids[row] for row in rows],
        "item_id": texts(twin.item_id),
        "location_id": texts(twin.location_id),
        "source_id": texts(twin.supplier_id),
        "order_uom": texts(twin.order_uom),
        "data_flags": texts(twin.flags),
        "description": texts(twin.description),
        "supplier_name": texts(twin.supplier_name),
        "base_uom": texts(twin.base_uom),
        "assumptions": texts(twin.assumptions),
        "service_metric": texts(twin.service_metric),
        **_quantities(twin, lines, final),
        **_values(twin, priced, rows),
        **_state(twin, snapshot, forecast, priced, rows),
        "reference_qty": np.round(reference[lines], 3),
        "guardrails": [" ".join(conflict.cause for conflict in each.conflicts) for each in final],
    }
    constant = {
        "run_id": identity[0],
        "kind": "buy",
        "currency": twin.currency,
        "status": "proposed",
        "policy_id": settings.policy if settings.preset is None else settings.preset,
        "policy_sha": identity[1],
        "inputs_sha": identity[2],
        "seed": settings.seed,
    }
    columns |= {name: [value] * len(rows) for name, value in constant.items()}
    frame = pl.DataFrame({name: columns[name] for name in ORDER_COLUMNS}, schema=ORDER_COLUMNS)
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def _quantities(twin: Twin, lines: np.ndarray, final: list[FinalQuantity]) -> dict[str, Any]:
    packs = [sum(part.packs or 0 for part in each.lines) for each in final]
    return {
        "qty": np.array([round(float(each.qty), 3) for each in final]),
        "order_qty": np.array([round(float(each.order_qty), 3) for each in final]),
        "packs": np.array([float(count) if count else np.nan for count in packs]),
        "order_date": [each.order_date or twin.as_of for each in final],
        "arrival_p50": [arrival(twin, int(line), each, 0.0) for line, each in zip(lines, final, strict=True)],
        "arrival_p90": [arrival(twin, int(line), each, P90) for line, each in zip(lines, final, strict=True)],
        "reason_codes": [
            _reasons(bool(twin.implied_cost[line]), each) for line, each in zip(lines, final, strict=True)
        ],
    }


def _reasons(implied: bool, final: FinalQuantity) -> str:
    codes = ["BELOW_TARGET", *(step.code for step in final.steps if step.code != "TRIGGER")]
    return " ".join(dict.fromkeys([*codes, *(["IMPLIED_COST"] if implied else [])]))


def _values(twin: Twin, priced: PricedLines, rows: np.ndarray) -> dict[str, np.ndarray]:
    lines, chosen, prices = priced.lines[rows], priced.chosen[rows], priced.prices
    quantity = np.array([float(priced.final[row].qty) for row in rows])
    paid = [order_value(twin, int(line), qty) for line, qty in zip(lines, quantity.tolist(), strict=True)]
    digits = minor_digits(twin.currency)
    cost = np.round(np.array(paid, dtype=float), digits)
    value = np.round(prices.value[rows, chosen], digits)
    known = np.isfinite(cost) & (cost > 0)
    return {
        "unit_cost": np.round(np.array(paid, dtype=float) / np.maximum(quantity, 1e-9), 6),
        "line_cost": cost,
        "value_now": value,
        # Rounded up, so that a small error never reads as certainty.
        "value_se": np.ceil(prices.value_se[rows, chosen] * 10.0**digits - 1e-9) / 10.0**digits,
        "return_per_currency": np.round(np.where(known, value / np.where(known, cost, 1.0), np.nan), 6),
        "p_stockout_without": np.round(prices.p_stockout[rows, 0], 4),
        "p_stockout_with": np.round(prices.p_stockout[rows, chosen], 4),
    }


def _state(
    twin: Twin, snapshot: Snapshot, forecast: DemandForecast, priced: PricedLines, rows: np.ndarray
) -> dict[str, np.ndarray]:
    lines, chosen = priced.lines[rows], priced.chosen[rows]
    quantity = np.array([float(priced.final[row].qty) for row in rows])
    rate = forecast.mean[lines].mean(axis=1).astype(np.float64) / twin.period_days
    after = snapshot.position[lines] + quantity
    cover = np.where(rate > 0, np.minimum(after / np.where(rate > 0, rate, 1.0), MAX_COVER_DAYS), np.nan)
    return {
        "cover_days_after": np.round(cover, 1),
        "previous_qty": np.round(twin.last_order_quantity[lines], 6),
        "on_hand": np.round(snapshot.available[lines], 3),
        "on_order": np.round(snapshot.on_order[lines], 3),
        "demand_per_day": np.round(rate, 4),
        "last_year_qty": last_year(twin)[lines],
        "service_target": np.round(twin.service_target[lines], 6),
        "service_expected": np.round(_service(twin, forecast, priced, rows, chosen), 4),
    }


def _service(
    twin: Twin, forecast: DemandForecast, priced: PricedLines, rows: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """Return the service until the next order can arrive, by the metric of the line; its fill rate if it has none."""
    lines = priced.lines[rows]
    demand = forecast.protection_mean[lines].astype(np.float64)
    filled = 1.0 - priced.prices.short[rows, chosen] / np.where(demand > 0, demand, np.nan)
    cycles = np.array([twin.service_metric[line] == "cycle_service_level" for line in lines], dtype=bool)
    return np.where(cycles, 1.0 - priced.prices.p_stockout[rows, chosen], np.clip(filled, 0.0, 1.0))


def last_year(twin: Twin) -> np.ndarray:
    """Return ``[line]`` the demand of the review period that starts on this day a year ago, base units."""
    back, width = round(365.0 / twin.period_days), twin.history.shape[1]
    if width < back:
        return np.full(twin.num_lines, np.nan)
    first = width - back
    inside = np.arange(width - first)[None, :] < twin.review_periods[:, None]
    window = twin.history[:, first:].astype(np.float64)
    counted = inside & np.isfinite(window)
    total = np.where(counted, window, 0.0).sum(axis=1)
    return np.where(counted.any(axis=1), np.round(total, 3), np.nan)
