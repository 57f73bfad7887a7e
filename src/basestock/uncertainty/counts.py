"""Poisson and negative binomial counts by inversion, for means that depend on decisions."""

import jax
import jax.numpy as jnp
from jax.scipy.special import betainc, gammaincc
from jaxtyping import Array


def count_cumulative(count: Array, mean: Array, dispersion: Array | None = None) -> Array:
    """Return P(X <= count) for X Poisson, or negative binomial with variance mean + dispersion mean^2.

    Parameters
    ----------
    count
        Whole numbers; the result is 0 below 0.
    mean
        Not negative.
    dispersion
        Not negative, 0 for Poisson; ``None`` where every law is.

    Examples
    --------
    >>> round(float(count_cumulative(jnp.asarray(1.0), jnp.asarray(2.0))), 5)
    0.40601
    """
    inside = jnp.maximum(count, 0.0) + 1.0
    positive = jnp.maximum(mean, 1e-30)
    value = gammaincc(inside, positive)
    if dispersion is not None:
        spread = dispersion > 0
        size = 1.0 / jnp.where(spread, dispersion, 1.0)
        value = jnp.where(spread, betainc(size, inside, size / (size + positive)), value)
    return jnp.where(count < 0, 0.0, value)


def count_quantile(level: Array, mean: Array, dispersion: Array | None = None) -> Array:
    """Return the smallest count whose cumulative probability reaches the level.

    Parameters
    ----------
    level
        Quantile in (0, 1).
    mean, dispersion
        As in :func:`count_cumulative`.

    Notes
    -----
    Gradients flow through the mean: the count itself is a step function.

    Examples
    --------
    >>> float(count_quantile(jnp.asarray(0.41), jnp.asarray(2.0)))
    2.0
    """
    level, mean = jnp.broadcast_arrays(level, mean)
    spread = None if dispersion is None else jnp.broadcast_to(dispersion, mean.shape)
    count = _search(*jax.lax.stop_gradient((level, mean, spread)))
    return jax.lax.stop_gradient(count) + (mean - jax.lax.stop_gradient(mean))


LARGEST_SUMMED = 64.0
"""Largest mean whose probabilities are added up from 0; beyond it P(X = 0) comes near the smallest number there is."""


def _search(level: Array, mean: Array, dispersion: Array | None) -> Array:
    """Find the counts: small ones one by one, which costs a product a step, large ones by halving."""
    variance = mean if dispersion is None else mean * (1.0 + mean * dispersion)
    # Beyond this lies less than a draw of 23 bits can reach, for dispersions up to 3.
    highest = jnp.ceil(mean + 20.0 * jnp.sqrt(variance) + 20.0)
    small = (mean <= LARGEST_SUMMED).all()
    return jax.lax.cond(small, _by_sum, _by_halves, level, mean, dispersion, highest)


def _by_sum(level: Array, mean: Array, dispersion: Array | None, highest: Array) -> Array:
    """Add up probabilities, each from the one before, until they reach the level."""
    first, grows, ratio = jnp.exp(-mean), jnp.zeros_like(mean), mean
    if dispersion is not None:
        spread = dispersion > 0
        size = 1.0 / jnp.where(spread, dispersion, 1.0)
        ratio = jnp.where(spread, mean / (size + mean), mean)
        first = jnp.where(spread, jnp.exp(-size * jnp.log1p(mean / size)), first)
        # Poisson: p(k + 1) = p(k) m / (k + 1); negative binomial: p(k) (k + size) / (k + 1) m / (size + m).
        grows, ratio = jnp.where(spread, ratio, 0.0), jnp.where(spread, ratio * size, mean)

    def add(sums: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        step, part, total, count = sums
        part = part * (ratio + grows * step) / (step + 1.0)
        count = count + ((total < level) & (count < highest))
        return step + 1.0, part, total + part, count

    def short(sums: tuple[Array, Array, Array, Array]) -> Array:
        _, _, total, count = sums
        return ((total < level) & (count < highest)).any()

    start = (jnp.zeros(()), first, first, jnp.zeros_like(mean))
    return jax.lax.while_loop(short, add, start)[3]


def _by_halves(level: Array, mean: Array, dispersion: Array | None, highest: Array) -> Array:
    """Halve an interval that holds the answer until it is a single count."""

    def halve(ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = jnp.floor((low + high) / 2)
        reached = count_cumulative(middle, mean, dispersion) >= level
        return jnp.where(reached, low, middle), jnp.where(reached, middle, high)

    def open_still(ends: tuple[Array, Array]) -> Array:
        return (ends[1] - ends[0] > 1).any()

    return jax.lax.while_loop(open_still, halve, (jnp.full_like(mean, -1.0), highest))[1]
