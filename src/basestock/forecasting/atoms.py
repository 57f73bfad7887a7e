"""The table of a law: equally likely values that stand for a weighted sample."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.setting import NUM_ATOMS

_SMALLEST_RECENCY = 1e-4


def atom_tables(
    sample: Float[Array, "candidate time series"],
    valid: Float[Array, "candidate time series"],
    recency: Float[Array, "candidate series"],
) -> Float[Array, "series candidate atom"]:
    """Fill one table a series and candidate from its valid entries, newest first, in proportion to their weights.

    Parameters
    ----------
    sample, valid
        Past values or residuals, and 1 where they may be drawn.
    recency
        0 draws all valid entries alike; a gain g draws the k-th newest with weight (1 - g)^k.

    Notes
    -----
    Atom i of n is the entry at which the cumulative weight reaches (i + 1/2) / n.
    """
    of_series = jax.vmap(jax.vmap(_atoms), in_axes=-1)
    return of_series(sample, valid, recency)


def _atoms(sample: Float[Array, " time"], valid: Float[Array, " time"], recency: Array) -> Array:
    num_valid = valid.sum()
    age = (jnp.cumsum(valid[::-1])[::-1] - 1).astype(jnp.int32)
    slot = jnp.where(valid > 0, age, sample.shape[0])
    packed = jnp.zeros_like(sample).at[slot].set(sample, mode="drop")
    fraction = (jnp.arange(NUM_ATOMS) + 0.5) / NUM_ATOMS
    log_keep = jnp.log1p(-jnp.clip(recency, _SMALLEST_RECENCY, 0.99))
    weighted = jnp.log1p(fraction * jnp.expm1(num_valid * log_keep)) / log_keep
    index = jnp.where(recency >= _SMALLEST_RECENCY, weighted, fraction * num_valid).astype(jnp.int32)
    return jnp.take(packed, jnp.clip(index, 0, jnp.maximum(num_valid - 1, 0).astype(jnp.int32)), mode="clip")
