"""Widen laws whose simulated sum over the protection interval is surer than their past errors allow."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.law import Dynamics
from basestock.forecasting.training import Draft, View

EXCESS_SHARE = 0.5
"""Share of the excess error that is taken as lasting uncertainty of the level (measured: half scores best)."""

_PRIOR_INTERVALS = 4.0
_LARGEST_SPREAD = 0.7
_SMALLEST_SUM = 1e-9


def calibrated(draft: Draft, view: View) -> Dynamics:
    """Make the level of stacked drafts uncertain where their past sums were missed by more than chance.

    Notes
    -----
    Draws that are independent but for the drift of the level give the sum over L periods the variance
    v (1 + (1 + g)^2 + ... + (1 + (L - 1) g)^2), v the variance of one bucket and g the level gain. The model's own
    past forecasts of such sums have the mean squared error e. A lasting error of the level, one factor a path,
    explains half of the excess e - v (...), less with few intervals in history. Intermittent laws vary the
    probability of a demand instead, so that sizes stay whole.
    """
    dynamics = draft.dynamics
    count = view.ahead.counted.sum(0)
    num_intervals = count / view.protection
    mean, variance = _one_bucket(draft)
    error = draft.loss / jnp.maximum(count, 1.0)
    excess = jnp.maximum(error - variance * _growth(dynamics.level_gain, view.protection), 0.0)
    lasting = EXCESS_SHARE * excess * num_intervals / (num_intervals + _PRIOR_INTERVALS)
    expected = view.protection * (jnp.maximum(dynamics.base[:, 0], 0.0) + mean)
    spread = jnp.clip(jnp.sqrt(lasting) / jnp.maximum(expected, _SMALLEST_SUM), 0.0, _LARGEST_SPREAD)
    intermittent = dynamics.occurrence < 1.0
    return dynamics._replace(
        level_spread=jnp.where(intermittent, 0.0, spread),
        occurrence_spread=jnp.where(
            intermittent, jnp.maximum(dynamics.occurrence_spread, spread), dynamics.occurrence_spread
        ),
    )


def _one_bucket(draft: Draft) -> tuple[Array, Array]:
    """Return mean and variance of what one bucket draws."""
    drawn = jnp.arange(draft.sample.shape[-2])[:, None] < draft.size[:, None]
    sample, count = jnp.where(drawn, draft.sample, 0.0), jnp.maximum(draft.size, 1.0)
    chance = draft.dynamics.occurrence
    mean = chance * sample.sum(-2) / count
    return mean, chance * (sample**2).sum(-2) / count - mean**2


def _growth(
    gain: Float[Array, "*candidate series"], length: Float[Array, " series"]
) -> Float[Array, "*candidate series"]:
    """Return 1 + (1 + g)^2 + ... + (1 + (L - 1) g)^2."""
    return length * (1.0 + gain * (length - 1.0) * (1.0 + gain * (2.0 * length - 1.0) / 6.0))
