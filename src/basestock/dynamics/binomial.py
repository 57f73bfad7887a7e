"""Binomial counts by inversion, for lots whose size depends on decisions."""

import jax
import jax.numpy as jnp
from jax.scipy.special import betainc
from jaxtyping import Array


def binomial_cumulative(count: Array, size: Array, probability: Array) -> Array:
    """Return P(X <= count) for X binomial, by the regularized incomplete beta function.

    Parameters
    ----------
    count, size
        Whole numbers; the result is 1 where count >= size.
    probability
        In [0, 1].

    Examples
    --------
    >>> round(float(binomial_cumulative(jnp.asarray(1.0), jnp.asarray(3.0), jnp.asarray(0.5))), 6)
    0.5
    """
    inside = (count < size) & (count >= 0)
    rest, next_count = jnp.where(inside, size - count, 1.0), jnp.where(inside, count + 1.0, 1.0)
    value = betainc(rest, next_count, jnp.clip(1.0 - probability, 0.0, 1.0))
    return jnp.where(inside, value, jnp.where(count < 0, 0.0, 1.0))


def binomial_quantile(level: Array, size: Array, probability: Array) -> Array:
    """Return the smallest count whose cumulative probability reaches the level.

    Parameters
    ----------
    level
        Quantile in (0, 1).
    size
        Number of trials, rounded to a whole number.
    probability
        Of each trial.

    Notes
    -----
    Gradients flow through the mean, size times probability: the count itself is a step function.

    Examples
    --------
    >>> float(binomial_quantile(jnp.asarray(0.51), jnp.asarray(3.0), jnp.asarray(0.5)))
    2.0
    """
    level, size, probability = jnp.broadcast_arrays(level, size, probability)
    count = _search(*jax.lax.stop_gradient((level, jnp.round(size), probability)))
    mean = size * probability
    return jax.lax.stop_gradient(count) + (mean - jax.lax.stop_gradient(mean))


LARGEST_SUMMED = 64.0
"""Largest mean whose probabilities are added up from 0; beyond it P(X = 0) comes near the smallest number there is."""


def _search(level: Array, size: Array, probability: Array) -> Array:
    """Find the counts: small ones one by one, which costs a product a step, large ones by halving."""
    small = ((probability <= 0.5) & (size * probability <= LARGEST_SUMMED)).all()
    return jax.lax.cond(small, _by_sum, _by_halves, level, size, probability)


def _by_sum(level: Array, size: Array, probability: Array) -> Array:
    """Add up probabilities, each from the one before, until they reach the level."""
    odds = probability / (1.0 - probability)
    first = jnp.exp(size * jnp.log1p(-probability))

    def add(sums: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        step, part, total, count = sums
        # p(k + 1) = p(k) (n - k) / (k + 1) q / (1 - q)
        part = part * (size - step) * odds / (step + 1.0)
        count = count + ((total < level) & (count < size))
        return step + 1.0, part, total + part, count

    def short(sums: tuple[Array, Array, Array, Array]) -> Array:
        _, _, total, count = sums
        return ((total < level) & (count < size)).any()

    return jax.lax.while_loop(short, add, (jnp.zeros(()), first, first, jnp.zeros_like(size)))[3]


def _by_halves(level: Array, size: Array, probability: Array) -> Array:
    """Halve an interval that holds the answer until it is a single count."""

    def halve(ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = jnp.floor((low + high) / 2)
        reached = binomial_cumulative(middle, size, probability) >= level
        return jnp.where(reached, low, middle), jnp.where(reached, middle, high)

    def open_still(ends: tuple[Array, Array]) -> Array:
        return (ends[1] - ends[0] > 1).any()

    # The interval (low, high] holds the answer and halves until it is a single count.
    return jax.lax.while_loop(open_still, halve, (jnp.full_like(size, -1.0), size))[1]
