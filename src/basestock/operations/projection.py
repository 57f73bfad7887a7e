"""Where stock goes with and without the order of today: quantiles of the twin's paths."""

import datetime

import numpy as np
import polars as pl

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.line_chunks import chunks, cut_chunk, shapes
from basestock.operations.line_play import Played, Rows, play_chunk
from basestock.operations.lines import CompiledLines
from basestock.operations.pricing import draw_paths

QUANTILES = (0.1, 0.5, 0.9)
SCENARIOS = {"with": 1, "without": 0}
"""Scenario to the row of a line that plays it."""

SHORTEST = 8
SCHEMA = {
    **dict.fromkeys(("item_id", "location_id"), pl.String),
    "date": pl.Date,
    **dict.fromkeys(("quantile", "on_hand", "backorders"), pl.Float64),
    "scenario": pl.String,
}


def project(
    twin: Twin,
    compiled: CompiledLines,
    shown: np.ndarray,
    order: np.ndarray,
    level: np.ndarray,
    forecast: DemandForecast,
    *,
    num_paths: int,
    seed: int,
) -> pl.DataFrame:
    """Project the stock of some lines over twice their lead time + review.

    Parameters
    ----------
    twin, compiled, forecast
        All lines, and their law of demand.
    shown
        Positions of the lines to project.
    order
        ``[shown]`` order of today, base units.
    level
        ``[shown]`` order-up-to level followed later, base units.
    num_paths, seed
        Demand paths per line, and their root.

    Returns
    -------
    polars.DataFrame
        Rows (item_id, location_id, date, quantile, on_hand, backorders, scenario).
    """
    part = twin.take(shown)
    horizon, protection = projection_periods(part), part.lead_periods + part.review_periods
    owner = np.repeat(np.arange(len(shown)), len(SCENARIOS))
    frames: list[pl.DataFrame] = []
    for shape, lines in chunks(shapes(part, horizon), np.full(len(shown), len(SCENARIOS))):
        paths = draw_paths(forecast, shown[lines], shape, num_paths, seed)
        orders = np.stack([np.zeros(len(lines)), order[lines]], axis=1).reshape(-1)
        own = owner[: len(orders)]
        rows = Rows(own, orders, level[lines], protection[lines], horizon[lines])
        played = play_chunk(cut_chunk(compiled, shown[lines][own], shape), shape, rows, paths, traced=True)
        frames += [
            _frame(part.take(lines), played, scenario, first, horizon[lines])
            for scenario, first in SCENARIOS.items()
        ]
    if not frames:
        return pl.DataFrame(schema=SCHEMA)
    return pl.concat(frames).sort("location_id", "item_id", "scenario", "date", "quantile")


def projection_periods(twin: Twin) -> np.ndarray:
    """Return ``[line]`` how far stock is projected, periods."""
    return np.maximum(2 * (twin.lead_periods + twin.review_periods), SHORTEST)


def _frame(twin: Twin, played: Played, scenario: str, first: int, horizon: np.ndarray) -> pl.DataFrame:
    own = slice(first, None, len(SCENARIOS))
    stock = np.quantile(played.closing[:, own], QUANTILES, axis=-1)
    # A path with little stock is one where much waits.
    waiting = np.quantile(played.waiting[:, own], [1 - level for level in QUANTILES], axis=-1)
    count, periods, lines = stock.shape
    days = [
        twin.as_of + datetime.timedelta(days=round(period * twin.period_days)) for period in range(periods)
    ]
    frame = pl.DataFrame(
        {
            "item_id": np.repeat(np.tile(twin.item_id, periods), count),
            "location_id": np.repeat(np.tile(twin.location_id, periods), count),
            "date": np.repeat(np.array(days, dtype="datetime64[D]"), lines * count),
            "quantile": np.tile(QUANTILES, periods * lines),
            "on_hand": np.round(np.moveaxis(stock, 0, -1).reshape(-1), 3),
            "backorders": np.round(np.moveaxis(waiting, 0, -1).reshape(-1), 3),
            "scenario": [scenario] * (periods * lines * count),
        },
        schema_overrides=SCHEMA,
    )
    inside = np.arange(periods)[:, None] < horizon[None, :]
    return frame.filter(pl.Series(np.repeat(inside.reshape(-1), count)))
