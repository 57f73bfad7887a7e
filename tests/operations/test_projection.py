"""Where stock goes with and without the orders."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from basestock.operations.deciders import critical_level
from basestock.operations.plan import PlanRun
from basestock.operations.pricing import price_orders, pricing_limit
from basestock.operations.projection import project, projection_periods
from basestock.operations.snapshot import take_snapshot
from basestock.operations.twin_forecast import forecast_lines
from tests.operations.twin_fixture import small_twin


def test_a_band_is_ordered_and_begins_today(run: PlanRun) -> None:
    wide = run.projection.pivot("quantile", index=["item_id", "scenario", "date"], values="on_hand")
    assert (wide["0.1"] <= wide["0.5"]).all()
    assert (wide["0.5"] <= wide["0.9"]).all()
    assert run.projection["date"].min() == run.twin.as_of


def test_an_order_lifts_the_stock_from_its_arrival_on_and_not_before(run: PlanRun) -> None:
    sides = run.projection.pivot("scenario", index=["item_id", "quantile", "date"], values="on_hand")
    arrival = pl.lit(run.twin.as_of).dt.offset_by("7d")
    assert (
        (sides.filter(pl.col("date") < arrival).select(pl.col("with") == pl.col("without"))).to_series().all()
    )
    before_next = sides.filter((pl.col("date") >= arrival) & (pl.col("date") < arrival.dt.offset_by("7d")))
    assert (before_next["with"] >= before_next["without"]).all()
    assert (before_next["with"] > before_next["without"]).any()


def test_a_projection_is_as_long_as_twice_lead_time_and_review(run: PlanRun) -> None:
    days = run.projection.group_by("item_id").agg(pl.col("date").n_unique())
    assert set(days["date"]) == {28}
    assert projection_periods(small_twin(num_lines=1)).tolist() == [28]


def test_a_horizon_shortens_a_pricing_but_never_below_the_protection_interval() -> None:
    twin = small_twin(num_lines=1)
    assert [int(pricing_limit(twin, days)[0]) for days in (None, 30.0, 3.0)] == [56, 30, 14]


@pytest.fixture(scope="module")
def waiting() -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """One line, without stock, whose demand waits: its projection, and the values of ordering."""
    twin = dataclasses.replace(small_twin(num_lines=6), backordered=np.ones(6, dtype=bool)).take(
        np.array([3])
    )
    twin = dataclasses.replace(twin, available=np.zeros(1))
    forecast, compiled = forecast_lines(twin), take_snapshot(twin).compiled
    level, one = critical_level(twin, forecast), np.array([0])
    options = {"num_paths": 64, "seed": 5}
    quantities = np.array([np.linspace(0.0, 66.0, 12)])
    prices = price_orders(twin, compiled, one, quantities, level, forecast, **options)  # type: ignore[arg-type]
    shown = project(twin, compiled, one, np.array([60.0]), level, forecast, **options)  # type: ignore[arg-type]
    return shown, prices.value[0], prices.p_stockout[0]


@pytest.mark.slow
def test_demand_that_waits_is_shown_as_backorders_and_priced(
    waiting: tuple[pl.DataFrame, np.ndarray, np.ndarray],
) -> None:
    shown, value, stockout = waiting
    middle = shown.filter(pl.col("quantile") == 0.5).pivot("scenario", index="date", values="backorders")
    assert (middle["without"] >= middle["with"]).all()
    assert (middle["without"] > 0).any()
    assert value[0] == 0.0
    assert value[5] > 0.0
    assert stockout.tolist() == sorted(stockout, reverse=True)
