"""Rolling origins: windows end before what is scored, and nothing after an origin is even present (LEK-003)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.forecasting.rolling import fold_origins, known_span, seen_after, seen_before


def _origins(first: int, end: int, protection: int, num_folds: int) -> list[int]:
    return fold_origins(np.array([first]), np.array([end]), np.array([protection]), num_folds)[:, 0].tolist()


def test_windows_do_not_overlap_and_the_newest_ends_with_history() -> None:
    assert _origins(0, 104, 4, 3) == [100, 96, 92]


def test_windows_move_closer_in_a_short_history() -> None:
    assert _origins(0, 12, 4, 3) == [8, 6, 4]


def test_without_room_there_is_no_origin() -> None:
    assert _origins(0, 5, 4, 3) == [-1, -1, -1]


def test_no_folds_no_origins() -> None:
    assert _origins(0, 104, 4, 0) == []


def test_a_series_that_started_late_is_not_fitted_on_the_time_before() -> None:
    origins = [origin for origin in _origins(90, 104, 3, 3) if origin >= 0]
    assert origins
    assert min(origins) >= 94


@given(
    first=st.integers(0, 50),
    length=st.integers(0, 150),
    protection=st.integers(1, 40),
    num_folds=st.integers(0, 5),
)
def test_every_origin_leaves_a_window_and_something_to_fit(
    first: int, length: int, protection: int, num_folds: int
) -> None:
    for origin in _origins(first, first + length, protection, num_folds):
        assert origin == -1 or (first + 4 <= origin <= first + length - protection)


def test_the_known_span_of_a_row_without_anything_is_empty() -> None:
    first, end = known_span(np.zeros((2, 4), dtype=bool))
    assert first.tolist() == [0, 0]
    assert end.tolist() == [0, 0]


def test_what_comes_after_an_origin_is_absent_not_masked() -> None:
    history = np.arange(10.0)[None, :]
    changed = history.copy()
    changed[:, 6:] = -99.0
    origin = np.array([6])
    np.testing.assert_array_equal(seen_before(history, origin, 8), seen_before(changed, origin, 8))
    assert seen_before(history, origin, 8)[0, -1] == 5.0


def test_before_and_after_meet_at_the_origin() -> None:
    history = np.arange(10.0)[None, :]
    origin = np.array([7])
    joined = np.concatenate([seen_before(history, origin, 7), seen_after(history, origin, 3)], axis=1)
    np.testing.assert_array_equal(joined, history)


def test_the_window_is_unknown_beyond_either_end() -> None:
    history = np.ones((1, 4))
    assert np.isnan(seen_before(history, np.array([2]), 4)[0, :2]).all()
    assert np.isnan(seen_after(history, np.array([2]), 4)[0, 2:]).all()


@pytest.mark.parametrize("width", [1, 5])
def test_an_empty_history_is_unknown(width: int) -> None:
    assert np.isnan(seen_before(np.empty((3, 0)), np.zeros(3, dtype=np.int64), width)).all()
