"""The law of future demand of one series, and the paths that numbers in (0, 1) draw from it."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, UInt32

from basestock.forecasting.setting import NUM_ATOMS

_ATOM_SHIFT = 32 - (NUM_ATOMS.bit_length() - 1)


class Dynamics(NamedTuple):
    """Everything of a law but its table of values; steps h = 1, 2, ... run over the horizon.

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

    base: Float[Array, " step"]
    spread: Float[Array, " step"]
    season_scale: Float[Array, " step"]
    season_shift: Float[Array, " step"]
    level_gain: Float[Array, ""]
    slope_gain: Float[Array, ""]
    damping: Float[Array, ""]
    occurrence: Float[Array, ""]
    occurrence_spread: Float[Array, ""]
    level_spread: Float[Array, ""]
    block_step: Float[Array, ""]
    whole: Bool[Array, ""]


class Law(NamedTuple):
    """The law of future demand: a table of equally likely values, most recent first, and how they are used.

    Notes
    -----
    With values r_h from the table, occurrences o_h in {0, 1} and a level factor m drawn once a path::

        x_h      = base_h + sum_(j<h) c_(h-j) r_j + spread_h o_h r_h
        c_k      = level_gain + slope_gain (damping + damping^2 + ... + damping^k)
        demand_h = max(0, season_scale_h m x_h + season_shift_h), rounded to the nearest unit if ``whole``

    A table of past values with base 0 resamples history; a table of residuals with the gains of a recursion is
    the simulation of that exponential smoothing model.
    """

    atoms: Float[Array, " atom"]
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

    atom: UInt32[Array, "path step"]
    occurrence: Float[Array, "path step"]
    level: Float[Array, " path"]


def plain_dynamics(num_steps: int, whole: Bool[Array, ""]) -> Dynamics:
    """Return the dynamics of independent draws from the table: no base, no season, no drift."""
    zeros, ones = jnp.zeros(num_steps), jnp.ones(num_steps)
    zero, one = jnp.float32(0.0), jnp.float32(1.0)
    return Dynamics(zeros, ones, ones, zeros, zero, zero, zero, one, zero, zero, zero, whole)


def demand_paths(law: Law, dice: Dice) -> Float[Array, "path step"]:
    """Simulate the demand of one series in units; the step axis of the dice is that of the law."""
    atoms, dynamics = law
    factor = _factor(dynamics.level_spread, dice.level)[:, None]
    chance = jnp.minimum(dynamics.occurrence * _factor(dynamics.occurrence_spread, dice.level), 1.0)[:, None]
    drawn = jnp.take(atoms, _slots(dynamics, dice), mode="clip")
    drawn = jnp.where(dice.occurrence < chance, drawn, 0.0)
    level = dynamics.base + drawn @ _propagation(dynamics) + dynamics.spread * drawn
    demand = jnp.maximum(dynamics.season_scale * factor * level + dynamics.season_shift, 0.0)
    return jnp.where(dynamics.whole, jnp.floor(demand + 0.5), demand)


def _factor(spread: Float[Array, ""], normal: Float[Array, " path"]) -> Float[Array, " path"]:
    """Return a lognormal factor of mean 1."""
    return jnp.exp(spread * normal - 0.5 * spread**2)


def _slots(dynamics: Dynamics, dice: Dice) -> Array:
    """Return which atom each path and step draws; a block starts anywhere and runs on, around the end."""
    step = (dynamics.block_step * jnp.float32(2.0**31)).astype(jnp.uint32) * jnp.uint32(2)
    ahead = jnp.arange(dice.atom.shape[1], dtype=jnp.uint32) * step
    position = jnp.where(dynamics.block_step > 0, dice.atom[:, :1] - ahead, dice.atom)
    return (position >> _ATOM_SHIFT).astype(jnp.int32)


def _propagation(dynamics: Dynamics) -> Float[Array, "step step"]:
    """Return c_(h-j) of the class notes at row j, column h > j."""
    num_steps = dynamics.base.shape[0]
    lag = jnp.arange(num_steps)[None, :] - jnp.arange(num_steps)[:, None]
    slopes = damped_sum(dynamics.damping, num_steps)
    effect = dynamics.level_gain + dynamics.slope_gain * slopes
    return jnp.where(lag > 0, effect[jnp.maximum(lag - 1, 0)], 0.0)


def damped_sum(damping: Float[Array, ""], num_steps: int) -> Float[Array, " step"]:
    """Return damping + damping^2 + ... + damping^k for k = 1, 2, ..., of a damping below 1."""
    return damping * (1.0 - damping ** jnp.arange(1, num_steps + 1)) / (1.0 - damping)
