"""Rings of orders are read and written as a whole or by index, and give the same stock either way."""

import jax.numpy as jnp
import numpy as np
import pytest

from basestock.dynamics.lanes import by_index
from basestock.dynamics.stages.receive import _take_slot
from basestock.dynamics.stages.ship import _add_at_slot

SLOTS = (4, 5, 25)


def _ring(slots: int, replications: int) -> np.ndarray:
    return np.random.default_rng(slots).integers(0, 9, (slots, 2, 3, replications)).astype(np.float32)


@pytest.mark.parametrize("slots", SLOTS)
def test_a_slot_is_taken_out_of_the_ring_and_nothing_else(slots: int) -> None:
    for replications in (1, 40):
        ring = _ring(slots, replications)
        received, left = _take_slot(jnp.asarray(ring), jnp.asarray(slots - 1))
        assert np.array_equal(received, ring[-1])
        assert np.array_equal(left[:-1], ring[:-1])
        assert not np.asarray(left[-1]).any()


@pytest.mark.parametrize("slots", SLOTS)
def test_an_order_lands_in_the_slot_of_its_arrival(slots: int) -> None:
    arrival = np.array([[[1], [slots], [slots + 1]], [[0], [2], [3]]])
    for replications in (1, 40):
        ring, order = _ring(slots, replications), _ring(1, replications)[0]
        expected = ring.copy()
        for lane, item in np.ndindex(2, 3):
            expected[arrival[lane, item, 0] % slots, lane, item] += order[lane, item]
        assert np.array_equal(
            _add_at_slot(jnp.asarray(ring), jnp.asarray(arrival), jnp.asarray(order)), expected
        )


def test_short_rings_are_taken_as_a_whole_and_long_ones_by_index() -> None:
    assert [by_index(jnp.zeros((slots, 1, 1, 1))) for slots in (4, 24, 25)] == [False, False, True]
    assert [by_index(jnp.zeros((slots, 1, 1, 64))) for slots in (4, 5)] == [False, True]
