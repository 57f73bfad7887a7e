"""The table of a law: equally likely values that stand for a weighted sample."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.setting import NUM_ATOMS

_SMALLEST_RECENCY = 1e-4


def atom_tables(
    sample: Float[Array, "candidate rank series"],
    count: Float[Array, "candidate series"],
    recency: Float[Array, "candidate series"],
) -> Float[Array, "series candidate atom"]:
    """Fill one table a series and candidate from a sample, in proportion to the weights of its entries.

    Parameters
    ----------
    sample
        Past values or residuals, newest first.
    count
        How many of them may be drawn.
    recency
        0 draws all alike; a gain g draws the k-th newest with weight (1 - g)^k.

    Notes
    -----
    Atom i of n is the entry at which the cumulative weight reaches (i + 1/2) / n.
    """
    of_series = jax.vmap(jax.vmap(_atoms), in_axes=-1)
    return of_series(sample, count, recency)


def _atoms(sample: Float[Array, " rank"], count: Array, recency: Array) -> Float[Array, " atom"]:
    fraction = (jnp.arange(NUM_ATOMS) + 0.5) / NUM_ATOMS
    keep = 1.0 - jnp.maximum(recency, _SMALLEST_RECENCY)
    weighted = jnp.log(1.0 - fraction * (1.0 - keep**count)) / jnp.log(keep)
    rank = jnp.where(recency < _SMALLEST_RECENCY, fraction * count, weighted).astype(jnp.int32)
    return jnp.take(sample, jnp.minimum(rank, jnp.maximum(count - 1.0, 0.0).astype(jnp.int32)), mode="clip")
