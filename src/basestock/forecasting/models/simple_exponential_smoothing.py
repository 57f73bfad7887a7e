"""Simple exponential smoothing, with or without a seasonal profile, and its simulated errors."""

import jax.numpy as jnp

from basestock.forecasting.law import plain_dynamics
from basestock.forecasting.season import SMALLEST_DIVISOR
from basestock.forecasting.training import SMOOTHING_GAINS, Draft, View, exponential_level, lagged


def simple_exponential_smoothing(view: View) -> Draft:
    """Smooth the level and simulate it with its own past one-step errors.

    Notes
    -----
    level_t = level_(t-1) + alpha e_t, demand_t = season_t (level_(t-1) + e_t): the model ETS(A,N,N), times a seasonal
    profile where that forecasts better. The gain alpha and the profile are those with the smallest squared error of
    the sum over the protection interval, over all intervals that ended before now.
    """
    num_gains = len(SMOOTHING_GAINS)
    losses = view.smoothing_losses[:, :num_gains]
    best = jnp.argmin(losses)
    profile, gain = best // num_gains, jnp.asarray(SMOOTHING_GAINS)[best % num_gains]
    season = view.profiles.past[profile]
    level = exponential_level(view.values, season * view.observed, gain)
    errors = (view.values - season * lagged(level)) / jnp.maximum(season, SMALLEST_DIVISOR)
    dynamics = plain_dynamics(view.setting.num_steps, view.whole)._replace(
        base=jnp.full(view.setting.num_steps, level[-1]),
        season_scale=view.profiles.future[profile],
        level_gain=gain,
    )
    return Draft(errors, view.warm, jnp.float32(0.0), losses.min(), dynamics)
