"""Markov chains by hand: recurrent classes, absorption, cycles, discounted and total cost."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from basestock.optimal.mdp import chain as module
from basestock.optimal.mdp.chain import Chain, discounted, long_run, recurrent_classes
from basestock.optimal.mdp.tables import Table


def chain_of(matrix: list[list[float]], cost: list[float], start: list[float]) -> Chain:
    return Chain(csr_matrix(np.array(matrix)), np.array(cost), np.array(start))


TWO_CLASSES = chain_of(
    [
        # From state 0 half of the paths stay, a quarter each falls into {1} and into {2, 3}.
        [0.5, 0.25, 0.25, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.5, 0.5],
        [0.0, 0.0, 1.0, 0.0],
    ],
    [100.0, 8.0, 3.0, 6.0],
    [0.8, 0.2, 0.0, 0.0],
)


def test_two_recurrent_classes_weigh_by_the_chance_of_ending_in_them() -> None:
    rest = long_run(TWO_CLASSES)
    assert rest.num_classes == 2
    assert rest.classes[0] == -1
    assert rest.classes[2] == rest.classes[3] != rest.classes[1]
    # In {1}: 0.2 + 0.8 / 2; in {2, 3}: 0.4, two thirds of the time in 2.
    np.testing.assert_allclose(rest.share, [0.0, 0.6, 0.4 * 2 / 3, 0.4 / 3], atol=1e-12)
    assert rest.gain == pytest.approx(0.6 * 8 + 0.4 * (2 / 3 * 3 + 1 / 3 * 6))


def test_a_zero_that_is_stored_is_no_way_out() -> None:
    matrix = csr_matrix(([1.0, 0.0, 1.0], ([0, 0, 1], [0, 1, 1])), shape=(2, 2))
    assert set(recurrent_classes(Chain(matrix, np.zeros(2), np.array([1.0, 0.0])))) == {0, 1}


@pytest.mark.parametrize("work", [0.0, 1e9], ids=["by power iteration", "by elimination"])
def test_a_chain_that_comes_round_has_its_average(work: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WORK", work)
    ring = chain_of([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [1.0, 2.0, 6.0], [1.0, 0.0, 0.0])
    rest = long_run(ring)
    assert rest.num_classes == 1
    assert rest.gain == pytest.approx(3.0)
    np.testing.assert_allclose(rest.share, 1 / 3)


def test_a_state_that_is_hardly_ever_met_again_comes_first() -> None:
    """A walk on 0, ..., 39 that goes up nine times in ten: shares grow by the factor 9, against 0 they are 1e37."""
    matrix = np.zeros((40, 40))
    for state in range(40):
        matrix[state, min(state + 1, 39)] += 0.9
        matrix[state, max(state - 1, 0)] += 0.1
    rest = long_run(Chain(csr_matrix(matrix), np.arange(40.0), np.eye(40)[0]))
    share = 9.0 ** np.arange(-39.0, 1.0)
    np.testing.assert_allclose(rest.share, share / share.sum(), atol=1e-10)


def test_discounted_cost_counts_after_the_warm_up() -> None:
    """By hand: costs 1, 2, 1, 2, ... of a chain that swings between two states."""
    swing = chain_of([[0, 1], [1, 0]], [1.0, 2.0], [1.0, 0.0])
    assert discounted(swing, 0.5, warm_up=0, horizon=3) == pytest.approx(1 + 0.5 * 2 + 0.25 * 1)
    assert discounted(swing, 0.5, warm_up=1, horizon=2) == pytest.approx(2 + 0.5 * 1)


def test_rows_keep_the_numbers_under_which_they_were_met() -> None:
    table = Table(2)
    first = table.add(np.array([[3, -1], [0, 5], [3, -1]], dtype=np.int16))
    assert first[0] == first[2] != first[1]
    again = table.add(np.array([[0, 5], [9, 9]], dtype=np.int16))
    assert again.tolist() == [first[1], 2]
    assert len(table) == 3
    np.testing.assert_array_equal(table.rows[again[1]], [9, 9])
    assert table.find(np.array([[1, 1], [3, -1]], dtype=np.int16)).tolist() == [-1, first[0]]


@pytest.mark.parametrize("width", [3, 9])
def test_rows_of_any_width_and_size_are_told_apart(width: int) -> None:
    """Rows that no longer fit 64 bits are told apart by their bytes, also by a table that began with small ones."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 3, (50, width)).astype(np.int16)
    large = rng.integers(-30_000, 30_000, (50, width)).astype(np.int16)
    table = Table(width)
    for rows in (small, large, small, large):
        numbers = table.add(rows)
        np.testing.assert_array_equal(table.rows[numbers], rows)
    assert len(table) == len(np.unique(np.concatenate([small, large]), axis=0))
    assert table.find(np.full((1, width), 77, dtype=np.int16)).tolist() == [-1]
