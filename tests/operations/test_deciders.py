"""Levels of lines: where one more unit stops paying."""

import dataclasses

import numpy as np
import pytest

from basestock.data.twin import Twin
from basestock.operations.deciders import critical_level, make_decider
from basestock.operations.lines import compile_lines
from basestock.operations.twin_forecast import forecast_lines
from basestock.policies import Eoq, Marginal
from tests.operations.twin_fixture import small_twin


@pytest.fixture(scope="module")
def twin() -> Twin:
    return dataclasses.replace(small_twin(num_lines=2), backordered=np.array([False, True]))


def test_what_follows_the_order_of_marginal_fills_up_to_the_ratio_it_orders_by(twin: Twin) -> None:
    forecast = forecast_lines(twin)
    decider = make_decider("marginal", twin, forecast, compile_lines(twin).arrays)
    assert isinstance(decider.proposes, Marginal)
    short, left = (
        np.asarray(rate)[0, :2, 0].astype(float)
        for rate in (decider.proposes.underage, decider.proposes.overage)
    )
    assert decider.level == pytest.approx(forecast.protection_quantile(short / (short + left)), rel=1e-4)


def test_a_unit_left_over_is_held_longer_where_demand_is_lost(twin: Twin) -> None:
    decider = make_decider("marginal", twin, forecast_lines(twin), compile_lines(twin).arrays)
    assert isinstance(decider.proposes, Marginal)
    held = np.asarray(decider.proposes.overage)[0, :2, 0] / (twin.unit_cost * 0.25 / 365.0)
    # Review, and three tenths of the lead time where what is on its way cannot be called back.
    assert held.tolist() == pytest.approx([7.0 + 0.3 * 7.0, 7.0], rel=1e-5)


def test_a_service_target_and_unknown_money_set_the_level(twin: Twin) -> None:
    forecast = forecast_lines(twin)
    named = ["cycle_service_level", "none"]
    given = dataclasses.replace(
        twin,
        service_metric=named,
        service_target=np.array([0.8, np.nan]),
        stockout_cost=np.array([9.0, np.nan]),
    )
    wanted = forecast.protection_quantile(np.array([0.8, 0.95]))
    assert critical_level(given, forecast) == pytest.approx(wanted)


def test_the_economic_order_quantity_is_a_lot_at_a_reorder_point(twin: Twin) -> None:
    forecast = forecast_lines(twin)
    costly = dataclasses.replace(twin, order_cost=np.array([0.0, 50.0]))
    decider = make_decider("eoq", costly, forecast, compile_lines(costly).arrays)
    assert isinstance(decider.proposes, Eoq)
    lots = np.asarray(decider.proposes.order_quantity)[0, :2, 0].astype(float)
    rate = forecast.mean.mean(axis=1)
    held = twin.unit_cost * 0.25 / 365.0
    assert lots[0] == pytest.approx(max(1.0, np.round(rate[0])))
    assert lots[1] == pytest.approx(np.round(np.sqrt(2 * 50.0 * rate[1] / held[1])))
    points = np.asarray(decider.proposes.reorder_point)[0, :2, 0]
    assert decider.level == pytest.approx(points + lots, rel=1e-5)


def test_without_money_a_lot_is_the_demand_of_a_period_at_the_service_target(twin: Twin) -> None:
    forecast = forecast_lines(twin)
    unknown = dataclasses.replace(twin, order_cost=np.full(2, 50.0), stockout_cost=np.full(2, np.nan))
    decider = make_decider("eoq", unknown, forecast, compile_lines(unknown).arrays)
    rate = np.maximum(np.round(forecast.mean.mean(axis=1)), 1.0)
    assert decider.level == pytest.approx(forecast.protection_quantile(np.full(2, 0.95)) + rate)
