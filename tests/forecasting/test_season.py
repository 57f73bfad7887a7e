"""Seasonal indices: right where there is a season, 1 where there is none, and never from their own cycle."""

import numpy as np
import pytest

from basestock.forecasting.season import season_index, seasonal_profiles
from basestock.forecasting.setting import Setting

WEEK = np.array([0.5, 0.7, 0.9, 1.0, 1.2, 1.6, 1.1])


def _column(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)[:, None]


def _index(
    values: np.ndarray, length: int, observed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    known = np.ones_like(values) if observed is None else observed
    past, future = season_index(_column(values * known), _column(known), length)
    return past[:, 0], future[:, 0]


def test_a_noiseless_season_is_found_exactly() -> None:
    _, future = _index(np.tile(10 * WEEK, 8), 7)
    np.testing.assert_allclose(future, WEEK / WEEK.mean(), rtol=1e-5)


def test_the_season_is_found_on_a_growing_level() -> None:
    level = np.repeat(np.linspace(10, 40, 20), 7)
    _, future = _index(level * np.tile(WEEK, 20), 7)
    np.testing.assert_allclose(future, WEEK / WEEK.mean(), rtol=1e-4)


def test_phase_zero_is_the_next_period_even_in_a_cut_cycle() -> None:
    _, future = _index(np.tile(10 * WEEK, 8)[: 7 * 8 - 3], 7)
    np.testing.assert_allclose(future, np.roll(WEEK / WEEK.mean(), 3), rtol=1e-2)


def test_noise_is_not_taken_for_a_season() -> None:
    """Two noisy cycles of 52 phases: the raw index varies by 1 / sqrt(2 x 20) = 16 %, what is kept by 1.6 %.

    Without a season both variances, that of the index V and that of its noise N, are 1 / 40 times chi-square with
    51 degrees of freedom over 51; what is kept deviates by max(0, 1 - N / V) sqrt(V), which is 0 half of the time.
    """
    generator, num_series = np.random.default_rng(5), 400
    noise = generator.poisson(20.0, (104, num_series)).astype(np.float32)
    _, future = season_index(noise, np.ones_like(noise), 52)
    kept = future.std(axis=0, ddof=1)
    raw, sampling = generator.chisquare(51, (2, 100_000)) / 51 / 40
    law = np.maximum(0.0, 1.0 - sampling / raw) * np.sqrt(raw)
    assert abs(kept.mean() - law.mean()) < 4.5 * law.std() / np.sqrt(num_series)
    assert abs((kept == 0.0).mean() - 0.5) < 4.5 * 0.5 / np.sqrt(num_series)


def test_one_cycle_is_not_enough() -> None:
    past, future = _index(np.arange(1.0, 53.0), 52)
    np.testing.assert_array_equal(past, 1.0)
    np.testing.assert_array_equal(future, 1.0)


def test_the_index_of_a_period_does_not_use_its_own_cycle() -> None:
    history = np.tile(10 * WEEK, 8)
    history[21:28] *= np.array([1, 1, 1, 9, 1, 1, 1.0])
    past, _ = _index(history, 7)
    clean, _ = _index(np.delete(history, np.arange(21, 28)), 7)
    share = (past[24] - 1) / (past[25] - 1)
    expected = (clean[24] - 1) / (clean[25] - 1)
    assert share == pytest.approx(expected, abs=0.2)


def test_unknown_periods_do_not_bend_the_season() -> None:
    history, observed = np.tile(10 * WEEK, 12), np.ones(84)
    observed[[4, 17, 40, 41]] = 0
    _, future = _index(history, 7, observed)
    np.testing.assert_allclose(future, WEEK / WEEK.mean(), rtol=0.03)


def test_no_demand_has_no_season() -> None:
    past, future = _index(np.zeros(70), 7)
    np.testing.assert_array_equal(past, 1.0)
    np.testing.assert_array_equal(future, 1.0)


@pytest.mark.parametrize(
    ("season_length", "num_periods", "num_profiles"),
    [(1, 64, 1), (7, 64, 2), (52, 104, 2), (7, 768, 3), (52, 32, 1)],
)
def test_the_options_follow_from_the_season_and_the_history(
    season_length: int, num_periods: int, num_profiles: int
) -> None:
    values = np.ones((num_periods, 1), dtype=np.float32)
    past, future = seasonal_profiles(values, values, Setting(season_length, 16))
    assert past.shape == (num_periods, num_profiles, 1)
    assert future.shape == (16, num_profiles, 1)


def test_days_over_three_years_show_the_week_and_the_year() -> None:
    days = np.arange(3 * 364)
    year = 1 + 0.5 * np.sin(2 * np.pi * days / 364)
    history = 50 * year * np.tile(WEEK, 156)
    values = _column(history)
    past, future = seasonal_profiles(values, np.ones_like(values), Setting(7, 28))
    deseasonalized = history / past[:, 2, 0]
    assert deseasonalized.std() / deseasonalized.mean() < 0.05
    expected = year[:28] * np.tile(WEEK, 4) / WEEK.mean()
    np.testing.assert_allclose(future[:, 2, 0], expected, rtol=0.1)
