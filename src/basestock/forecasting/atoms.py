"""The table of a law: equally likely values that stand for a weighted sample."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.forecasting.setting import NUM_ATOMS

_SMALLEST_RECENCY = 1e-4


def atom_ranks(count: Float[Array, "*batch"], recency: Float[Array, "*batch"]) -> Int[Array, "atom *batch"]:
    """Return which entry of a sample, counted from the newest, stands behind each atom of its table.

    Parameters
    ----------
    count
        How many entries may be drawn.
    recency
        0 draws all alike; a gain g draws the k-th newest with weight (1 - g)^k.

    Notes
    -----
    Atom i of n is the entry at which the cumulative weight reaches (i + 1/2) / n.
    """
    fraction = ((jnp.arange(NUM_ATOMS) + 0.5) / NUM_ATOMS).reshape(-1, *(1,) * count.ndim)
    keep = 1.0 - jnp.maximum(recency, _SMALLEST_RECENCY)
    weighted = jnp.log(1.0 - fraction * (1.0 - keep**count)) / jnp.log(keep)
    rank = jnp.where(recency < _SMALLEST_RECENCY, fraction * count, weighted).astype(jnp.int32)
    return jnp.clip(rank, 0, jnp.maximum(count - 1.0, 0.0).astype(jnp.int32))
