"""Padded sizes and batches: a slightly larger export reuses the compiled programs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.forecasting.batches import batch_rows, batches, pad_rows, take_rows
from basestock.forecasting.setting import padded


@given(size=st.integers(1, 100_000))
def test_a_bucket_holds_the_size_and_wastes_less_than_half(size: int) -> None:
    bucket = padded(size)
    assert size <= bucket
    assert bucket < 1.5 * size or bucket == 8


@given(size=st.integers(1, 100_000))
def test_a_bucket_is_a_power_of_two_times_one_or_three_halves(size: int) -> None:
    bucket = padded(size)
    while bucket % 2 == 0:
        bucket //= 2
    assert bucket in {1, 3}


@given(size=st.integers(9, 10_000))
def test_a_bucket_is_its_own_bucket(size: int) -> None:
    assert padded(padded(size)) == padded(size)


@pytest.mark.parametrize(("num_periods", "draws"), [(128, 12_288), (1536, 32 * 1024), (16, 400 * 1024)])
def test_a_batch_is_smaller_where_a_series_is_larger(num_periods: int, draws: int) -> None:
    rows = batch_rows(50_000, num_periods, draws)
    assert 8 <= rows <= 512
    assert rows == 8 or (rows * draws <= 1 << 23 and rows * num_periods <= 1 << 18)


def test_batches_cover_every_series_once() -> None:
    parts = list(batches(1_030, 512))
    assert [(part.start, part.stop) for part in parts] == [(0, 512), (512, 1_024), (1_024, 1_030)]


def test_rows_are_padded_with_zeros_and_taken_from_every_leaf() -> None:
    tree = {"a": np.arange(3.0), "b": np.ones((3, 2))}
    padded_tree = pad_rows(tree, 4)
    assert padded_tree["a"].tolist() == [0.0, 1.0, 2.0, 0.0]
    assert padded_tree["b"].shape == (4, 2)
    assert take_rows(padded_tree, slice(1, 3))["a"].tolist() == [1.0, 2.0]
