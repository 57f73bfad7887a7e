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
    gain_error,
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
    _enter(prices, np.array([0]), np.array([2]), played, np.array([1.0]))
    assert prices.value.tolist() == [[0.0, 3.0, 3.0]]
    assert prices.gain.tolist() == [[0.0, 3.0, 0.0]]
    assert prices.p_stockout.tolist() == [[0.5, 0.0, 0.0]]
    assert prices.gain_se[0, [0, 2]].tolist() == [0.0, 0.0]
    assert prices.gain_se[0, 1] == prices.value_se[0, 1] == 1.0


def test_a_loss_on_every_path_is_certain_only_where_a_need_in_a_few_would_not_undo_it() -> None:
    # A unit saves 1 where it is needed: it pays from a probability of need of its cost on.
    cost = np.array([0.01, 0.02, 0.05])
    error = gain_error(np.repeat(-cost[:, None], 128, axis=1), np.ones(3))
    assert (2 * error < cost).tolist() == [False, False, True]


def test_the_error_of_gains_is_that_of_the_paths_with_two_that_need_every_unit() -> None:
    gains = np.random.default_rng(3).normal(0.1, 0.4, (5, 40))
    most = np.linspace(1.0, 3.0, 5)
    more = np.concatenate([gains, most[:, None], most[:, None]], axis=1)
    assert gain_error(gains, most) == pytest.approx(more.std(axis=1, ddof=1) / np.sqrt(42))


def test_the_error_of_gains_never_counts_paths_worse_than_those_drawn() -> None:
    gains = np.array([[1.0, 2.0, 3.0, 2.0]])
    assert gain_error(gains, np.array([0.0])) < gains.std(ddof=1) / 2.0


def test_errors_of_gains_cover_what_many_paths_say_of_packs_that_are_rarely_needed() -> None:
    dice = np.random.default_rng(5)
    for probability in (0.01, 0.03, 0.1, 0.5):
        gains = np.where(dice.random((4000, 128)) < probability, 1.0, 0.0) - probability
        inside = np.abs(gains.mean(-1)) <= 2 * gain_error(gains, np.full(4000, 1.0 - probability))
        assert inside.mean() > 0.93


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
