"""Laws as arrays: inversion of a uniform number without drawing inside the physics."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.uncertainty.axes import bucket
from basestock.uncertainty.laws import ContinuousLaw, DiscreteLaw, Normal

COUNTING_LIMIT = 96
"""Tables up to this length are inverted by counting, longer ones by bisection."""

_SAMPLING_TAIL = 1e-9
_LARGEST_SCORE = 5.5
_NUM_SCORES = 133


class CumulativeTable(eqx.Module):
    """Discrete laws: the smallest value whose cumulative probability reaches the uniform number.

    ``cumulative`` holds P(X <= value k); ``first`` is value 0 and ``increments[k]`` the step from value k to k + 1.
    """

    first: Float[Array, "season node item 1"]
    cumulative: Float[Array, "season level node item 1"] | None
    increments: Float[Array, "season level node item 1"] | None

    def draw(
        self, season: Array, uniform: Float[Array, "node item replication"]
    ) -> Float[Array, "node item replication"]:
        """Return the inverse of the cumulative distribution at ``uniform``."""
        first = self.first[season]
        if self.cumulative is None:
            return jnp.broadcast_to(first, uniform.shape)
        cumulative = self.cumulative[season]
        if self.increments is None and cumulative.shape[0] > COUNTING_LIMIT:
            return first + _bisect(cumulative, uniform)
        increments = None if self.increments is None else self.increments[season]
        return first + count_passed(cumulative, uniform, increments)


def count_passed(
    cumulative: Float[Array, "level *place 1"],
    uniform: Float[Array, "*place replication"],
    increments: Float[Array, "level *place 1"] | None = None,
) -> Float[Array, "*place replication"]:
    """Add 1, or the increment, for every entry of the table below the uniform number.

    Written out level by level: as a reduction over the leading axis it was 7 times slower on CPUs.
    """
    total = jnp.zeros_like(uniform)
    for level in range(cumulative.shape[0]):
        passed = uniform > cumulative[level]
        total = total + (passed if increments is None else jnp.where(passed, increments[level], 0.0))
    return total


def _bisect(
    cumulative: Float[Array, "level node item 1"], uniform: Float[Array, "node item replication"]
) -> Float[Array, "node item replication"]:
    """Count the entries below ``uniform`` in logarithmic time; the table rises along its first axis."""
    levels = cumulative.shape[0]
    columns = jnp.moveaxis(jnp.broadcast_to(cumulative, (levels, *uniform.shape[:2], 1))[..., 0], 0, -1)
    search = jax.vmap(jax.vmap(lambda table, level: jnp.searchsorted(table, level, side="left")))
    return search(columns, uniform).astype(jnp.float32)


class NormalTable(eqx.Module):
    """Normal laws, cut at zero; zero mean and deviation where another law rules."""

    mean: Float[Array, "season node item 1"]
    deviation: Float[Array, "season node item 1"]

    def draw(
        self, season: Array, uniform: Float[Array, "node item replication"]
    ) -> Float[Array, "node item replication"]:
        """Return the quantile at ``uniform``."""
        score = jax.scipy.special.ndtri(uniform)
        return jnp.maximum(self.mean[season] + self.deviation[season] * score, 0.0)


class QuantileTable(eqx.Module):
    """Continuous laws as quantiles at equal steps of the normal score, linear between them."""

    quantiles: Float[Array, "season level node item 1"]

    def draw(
        self, season: Array, uniform: Float[Array, "node item replication"]
    ) -> Float[Array, "node item replication"]:
        """Return the interpolated quantile at ``uniform``; differentiable in the quantiles."""
        quantiles = self.quantiles[season][..., 0]
        steps = quantiles.shape[0] - 1
        score = jax.scipy.special.ndtri(uniform)
        place = jnp.clip((score / _LARGEST_SCORE + 1.0) * (steps / 2.0), 0.0, steps - 1e-3)
        low = jnp.floor(place)
        node, item = (index[..., None] for index in jnp.indices(quantiles.shape[1:]))
        below = quantiles[low.astype(jnp.int32), node, item]
        above = quantiles[low.astype(jnp.int32) + 1, node, item]
        return below + (place - low) * (above - below)


Grid = dict[tuple[int, int, int], DiscreteLaw | ContinuousLaw]
"""Laws by (season, node position, item position)."""


def compile_laws(
    laws: Grid, shape: tuple[int, int, int]
) -> tuple[CumulativeTable | None, NormalTable | None, QuantileTable | None]:
    """Compile laws to the tables that their kinds need; the draws of the tables add up.

    Parameters
    ----------
    laws
        Law by position; absent positions draw 0.
    shape
        Number of seasons, nodes and items, padded.

    Returns
    -------
    tuple
        A cumulative, a normal and a quantile table, each ``None`` where no law needs it.
    """
    discrete = {place: law for place, law in laws.items() if isinstance(law, DiscreteLaw)}
    normal = {place: law for place, law in laws.items() if isinstance(law, Normal)}
    continuous = {
        place: law
        for place, law in laws.items()
        if isinstance(law, ContinuousLaw) and not isinstance(law, Normal)
    }
    return (
        _cumulative_table(discrete, shape) if discrete or not laws else None,
        _normal_table(normal, shape) if normal else None,
        _quantile_table(continuous, shape) if continuous else None,
    )


def _trimmed(law: DiscreteLaw) -> tuple[np.ndarray, np.ndarray]:
    """Drop values whose whole tail a 23-bit uniform number cannot reach."""
    values, probabilities = law.support()
    cumulative = np.cumsum(probabilities)
    keep = (cumulative > _SAMPLING_TAIL) & (np.concatenate([[0.0], cumulative[:-1]]) < 1 - _SAMPLING_TAIL)
    values, cumulative = values[keep], cumulative[keep]
    cumulative[-1] = 1.0
    return values, cumulative


def _cumulative_table(
    laws: dict[tuple[int, int, int], DiscreteLaw], shape: tuple[int, int, int]
) -> CumulativeTable:
    parts = {law: _trimmed(law) for law in set(laws.values())}
    first = np.zeros((*shape, 1), dtype=np.float32)
    for place, law in laws.items():
        first[place] = parts[law][0][0]
    length = max((len(values) for values, _ in parts.values()), default=1) - 1
    if length == 0:
        return CumulativeTable(jnp.asarray(first), None, None)
    size = bucket(length)
    cumulative = np.ones((shape[0], size, *shape[1:], 1), dtype=np.float32)
    unit_steps = all(np.all(np.diff(values) == 1) for values, _ in parts.values())
    increments = None if unit_steps else np.zeros_like(cumulative)
    for (season, node, item), law in laws.items():
        values, levels = parts[law]
        # The last level is 1 in exact arithmetic and needs no entry: no uniform number exceeds it.
        cumulative[season, : len(levels) - 1, node, item, 0] = levels[:-1]
        if increments is not None:
            increments[season, : len(levels) - 1, node, item, 0] = np.diff(values)
    return CumulativeTable(
        jnp.asarray(first), jnp.asarray(cumulative), None if increments is None else jnp.asarray(increments)
    )


def _normal_table(laws: dict[tuple[int, int, int], Normal], shape: tuple[int, int, int]) -> NormalTable:
    mean, deviation = (np.zeros((*shape, 1), dtype=np.float32) for _ in range(2))
    for place, law in laws.items():
        mean[place], deviation[place] = law.average, law.deviation
    return NormalTable(jnp.asarray(mean), jnp.asarray(deviation))


def _quantile_table(
    laws: dict[tuple[int, int, int], ContinuousLaw], shape: tuple[int, int, int]
) -> QuantileTable:
    from scipy import special

    levels = special.ndtr(np.linspace(-_LARGEST_SCORE, _LARGEST_SCORE, _NUM_SCORES))
    rows = {law: law.quantile(levels) for law in set(laws.values())}
    quantiles = np.zeros((shape[0], len(levels), *shape[1:], 1), dtype=np.float32)
    for (season, node, item), law in laws.items():
        quantiles[season, :, node, item, 0] = rows[law]
    return QuantileTable(jnp.asarray(quantiles))


def cycle_length(lengths: list[int]) -> int:
    """Return the least common multiple of the seasonal cycles."""
    return math.lcm(*lengths) if lengths else 1
