"""The law of series with too little history: the level and the shape of their category (DEM-007)."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from basestock.forecasting.cleaning import Cleaned
from basestock.forecasting.law import Law, plain_dynamics
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
    rows = np.flatnonzero(needy)
    level, spread = np.full(len(rows), np.nan), np.zeros(len(rows))
    atoms, whole = np.full((len(rows), NUM_ATOMS), np.nan), cleaned.whole[rows].copy()
    names = np.asarray(categories)[rows]
    periods = cleaned.observed[rows].sum(axis=1, dtype=np.float64)
    demand = cleaned.values[rows].sum(axis=1, dtype=np.float64)
    for name, pool in _pools(cleaned, ~needy, categories).items():
        mine = names == name
        level[mine], spread[mine] = _levels(pool, periods[mine], demand[mine])
        whole[mine] |= (periods[mine] == 0) & pool.whole
        atoms[mine] = level[mine, None] * pool.shape
    atoms = np.where(whole[:, None], np.floor(atoms + _stratified_fractions()), atoms)
    uncertain = plain_dynamics(num_steps, whole)._replace(level_spread=spread.astype(np.float32))
    dynamics = jax.tree.map(lambda leaf: np.moveaxis(leaf, -1, 0), uncertain)
    return Law(atoms.astype(np.float32), dynamics)


def _stratified_fractions() -> np.ndarray:
    """Return one number for each atom, spread evenly over [0, 1): rounding with them keeps the mean."""
    return (np.arange(NUM_ATOMS) * _GOLDEN_RATIO + 0.5) % 1.0


def _pools(cleaned: Cleaned, rich: np.ndarray, categories: Sequence[str]) -> dict[str, Pool]:
    """Return the pool of each category, that of all series where it is small; empty if no series has demand."""
    has_demand = cleaned.values.sum(axis=1) > 0
    donors = has_demand & rich if (has_demand & rich).any() else has_demand
    if not donors.any():
        return {}
    names = np.asarray(categories)
    everyone = _pool(cleaned, np.flatnonzero(donors))
    pools: dict[str, Pool] = {}
    for name in sorted(set(categories)):
        members = np.flatnonzero(donors & (names == name))
        pools[name] = _pool(cleaned, members) if len(members) >= SMALLEST_DONORS else everyone
    return pools


def _pool(cleaned: Cleaned, donors: np.ndarray) -> Pool:
    values, observed = cleaned.values[donors].astype(np.float64), cleaned.observed[donors]
    level = values.sum(axis=1) / observed.sum(axis=1)
    logs = np.log(level)
    variance = float(logs.var(ddof=1)) if len(donors) >= SMALLEST_DONORS else LARGEST_SPREAD**2
    whole = bool(cleaned.whole[donors].mean() > 0.5)
    return Pool(float(logs.mean()), variance, _shape(values, observed, level), whole)


def _shape(values: np.ndarray, observed: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the pooled distribution of demand over its level, every series counting alike."""
    if len(values) > _MAX_DONORS:
        kept = np.linspace(0, len(values) - 1, _MAX_DONORS).astype(np.int64)
        values, observed, level = values[kept], observed[kept], level[kept]
    ordered = np.sort(np.where(observed > 0, values / level[:, None], np.nan), axis=1)
    fraction = (np.arange(_SAMPLE_PER_DONOR) + 0.5) / _SAMPLE_PER_DONOR
    index = np.floor(fraction * observed.sum(axis=1)[:, None]).astype(np.int64)
    sample = np.sort(np.take_along_axis(ordered, index, axis=1).reshape(-1))
    atoms = sample[np.floor((np.arange(NUM_ATOMS) + 0.5) / NUM_ATOMS * len(sample)).astype(np.int64)]
    return atoms / atoms.mean() if atoms.any() else np.ones(NUM_ATOMS)


def _levels(pool: Pool, periods: np.ndarray, demand: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the expected level of each series and the standard deviation of its logarithm."""
    own = (demand + _OWN_PSEUDO_PERIODS * np.exp(pool.log_level)) / (periods + _OWN_PSEUDO_PERIODS)
    noise = pool.shape.var() / np.maximum(periods, _OWN_PSEUDO_PERIODS)
    trusted = pool.log_level_variance / np.maximum(pool.log_level_variance + noise, 1e-12)
    weight = np.where(periods > 0, trusted, 0.0)
    logarithm = weight * np.log(own) + (1.0 - weight) * pool.log_level
    spread = np.clip(np.sqrt((1.0 - weight) * pool.log_level_variance), SMALLEST_SPREAD, LARGEST_SPREAD)
    return np.exp(logarithm + 0.5 * spread**2), spread
