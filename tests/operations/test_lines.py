"""Lines as one network: names, open orders, money, and cuts of one shape."""

import dataclasses

import numpy as np
import pytest

from basestock.operations.line_chunks import chunks, cut_chunk, padded_rows, shapes
from basestock.operations.lines import (
    backorder_rate,
    compile_lines,
    line_name,
    line_names,
)
from tests.operations.twin_fixture import small_twin


def test_names_are_unique_whatever_the_ids_look_like() -> None:
    pairs = [("A", "B"), ("A@B", "C"), ("A", "B@C"), ("x" * 99, "B"), ("\x07", "B")]
    names = [line_name(*pair) for pair in pairs]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 100 and name.isprintable() for name in names)


def test_an_open_order_due_long_after_the_lead_time_is_kept() -> None:
    twin = small_twin(num_lines=2)
    orders = np.zeros((2, 91))
    orders[1, 90] = 12.0
    compiled = compile_lines(dataclasses.replace(twin, on_order=orders))
    assert float(compiled.state.in_transit.sum()) == 12.0


def test_a_unit_that_waits_one_review_costs_its_stockout_cost() -> None:
    twin = dataclasses.replace(small_twin(num_lines=2), backordered=np.array([False, True]))
    assert (backorder_rate(twin) * twin.review_periods).tolist() == pytest.approx(twin.stockout_cost)


def test_lines_of_one_shape_share_a_chunk_and_a_shape_is_a_matter_of_the_line_alone() -> None:
    twin = dataclasses.replace(small_twin(num_lines=6), lead_periods=np.array([2, 2, 7, 2, 0, 40]))
    limit = np.full(6, 30)
    found = {tuple(lines.tolist()): shape for shape, lines in chunks(shapes(twin, limit), np.full(6, 12))}
    assert set(found) == {(0, 1, 2, 3), (4,), (5,)}
    assert [found[key].ring for key in found] == [8, 8, 128]
    assert found[(4,)].immediate
    for lines in ([0], [5, 0]):
        part = shapes(twin.take(np.array(lines)), limit[lines])
        assert part == [shapes(twin, limit)[line] for line in lines]


def test_a_chunk_has_one_size_and_repeats_its_last_row() -> None:
    twin = small_twin(num_lines=3)
    shape = shapes(twin, np.full(3, 30))[0]
    chunk = cut_chunk(compile_lines(twin), np.array([2, 2, 0]), shape)
    stock = np.asarray(chunk.state.on_hand)[0, :, 0]
    assert stock.shape == (shape.rows,)
    assert stock[:4].tolist() == [twin.available[line] for line in (2, 2, 0, 0)]
    assert padded_rows(np.array([1, 2]), 4).tolist() == [1, 2, 2, 2]


@pytest.mark.parametrize("each", [2, 7, 12])
def test_chunks_hold_whole_lines_and_no_more_rows_than_they_have_room_for(each: int) -> None:
    twin = small_twin(num_lines=2)
    shape = shapes(twin, np.full(2, 30))[0]
    found = list(chunks([shape] * 700, np.full(700, each)))
    assert np.concatenate([lines for _, lines in found]).tolist() == list(range(700))
    assert all(len(lines) * each <= shape.rows and len(lines) <= shape.lines for _, lines in found)
    assert len(found) == -(-700 // min(shape.rows // each, shape.lines))


def test_every_line_has_its_own_name() -> None:
    assert line_names(small_twin(num_lines=2)) == ["I0@MAIN", "I1@MAIN"]
