"""Compiled lines cut into chunks of one size whose lines share a shape; each has a row for every candidate order."""

import dataclasses
from collections.abc import Iterator

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.data.twin import Twin
from basestock.dynamics import NetworkArrays, State
from basestock.economics import Tariff
from basestock.operations.lines import CompiledLines, lane_name

CHUNK_ROWS = 1536
"""Candidates of lines that are played together, fewer where long lead times make each of them large."""

LINE_ROWS = 6
"""Candidates of a line that a chunk has room for on average: its lines have room for their demand in this ratio."""

LONG_RING = 16
SMALL_CHUNK_ROWS = 384

BLOCK = 8
"""Fewest periods between two looks at whether anything still differs."""

SMALLEST_RING, RING_STEP = 8, 4
"""Rings have 8, 32, 128 ... slots: a long one costs memory, another size costs a program to compile."""

_LANE = ("lane_source", "lane_destination", "lane_outside")
_LANE_PERIODS = ("lane_priority", "review_period", "review_phase", "unfilled_lost")
_LANE_ITEM = (
    "lane_active",
    "primary",
    "lead_time",
    "mean_lead_time",
    "order_minimum",
    "order_multiple",
    "order_maximum",
)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What the lines of a chunk share; it depends on each line alone, and so does what is computed for it.

    Parameters
    ----------
    review_periods
        Periods between orders.
    ring
        Slots of the ring of open orders.
    immediate
        Whether an order arrives in the period in which it is placed.
    waits
        Whether unserved demand waits.
    periods
        Length of the demand paths, a power of two, and so a multiple of the block.
    """

    review_periods: int
    ring: int
    immediate: bool
    waits: bool
    periods: int

    @property
    def rows(self) -> int:
        """Candidates of a chunk."""
        return CHUNK_ROWS if self.ring < LONG_RING else SMALL_CHUNK_ROWS

    @property
    def lines(self) -> int:
        """Most lines of a chunk."""
        return self.rows // LINE_ROWS

    @property
    def block(self) -> int:
        """Periods between two looks: a long ring is copied at each, and nothing agrees before it has turned."""
        return _block(self.ring)


class Chunk(eqx.Module):
    """Lines that are played together, one row of the item axis for each candidate order.

    Parameters
    ----------
    arrays, tariff, state
        Network of one lane, rates, and today's state.
    """

    arrays: NetworkArrays
    tariff: Tariff
    state: State


def shapes(twin: Twin, limit: np.ndarray) -> list[Shape]:
    """Return the shape of every line; ``limit`` is how long each is played at most, periods."""
    width = twin.on_order.shape[1]
    last = np.where(twin.on_order > 0, np.arange(width), 0).max(axis=1, initial=0)
    slots = np.maximum(twin.lead_periods, last) + 1
    rows = zip(twin.review_periods, slots, twin.lead_periods == 0, twin.backordered, limit, strict=True)
    return [
        Shape(
            int(review),
            ring := _ring_size(int(slot)),
            bool(immediate),
            bool(waits),
            max(_power_of_two(int(longest)), _block(ring)),
        )
        for review, slot, immediate, waits, longest in rows
    ]


def _ring_size(slots: int) -> int:
    ring = SMALLEST_RING
    while ring < slots:
        ring *= RING_STEP
    return ring


def _block(ring: int) -> int:
    return max(BLOCK, ring // 4)


def _power_of_two(size: int) -> int:
    return 1 << (size - 1).bit_length()


def chunks(of_lines: list[Shape], num_rows: np.ndarray) -> Iterator[tuple[Shape, np.ndarray]]:
    """Yield positions of lines of one shape, at most a chunk at a time.

    Parameters
    ----------
    of_lines
        Shape of every line.
    num_rows
        ``[line]`` candidates that are played of each.
    """
    positions: dict[Shape, list[int]] = {}
    for line, shape in enumerate(of_lines):
        positions.setdefault(shape, []).append(line)
    for shape, lines in positions.items():
        after = np.cumsum(num_rows[lines])
        first = 0
        while first < len(lines):
            before = after[first] - num_rows[lines[first]]
            fitting = int(np.searchsorted(after, before + shape.rows, side="right"))
            last = min(max(fitting, first + 1), first + shape.lines)
            yield shape, np.array(lines[first:last])
            first = last


def padded_rows(rows: np.ndarray, size: int) -> np.ndarray:
    """Repeat the last row up to the size of a chunk."""
    return rows[np.minimum(np.arange(size), len(rows) - 1)]


def cut_chunk(compiled: CompiledLines, lines: np.ndarray, shape: Shape) -> Chunk:
    """Return some lines of one shape as a chunk; the last row is repeated where there are fewer.

    Parameters
    ----------
    compiled
        All lines.
    lines
        ``[row]`` positions; a line with several candidates is there several times.
    shape
        What they share.
    """
    names = [lane.name for lane in compiled.network.lanes]
    lane = slice(at := names.index(lane_name(shape.review_periods)), at + 1)
    items = padded_rows(lines, shape.rows)
    arrays, state = compiled.arrays, compiled.state
    features = dataclasses.replace(
        arrays.features,
        backorders=shape.waits,
        slots=shape.ring,
        immediate=shape.immediate,
        whole_units=False,
        reviewed=True,
    )
    cut = dataclasses.replace(
        arrays,
        **{name: _cut(getattr(arrays, name), lane) for name in (*_LANE, *_LANE_PERIODS)},
        **{name: _cut(getattr(arrays, name), lane, items) for name in _LANE_ITEM},
        lost_share=_cut(arrays.lost_share, slice(None), items),
        features=features,
    )
    return Chunk(cut, _tariff(compiled.tariff, lane, items, shape), _state(state, lane, items, shape))


def _cut(leaf: Array, *index: slice | np.ndarray) -> Array:
    """Index on the host: on the device every new index would be a program to compile."""
    return jnp.asarray(np.asarray(leaf)[index])


def _tariff(tariff: Tariff, lane: slice, items: np.ndarray, shape: Shape) -> Tariff:
    def at(leaf: Array | None, rows: slice) -> Array | None:
        return None if leaf is None else _cut(leaf, rows, items)

    everywhere = slice(None)
    return Tariff(
        holding=at(tariff.holding, everywhere),
        lost_sale=at(tariff.lost_sale, everywhere),
        backorder=at(tariff.backorder, everywhere) if shape.waits else None,
        fixed_order=at(tariff.fixed_order, lane),
    )


def _state(state: State, lane: slice, items: np.ndarray, shape: Shape) -> State:
    on_hand = _cut(state.on_hand, slice(None), items)
    return State(
        period=jnp.asarray(0, dtype=jnp.int32),
        on_hand=on_hand,
        in_transit=_cut(state.in_transit, lane, items),
        backorders=jnp.zeros(on_hand.shape) if shape.waits else None,
        due=None if state.due is None else _ring(state.due, lane, items, shape.ring),
    )


def _ring(due: Array, lane: slice, items: np.ndarray, slots: int) -> Array:
    """Return the first slots of the ring, which hold everything that is under way to these lines."""
    kept = np.asarray(due)[:slots, lane, items]
    return jnp.asarray(np.pad(kept, [(0, slots - len(kept)), (0, 0), (0, 0), (0, 0)]))
