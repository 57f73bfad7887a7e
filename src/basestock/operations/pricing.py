"""What an order is worth: every candidate quantity played on the twin against ordering nothing, on the same demand."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.data.twin import Twin
from basestock.decision import Game, Information, Policy, advance, begin
from basestock.dynamics import (
    RECEIVE_ORDER_SELL,
    NetworkArrays,
    State,
    Step,
    compile_network,
)
from basestock.economics import Compensated, Ledger, Tariff, ledger_for
from basestock.operations.lines import line_network, line_start, line_tariff
from basestock.policies import BaseStock, FirstOrder, Legal
from basestock.uncertainty import Axes, EventSource, MarketPaths, bucket, root_words

CANDIDATES = 12
"""Quantities priced per line, nothing included."""

CELLS = 3_000_000
"""Lines times candidates times paths that are played together."""


@dataclasses.dataclass(frozen=True, eq=False)
class Prices:
    """Values of candidate orders, per line.

    Parameters
    ----------
    quantity
        ``[line, candidate]`` increasing, first 0, base units.
    value, value_se
        ``[line, candidate]`` expected money saved against ordering nothing before the next review, and its standard
        error.
    gain, gain_se
        ``[line, candidate]`` money of this candidate over the one before, and its standard error; 0 for the first.
    p_stockout
        ``[line, candidate]`` share of paths with lost demand before the next order can arrive.
    agreed
        ``[line]`` share of paths on which stock is the same again at the end with the largest and without any order.
    """

    quantity: np.ndarray
    value: np.ndarray
    value_se: np.ndarray
    gain: np.ndarray
    gain_se: np.ndarray
    p_stockout: np.ndarray
    agreed: np.ndarray


def price_orders(twin: Twin, quantities: np.ndarray, level: np.ndarray, paths: np.ndarray) -> Prices:
    """Price candidate orders of every line.

    Parameters
    ----------
    twin
        Lines.
    quantities
        ``[line, candidate]`` increasing, the first 0, base units.
    level
        ``[line]`` order-up-to level that is followed from the next review on, base units.
    paths
        ``[path, line, period]`` sample paths of demand from today on, base units; the horizon of the pricing.

    Returns
    -------
    Prices
        Values, gains, stockout probabilities with and without.

    Notes
    -----
    Money is the ledger's: holding, lost margin and goodwill, order cost. Purchases at cost cancel against stock at
    cost, so that a unit bought now rather than later costs its holding only.
    """
    num_paths, candidates = paths.shape[0], quantities.shape[1]
    chunk = max(1, min(twin.num_lines, CELLS // (num_paths * candidates)))
    parts = [
        _price_chunk(twin.take(lines), quantities[lines], level[lines], paths[:, lines])
        for first in range(0, twin.num_lines, chunk)
        if len(lines := np.arange(first, min(first + chunk, twin.num_lines)))
    ]
    return Prices(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in dataclasses.fields(Prices)
        )
    )


class CostWatch(eqx.Module):
    """Accumulates the cost of every line and path, and whether demand was lost before the next order could arrive."""

    tariff: Tariff
    network: NetworkArrays
    protection: Float[Array, "1 item 1"]
    ledger: Ledger = eqx.field(static=True)

    def __call__(
        self, carry: tuple[Compensated, Array], step: Step
    ) -> tuple[tuple[Compensated, Array], None]:
        """Add one period."""
        cost, lost = carry
        money = self.ledger.by_place(self.network, self.tariff, step).sum(0)
        here = jnp.zeros_like(lost) if step.outcome.lost is None else step.outcome.lost
        inside = step.start.period < self.protection
        return (cost.add(money), lost + jnp.where(inside, here, 0.0)), None


def line_game(twin: Twin, paths: np.ndarray) -> tuple[Game, Tariff, State]:
    """Compile lines, rates and today's state, with given demand paths ``[path, line, period]`` as events."""
    network = line_network(twin)
    axes, arrays = Axes.of(network), compile_network(network)
    padded = np.zeros((paths.shape[2], axes.num_nodes, axes.num_items, paths.shape[0]), dtype=np.float32)
    padded[:, 0, : twin.num_lines] = np.moveaxis(paths, (0, 1, 2), (2, 1, 0))
    words = (jnp.asarray(axes.words("lane")), jnp.asarray(axes.words("item")))
    events = EventSource(MarketPaths(jnp.asarray(padded)), *words, None)
    state = line_start(twin).compile(network, arrays, 1)
    return Game(arrays, events, Information(), RECEIVE_ORDER_SELL), line_tariff(twin, network), state


def follow_up(level: np.ndarray, arrays: NetworkArrays) -> Policy:
    """Return what is done from the next review on: order up to the level, in legal quantities."""
    return Legal(BaseStock(padded_leaf(level, arrays)))


def padded_leaf(values: np.ndarray, arrays: NetworkArrays, fill: float = 0.0) -> Float[Array, "1 item 1"]:
    """Return one number per line on the padded item axis."""
    table = np.full((1, arrays.num_items, 1), fill, dtype=np.float32)
    table[0, : len(values), 0] = values
    return jnp.asarray(table)


def _price_chunk(twin: Twin, quantities: np.ndarray, level: np.ndarray, paths: np.ndarray) -> Prices:
    lines, candidates, num_paths = twin.num_lines, quantities.shape[1], paths.shape[0]
    game, tariff, state = line_game(twin, paths)
    arrays = game.network
    count = candidates * num_paths
    first = np.zeros((1, arrays.num_items, count), dtype=np.float32)
    first[0, :lines] = np.repeat(quantities, num_paths, axis=1)
    wide = jax.tree.map(lambda leaf: jnp.repeat(leaf, count, axis=-1) if leaf.ndim else leaf, state)
    watch = CostWatch(
        tariff, arrays, padded_leaf(twin.lead_periods + twin.review_periods, arrays), ledger_for(tariff)
    )
    cost, lost, stock = _play(
        game,
        FirstOrder(jnp.asarray(first), follow_up(level, arrays)),
        wide,
        watch,
        jnp.tile(jnp.arange(num_paths), candidates),
        paths.shape[2],
    )
    table = lambda leaf: np.asarray(leaf, dtype=np.float64)[0, :lines].reshape(lines, candidates, num_paths)  # noqa: E731
    return _summarize(quantities, table(cost.total), table(lost), table(stock))


@eqx.filter_jit
def _play(
    game: Game, policy: Policy, state: State, watch: CostWatch, replications: Array, num_periods: int
) -> tuple[Compensated, Array, Array]:
    root = root_words(jax.random.key(0))
    start = begin(game, policy, state, root)
    initial = (Compensated.zeros(state.on_hand.shape), jnp.zeros_like(state.on_hand))
    path = advance(
        game,
        policy,
        start,
        root=root,
        replications=replications,
        num_periods=num_periods,
        fold=watch,
        initial=initial,
    )
    return *path.folded, path.end.state.on_hand


def _summarize(quantity: np.ndarray, cost: np.ndarray, lost: np.ndarray, stock: np.ndarray) -> Prices:
    saved = cost[:, :1] - cost
    steps = np.diff(saved, axis=1, prepend=saved[:, :1])
    root = np.sqrt(cost.shape[2])
    return Prices(
        quantity=quantity,
        value=saved.mean(2),
        value_se=saved.std(2, ddof=1) / root,
        gain=steps.mean(2),
        gain_se=steps.std(2, ddof=1) / root,
        p_stockout=(lost > 0).mean(2),
        agreed=(np.abs(stock[:, -1] - stock[:, 0]) < 0.5).mean(1),
    )


def horizon_groups(protection: np.ndarray, limit: int) -> dict[int, np.ndarray]:
    """Group lines by the horizon of their pricing: 4 x (lead time + review), rounded up to a few sizes.

    Parameters
    ----------
    protection
        ``[line]`` lead time + review, periods.
    limit
        Longest horizon, periods.

    Returns
    -------
    dict
        Horizon to positions of lines; few horizons, so that few programs are compiled.
    """
    wanted = np.minimum(4 * np.maximum(protection, 1), limit)
    sizes = np.array([1 << (int(size) - 1).bit_length() for size in wanted])
    horizons = np.minimum(sizes, limit)
    return {int(horizon): np.flatnonzero(horizons == horizon) for horizon in np.unique(horizons)}


__all__ = ["CANDIDATES", "Prices", "bucket", "horizon_groups", "line_game", "padded_leaf", "price_orders"]
