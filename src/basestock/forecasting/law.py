"""The law of future demand of one series, and the paths that numbers in (0, 1) draw from it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, UInt32

from basestock.forecasting.setting import NUM_ATOMS

_ATOM_SHIFT = 32 - (NUM_ATOMS.bit_length() - 1)
_MAX_UNROLLED = 48


class Dynamics(NamedTuple):
    """Everything of a law but its table of values, in JAX or NumPy; steps h = 1, 2, ... run over the horizon.

    Parameters
    ----------
    base
        Point forecast before the season [level], in item units.
    spread
        Factor on the drawn value of each step.
    season_scale, season_shift
        Seasonal factor and seasonal addition of each step.
    level_gain, slope_gain, damping
        How much a drawn residual moves the level and the slope, and the damping of the slope
        [alpha, alpha beta, phi].
    occurrence
        Probability that a bucket has demand at all; 1 where the table itself holds the zeros.
    occurrence_spread, level_spread
        Standard deviation of the logarithm of the factor, drawn once a path, on the occurrence and on demand.
    block_step
        0 draws every bucket alone; 1 / n draws the next one of n values in the order of time.
    whole
        Whether demand comes in whole units.
    """

    base: Float[Any, " step"]
    spread: Float[Any, " step"]
    season_scale: Float[Any, " step"]
    season_shift: Float[Any, " step"]
    level_gain: Float[Any, ""]
    slope_gain: Float[Any, ""]
    damping: Float[Any, ""]
    occurrence: Float[Any, ""]
    occurrence_spread: Float[Any, ""]
    level_spread: Float[Any, ""]
    block_step: Float[Any, ""]
    whole: Bool[Any, ""]


class Law(NamedTuple):
    """The law of future demand: a table of equally likely values, most recent first, and how they are used.

    Notes
    -----
    With values r_h from the table that occur or are 0, and a level factor m drawn once a path::

        demand_h = max(0, season_scale_h m x_h + season_shift_h), rounded to the nearest unit if ``whole``
        x_h      = base_h + drift_h + damping slope_h + spread_h r_h
        drift_(h+1) = drift_h + damping slope_h + level_gain r_h,  slope_(h+1) = damping slope_h + slope_gain r_h

    A table of past values with base 0 resamples history; a table of residuals with the gains of a recursion is
    the simulation of that exponential smoothing model.
    """

    atoms: Float[Any, " atom"]
    dynamics: Dynamics


class Dice(NamedTuple):
    """The random numbers of a set of paths.

    Parameters
    ----------
    atom
        32 random bits a step; they choose the value from the table.
    occurrence
        Uniform numbers in (0, 1); below the probability there is demand.
    level
        Standard normal numbers, one a path.
    """

    atom: UInt32[Array, "step path"]
    occurrence: Float[Array, "step path"]
    level: Float[Array, " path"]


class _Steps(NamedTuple):
    """What changes from step to step; the leaves of ``Law`` and ``Dice`` without their step axis."""

    bits: Array
    uniform: Array
    ahead: Array
    base: Array
    spread: Array
    season_scale: Array
    season_shift: Array


class _Moving(NamedTuple):
    """Drift of the level and slope of each path."""

    drift: Array
    slope: Array


class _Motion(NamedTuple):
    """One step of all paths, the steps to take, and the start."""

    step: Callable[[_Moving, _Steps], tuple[_Moving, Array]]
    steps: _Steps
    start: _Moving


def plain_dynamics(num_steps: int, whole: np.ndarray) -> Dynamics:
    """Return the dynamics, NumPy leaves ``[..., series]``, of independent draws: no base, no season, no drift."""
    zero, one = np.zeros(whole.shape, np.float32), np.ones(whole.shape, np.float32)
    zeros, ones = (np.broadcast_to(leaf, (num_steps, *whole.shape)) for leaf in (zero, one))
    return Dynamics(zeros, ones, ones, zeros, zero, zero, zero, one, zero, zero, zero, whole)


def demand_paths(law: Law, dice: Dice) -> Float[Array, "step path"]:
    """Simulate demand of one series in units, over the steps of the dice, at most those of the law."""
    motion = _motion(law, dice)
    return jax.lax.scan(motion.step, motion.start, motion.steps)[1]


def demand_total(law: Law, dice: Dice, weights: Float[Array, " step"]) -> Float[Array, " path"]:
    """Simulate the weighted sum of demand of one series over the steps.

    Notes
    -----
    Short horizons are unrolled, so that the compiler fuses all steps into one pass over the paths.
    """
    motion = _motion(law, dice)

    def add(state: tuple[_Moving, Array], now: tuple[_Steps, Array]) -> tuple[tuple[_Moving, Array], None]:
        moving, demand = motion.step(state[0], now[0])
        return (moving, state[1] + now[1] * demand), None

    num_steps = weights.shape[0]
    unroll = num_steps if num_steps <= _MAX_UNROLLED else 1
    start = (motion.start, jnp.zeros_like(dice.level))
    return jax.lax.scan(add, start, (motion.steps, weights), unroll=unroll)[0][1]


def _motion(law: Law, dice: Dice) -> _Motion:
    """Return how paths move, see the notes of :class:`Law`."""
    dynamics = law.dynamics
    factor = _factor(dynamics.level_spread, dice.level)
    chance = jnp.minimum(dynamics.occurrence * _factor(dynamics.occurrence_spread, dice.level), 1.0)
    in_blocks = dynamics.block_step > 0

    def step(moving: _Moving, now: _Steps) -> tuple[_Moving, Array]:
        position = jnp.where(in_blocks, dice.atom[0] - now.ahead, now.bits)
        atom = jnp.take(law.atoms, (position >> _ATOM_SHIFT).astype(jnp.int32), mode="clip")
        drawn = jnp.where(now.uniform < chance, atom, 0.0)
        slope = dynamics.damping * moving.slope
        level = factor * (now.base + moving.drift + slope + now.spread * drawn)
        demand = jnp.maximum(now.season_scale * level + now.season_shift, 0.0)
        demand = jnp.where(dynamics.whole, jnp.floor(demand + 0.5), demand)
        drift = moving.drift + slope + dynamics.level_gain * drawn
        return _Moving(drift, slope + dynamics.slope_gain * drawn), demand

    still = jnp.zeros_like(dice.level)
    return _Motion(step, _steps(law, dice), _Moving(still, still))


def _factor(spread: Float[Array, ""], normal: Float[Array, " path"]) -> Float[Array, " path"]:
    """Return a lognormal factor of mean 1."""
    return jnp.exp(spread * normal - 0.5 * spread**2)


def _steps(law: Law, dice: Dice) -> _Steps:
    num_steps = dice.atom.shape[0]
    dynamics = law.dynamics
    next_value = (dynamics.block_step * jnp.float32(2.0**31)).astype(jnp.uint32) * jnp.uint32(2)
    return _Steps(
        bits=dice.atom,
        uniform=dice.occurrence,
        ahead=jnp.arange(num_steps, dtype=jnp.uint32) * next_value,
        base=dynamics.base[:num_steps],
        spread=dynamics.spread[:num_steps],
        season_scale=dynamics.season_scale[:num_steps],
        season_shift=dynamics.season_shift[:num_steps],
    )
