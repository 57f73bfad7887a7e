"""Censoring is undone, outliers lose weight, and nothing missing becomes 0 (DEM-003, DEM-006)."""

import numpy as np
import pytest

from basestock.forecasting.cleaning import clean, row_quantile

ALWAYS = np.nan


def _clean(history: list[float], in_stock: list[float] | None = None) -> list[float]:
    shares = np.full((1, len(history)), ALWAYS) if in_stock is None else np.array([in_stock])
    cleaned = clean(np.array([history]), shares)
    return np.where(cleaned.observed > 0, cleaned.values, np.nan)[0].tolist()


def test_plain_history_is_left_alone() -> None:
    assert _clean([3.0, 0.0, 5.5, 4.0]) == [3.0, 0.0, 5.5, 4.0]


def test_unknown_is_not_zero() -> None:
    cleaned = clean(np.array([[3.0, np.nan]]), np.array([[ALWAYS, ALWAYS]]))
    assert cleaned.observed.tolist() == [[1.0, 0.0]]


@pytest.mark.requirement("C-04")
def test_a_bucket_without_stock_is_unknown_whatever_was_recorded() -> None:
    assert np.isnan(_clean([8.0, 9.0, 0.0, 2.0], [1.0, 1.0, 0.0, 0.0])[2:]).all()


def test_a_bucket_half_in_stock_is_divided_by_its_share() -> None:
    assert _clean([8.0, 9.0, 7.0, 3.5], [1.0, 1.0, 1.0, 0.5])[3] == pytest.approx(7.0)


def test_the_correction_stops_at_the_upper_uncensored_values() -> None:
    corrected = _clean([8.0, 9.0, 7.0, 8.0, 3.0], [1.0, 1.0, 1.0, 1.0, 0.1])[4]
    assert 8.0 <= corrected <= 9.0


def test_a_censored_value_is_never_lowered() -> None:
    assert _clean([2.0, 3.0, 2.0, 8.0], [1.0, 1.0, 1.0, 0.9])[3] == pytest.approx(8.0)


def test_with_nothing_uncensored_the_largest_value_caps() -> None:
    assert _clean([4.0, 6.0], [0.5, 0.9]) == pytest.approx([6.0, 6.0])


def test_an_unknown_share_counts_as_in_stock() -> None:
    assert _clean([4.0, 2.0], [np.nan, np.nan]) == [4.0, 2.0]


def test_whole_demand_stays_whole_when_corrected() -> None:
    cleaned = clean(np.array([[9.0, 9.0, 9.0, 2.0]]), np.array([[1.0, 1.0, 1.0, 0.3]]))
    assert cleaned.whole.tolist() == [True]
    assert float(cleaned.values[0, 3]) == 7.0


def test_fractions_are_not_whole_and_nothing_is_not_whole_either() -> None:
    cleaned = clean(np.array([[1.5, 2.0], [np.nan, np.nan]]), np.full((2, 2), np.nan))
    assert cleaned.whole.tolist() == [False, False]


def test_an_outlier_beyond_eight_deviations_loses_weight_but_stays_the_largest() -> None:
    history = [10.0, 11.0, 9.0, 10.0, 12.0, 8.0, 10.0, 500.0]
    cleaned = _clean(history)
    assert cleaned[:7] == history[:7]
    assert 12.0 < cleaned[7] < 200.0


def test_a_value_within_eight_deviations_is_kept() -> None:
    assert _clean([10.0, 14.0, 6.0, 12.0, 8.0, 10.0, 25.0])[-1] == 25.0


def test_rare_demand_is_no_outlier_among_zeros() -> None:
    assert _clean([0.0] * 20 + [3.0, 2.0, 3.0]) == [0.0] * 20 + [3.0, 2.0, 3.0]


def test_cleaning_does_not_look_beyond_its_periods() -> None:
    """LEK-004: caps and thresholds of a training part come from that part alone."""
    history = np.array([[5.0, 6.0, 5.0, 2.0, 90.0, 100.0]])
    shares = np.array([[1.0, 1.0, 1.0, 0.2, 1.0, 1.0]])
    part = clean(history[:, :4], shares[:, :4])
    assert float(part.values[0, 3]) <= 6.0


@pytest.mark.parametrize(("level", "expected"), [(0.0, 1.0), (0.5, 2.0), (1.0, 4.0), (0.25, 1.5)])
def test_row_quantiles_ignore_the_unknown(level: float, expected: float) -> None:
    assert row_quantile(np.array([[4.0, np.nan, 1.0, 2.0]]), level)[0] == pytest.approx(expected)
