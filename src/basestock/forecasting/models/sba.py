"""The Syntetos-Boylan approximation: Croston's method without its bias."""

import numpy as np

from basestock.forecasting.demand_rates import RATE_GAINS
from basestock.forecasting.models.croston import croston_draft
from basestock.forecasting.training import Draft, View


def sba(view: View) -> Draft:
    """Forecast (1 - alpha / 2) x mean size / mean interval.

    References
    ----------
    Syntetos and Boylan (2005), International Journal of Forecasting 21, 303-314,
    doi:10.1016/j.ijforecast.2004.10.001.
    """
    return croston_draft(view, view.demand_rates.sba_loss, 1.0 - np.asarray(RATE_GAINS, np.float32) / 2.0)
