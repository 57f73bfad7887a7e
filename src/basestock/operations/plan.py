"""From a checked dataset to a run: forecast, decide, finalize, price, rank, explain."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

import basestock
from basestock.data.calibration import calibrate
from basestock.data.dataset import Dataset
from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.budget import fund
from basestock.operations.deciders import Decider, make_decider, reference_rule
from basestock.operations.exceptions import find_exceptions
from basestock.operations.projection import project
from basestock.operations.proposals import PricedLines, arrival, ledger_rows, price_needs, proposal_id
from basestock.operations.snapshot import Snapshot, ask, take_snapshot
from basestock.operations.twin_forecast import forecast_lines

NUM_CARDS = 200
"""Lines that get a projection and a full card."""


@dataclasses.dataclass(frozen=True)
class PlanSettings:
    """What a plan may vary.

    Parameters
    ----------
    policy
        Name of the deciding policy.
    reference
        Name of the reference rule.
    budget
        Money to spend at most; ``None`` for no limit.
    replications
        Demand paths per line.
    seed
        Root of all random numbers.
    """

    policy: str = "marginal"
    reference: str = "current"
    budget: float | None = None
    replications: int = 128
    seed: int = 0

    def sha(self) -> str:
        """Return the hash of the settings."""
        return _sha(dataclasses.asdict(self))


@dataclasses.dataclass(frozen=True, eq=False)
class PlanRun:
    """Everything a run produced.

    Parameters
    ----------
    run_id, inputs_sha, config_sha, policy_sha
        Identity of the run and of what it was made from.
    settings, twin
        What was asked, of what.
    orders, ledger, marginal, exceptions, kpi, projection, history, forecast
        Output tables.
    """

    run_id: str
    inputs_sha: str
    config_sha: str
    policy_sha: str
    settings: PlanSettings
    twin: Twin
    orders: pl.DataFrame
    ledger: pl.DataFrame
    marginal: pl.DataFrame
    exceptions: pl.DataFrame
    kpi: pl.DataFrame
    projection: pl.DataFrame
    history: pl.DataFrame
    forecast: pl.DataFrame


def _sha(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def plan_lines(twin: Twin, settings: PlanSettings, inputs_sha: str) -> PlanRun:
    """Plan every line of a twin.

    Parameters
    ----------
    twin
        Calibrated lines.
    settings
        Policy, budget, paths, seed.
    inputs_sha
        Hash of the inputs, part of the run's identity.

    Returns
    -------
    PlanRun
        Output tables, byte for byte the same for the same inputs and settings.
    """
    policy_sha = _sha({"policy": settings.policy, "version": basestock.__version__})
    run_id = _sha({"inputs": inputs_sha, "config": settings.sha(), "policy": policy_sha})[:16]
    forecast = forecast_lines(twin, seed=settings.seed)
    snapshot = take_snapshot(twin)
    decider = make_decider(settings.policy, twin, forecast, seed=settings.seed)
    need = ask(decider.proposes, twin, snapshot.state)
    priced = price_needs(
        twin, snapshot, forecast, need, decider, num_paths=settings.replications, seed=settings.seed
    )
    if settings.budget is not None:
        priced, _ = fund(twin, snapshot, priced, settings.budget)
    ids = [proposal_id(run_id, twin, int(line)) for line in priced.lines]
    marginal = _marginal_frame(twin, priced, ids)
    orders = _orders_frame(twin, snapshot, forecast, priced, ids, (run_id, policy_sha, inputs_sha), settings)
    orders = _rank(orders)
    shown = orders.head(NUM_CARDS)
    return PlanRun(
        run_id,
        inputs_sha,
        settings.sha(),
        policy_sha,
        settings,
        twin,
        orders,
        _ledger_frame(twin, snapshot, forecast, priced, ids).filter(pl.col("proposal_id").is_in(orders["proposal_id"].to_list())),
        marginal.filter(pl.col("proposal_id").is_in(orders["proposal_id"].to_list())),
        find_exceptions(twin, snapshot, forecast, priced),
        _kpi_frame(twin, snapshot, orders, priced),
        _projection_frame(twin, forecast, priced, decider, snapshot, shown, settings),
        _history_frame(twin, shown),
        _forecast_frame(twin, forecast, shown),
    )


def _orders_frame(
    twin: Twin,
    snapshot: Snapshot,
    forecast: DemandForecast,
    priced: PricedLines,
    ids: list[str],
    identity: tuple[str, str, str],
    settings: PlanSettings,
) -> pl.DataFrame:
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
    **dict.fromkeys(("reason_codes", "guardrails", "data_flags", "status", "policy_id", "policy_sha", "inputs_sha"), pl.String),
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
        "cover_days_after": round(min((snapshot.position[line] + qty) / rate, 999.0), 1) if rate > 0 else None,
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


def _ledger_frame(
    twin: Twin, snapshot: Snapshot, forecast: DemandForecast, priced: PricedLines, ids: list[str]
) -> pl.DataFrame:
    rows: list[tuple[str, int, str, Decimal, str]] = []
    for row, line in enumerate(priced.lines):
        parts = ledger_rows(twin, snapshot, forecast, int(line), float(priced.need[row]), priced.final[row])
        rows += [(ids[row], seq, name, qty, note) for seq, (name, qty, note) in enumerate(parts, start=1)]
    schema = {"proposal_id": pl.String, "seq": pl.Int64, "component": pl.String, "qty": pl.Decimal(18, 3), "note": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _marginal_frame(twin: Twin, priced: PricedLines, ids: list[str]) -> pl.DataFrame:
    from basestock.operations.lines import pack_size

    packs = pack_size(twin)
    rows: list[tuple[str, int, float, float, float, float | None]] = []
    for row, line in enumerate(priced.lines):
        quantities, cost = priced.prices.quantity[row], float(twin.unit_cost[line])
        pack = packs[line] if np.isfinite(packs[line]) else max(float(quantities.max()) / 12, 1e-3)
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


def _rank(orders: pl.DataFrame) -> pl.DataFrame:
    """Order the lines by return per unit of money."""
    return orders.sort(
        ["return_per_currency", "item_id", "location_id"], descending=[True, False, False], nulls_last=True
    )


def _kpi_frame(twin: Twin, snapshot: Snapshot, orders: pl.DataFrame, priced: PricedLines) -> pl.DataFrame:
    stock = float(np.nansum(snapshot.available * twin.unit_cost))
    values = {
        "lines": (float(orders.height), None),
        "line_cost": (float(orders["line_cost"].sum() or 0.0), None),
        "value_now": (float(orders["value_now"].sum()), float(np.sqrt((orders["value_se"] ** 2).sum()) * 1.96)),
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


def _projection_frame(
    twin: Twin,
    forecast: DemandForecast,
    priced: PricedLines,
    decider: Decider,
    snapshot: Snapshot,
    shown: pl.DataFrame,
    settings: PlanSettings,
) -> pl.DataFrame:
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


def _history_frame(twin: Twin, shown: pl.DataFrame) -> pl.DataFrame:
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


def _forecast_frame(twin: Twin, forecast: DemandForecast, shown: pl.DataFrame) -> pl.DataFrame:
    lines = _places(twin, shown)
    wanted = (0.1, 0.5, 0.9)
    columns = [int(np.argmin(np.abs(np.asarray(forecast.levels) - level))) for level in wanted]
    protection = int((twin.lead_periods + twin.review_periods)[lines].max()) if len(lines) else 1
    periods = min(max(2 * protection, 8), forecast.mean.shape[1])
    values = forecast.quantiles[lines][:, :periods][:, :, columns]
    days = [twin.as_of + np.timedelta64(round(period * twin.period_days), "D").astype(object) for period in range(periods)]
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


def plan_dataset(
    dataset: Dataset,
    settings: PlanSettings,
    *,
    items: str | None = None,
    locations: str | None = None,
    count_drafts: bool = False,
) -> PlanRun:
    """Calibrate a dataset and plan it.

    Parameters
    ----------
    dataset
        Checked canonical tables.
    settings
        Policy, budget, paths, seed.
    items, locations
        Regular expressions; only matching lines are planned.
    count_drafts
        Whether draft orders count as on order.

    Returns
    -------
    PlanRun
        Output tables.
    """
    twin = calibrate(dataset, items=items, locations=locations, count_drafts=count_drafts)
    assumed = assume_stock(twin, settings.seed) if dataset.info.assume.get("inventory") == "reference" else twin
    selection = _sha({"items": items, "locations": locations, "count_drafts": count_drafts})
    return plan_lines(assumed, settings, _sha({"inputs": dataset.inputs_sha, "selection": selection}))


def assume_stock(twin: Twin, seed: int) -> Twin:
    """Start every line at the level its reference rule aims at, for exports without stock."""
    rule = reference_rule(twin, forecast_lines(twin, seed=seed))
    level = np.where(np.isfinite(rule.order_up_to_level), rule.order_up_to_level, rule.reorder_point + np.nan_to_num(rule.order_quantity))
    level = np.maximum(np.where(twin.whole_units, np.round(level), level), 0.0)
    return dataclasses.replace(twin, on_hand=level, available=level)
