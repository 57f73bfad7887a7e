"""The compiled programs: laws of a batch of series, and demand drawn from laws.

Their only static arguments are sizes, padded to buckets, so an export with a few items more compiles nothing.
"""

import functools

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Float, Int, UInt32

from basestock.forecasting.atoms import atom_tables
from basestock.forecasting.calibration import calibrated
from basestock.forecasting.law import Dice, Law, demand_paths, demand_total
from basestock.forecasting.registry import FORECASTERS
from basestock.forecasting.setting import Setting
from basestock.forecasting.training import Training, View
from basestock.uncertainty.keys import root_words, threefry, uniform_from_bits

_PURPOSE = 0x0DE3A4D


@functools.partial(jax.jit, static_argnames=("names", "setting"))
def candidate_laws(training: Training, *, names: tuple[str, ...], setting: Setting) -> Law:
    """Fit every candidate to every series; leaves are ``[series, candidate, ...]``."""
    view = View(training, setting)
    drafts = [FORECASTERS[name].draft(view) for name in names]
    draft = jax.tree.map(lambda *leaves: jnp.stack(leaves), *drafts)
    dynamics = jax.tree.map(lambda leaf: jnp.moveaxis(leaf, -1, 0), calibrated(draft, view))
    return Law(atom_tables(draft.sample, draft.size, draft.recency), dynamics)


@jax.jit
def simulated_sums(
    laws: Law, dice: Dice, counted: Float[Array, "series step"]
) -> Float[Array, "series candidate path"]:
    """Simulate the sum of demand over the counted steps."""

    def total(law: Law, weights: Array) -> Array:
        return demand_total(law, dice, weights)

    return jax.vmap(jax.vmap(total, in_axes=(0, None)))(laws, counted)


@jax.jit
def simulated_demand(laws: Law, dice: Dice) -> Float[Array, "series step path"]:
    """Simulate demand of every series with the same dice, one series at a time, which stays in the cache."""
    return jax.lax.map(lambda law: demand_paths(law, dice), laws)


@functools.partial(jax.jit, static_argnames=("num_steps",))
def drawn_demand(
    laws: Law, words: UInt32[Array, "series 2"], key: Array, paths: Int[Array, " path"], *, num_steps: int
) -> Float[Array, "series step path"]:
    """Draw demand of every series with dice of its own, from its stable words and the numbers of the paths."""
    root = root_words(jax.random.fold_in(key, _PURPOSE))

    def draw(law: Law, word: Array) -> Array:
        own = threefry((root[0], root[1]), (word[0], word[1]))
        return demand_paths(law, _own_dice(own, paths.astype(jnp.uint32), num_steps))

    return jax.vmap(draw)(laws, words)


def _own_dice(key: tuple[Array, Array], paths: UInt32[Array, " path"], num_steps: int) -> Dice:
    """Return the dice of one series: one block of random bits per path and step, step 0 for the level."""
    steps = jnp.arange(num_steps + 1, dtype=jnp.uint32)[:, None]
    # Without the barrier the compiler would draw the same bits again in every step that uses them.
    atom, occurrence = jax.lax.optimization_barrier(threefry(key, (steps, paths)))
    return Dice(atom[1:], uniform_from_bits(occurrence[1:]), ndtri(uniform_from_bits(atom[0])))
