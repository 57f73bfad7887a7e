"""The chosen laws, fitted on all history, and their tables."""

from typing import NamedTuple

import jax
import numpy as np

from basestock.forecasting.arguments import Request
from basestock.forecasting.batches import batches, pad_rows, take_rows
from basestock.forecasting.cleaning import Cleaned
from basestock.forecasting.law import Law
from basestock.forecasting.plan import Plan, laws_before
from basestock.forecasting.prior import pooled_laws
from basestock.forecasting.programs import simulated_demand
from basestock.forecasting.tables import quantile_table


class Tables(NamedTuple):
    """Means and quantiles of buckets and of the sum over the protection interval, see ``DemandForecast``."""

    mean: np.ndarray
    quantiles: np.ndarray
    protection_mean: np.ndarray
    protection_quantiles: np.ndarray


def final_laws(
    request: Request, plan: Plan, chosen: np.ndarray, cleaned: Cleaned, needy: np.ndarray
) -> tuple[Law, Tables]:
    """Fit on all history, keep the chosen law of each series, and tabulate it.

    Parameters
    ----------
    request, plan
        What is asked, and the sizes.
    chosen
        ``int[series]``, the candidate of each series.
    cleaned
        All history, for the laws that are borrowed.
    needy
        ``bool[series]``, series that take the law of their category.

    Returns
    -------
    tuple
        Laws with NumPy leaves ``[series, ...]``, and tables.
    """
    num_series, num_periods = request.history.shape
    open_ahead = _open_ahead(request, plan.setting.num_steps)
    borrowed = pooled_laws(cleaned, needy, request.categories, plan.setting.num_steps)
    place = np.cumsum(needy) - 1
    laws: list[Law] = []
    tables: list[Tables] = []
    for rows in batches(num_series, plan.rows):
        origin = np.full(rows.stop - rows.start, num_periods)
        law = _chosen(laws_before(request, plan, rows, origin), chosen[rows])
        law = _replaced(law, needy[rows], take_rows(borrowed, place[rows][needy[rows]]))
        laws.append(_closed(law, open_ahead[rows]))
        tables.append(_tabulate(laws[-1], plan, request.horizon, request.protection[rows]))
    joined = jax.tree.map(lambda *leaves: np.concatenate(leaves), *laws)
    return joined, Tables(*(np.concatenate(table) for table in zip(*tables, strict=True)))


def _chosen(laws: Law, chosen: np.ndarray) -> Law:
    """Pick one candidate a row and drop the padding."""
    rows = np.arange(len(chosen))
    return jax.tree.map(lambda leaf: np.asarray(leaf)[rows, chosen], laws)


def _replaced(law: Law, needy: np.ndarray, borrowed: Law) -> Law:
    """Put the borrowed laws in the needy rows."""
    rows = np.flatnonzero(needy)

    def put(leaf: np.ndarray, own: np.ndarray) -> np.ndarray:
        leaf[rows] = own
        return leaf

    return jax.tree.map(put, law, jax.tree.map(np.asarray, borrowed))


def _closed(law: Law, open_ahead: np.ndarray) -> Law:
    """Take demand out of the buckets that will be closed."""
    dynamics = law.dynamics
    return law._replace(
        dynamics=dynamics._replace(
            season_scale=dynamics.season_scale * open_ahead, season_shift=dynamics.season_shift * open_ahead
        )
    )


def _open_ahead(request: Request, num_steps: int) -> np.ndarray:
    """Return ``float32[series, step]``, 1 where the bucket to come is open, as told or as in the last two seasons."""
    length = request.season_length
    closed = np.zeros((len(request.history), num_steps), dtype=bool)
    if length > 1 and request.history.shape[1] >= 2 * length:
        both = request.closed[:, -length:] & request.closed[:, -2 * length : -length]
        closed = both[:, np.arange(num_steps) % length]
    told = request.closed_ahead[:, :num_steps]
    closed[:, : told.shape[1]] = told
    return (~closed).astype(np.float32)


def _tabulate(law: Law, plan: Plan, horizon: int, protection: np.ndarray) -> Tables:
    demand = np.asarray(simulated_demand(pad_rows(law, plan.rows), plan.table_dice))[: len(protection)]
    within = (np.arange(demand.shape[1]) < protection[:, None]).astype(np.float32)
    total = np.einsum("shp,sh->sp", demand, within)
    buckets, whole = demand[:, :horizon], np.asarray(law.dynamics.whole)
    return Tables(
        mean=buckets.mean(axis=-1),
        quantiles=quantile_table(buckets, whole),
        protection_mean=total.mean(axis=-1),
        protection_quantiles=quantile_table(total, whole),
    )
