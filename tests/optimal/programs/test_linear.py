"""Arrays of linear expressions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.optimal.programs.linear import Linear, joined

VALUES = np.array([2.0, 3.0, 5.0, 7.0])


def _square() -> Linear:
    return Linear.variables(np.array([[0, 1], [2, -1]]))


def test_variables_absent_at_minus_one_are_zero():
    assert _square().at(VALUES).tolist() == [[2.0, 3.0], [5.0, 0.0]]
    assert _square().fixed.tolist() == [[False, False], [False, True]]


def test_sums_and_differences_follow_numpy():
    both = _square() * 2.0 - _square() + 1.0
    assert both.at(VALUES).tolist() == [[3.0, 4.0], [6.0, 1.0]]
    assert (10.0 - _square()).at(VALUES).tolist() == [[8.0, 7.0], [5.0, 10.0]]


def test_sum_along_an_axis():
    assert _square().sum(0).at(VALUES).tolist() == [7.0, 3.0]
    assert _square().sum(1).at(VALUES).tolist() == [5.0, 5.0]
    assert float(_square().sum().at(VALUES)) == 10.0


def test_rows_may_be_chosen_more_than_once():
    chosen = _square()[np.array([1, 0, 1])]
    assert chosen.at(VALUES).tolist() == [[5.0, 0.0], [2.0, 3.0], [5.0, 0.0]]


def test_entries_are_added_up_at_their_places():
    placed = (_square() + 1.0).placed(np.array([[0, 0], [-1, 2]]), (3,))
    assert placed.at(VALUES).tolist() == [7.0, 0.0, 1.0]


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"shapes \(2, 2\) and \(2,\) differ"):
        _square() + Linear.zeros(2)


@given(st.lists(st.integers(-1, 3), min_size=1, max_size=6), st.integers(0, 5))
def test_joining_keeps_order_and_values(numbers, extra):
    first, second = Linear.variables(np.array(numbers)), Linear.of(np.full(extra, 4.0))
    assert joined([first, second]).at(VALUES).tolist() == [*first.at(VALUES).tolist(), *[4.0] * extra]
