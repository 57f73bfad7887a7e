"""Croston's method: sizes of demand and intervals between demands, smoothed apart."""

import numpy as np
from jaxtyping import Float

from basestock.forecasting.demand_rates import RATE_GAINS
from basestock.forecasting.models.intermittent import intermittent_draft
from basestock.forecasting.training import Draft, View


def croston(view: View) -> Draft:
    """Forecast mean size / mean interval: a bucket holds a demand with probability 1 / mean interval.

    References
    ----------
    Croston (1972), Operational Research Quarterly 23, 289-303, doi:10.1057/jors.1972.50.
    """
    return croston_draft(view, view.demand_rates.croston_loss, np.ones(len(RATE_GAINS), np.float32))


def croston_draft(
    view: View, losses: Float[np.ndarray, "gain series"], factor: Float[np.ndarray, " gain"]
) -> Draft:
    """Return Croston's law with the gain of the smallest loss and the probability of a demand times a factor.

    Parameters
    ----------
    view
        The series.
    losses
        Squared errors of the sum over the protection interval, per gain of ``RATE_GAINS``.
    factor
        Correction of the probability, per gain.
    """
    best = np.argmin(losses, axis=0)
    gain = np.asarray(RATE_GAINS, np.float32)[best]
    interval = np.take_along_axis(view.demand_rates.interval, best[None], axis=0)[0]
    return intermittent_draft(
        view,
        occurrence=factor[best] / np.maximum(interval, 1.0),
        num_demands=(2.0 - gain) / gain,
        recency=gain,
        loss=losses.min(0),
    )
