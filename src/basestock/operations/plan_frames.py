"""The output tables of a plan."""

from decimal import Decimal

import numpy as np
import polars as pl

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.lines import pack_size
from basestock.operations.plan_settings import PlanSettings
from basestock.operations.pricing import order_value
from basestock.operations.projection import project
from basestock.operations.proposals import PricedLines, ledger_rows
from basestock.operations.report.numbers import minor_digits
from basestock.operations.selection import Selection
from basestock.operations.snapshot import Snapshot


def ledger_frame(
    twin: Twin,
    snapshot: Snapshot,
    forecast: DemandForecast,
    priced: PricedLines,
    ids: list[str],
    gone: np.ndarray,
) -> pl.DataFrame:
    """Return the rows of every proposal whose quantities sum exactly to its order."""
    rows: list[tuple[str, int, str, Decimal, str]] = []
    for row, line in enumerate(priced.lines):
        need, final = float(priced.need[row]), priced.final[row]
        parts = ledger_rows(twin, snapshot, forecast, int(line), need, final, float(gone[line]))
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
        quantities = priced.prices.quantity[row]
        pack = float(packs[line]) if np.isfinite(packs[line]) else max(float(quantities.max()) / 12, 1e-3)
        for at in range(1, len(quantities)):
            if quantities[at] <= quantities[at - 1]:
                continue
            paid = order_value(twin, int(line), float(quantities[at]))
            rows.append(
                (
                    ids[row],
                    round(float(quantities[at]) / pack),
                    round(float(quantities[at] - quantities[at - 1]), 3),
                    round(float(priced.prices.gain[row, at]), 4),
                    round(float(priced.prices.gain_se[row, at]), 4),
                    round(paid, minor_digits(twin.currency)) if np.isfinite(paid) else None,
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


def kpi_frame(
    twin: Twin,
    snapshot: Snapshot,
    orders: pl.DataFrame,
    priced: PricedLines,
    funded: tuple[float, Selection] | None,
) -> pl.DataFrame:
    """Return the headline numbers of the run; with a budget also what it funds and the gap to the bound."""
    stock = float(np.nansum(snapshot.available * twin.unit_cost))
    worth = float(orders["value_now"].sum())
    width = float(np.linalg.norm(orders["value_se"].to_numpy())) * 1.96
    values: dict[str, tuple[float, float | None]] = {
        "lines": (float(orders.height), None),
        "line_cost": (float(orders["line_cost"].sum() or 0.0), None),
        "value_now": (worth, width),
        "inventory_value": (stock, None),
        "planned_item_locations": (float(twin.num_lines), None),
        "not_planned_item_locations": (float(twin.not_planned.height), None),
        "lost_value_without": (float(np.maximum(priced.prices.value.max(axis=1), 0.0).sum()), None),
    }
    if funded is not None:
        budget, selection = funded
        values |= {
            "budget": (budget, None),
            "budget_spent": (selection.spent, None),
            "budget_gain": (selection.gain, None),
            "budget_gap": (selection.gap, None),
        }
    return _kpi_rows(twin, values, float(len(priced.lines)))


def _kpi_rows(twin: Twin, values: dict[str, tuple[float, float | None]], count: float) -> pl.DataFrame:
    rows = [
        {
            "scope": "all",
            "period": twin.as_of.isoformat(),
            "name": name,
            "numerator": round(value, 2),
            "denominator": 1.0,
            "value": round(value, 2),
            "half_width": None if width is None else round(width, 2),
            "n": None if width is None else count,
        }
        for name, (value, width) in values.items()
    ]
    numbers = dict.fromkeys(("numerator", "denominator", "value", "half_width", "n"), pl.Float64)
    return pl.DataFrame(rows, schema={**dict.fromkeys(("scope", "period", "name"), pl.String), **numbers})


def _places(twin: Twin, shown: pl.DataFrame) -> np.ndarray:
    at = {key: line for line, key in enumerate(zip(twin.item_id, twin.location_id, strict=True))}
    return np.array([at[key] for key in zip(shown["item_id"], shown["location_id"], strict=True)], dtype=int)


def projection_frame(
    twin: Twin,
    forecast: DemandForecast,
    level: np.ndarray,
    snapshot: Snapshot,
    shown: pl.DataFrame,
    settings: PlanSettings,
) -> pl.DataFrame:
    """Return stock with and without the orders, for the lines that get a card."""
    lines = _places(twin, shown)
    filled = snapshot.position[lines] + shown["qty"].to_numpy()
    aims = np.where(np.isfinite(level[lines]), level[lines], filled)
    return project(
        twin,
        snapshot.compiled,
        lines,
        shown["qty"].to_numpy(),
        aims,
        forecast,
        num_paths=settings.replications,
        seed=settings.seed,
    )


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
    values = forecast.take(lines).quantiles[:, :periods][:, :, columns]
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
