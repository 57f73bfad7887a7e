"""The compiled programs: laws of a batch of series, and demand drawn from laws.

Their only static arguments are sizes, padded to buckets, so an export with a few items more compiles nothing.
"""

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt32

from basestock.forecasting.law import Dice, Law, simulate
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
    """Simulate the sum of demand over the counted steps."""

    def total(law: Law, weights: Array) -> Array:
        return simulate(law, dice, weights).total

    return jax.vmap(jax.vmap(total, in_axes=(0, None)))(laws, counted)


@jax.jit
def simulated_demand(laws: Law, dice: Dice) -> Float[Array, "series step path"]:
    """Simulate demand of every series with the same dice."""
    weights = jnp.zeros(dice.atom.shape[0])
    return jax.vmap(lambda law: simulate(law, dice, weights).of_step)(laws)


@functools.partial(jax.jit, static_argnames=("num_paths", "num_steps"))
def drawn_demand(
    laws: Law, words: UInt32[Array, "series 2"], key: Array, *, num_paths: int, num_steps: int
) -> Float[Array, "series step path"]:
    """Draw demand of every series with dice of its own, from its stable words and the number of the path."""

    def draw(law: Law, word: Array) -> Array:
        own = jax.random.fold_in(jax.random.fold_in(key, word[0]), word[1])
        keys = jax.vmap(lambda path: jax.random.fold_in(own, path))(jnp.arange(num_paths))
        dice = jax.vmap(lambda path: _roll(path, num_steps), out_axes=-1)(keys)
        return simulate(law, dice, jnp.zeros(num_steps)).of_step

    return jax.vmap(draw)(laws, words)


def _roll(key: Array, num_steps: int) -> Dice:
    atom, occurrence, level = jax.random.split(key, 3)
    return Dice(
        jax.random.bits(atom, (num_steps,)), jax.random.uniform(occurrence, (num_steps,)), jax.random.normal(level)
    )
