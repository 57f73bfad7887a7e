"""Planned lines played in chunks of one size, a block of periods at a time: one compiled program for any export."""

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
"""Share of paths on which all candidates must have come to the same state before a line is finished."""


class PathWindow(MarketPaths):
    """Some periods of given demand paths.

    Parameters
    ----------
    first
        Number of the period that the first row belongs to.
    """

    first: Int[Array, ""]

    def draw(
        self,
        world: World,
        root: UInt32[Array, "2"],
        period: Int[Array, ""],
        replications: Int[Array, " replication"],
    ) -> tuple[Float[Array, "node item replication"], World]:
        """Return the demand of the period on each replication's path."""
        return super().draw(world, root, period - self.first, replications)


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


class Candidates(eqx.Module):
    """What is played: orders of today, and the level that is followed from the next review on.

    Parameters
    ----------
    orders
        Base units; the trailing axis is that of candidates.
    level
        Base units.
    """

    orders: Float[Array, "1 item candidate"]
    level: Float[Array, "1 item 1"]

    def policy(self, num_paths: int) -> Policy:
        """Return the policy of every candidate on every path, paths of one candidate side by side."""
        first = jnp.repeat(self.orders, num_paths, axis=-1)
        return FirstOrder(first, Legal(BaseStock(self.level)))


class Spans(eqx.Module):
    """How long lines count: see :class:`CostWatch`."""

    protection: Float[Array, "1 item 1"]
    end: Float[Array, "1 item 1"]
    live: Bool[Array, "1 item 1"]


@dataclasses.dataclass(frozen=True, eq=False)
class Played:
    """What came of the candidate orders of some lines.

    Parameters
    ----------
    cost, short
        ``[line, candidate, path]`` money, and units short before the next order can arrive.
    agreed
        ``[line]`` share of paths on which every candidate has come to the same stock and open orders.
    closing, waiting
        ``[period, line, candidate, path]`` stock and waiting demand at the end of each period, base units; no periods
        unless asked for.
    """

    cost: np.ndarray
    short: np.ndarray
    agreed: np.ndarray
    closing: np.ndarray
    waiting: np.ndarray


def play_chunk(
    chunk: Chunk,
    shape: Shape,
    orders: np.ndarray,
    level: np.ndarray,
    paths: np.ndarray,
    protection: np.ndarray,
    end: np.ndarray,
    *,
    traced: bool = False,
) -> Played:
    """Play candidate orders of today, order up to a level from the next review on, on the same demand.

    Parameters
    ----------
    chunk, shape
        Compiled lines of one shape.
    orders
        ``[line, candidate]`` base units.
    level
        ``[line]`` base units.
    paths
        ``[path, line, period]`` demand, base units; as long as the shape says.
    protection, end
        ``[line]`` lead time + review, and when a line is finished even if its candidates still differ, periods.
    traced
        Whether closing stock is wanted: then no line is finished early.

    Returns
    -------
    Played
        Money, shortages, agreement.
    """
    count, num_paths = len(orders), paths.shape[0]
    table = (count, orders.shape[1], num_paths)
    size = shape.lines
    played = Candidates(_items(orders, size), _items(level[:, None], size))
    block = shape.block
    demand = np.zeros((shape.periods, 1, size, num_paths), dtype=np.float32)
    demand[:, 0, :count] = np.moveaxis(paths, (0, 1, 2), (2, 1, 0))
    live, share = np.arange(size) < count, np.zeros(size)
    lengths = _items(protection[:, None], size), _items(end[:, None], size)
    moving, sums = _begin(chunk, jnp.asarray(demand[:block]), played)
    traces: list[tuple[np.ndarray, np.ndarray]] = []
    for at in range(0, shape.periods, block):
        spans = Spans(*lengths, jnp.asarray(live[None, :, None]))
        window = jnp.asarray(demand[at : at + block])
        given = _Given(chunk, window, jnp.asarray(at, jnp.int32), played, spans)
        moving, sums, closing, same = _segment(given, moving, sums)
        share = np.where(live, np.asarray(same, dtype=np.float64), share)
        if traced:
            traces.append(_traces(closing, table))
        live[:count] &= (share[:count] < AGREED) & (end > at + block)
        if not traced and not live.any():
            break
    stock, waiting = zip(*traces, strict=True) if traces else ([np.zeros((0, *table))],) * 2
    return Played(
        _table(sums.cost.total, table),
        _table(sums.short, table),
        share[:count],
        np.concatenate(stock),
        np.concatenate(waiting),
    )


def _items(rows: np.ndarray, size: int) -> Float[Array, "1 item column"]:
    return jnp.asarray(padded_rows(rows, size)[None], dtype=jnp.float32)


def _table(leaf: Array, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(leaf, dtype=np.float64)[0, : shape[0]].reshape(shape)


def _traces(closing: tuple[Array, Array | None], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    stock = np.asarray(closing[0])[:, 0, : shape[0]].reshape(-1, *shape)
    if closing[1] is None:
        return stock, np.zeros_like(stock)
    return stock, np.asarray(closing[1])[:, 0, : shape[0]].reshape(-1, *shape)


def _game(chunk: Chunk, window: Array, first: Array) -> Game:
    """Return the game with a window of demand as its events; all other chance is used up by the paths."""
    arrays = chunk.arrays
    lanes, items = (jnp.zeros((count, 2), jnp.uint32) for count in (arrays.num_lanes, arrays.num_items))
    return Game(
        arrays, EventSource(PathWindow(window, first), lanes, items, None), Information(), RECEIVE_ORDER_SELL
    )


@eqx.filter_jit
def _begin(chunk: Chunk, window: Array, played: Candidates) -> tuple[Moving, Sums]:
    num_paths = window.shape[-1]
    columns = num_paths * played.orders.shape[-1]
    wide = jax.tree.map(lambda leaf: jnp.repeat(leaf, columns, axis=-1) if leaf.ndim else leaf, chunk.state)
    nothing = jnp.zeros_like(wide.on_hand)
    root = root_words(jax.random.key(0))
    game = _game(chunk, window, jnp.asarray(0, jnp.int32))
    return begin(game, played.policy(num_paths), wide, root), Sums(Compensated(nothing, nothing), nothing)


class _Given(eqx.Module):
    """Everything that a segment reads and leaves as it is."""

    chunk: Chunk
    window: Float[Array, "period 1 item path"]
    first: Int[Array, ""]
    played: Candidates
    spans: Spans


@eqx.filter_jit(donate="all-except-first")
def _segment(
    given: _Given, moving: Moving, sums: Sums
) -> tuple[Moving, Sums, tuple[Array, Array | None], Float[Array, " item"]]:
    chunk, played, spans = given.chunk, given.played, given.spans
    num_periods, num_paths = given.window.shape[0], given.window.shape[-1]
    num_candidates = played.orders.shape[-1]
    watch = CostWatch(
        chunk.tariff, chunk.arrays, spans.protection, spans.end, spans.live, ledger_for(chunk.tariff)
    )
    path = advance(
        _game(chunk, given.window, given.first),
        played.policy(num_paths),
        moving,
        root=root_words(jax.random.key(0)),
        replications=jnp.tile(jnp.arange(num_paths), num_candidates),
        num_periods=num_periods,
        fold=watch,
        initial=sums,
    )
    return path.end, path.folded, path.traced, _agreement(path.end, num_candidates)


def _agreement(end: Moving, num_candidates: int) -> Float[Array, " item"]:
    """Return the share of paths on which every candidate has come to the same stock and open orders."""
    state = end.state
    same = _alike(state.on_hand, num_candidates)
    for leaf in (state.due, state.backorders):
        same = same if leaf is None else same & _alike(leaf, num_candidates)
    return same.mean(-1)


def _alike(leaf: Array, num_candidates: int) -> Bool[Array, "item path"]:
    num_items, columns = leaf.shape[-2:]
    table = leaf.reshape(-1, num_items, num_candidates, columns // num_candidates)
    first = table[:, :, :1]
    return (jnp.abs(table - first) <= 1e-3 + 1e-4 * first).all((0, 2))
