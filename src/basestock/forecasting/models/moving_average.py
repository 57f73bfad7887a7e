"""The mean of the last buckets, and its simulated errors."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.law import plain_dynamics
from basestock.forecasting.levels import lagged
from basestock.forecasting.season import DAYS_IN_WEEK, SMALLEST_DIVISOR
from basestock.forecasting.training import Draft, View, at_periods, of_profile, smallest

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
    levels = _window_levels(view, windows)
    misses = view.ahead.demand[:, None] - levels * view.ahead.weight
    best = smallest((view.ahead.counted[:, None] * misses**2).sum(1))
    season = of_profile(view.profiles.past, best.profile)
    of_window = jnp.take_along_axis(levels, best.gain[None, None, None], axis=0)[0]
    level = of_profile(of_window, best.profile)
    errors = (view.values - season * lagged(level)) / jnp.maximum(season, SMALLEST_DIVISOR)
    plain = plain_dynamics(view.setting.num_steps, view.whole)
    dynamics = plain._replace(
        base=plain.base + level[-1],
        season_scale=of_profile(view.profiles.future, best.profile),
        level_gain=1.0 / jnp.asarray(windows, jnp.float32)[best.gain],
    )
    return Draft(at_periods(errors, view.newest_known), view.num_forecast, view.zeros, best.loss, dynamics)


def _window_levels(view: View, windows: tuple[int, ...]) -> Float[Array, "window time profile series"]:
    """Return the mean of every window after every period; where it holds nothing known, the mean of all before."""
    demand, weight = view.running.demand[:, None], view.running.weight
    total, scale = (sums - _delayed(sums, windows) for sums in (demand, weight))
    overall = demand / jnp.maximum(weight, _SMALLEST_WEIGHT)
    return jnp.where(scale > _SMALLEST_WEIGHT, total / jnp.maximum(scale, _SMALLEST_WEIGHT), overall)


def _delayed(
    sums: Float[Array, "time row series"], windows: tuple[int, ...]
) -> Float[Array, "window time row series"]:
    """Return the sums as they were one window of periods before."""
    longest = max(windows)
    padded = jnp.pad(sums, ((longest, 0), (0, 0), (0, 0)))
    return jnp.stack([padded[longest - window :][: sums.shape[0]] for window in windows])
