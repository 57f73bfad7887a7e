"""The compiled programs: laws of a batch of series, and demand drawn from laws.

Their only static arguments are sizes, padded to buckets, so an export with a few items more compiles nothing.
"""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from basestock.forecasting.law import Dice, Law, demand_paths
from basestock.forecasting.registry import FORECASTERS
from basestock.forecasting.setting import Setting
from basestock.forecasting.training import Training, View, atom_table


@functools.partial(jax.jit, static_argnames=("names", "setting"))
def candidate_laws(training: Training, *, names: tuple[str, ...], setting: Setting) -> Law:
    """Fit every candidate to every series; leaves are ``[series, candidate, ...]``."""

    def laws(one: Training) -> Law:
        view = View(one, setting)
        drafts = [FORECASTERS[name].draft(view) for name in names]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *drafts)
        return Law(jax.vmap(atom_table)(stacked), stacked.dynamics)

    return jax.vmap(laws)(training)


@jax.jit
def simulated_sums(
    laws: Law, dice: Dice, counted: Float[Array, "series step"]
) -> Float[Array, "series candidate path"]:
    """Simulate the sum of demand over the counted steps; the dice may have fewer steps than the laws."""

    def sums(law: Law, weights: Array) -> Array:
        return demand_paths(first_steps(law, weights.shape[0]), dice) @ weights

    return jax.vmap(jax.vmap(sums, in_axes=(0, None)))(laws, counted)


@jax.jit
def simulated_demand(laws: Law, dice: Dice) -> Float[Array, "series step path"]:
    """Simulate demand of every series with the same dice."""
    return jax.vmap(lambda law: demand_paths(law, dice).T)(laws)


@functools.partial(jax.jit, static_argnames=("num_paths", "num_steps"))
def drawn_demand(
    laws: Law, words: UInt32[Array, "series 2"], key: Array, *, num_paths: int, num_steps: int
) -> Float[Array, "series path step"]:
    """Draw demand of every series with dice of its own, from its stable words and the number of the path."""

    def draw(law: Law, word: Array) -> Array:
        own = jax.random.fold_in(jax.random.fold_in(key, word[0]), word[1])
        keys = jax.vmap(lambda path: jax.random.fold_in(own, path))(jnp.arange(num_paths))
        return demand_paths(first_steps(law, num_steps), jax.vmap(lambda path: _roll(path, num_steps))(keys))

    return jax.vmap(draw)(laws, words)


def first_steps(law: Law, num_steps: int) -> Law:
    """Return the law of the first steps alone."""
    dynamics = law.dynamics
    return law._replace(
        dynamics=dynamics._replace(
            base=dynamics.base[:num_steps],
            spread=dynamics.spread[:num_steps],
            season_scale=dynamics.season_scale[:num_steps],
            season_shift=dynamics.season_shift[:num_steps],
        )
    )


def _roll(key: Array, num_steps: int) -> Dice:
    atom, occurrence, level = jax.random.split(key, 3)
    return Dice(
        jax.random.bits(atom, (num_steps,)), jax.random.uniform(occurrence, (num_steps,)), jax.random.normal(level)
    )
