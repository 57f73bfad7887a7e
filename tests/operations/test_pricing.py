"""Candidate orders played row by row: what a line is worth depends on the line alone."""

import dataclasses
import threading

import numpy as np
import pytest

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.forecasting.programs import drawn_demand
from basestock.operations.line_chunks import shapes
from basestock.operations.line_play import Played
from basestock.operations.lines import compile_lines
from basestock.operations.pricing import (
    Prices,
    _enter,
    compile_pricing,
    draw_paths,
    num_distinct,
    price_orders,
    pricing_limit,
)
from basestock.operations.twin_forecast import forecast_lines
from tests.operations.twin_fixture import small_twin

PATHS = 16


def _priced(twin: Twin, forecast: DemandForecast, asked: np.ndarray, ladder: np.ndarray) -> Prices:
    level = np.full(len(asked), 60.0)
    return price_orders(twin, compile_lines(twin), asked, ladder, level, forecast, num_paths=PATHS, seed=1)


def _num_programs() -> int:
    return getattr(drawn_demand, "_cache_size")()  # noqa: B009 - JAX counts them, without saying so in its types


def test_candidates_that_repeat_the_last_one_are_played_once() -> None:
    ladder = np.array([[0.0, 6.0, 12.0, 12.0], [0.0, 3.0, 3.0, 3.0], [0.0, 1.0, 2.0, 3.0]])
    assert num_distinct(ladder).tolist() == [3, 2, 4]


def test_repeated_candidates_get_the_numbers_of_the_last_row_and_gain_nothing() -> None:
    ladder = np.array([[0.0, 6.0, 6.0]])
    blank = np.zeros((1, 3))
    names = ("value", "value_se", "gain", "gain_se", "p_stockout", "short")
    prices = Prices(ladder, agreed=np.zeros(1), **{name: blank.copy() for name in names})
    cost, short = np.array([[5.0, 7.0], [1.0, 5.0]]), np.array([[1.0, 0.0], [0.0, 0.0]])
    played = Played(cost, short, np.ones(1), np.zeros((0, 2, 2)), np.zeros((0, 2, 2)))
    _enter(prices, np.array([0]), np.array([2]), played)
    assert prices.value.tolist() == [[0.0, 3.0, 3.0]]
    assert prices.gain.tolist() == [[0.0, 3.0, 0.0]]
    assert prices.p_stockout.tolist() == [[0.5, 0.0, 0.0]]


@pytest.mark.slow
def test_what_a_line_is_worth_does_not_depend_on_what_is_priced_beside_it() -> None:
    twin = small_twin(num_lines=4)
    forecast = forecast_lines(twin)
    ladder = np.array([[0.0, 24.0, 48.0], [0.0, 6.0, 6.0], [0.0, 24.0, 30.0], [0.0, 6.0, 12.0]])
    together = _priced(twin, forecast, np.arange(4), ladder)
    alone = _priced(twin, forecast, np.array([2]), ladder[2:3])
    for field in dataclasses.fields(Prices):
        mine, whole = getattr(alone, field.name)[0], getattr(together, field.name)[2]
        assert np.array_equal(mine, whole), field.name


@pytest.mark.slow
def test_the_programs_of_a_pricing_are_compiled_before_its_forecast_is_there() -> None:
    twin = small_twin(num_lines=2)
    compile_pricing(twin, compile_lines(twin), PATHS, threading.Event())
    known = _num_programs()
    limit = pricing_limit(twin)
    draw_paths(forecast_lines(twin), np.arange(2), shapes(twin, limit)[0], PATHS, 0)
    assert _num_programs() == known
