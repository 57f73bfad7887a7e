"""Candidate orders played in chunks of one size, a block of periods at a time: one compiled program for any export."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt32

from basestock.decision import Game, Information, Policy, advance, begin
from basestock.dynamics import RECEIVE_ORDER_SELL, Moving, NetworkArrays, Step
from basestock.economics import Compensated, Ledger, Tariff, ledger_for
from basestock.operations.line_chunks import Chunk, Shape, padded_rows
from basestock.policies import BaseStock, FirstOrder, Legal
from basestock.uncertainty import EventSource, MarketPaths, World, root_words

AGREED = 0.999
"""Share of paths on which each candidate must have come to the state of the first before a line is finished."""


class PathWindow(MarketPaths):
    """Some periods of given demand paths of lines, for the rows that play them.

    Parameters
    ----------
    first
        Number of the period that the first entry belongs to.
    owner
        Line of each row.
    """

    first: Int[Array, ""]
    owner: Int[Array, " row"]

    def draw(
        self,
        world: World,
        root: UInt32[Array, "2"],
        period: Int[Array, ""],
        replications: Int[Array, " replication"],
    ) -> tuple[Float[Array, "node item replication"], World]:
        """Return the demand of the period on each replication's path."""
        market = jax.lax.dynamic_index_in_dim(self.paths, period - self.first, 0, keepdims=False)
        return jnp.take(market, self.owner, axis=1, mode="clip"), world


class Sums(eqx.Module):
    """Money and shortages of every line and path so far."""

    cost: Compensated
    short: Float[Array, "node item replication"]


class CostWatch(eqx.Module):
    """Adds up cost, and shortages before the next order could arrive, while a line is neither agreed nor at its end.

    Parameters
    ----------
    tariff, network
        Rates and places.
    protection, end
        Lead time + review, and the longest pricing, periods.
    live
        Whether the line still counts.
    ledger
        The terms.
    """

    tariff: Tariff
    network: NetworkArrays
    protection: Float[Array, "1 item 1"]
    end: Float[Array, "1 item 1"]
    live: Bool[Array, "1 item 1"]
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, carry: Sums, step: Step) -> tuple[Sums, tuple[Array, Array | None]]:
        """Add one period; closing stock and waiting demand are traced."""
        money = self.ledger.by_place(self.network, self.tariff, step).sum(0)
        counts = self.live & (step.start.period < self.end)
        inside = step.start.period < self.protection
        short = jnp.zeros_like(carry.short)
        for unserved in (step.outcome.lost, step.outcome.newly_backordered):
            short = short if unserved is None else short + unserved
        sums = Sums(
            carry.cost.add(jnp.where(counts, money, 0.0)), carry.short + jnp.where(inside, short, 0.0)
        )
        return sums, (step.next_state.on_hand, step.next_state.backorders)


class Spans(eqx.Module):
    """How long rows count: see :class:`CostWatch`."""

    protection: Float[Array, "1 item 1"]
    end: Float[Array, "1 item 1"]
    live: Bool[Array, "1 item 1"]


@dataclasses.dataclass(frozen=True, eq=False)
class Rows:
    """What is played of some lines: the candidates of each line one after the other, the first one first.

    Parameters
    ----------
    owner
        ``[row]`` line in the chunk, rising; every line has a row.
    orders
        ``[row]`` order of today, base units.
    level
        ``[line]`` level that is followed from the next review on, base units.
    protection, end
        ``[line]`` lead time + review, and when a line is finished even if its candidates still differ, periods.
    """

    owner: np.ndarray
    orders: np.ndarray
    level: np.ndarray
    protection: np.ndarray
    end: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """``[line]`` first row of each."""
        return np.searchsorted(self.owner, np.arange(len(self.level)))


@dataclasses.dataclass(frozen=True, eq=False)
class Played:
    """What came of the candidate orders of some lines.

    Parameters
    ----------
    cost, short
        ``[row, path]`` money, and units short before the next order can arrive.
    agreed
        ``[line]`` share of paths on which each candidate has come to the stock and open orders of the first, for the
        candidate where it is least.
    closing, waiting
        ``[period, row, path]`` stock and waiting demand at the end of each period, base units; no periods unless asked
        for.
    """

    cost: np.ndarray
    short: np.ndarray
    agreed: np.ndarray
    closing: np.ndarray
    waiting: np.ndarray


def play_chunk(chunk: Chunk, shape: Shape, rows: Rows, paths: np.ndarray, *, traced: bool = False) -> Played:
    """Play candidate orders of today, order up to a level from the next review on, on the same demand.

    Parameters
    ----------
    chunk, shape
        Compiled rows of one shape.
    rows
        Lines and orders.
    paths
        ``[path, line, period]`` demand, base units; as long as the shape says.
    traced
        Whether closing stock is wanted: then no line is finished early.

    Returns
    -------
    Played
        Money, shortages, agreement.
    """
    count, block = len(rows.level), shape.block
    demand = np.zeros((shape.periods, 1, shape.lines, paths.shape[0]), dtype=np.float32)
    demand[:, 0, :count] = np.moveaxis(paths, (0, 1, 2), (2, 1, 0))
    given = _given(chunk, shape, rows, demand[:block])
    live, share, starts = np.ones(count, dtype=bool), np.zeros(count), rows.starts
    moving, sums = _begin(given)
    traces: list[tuple[np.ndarray, np.ndarray]] = []
    for at in range(0, shape.periods, block):
        moving, sums, closing, same = _segment(_at(given, at, demand[at : at + block], live), moving, sums)
        least = np.minimum.reduceat(np.asarray(same, dtype=np.float64)[: len(rows.owner)], starts)
        share = np.where(live, least, share)
        if traced:
            traces.append(_traces(closing, len(rows.owner)))
        live &= (share < AGREED) & (rows.end > at + block)
        if not traced and not live.any():
            break
    nothing = np.zeros((0, len(rows.owner), paths.shape[0]))
    stock, waiting = zip(*traces, strict=True) if traces else ([nothing],) * 2
    return Played(
        _table(sums.cost.total, len(rows.owner)),
        _table(sums.short, len(rows.owner)),
        share,
        np.concatenate(stock),
        np.concatenate(waiting),
    )


def _table(leaf: Array, num_rows: int) -> np.ndarray:
    return np.asarray(leaf, dtype=np.float64)[0, :num_rows]


def _traces(closing: tuple[Array, Array | None], num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    stock = np.asarray(closing[0])[:, 0, :num_rows]
    return stock, np.zeros_like(stock) if closing[1] is None else np.asarray(closing[1])[:, 0, :num_rows]


class _Given(eqx.Module):
    """Everything that a segment reads and leaves as it is."""

    chunk: Chunk
    window: Float[Array, "period 1 line path"]
    first: Int[Array, ""]
    owner: Int[Array, " item"]
    base: Int[Array, " item"]
    orders: Float[Array, "1 item 1"]
    level: Float[Array, "1 item 1"]
    spans: Spans

    @property
    def game(self) -> Game:
        """The game with a window of demand as its events; all other chance is used up by the paths."""
        arrays = self.chunk.arrays
        lanes, items = (jnp.zeros((count, 2), jnp.uint32) for count in (arrays.num_lanes, arrays.num_items))
        market = PathWindow(self.window, self.first, self.owner)
        return Game(arrays, EventSource(market, lanes, items, None), Information(), RECEIVE_ORDER_SELL)

    @property
    def policy(self) -> Policy:
        """Each row's order of today, its level from the next review on."""
        return FirstOrder(self.orders, Legal(BaseStock(self.level)))


def _given(chunk: Chunk, shape: Shape, rows: Rows, window: np.ndarray) -> _Given:
    owner = padded_rows(rows.owner, shape.rows)

    def items(values: np.ndarray) -> Float[Array, "1 item 1"]:
        return jnp.asarray(values[None, :, None], dtype=jnp.float32)

    spans = Spans(items(rows.protection[owner]), items(rows.end[owner]), jnp.ones((1, shape.rows, 1), bool))
    return _Given(
        chunk,
        jnp.asarray(window),
        jnp.asarray(0, jnp.int32),
        jnp.asarray(owner, jnp.int32),
        jnp.asarray(rows.starts[owner], jnp.int32),
        items(padded_rows(rows.orders, shape.rows)),
        items(rows.level[owner]),
        spans,
    )


def _at(given: _Given, first: int, window: np.ndarray, live: np.ndarray) -> _Given:
    """Move on to a later window, in which only some lines still count."""
    counts = jnp.asarray(live[np.asarray(given.owner)][None, :, None])
    spans = Spans(given.spans.protection, given.spans.end, counts)
    return dataclasses.replace(
        given, window=jnp.asarray(window), first=jnp.asarray(first, jnp.int32), spans=spans
    )


@eqx.filter_jit
def _begin(given: _Given) -> tuple[Moving, Sums]:
    num_paths = given.window.shape[-1]
    state = given.chunk.state
    wide = jax.tree.map(lambda leaf: jnp.repeat(leaf, num_paths, axis=-1) if leaf.ndim else leaf, state)
    nothing = jnp.zeros_like(wide.on_hand)
    root = root_words(jax.random.key(0))
    return begin(given.game, given.policy, wide, root), Sums(Compensated(nothing, nothing), nothing)


@eqx.filter_jit(donate="all-except-first")
def _segment(
    given: _Given, moving: Moving, sums: Sums
) -> tuple[Moving, Sums, tuple[Array, Array | None], Float[Array, " item"]]:
    chunk, spans = given.chunk, given.spans
    watch = CostWatch(
        chunk.tariff, chunk.arrays, spans.protection, spans.end, spans.live, ledger_for(chunk.tariff)
    )
    path = advance(
        given.game,
        given.policy,
        moving,
        root=root_words(jax.random.key(0)),
        replications=jnp.arange(given.window.shape[-1]),
        num_periods=given.window.shape[0],
        fold=watch,
        initial=sums,
    )
    return path.end, path.folded, path.traced, _agreement(path.end, given.base)


def _agreement(end: Moving, base: Int[Array, " item"]) -> Float[Array, " item"]:
    """Return the share of paths on which each row has come to the stock and open orders of its line's first row."""
    state = end.state
    same = _alike(state.on_hand, base)
    for leaf in (state.due, state.backorders):
        same = same if leaf is None else same & _alike(leaf, base)
    return same.mean(-1)


def _alike(leaf: Array, base: Int[Array, " item"]) -> Bool[Array, "item path"]:
    table = leaf.reshape(-1, *leaf.shape[-2:])
    first = jnp.take(table, base, axis=1, mode="clip")
    return (jnp.abs(table - first) <= 1e-3 + 1e-4 * first).all(0)
