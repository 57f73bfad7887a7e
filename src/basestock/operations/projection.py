"""Where stock goes with and without the order of today: quantiles of the twin's paths."""

import datetime

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array

from basestock.data.twin import Twin
from basestock.decision import Game, Policy, advance, begin
from basestock.dynamics import State, Step
from basestock.operations.pricing import follow_up, line_game
from basestock.policies import FirstOrder
from basestock.uncertainty import root_words

QUANTILES = (0.1, 0.5, 0.9)


def project(twin: Twin, order: np.ndarray, level: np.ndarray, paths: np.ndarray) -> pl.DataFrame:
    """Project the stock of every line.

    Parameters
    ----------
    twin
        Lines.
    order
        ``[line]`` order of today, base units.
    level
        ``[line]`` order-up-to level followed later, base units.
    paths
        ``[path, line, period]`` demand, base units.

    Returns
    -------
    polars.DataFrame
        Rows (item_id, location_id, date, quantile, on_hand, backorders, scenario).
    """
    frames = [
        _frame(twin, _closing(twin, quantities, level, paths), scenario)
        for scenario, quantities in (("with", order), ("without", np.zeros_like(order)))
    ]
    return pl.concat(frames)


def _closing(twin: Twin, order: np.ndarray, level: np.ndarray, paths: np.ndarray) -> np.ndarray:
    game, _, state = line_game(twin, paths)
    first = np.zeros((1, game.network.num_items, 1), dtype=np.float32)
    first[0, : twin.num_lines, 0] = order
    policy = FirstOrder(jnp.asarray(first), follow_up(level, game.network))
    wide = jax.tree.map(lambda leaf: jnp.repeat(leaf, paths.shape[0], axis=-1) if leaf.ndim else leaf, state)
    return np.asarray(_trace(game, policy, wide, paths.shape[2]))[:, 0, : twin.num_lines]


@eqx.filter_jit
def _trace(game: Game, policy: Policy, state: State, num_periods: int) -> Array:
    def fold(carry: None, step: Step) -> tuple[None, Array]:
        closing = step.outcome.opening if step.outcome.closing is None else step.outcome.closing
        return None, jnp.moveaxis(jnp.quantile(closing, jnp.asarray(QUANTILES), axis=-1), 0, -1)

    root = root_words(jax.random.key(0))
    replications = jnp.arange(state.on_hand.shape[-1])
    start = begin(game, policy, state, root)
    return advance(
        game,
        policy,
        start,
        root=root,
        replications=replications,
        num_periods=num_periods,
        fold=fold,
        initial=None,
    ).traced


def _frame(twin: Twin, quantiles: np.ndarray, scenario: str) -> pl.DataFrame:
    periods, lines, count = quantiles.shape
    days = [
        twin.as_of + datetime.timedelta(days=round(period * twin.period_days)) for period in range(periods)
    ]
    return pl.DataFrame(
        {
            "item_id": np.repeat(np.tile(twin.item_id, periods), count),
            "location_id": np.repeat(np.tile(twin.location_id, periods), count),
            "date": np.repeat(np.array(days, dtype="datetime64[D]"), lines * count),
            "quantile": np.tile(QUANTILES, periods * lines),
            "on_hand": np.round(quantiles.reshape(-1), 3),
            "backorders": np.zeros(periods * lines * count),
            "scenario": [scenario] * (periods * lines * count),
        }
    )
