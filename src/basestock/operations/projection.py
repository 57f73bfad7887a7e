"""Where stock goes with and without the order of today: quantiles of the twin's paths."""

import datetime

import numpy as np
import polars as pl

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.line_chunks import chunks, cut_chunk, shapes
from basestock.operations.line_play import Played, play_chunk
from basestock.operations.lines import CompiledLines
from basestock.operations.pricing import CANDIDATES, draw_paths

QUANTILES = (0.1, 0.5, 0.9)
SCENARIOS = {"with": 1, "without": 0}
"""Scenario to the candidate that plays it."""

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
    # As many columns as a pricing has, so that its program is used again; the last candidates repeat the order.
    candidates = np.concatenate([np.zeros((len(shown), 1)), np.tile(order[:, None], CANDIDATES - 1)], axis=1)
    frames: list[pl.DataFrame] = []
    for shape, rows in chunks(shapes(part, horizon)):
        paths = draw_paths(forecast, shown[rows], shape, num_paths, seed)
        chunk = cut_chunk(compiled, shown[rows], shape)
        spans = protection[rows], horizon[rows]
        played = play_chunk(chunk, shape, candidates[rows], level[rows], paths, *spans, traced=True)
        frames += [
            _frame(part.take(rows), played, scenario, candidate, horizon[rows])
            for scenario, candidate in SCENARIOS.items()
        ]
    if not frames:
        return pl.DataFrame(schema=SCHEMA)
    return pl.concat(frames).sort("location_id", "item_id", "scenario", "date", "quantile")


def projection_periods(twin: Twin) -> np.ndarray:
    """Return ``[line]`` how far stock is projected, periods."""
    return np.maximum(2 * (twin.lead_periods + twin.review_periods), SHORTEST)


def _frame(twin: Twin, played: Played, scenario: str, candidate: int, horizon: np.ndarray) -> pl.DataFrame:
    stock = np.quantile(played.closing[:, :, candidate], QUANTILES, axis=-1)
    # A path with little stock is one where much waits.
    waiting = np.quantile(played.waiting[:, :, candidate], [1 - level for level in QUANTILES], axis=-1)
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
