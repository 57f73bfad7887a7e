"""The law of series with too little history: the level and the shape of their category (DEM-007)."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from basestock.forecasting.cleaning import Cleaned
from basestock.forecasting.law import Dynamics, Law
from basestock.forecasting.setting import NUM_ATOMS

SMALLEST_DONORS = 3
"""Series a category needs to speak for itself; smaller ones borrow from all series."""

SMALLEST_SPREAD, LARGEST_SPREAD = 0.3, 1.0
"""Bounds of the standard deviation of the logarithm of an uncertain level."""

_OWN_PSEUDO_PERIODS = 0.5
_SAMPLE_PER_DONOR = 64
_MAX_DONORS = 1024
_GOLDEN_RATIO = 0.6180339887498949


class Pool(NamedTuple):
    """What the series of a category have in common.

    Parameters
    ----------
    log_level, log_level_variance
        Mean and variance, over series, of the logarithm of mean demand per period.
    shape
        ``float[atom]``, demand of a period over its series' mean, as equally likely values of mean 1.
    whole
        Whether most series come in whole units.
    """

    log_level: float
    log_level_variance: float
    shape: np.ndarray
    whole: bool


def pooled_laws(cleaned: Cleaned, needy: np.ndarray, categories: Sequence[str], num_steps: int) -> Law:
    """Return wide laws for the needy series, from the other series of their category.

    Parameters
    ----------
    cleaned
        History of all series.
    needy
        ``bool[series]``, series with too little history of their own.
    categories
        One name per series.
    num_steps
        Steps of the laws.

    Returns
    -------
    Law
        NumPy leaves with a leading axis of the needy series; NaN atoms where no series at all has demand.

    Notes
    -----
    Levels are lognormal over the series of a category with variance t^2; n periods of own demand are worth the weight
    w = t^2 / (t^2 + c^2 / n), c the coefficient of variation of the pooled shape. The level is
    exp(w ln(own mean) + (1 - w) ln(category level) + v / 2) and its logarithm stays uncertain with variance
    v = (1 - w) t^2, at least 0.3^2, drawn once a path, so that the sum over the protection interval is wide too.
    """
    donors = ~needy & (cleaned.values.sum(axis=1) > 0)
    pools = _pools(cleaned, donors, categories)
    rows = np.flatnonzero(needy)
    count = cleaned.observed[rows].sum(axis=1)
    total = cleaned.values[rows].sum(axis=1, dtype=np.float64)
    laws = [
        _law(pools[categories[row]], float(periods), float(demand), bool(cleaned.whole[row]), num_steps)
        for row, periods, demand in zip(rows, count, total, strict=True)
    ]
    unknown = _law(None, 0.0, 0.0, False, num_steps)
    return jax.tree.map(lambda _, *leaves: np.stack(leaves)[1:], unknown, unknown, *laws)


def _pools(cleaned: Cleaned, donors: np.ndarray, categories: Sequence[str]) -> dict[str, Pool | None]:
    """Return the pool of each category, that of all series where it is small."""
    if not donors.any():
        donors = (cleaned.values.sum(axis=1) > 0) & (cleaned.observed.sum(axis=1) > 0)
    names = np.asarray(categories)
    everyone = _pool(cleaned, np.flatnonzero(donors))
    pools: dict[str, Pool | None] = {}
    for name in sorted(set(categories)):
        members = np.flatnonzero(donors & (names == name))
        pools[name] = _pool(cleaned, members) if len(members) >= SMALLEST_DONORS else everyone
    return pools


def _pool(cleaned: Cleaned, donors: np.ndarray) -> Pool | None:
    if len(donors) == 0:
        return None
    values, observed = cleaned.values[donors].astype(np.float64), cleaned.observed[donors]
    level = values.sum(axis=1) / observed.sum(axis=1)
    logs = np.log(level)
    variance = float(logs.var(ddof=1)) if len(donors) >= SMALLEST_DONORS else LARGEST_SPREAD**2
    return Pool(float(logs.mean()), variance, _shape(values, observed, level), bool(cleaned.whole[donors].mean() > 0.5))


def _shape(values: np.ndarray, observed: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the pooled distribution of demand over its level, every series counting alike."""
    if len(values) > _MAX_DONORS:
        kept = np.linspace(0, len(values) - 1, _MAX_DONORS).astype(np.int64)
        values, observed, level = values[kept], observed[kept], level[kept]
    ordered = np.sort(np.where(observed > 0, values / level[:, None], np.nan), axis=1)
    fraction = (np.arange(_SAMPLE_PER_DONOR) + 0.5) / _SAMPLE_PER_DONOR
    index = np.floor(fraction * observed.sum(axis=1)[:, None]).astype(np.int64)
    sample = np.sort(np.take_along_axis(ordered, index, axis=1).reshape(-1))
    pooled = sample.reshape(NUM_ATOMS, -1).mean(axis=1) if len(sample) % NUM_ATOMS == 0 else _thin(sample)
    return pooled / pooled.mean()


def _thin(sample: np.ndarray) -> np.ndarray:
    """Return equally likely atoms of a sorted sample."""
    return sample[np.floor((np.arange(NUM_ATOMS) + 0.5) / NUM_ATOMS * len(sample)).astype(np.int64)]


def _law(pool: Pool | None, periods: float, demand: float, whole: bool, num_steps: int) -> Law:
    if pool is None:
        level, spread, shape = np.nan, 0.0, np.ones(NUM_ATOMS)
    else:
        level, spread = _level(pool, periods, demand)
        shape, whole = pool.shape, whole or (periods == 0 and pool.whole)
    atoms = level * shape
    if whole and pool is not None:
        atoms = np.floor(atoms + (np.arange(NUM_ATOMS) * _GOLDEN_RATIO + 0.5) % 1.0)
    zeros, ones = np.zeros(num_steps, np.float32), np.ones(num_steps, np.float32)
    zero, one = np.float32(0.0), np.float32(1.0)
    dynamics = Dynamics(
        zeros, ones, ones, zeros, zero, zero, zero, one, zero, np.float32(spread), zero, np.bool_(whole)
    )
    return Law(atoms.astype(np.float32), dynamics)


def _level(pool: Pool, periods: float, demand: float) -> tuple[float, float]:
    """Return the expected level and the standard deviation of its logarithm."""
    own = (demand + _OWN_PSEUDO_PERIODS * np.exp(pool.log_level)) / (periods + _OWN_PSEUDO_PERIODS)
    noise = float(pool.shape.var()) / max(periods, _OWN_PSEUDO_PERIODS)
    weight = pool.log_level_variance / (pool.log_level_variance + noise) if periods > 0 else 0.0
    logarithm = weight * np.log(own) + (1.0 - weight) * pool.log_level
    spread = float(np.clip(np.sqrt((1.0 - weight) * pool.log_level_variance), SMALLEST_SPREAD, LARGEST_SPREAD))
    return float(np.exp(logarithm + 0.5 * spread**2)), spread
