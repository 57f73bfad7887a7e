"""Counts by inversion agree with SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from basestock.uncertainty.counts import LARGEST_SUMMED, _by_halves, _by_sum, count_cumulative, count_quantile

LEVELS = (np.arange(2000) + 0.5) / 2000


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.0, 0.3, 2.0, 40.0])
def test_poisson_quantiles(mean: float) -> None:
    found = np.asarray(count_quantile(jnp.asarray(LEVELS, jnp.float32), jnp.asarray(mean)))
    assert np.mean(found != stats.poisson.ppf(LEVELS, mean)) < 0.002


@pytest.mark.slow
def test_negative_binomial_quantiles_at_mean_and_dispersion() -> None:
    found = np.asarray(count_quantile(jnp.asarray(LEVELS, jnp.float32), jnp.asarray(40.0), jnp.asarray(0.2)))
    assert np.mean(found != stats.nbinom.ppf(LEVELS, 5.0, 1 / 9)) < 0.002


def test_cumulative_is_zero_below_zero() -> None:
    assert float(count_cumulative(jnp.asarray(-1.0), jnp.asarray(2.0))) == 0.0


@pytest.mark.slow
def test_gradient_is_that_of_the_mean() -> None:
    slope = jax.grad(lambda mean: count_quantile(jnp.asarray(0.7), mean))(jnp.asarray(3.0))
    assert float(slope) == 1.0


@pytest.mark.slow
def test_counts_added_up_are_those_found_by_halving() -> None:
    draw = np.random.default_rng(7)
    level = jnp.asarray(draw.uniform(1e-4, 1 - 1e-4, 3000), jnp.float32)
    mean = jnp.asarray(draw.uniform(0.0, LARGEST_SUMMED, 3000), jnp.float32)
    dispersion = jnp.asarray(
        np.where(draw.random(3000) < 0.5, 0.0, draw.uniform(0.01, 2.0, 3000)), jnp.float32
    )
    highest = jnp.full(3000, 3000.0)
    summed, halved = (np.asarray(way(level, mean, dispersion, highest)) for way in (_by_sum, _by_halves))
    # Both round to single precision: where the level falls on a step, they may be a unit apart.
    assert np.abs(summed - halved).max() <= 1
    assert (summed != halved).mean() < 0.002
