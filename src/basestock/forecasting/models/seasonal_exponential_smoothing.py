"""Exponential smoothing of level, damped slope and season (Holt-Winters), additive or multiplicative."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.law import plain_dynamics
from basestock.forecasting.season import SMALLEST_DIVISOR
from basestock.forecasting.training import Draft, View

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
    level: Array
    slope: Array
    season: Array
    multiplicative: Array


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
    gains = _Gains(*jnp.asarray(LANES).T)
    length = view.setting.season_length if view.setting.season_length < view.values.shape[0] else 1
    missing = -view.values.shape[0] % length
    values = jnp.pad(view.values, (missing, 0)).reshape(-1, length)
    known = jnp.pad(view.observed, (missing, 0)).reshape(-1, length)
    level, season = _start(values, known, gains)
    state, season, errors = _smooth(values, known, gains, level, season)
    best = jnp.argmin(state.loss)
    num_steps = view.setting.num_steps
    ahead = season[jnp.arange(num_steps) % length, best]
    multiplicative = gains.multiplicative[best] > 0
    dynamics = plain_dynamics(num_steps, view.whole)._replace(
        base=state.level[best] + state.slope[best] * _damped_sums(num_steps),
        season_scale=jnp.where(multiplicative, jnp.maximum(ahead, 0.0), 1.0),
        season_shift=jnp.where(multiplicative, 0.0, ahead),
        level_gain=gains.level[best],
        slope_gain=gains.level[best] * gains.slope[best],
        damping=jnp.float32(DAMPING),
    )
    after_start = view.num_before >= jnp.minimum(float(length), view.num_observed / 2.0)
    return Draft(
        errors.reshape(-1, len(LANES))[missing:, best],
        view.warm * after_start,
        jnp.float32(0.0),
        jnp.float32(0.0),
        dynamics,
    )


def _damped_sums(num_steps: int) -> Float[Array, " step"]:
    """Return phi + phi^2 + ... + phi^h for every step h."""
    return DAMPING * (1.0 - DAMPING ** jnp.arange(1, num_steps + 1)) / (1.0 - DAMPING)


def _start(values: Array, known: Array, gains: _Gains) -> tuple[Array, Array]:
    """Return the mean level and ``season[phase, lane]`` of the first half of the cycles with known demand."""
    has_data = known.sum(1) > 0
    half = jnp.argmax(has_data) + (has_data.sum() + 1) // 2
    early = known * (jnp.arange(values.shape[0]) < half)[:, None]
    demand = values * early
    level = demand.sum() / jnp.maximum(early.sum(), 1.0)
    cycle_level = demand.sum(1) / jnp.maximum(early.sum(1), 1.0)
    base = (early * cycle_level[:, None]).sum(0)
    ratio = jnp.where(base > 0, demand.sum(0) / jnp.where(base > 0, base, 1.0), 1.0)
    count = early.sum(0)
    ratio = 1.0 + count / (count + 1.0) * (ratio - 1.0)
    season = jnp.where(gains.multiplicative > 0, ratio[:, None], level * (ratio[:, None] - 1.0))
    if values.shape[1] == 1:
        season = jnp.broadcast_to(gains.multiplicative, season.shape)
    return level, season


def _smooth(
    values: Array, known: Array, gains: _Gains, level: Array, season: Array
) -> tuple[_State, Float[Array, "phase lane"], Float[Array, "cycle phase lane"]]:
    """Run the recursion over cycles and, inside, over phases."""
    multiplicative = gains.multiplicative > 0
    season_gain = gains.season * (1.0 - gains.level) * (values.shape[1] > 1)
    smallest_level = jnp.maximum(1e-3 * level, jnp.finfo(level.dtype).tiny)

    def phase(state: _State, inputs: tuple[Array, Array, Array]) -> tuple[_State, tuple[Array, Array]]:
        value, observed, factor = inputs
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
        state, (season, errors) = jax.lax.scan(phase, carry[0], (*row, carry[1]))
        return (state, season), errors

    zero = jnp.zeros(len(LANES))
    start = _State(zero + level, zero, zero, jnp.float32(0.0))
    (state, season), errors = jax.lax.scan(cycle, (start, season), (values, known))
    return state, season, errors
