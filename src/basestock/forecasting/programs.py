"""The compiled programs: laws of a batch of series, and demand drawn from laws.

Their only static arguments are sizes, padded to buckets, so an export with a few items more compiles nothing.
"""

import functools

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri
from jaxtyping import Array, Float, Int, UInt32

from basestock.forecasting.atoms import atom_ranks
from basestock.forecasting.law import Dice, Law, demand_paths, demand_total
from basestock.uncertainty.keys import root_words, threefry, uniform_from_bits

_PURPOSE = 0x0DE3A4D


@jax.jit
def filled_tables(
    sample: Float[Array, "candidate time series"],
    newest: Int[Array, "source rank series"],
    source: Int[Array, " candidate"],
    size: Float[Array, "candidate series"],
    recency: Float[Array, "candidate series"],
) -> Float[Array, "series candidate atom"]:
    """Fill the tables of drafts.

    Parameters
    ----------
    sample, size, recency
        See ``Draft``.
    newest
        Periods to draw from, newest first.
    source
        Which of them a candidate draws from.
    """

    def of_series(values: Array, periods: Array, rank: Array) -> Array:
        period = jax.vmap(functools.partial(jnp.take, mode="clip"))(periods[source], rank)
        return jnp.take_along_axis(values, period, axis=1, mode="clip")

    ranks = atom_ranks(size, recency)
    return jax.vmap(of_series, in_axes=(-1, -1, -1))(sample, newest, jnp.moveaxis(ranks, 0, 1))


@jax.jit
def simulated_sums(
    laws: Law, dice: Dice, counted: Float[Array, "series step"]
) -> Float[Array, "series candidate path"]:
    """Simulate the sum of demand over the counted steps."""

    def total(law: Law, weights: Array) -> Array:
        return demand_total(law, dice, weights)

    return jax.vmap(jax.vmap(total, in_axes=(0, None)))(laws, counted)


@jax.jit
def simulated_moments(
    laws: Law, dice: Dice, within: Float[Array, "series window step"]
) -> tuple[Float[Array, "series step"], Float[Array, "series window path"]]:
    """Simulate demand as ``simulated_demand`` does; return its mean per step and its sums over windows of steps."""

    def of_series(pair: tuple[Law, Array]) -> tuple[Array, Array]:
        demand = demand_paths(pair[0], dice)
        return demand.mean(axis=1), pair[1] @ demand

    return jax.lax.map(of_series, (laws, within))


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
