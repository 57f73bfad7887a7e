"""The mean of the last buckets, and its simulated errors."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.law import plain_dynamics
from basestock.forecasting.season import DAYS_IN_WEEK, SMALLEST_DIVISOR
from basestock.forecasting.training import Draft, View, lagged

WINDOWS = (8, 4, 13, 26, 52)
"""Window lengths that are tried; the first one is the choice when nothing can be compared."""

DAILY_WINDOWS = (28, 7, 14, 56, 112)
"""The same for daily buckets: whole weeks."""

_SMALLEST_WEIGHT = 1e-3


def moving_average(view: View) -> Draft:
    """Forecast by the mean of a window, drifting with its own past one-step errors.

    Notes
    -----
    level_t = (sum of demand) / (sum of seasonal factors) over the window; an error moves the level by 1 / window.
    Window and seasonal profile are chosen as in simple exponential smoothing.
    """
    windows = DAILY_WINDOWS if view.setting.season_length == DAYS_IN_WEEK else WINDOWS
    past = view.profiles.past
    levels = _window_levels(view, windows)
    error = view.ahead.demand - levels * view.ahead.weight[:, None]
    losses = (view.ahead.counted * error**2).sum(-1)
    best = jnp.argmin(losses)
    profile, window = best // len(windows), best % len(windows)
    level, season = levels[profile, window], past[profile]
    errors = (view.values - season * lagged(level)) / jnp.maximum(season, SMALLEST_DIVISOR)
    dynamics = plain_dynamics(view.setting.num_steps, view.whole)._replace(
        base=jnp.full(view.setting.num_steps, level[-1]),
        season_scale=view.profiles.future[profile],
        level_gain=1.0 / jnp.asarray(windows, jnp.float32)[window],
    )
    return Draft(errors, view.warm, jnp.float32(0.0), losses.min(), dynamics)


def _window_levels(view: View, windows: tuple[int, ...]) -> Float[Array, "profile lane time"]:
    """Return the mean of each window; where a window holds nothing known, the mean of all before."""
    demand, weight = view.running[0], view.running[2:]
    overall = demand / jnp.maximum(weight, _SMALLEST_WEIGHT)

    def level(window: int) -> Array:
        total, scale = (sums - _delayed(sums, window) for sums in (demand, weight))
        return jnp.where(scale > _SMALLEST_WEIGHT, total / jnp.maximum(scale, _SMALLEST_WEIGHT), overall)

    return jnp.stack([level(window) for window in windows], axis=1)


def _delayed(sums: Float[Array, "*row time"], window: int) -> Array:
    """Return the sums as they were ``window`` periods before."""
    num_periods = sums.shape[-1]
    return jnp.pad(sums, [(0, 0)] * (sums.ndim - 1) + [(window, 0)])[..., :num_periods]
