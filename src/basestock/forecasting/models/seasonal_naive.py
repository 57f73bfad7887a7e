"""The last season again: the reference that every other model has to beat."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.law import plain_dynamics
from basestock.forecasting.training import Draft, View


def seasonal_naive(view: View) -> Draft:
    """Repeat the last known value of each phase, with the past differences between seasons as errors.

    Notes
    -----
    demand_(T+h) = demand_(T+h-m ceil(h/m)) + sqrt(ceil(h/m)) e, with e drawn from demand_t - demand_(t-m). A phase
    never seen takes the mean; with fewer than two differences the deviations from the mean stand in.
    """
    length = min(view.setting.season_length, view.values.shape[0])
    mean = view.values.sum() / jnp.maximum(view.num_observed, 1.0)
    before, known_before = (_delayed(series, length) for series in (view.values, view.observed))
    both = view.observed * known_before
    enough = both.sum() >= 2
    step = jnp.arange(view.setting.num_steps)
    dynamics = plain_dynamics(view.setting.num_steps, view.whole)._replace(
        season_shift=_last_known(view, length, mean)[step % length],
        spread=jnp.sqrt(1.0 + step // length),
    )
    sample = jnp.where(enough, view.values - before, view.values - mean)
    return Draft(sample, jnp.where(enough, both, view.observed), jnp.float32(0.0), jnp.float32(0.0), dynamics)


def _delayed(series: Float[Array, " time"], length: int) -> Array:
    return jnp.concatenate([jnp.zeros(length), series[: series.shape[0] - length]])


def _last_known(view: View, length: int, mean: Float[Array, ""]) -> Float[Array, " phase"]:
    """Return the newest known value of each phase, phase 0 being the next period."""
    missing = -view.values.shape[0] % length
    values = jnp.pad(view.values, (missing, 0)).reshape(-1, length)
    known = jnp.pad(view.observed, (missing, 0)).reshape(-1, length)
    cycle = jnp.arange(1, values.shape[0] + 1)[:, None]
    newest = (known * cycle).max(0)
    last = jnp.where((cycle == newest) & (known > 0), values, 0.0).sum(0)
    return jnp.where(newest > 0, last, mean)
