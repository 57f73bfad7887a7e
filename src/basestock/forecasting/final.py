"""The chosen laws, fitted on all history."""

import jax
import numpy as np

from basestock.forecasting.arguments import Request
from basestock.forecasting.batches import each_batch, take_rows
from basestock.forecasting.cleaning import Cleaned
from basestock.forecasting.law import Law
from basestock.forecasting.plan import Plan, laws_before
from basestock.forecasting.prior import pooled_laws


def final_laws(request: Request, plan: Plan, chosen: np.ndarray, cleaned: Cleaned, needy: np.ndarray) -> Law:
    """Fit on all history and keep the chosen law of each series.

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
    Law
        NumPy leaves ``[series, ...]``.
    """
    num_series, num_periods = request.history.shape
    open_ahead = _open_ahead(request, plan.setting.num_steps)
    borrowed = pooled_laws(cleaned, needy, request.categories, plan.setting.num_steps)
    place = np.cumsum(needy) - 1

    def fitted(rows: slice) -> Law:
        origin = np.full(rows.stop - rows.start, num_periods)
        law = _chosen(laws_before(request, plan, rows, origin), chosen[rows])
        law = _replaced(law, needy[rows], take_rows(borrowed, place[rows][needy[rows]]))
        return _closed(law, open_ahead[rows])

    laws = each_batch(fitted, num_series, plan.rows)
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *laws)


def _chosen(laws: Law, chosen: np.ndarray) -> Law:
    """Pick one candidate a row and drop the padding."""
    rows = np.arange(len(chosen))
    return jax.tree.map(lambda leaf: leaf[rows, chosen], laws)


def _replaced(law: Law, needy: np.ndarray, borrowed: Law) -> Law:
    """Put the borrowed laws in the needy rows."""
    rows = np.flatnonzero(needy)

    def put(leaf: np.ndarray, own: np.ndarray) -> np.ndarray:
        leaf[rows] = own
        return leaf

    return jax.tree.map(put, law, borrowed)


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
