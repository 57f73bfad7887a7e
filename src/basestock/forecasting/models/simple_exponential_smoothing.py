"""Simple exponential smoothing, with or without a seasonal profile, and its simulated errors."""

import os
import jax.numpy as jnp
SHR = float(os.environ.get('SHR', '1e9'))

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
    best = jnp.argmin(view.smoothing_losses[:, :num_gains])
    profile, gain = best // num_gains, jnp.asarray(SMOOTHING_GAINS)[best % num_gains]
    season = view.profiles.past[profile]
    level = exponential_level(view.values, season * view.observed, gain)
    errors = (view.values - season * lagged(level)) / jnp.maximum(season, SMALLEST_DIVISOR)
    losses = view.smoothing_losses[:, :num_gains]
    mse = losses.min() / jnp.maximum(view.ahead.counted.sum(), 1.0)
    n = jnp.maximum(view.warm.sum(), 1.0)
    var1 = (view.warm * errors**2).sum() / n
    L = view.protection
    vl = var1 * (L + gain * L * (L - 1) + gain**2 * (L - 1) * L * (2 * L - 1) / 6)
    nw = view.ahead.counted.sum() / L
    extra = jnp.maximum(mse - vl, 0.0) * nw / (nw + SHR)
    spread = jnp.clip(jnp.sqrt(extra) / jnp.maximum(L * level[-1], 1e-6), 0.0, 0.5)
    dynamics = plain_dynamics(view.setting.num_steps, view.whole)._replace(
        base=jnp.full(view.setting.num_steps, level[-1]),
        season_scale=view.profiles.future[profile],
        level_gain=gain,
        level_spread=spread,
    )
    return Draft(errors, view.warm, jnp.float32(0.0), dynamics)
