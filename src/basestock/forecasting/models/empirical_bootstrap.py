"""The history itself as the law: past buckets drawn again, alone or in runs."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.law import plain_dynamics
from basestock.forecasting.season import SMALLEST_DIVISOR
from basestock.forecasting.training import RECENCY_GAINS, Draft, View


def empirical_bootstrap(view: View) -> Draft:
    """Draw past buckets, deseasonalized where the season (the weekday, for days) forecasts better.

    Notes
    -----
    Buckets are drawn alone, the k-th newest with weight (1 - g)^k; g is the gain with the smallest squared error of
    the sum over the protection interval. Where that is 0, the level is steady; if neighbors resemble each other all
    the same (first autocorrelation above 1.96 / sqrt(n)), a path is a run of consecutive buckets from a random start,
    around the end of history, so that the sum over the protection interval keeps the dependence.
    """
    num_gains = len(RECENCY_GAINS)
    losses = view.smoothing_losses[:, -num_gains:]
    best = jnp.argmin(losses)
    profile, recency = best // num_gains, jnp.asarray(RECENCY_GAINS)[best % num_gains]
    sample = view.values / jnp.maximum(view.profiles.past[profile], SMALLEST_DIVISOR)
    runs = (recency == 0.0) & _resembles_neighbors(sample, view)
    dynamics = plain_dynamics(view.setting.num_steps, view.whole)._replace(
        season_scale=view.profiles.future[profile],
        block_step=jnp.where(runs, 1.0 / jnp.maximum(view.num_observed, 1.0), 0.0),
    )
    return Draft(sample, view.observed, jnp.where(runs, 0.0, recency), losses.min(), dynamics)


def _resembles_neighbors(sample: Float[Array, " time"], view: View) -> Array:
    """Whether the first autocorrelation stands out of the noise."""
    count = jnp.maximum(view.num_observed, 1.0)
    deviation = view.observed * (sample - (sample * view.observed).sum() / count)
    products = (deviation[1:] * deviation[:-1]).sum()
    return products > 1.96 / jnp.sqrt(count) * (deviation**2).sum()
