"""On real demand the chosen laws beat the seasonal naive one on what came after the origin."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basestock.forecasting import DemandForecast, fit
from basestock.forecasting.scoring import CRPS_LEVELS, SERVICE_LEVELS, pinball_loss

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
NUM_SERIES = 512
NUM_ORIGINS = 3

_Panel = tuple[np.ndarray, np.ndarray, int]


def _every(rows: np.ndarray) -> np.ndarray:
    """Take evenly spread series."""
    return rows[np.linspace(0, len(rows) - 1, min(NUM_SERIES, len(rows))).astype(int)]


def _carparts() -> _Panel:
    months = pl.read_csv(DATA / "carparts" / "monthly_demand.csv.gz").drop("part")
    history = _every(months.to_numpy().astype(np.float64))
    return history, np.ones_like(history), 12


def _favorita() -> _Panel:
    weeks = pl.read_parquet(DATA / "favorita_weekly" / "weekly_sales.parquet").drop("product", "store")
    history = np.maximum(_every(weeks.to_numpy().astype(np.float64)), 0.0)  # a week of returns sells nothing
    return history, np.ones_like(history), 52


def _freshretail() -> _Panel:
    """Days of a store and product; an hour from 6 to 21 out of stock sets a bit of the mask."""
    table = pl.read_parquet(DATA / "freshretail" / "hourly.parquet")
    keys = ["store_id", "product_id"]
    hours = [pl.col("stockout_mask").floordiv(2**hour).mod(2) for hour in range(6, 22)]
    sold = pl.sum_horizontal([pl.col(f"s{hour:02d}") for hour in range(24)]) / 100.0
    table = table.select(*keys, sold=sold, in_stock=1.0 - pl.sum_horizontal(hours) / 16.0)
    series = table.group_by(keys, maintain_order=True).agg("sold", "in_stock")
    length = series["sold"].list.len()
    series = series.filter(length == length.mode()[0])
    sold, stock = (_every(np.array(series[name].to_list())) for name in ("sold", "in_stock"))
    return sold, stock, 7


PANELS: dict[str, tuple[Callable[[], _Panel], int]] = {
    "carparts": (_carparts, 3),
    "favorita_weekly": (_favorita, 4),
    "freshretail": (_freshretail, 5),
}


def _losses(forecast: DemandForecast, came: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pinball loss at service levels and the ranked probability score of each series."""
    losses = []
    for levels in (SERVICE_LEVELS, CRPS_LEVELS):
        columns = [int(np.argmin(np.abs(forecast.levels - level))) for level in levels]
        quantiles = forecast.protection_quantiles[:, columns].astype(np.float64)
        losses.append(pinball_loss(quantiles, came, levels).mean(axis=1))
    return losses[0], 2 * losses[1]


def compared(panel: _Panel, protection: int) -> dict[str, float]:
    """Return losses over total demand of the chosen and the seasonal naive laws, origins in the last fifth."""
    history, in_stock, season = panel
    num_periods = history.shape[1]
    first = num_periods - max(num_periods // 5, protection + NUM_ORIGINS - 1)
    totals: dict[str, float] = dict.fromkeys(
        ("pinball", "naive_pinball", "crps", "naive_crps", "demand", "covered", "n"), 0.0
    )
    for origin in np.linspace(first, num_periods - protection, NUM_ORIGINS).astype(int):
        window = slice(origin, origin + protection)
        usable = np.isfinite(history[:, window]).all(axis=1) & (in_stock[:, window] >= 1).all(axis=1)
        usable &= np.isfinite(history[:, :origin]).any(axis=1)
        came = history[:, window].sum(axis=1)[usable]
        past = {"season_length": season, "horizon": protection, "protection": np.array(protection)}
        past["in_stock"] = in_stock[:, :origin]
        chosen = fit(history[:, :origin], **past)
        naive = fit(history[:, :origin], candidates=["seasonal_naive"], num_folds=0, **past)
        for prefix, forecast in (("", chosen), ("naive_", naive)):
            pinball, crps = _losses(forecast.take(np.flatnonzero(usable)), came)
            totals[f"{prefix}pinball"] += float(pinball.sum())
            totals[f"{prefix}crps"] += float(crps.sum())
        totals["demand"] += float(came.sum())
        nine = int(np.argmin(np.abs(chosen.levels - 0.9)))
        totals["covered"] += float((came <= chosen.protection_quantiles[usable, nine]).sum())
        totals["n"] += len(came)
    return totals


@pytest.mark.slow
@pytest.mark.parametrize("name", PANELS)
def test_chosen_laws_beat_the_seasonal_naive_one(name: str) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"{name} is not beside the repository: shared/data/{name}")
    load, protection = PANELS[name]
    totals = compared(load(), protection)
    assert totals["n"] > 50
    assert totals["pinball"] < 0.95 * totals["naive_pinball"], totals
    assert totals["crps"] < 0.95 * totals["naive_crps"], totals
    assert 0.8 < totals["covered"] / totals["n"] < 0.99, totals
