"""Exponential smoothing of level, damped slope and season (Holt-Winters), additive or multiplicative."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from basestock.forecasting.season import SMALLEST_DIVISOR
from basestock.forecasting.training import Draft, View, by_cycle

DAMPING = 0.9
"""Damping of the slope a period [phi]."""

LANES = tuple(
    (alpha, beta, gamma, kind)
    for kind in (1.0, 0.0)
    for alpha, beta, gamma in ((0.1, 0.0, 0.1), (0.1, 0.1, 0.1), (0.3, 0.0, 0.3), (0.3, 0.1, 0.1))
)
"""Gains of level, slope and season [alpha, beta, gamma] that are tried, multiplicative (1) and additive (0)."""

_NUM_START = 4.0


class _Gains(NamedTuple):
    level: np.ndarray
    slope: np.ndarray
    season: np.ndarray
    multiplicative: np.ndarray


class _State(NamedTuple):
    level: Array
    slope: Array
    loss: Array
    num_observed: Array


def seasonal_exponential_smoothing(view: View) -> Draft:
    """Smooth level, damped slope and season, and simulate them with their own past one-step errors.

    Notes
    -----
    With forecast f = level + phi slope and error e on the scale of the level, multiplicative
    ``e = demand / season - f`` or additive ``e = demand - season - f``::

        level' = f + alpha e,  slope' = phi slope + alpha beta e,  season' = season + gamma (1 - alpha) e [/ f]

    where the factor of a multiplicative season moves by the error of demand relative to f. Gains and kind are those
    with the smallest squared one-step error; the season is frozen within the horizon. The start is the mean level
    and the seasonal ratios of the first half of history. With ``season_length`` 1 it is damped Holt smoothing.

    References
    ----------
    Gardner (2006), International Journal of Forecasting 22, 637-666, doi:10.1016/j.ijforecast.2006.03.005.
    """
    gains = _gains()
    length = view.setting.season_length if view.setting.season_length < view.num_periods else 1
    values, known = by_cycle(view.values, length), by_cycle(view.observed, length)
    state, season, errors = jax.tree.map(np.asarray, _smooth(values, known, *_start(values, known, gains)))
    best = np.argmin(state.loss, axis=0)
    num_steps = view.setting.num_steps
    season = _of_lane(season, best)[np.arange(num_steps) % length]
    multiplicative = gains.multiplicative[best, 0] > 0
    dynamics = {
        "base": _of_lane(state.level, best) + _of_lane(state.slope, best) * _damped_sums(num_steps)[:, None],
        "season_scale": np.where(multiplicative, np.maximum(season, 0.0), 1.0),
        "season_shift": np.where(multiplicative, 0.0, season),
        "level_gain": gains.level[best, 0],
        "slope_gain": (gains.level * gains.slope)[best, 0],
        "damping": view.zeros + DAMPING,
    }
    errors = _of_lane(errors, best).reshape(-1, view.num_series)[-view.num_periods :]
    count = np.minimum(view.num_forecast, view.num_after(np.minimum(float(length), view.num_observed / 2.0)))
    return Draft(errors, False, count, view.zeros, view.zeros, dynamics)


def _gains() -> _Gains:
    """Return the columns of ``LANES``, ``float32[lane, 1]``."""
    return _Gains(*np.asarray(LANES, np.float32).T[:, :, None])


def _of_lane(
    lanes: Float[np.ndarray, "*rest lane series"], best: Int[np.ndarray, " series"]
) -> Float[np.ndarray, "*rest series"]:
    """Pick one lane per series."""
    index = best.reshape((1,) * (lanes.ndim - 1) + (-1,))
    return np.take_along_axis(lanes, index, axis=-2)[..., 0, :]


def _damped_sums(num_steps: int) -> Float[np.ndarray, " step"]:
    """Return phi + phi^2 + ... + phi^h for every step h."""
    return DAMPING * (1.0 - DAMPING ** np.arange(1, num_steps + 1)) / (1.0 - DAMPING)


def _start(
    values: np.ndarray, known: np.ndarray, gains: _Gains
) -> tuple[np.ndarray, Float[np.ndarray, "phase lane series"]]:
    """Return the mean level and the seasons of the first half of the cycles with known demand."""
    has_data = known.sum(1) > 0
    half = np.argmax(has_data, axis=0) + (has_data.sum(0) + 1) // 2
    early = known * (np.arange(values.shape[0])[:, None] < half)[:, None]
    demand, count = values * early, early.sum(0)
    level = demand.sum((0, 1)) / np.maximum(count.sum(0), 1.0)
    cycle_level = demand.sum(1) / np.maximum(early.sum(1), 1.0)
    base = (early * cycle_level[:, None]).sum(0)
    ratio = np.where(base > 0, demand.sum(0) / np.where(base > 0, base, 1.0), 1.0)
    ratio = 1.0 + count / (count + 1.0) * (ratio - 1.0) if values.shape[1] > 1 else np.ones_like(ratio)
    ratio = ratio[:, None]
    season = np.where(gains.multiplicative > 0, ratio, level * (ratio - 1.0))
    return level, season.astype(np.float32)


@jax.jit
def _smooth(
    values: Float[Array, "cycle phase series"],
    known: Float[Array, "cycle phase series"],
    level: Float[Array, " series"],
    season: Float[Array, "phase lane series"],
) -> tuple[_State, Float[Array, "phase lane series"], Float[Array, "cycle phase lane series"]]:
    """Run the recursion over cycles and, inside, over phases."""
    gains = _gains()
    multiplicative = gains.multiplicative > 0
    season_gain = gains.season * (1.0 - gains.level) * (values.shape[1] > 1)
    smallest_level = jnp.maximum(1e-3 * level, jnp.finfo(level.dtype).tiny)

    def phase(state: _State, now: tuple[Array, Array, Array]) -> tuple[_State, tuple[Array, Array]]:
        value, observed, factor = now
        forecast = state.level + DAMPING * state.slope
        error = value - jnp.where(multiplicative, factor * forecast, factor + forecast)
        scaled = observed * jnp.where(multiplicative, error / jnp.maximum(factor, SMALLEST_DIVISOR), error)
        relative = jnp.clip(error / jnp.maximum(forecast, smallest_level), -1.0, 1.0)
        moved = factor + observed * season_gain * jnp.where(multiplicative, relative, error)
        counted = observed * (state.num_observed >= _NUM_START)
        state = _State(
            forecast + gains.level * scaled,
            DAMPING * state.slope + gains.level * gains.slope * scaled,
            state.loss + counted * error**2,
            state.num_observed + observed,
        )
        return state, (moved, scaled)

    def cycle(carry: tuple[_State, Array], row: tuple[Array, Array]) -> tuple[tuple[_State, Array], Array]:
        state, (moved, errors) = jax.lax.scan(phase, carry[0], (*row, carry[1]))
        return (state, moved), errors

    zero = jnp.zeros((len(LANES), values.shape[-1]))
    start = _State(zero + level, zero, zero, zero[0])
    (state, season), errors = jax.lax.scan(cycle, (start, season), (values, known))
    return state, season, errors
