"""The method of Teunter, Syntetos and Babai: the probability of demand, updated in every period."""

import numpy as np

from basestock.forecasting.demand_rates import RATE_GAINS
from basestock.forecasting.models.intermittent import intermittent_draft
from basestock.forecasting.training import Draft, View


def tsb(view: View) -> Draft:
    """Forecast mean size x probability of demand; the probability also falls while demand stays away.

    References
    ----------
    Teunter, Syntetos and Babai (2011), European Journal of Operational Research 214, 606-615,
    doi:10.1016/j.ejor.2011.05.018.
    """
    rates, gains = view.demand_rates, np.asarray(RATE_GAINS, np.float32)
    losses = rates.tsb_loss.reshape(-1, view.num_series)
    best = np.argmin(losses, axis=0)
    rate = best % len(RATE_GAINS)
    chance = np.take_along_axis(rates.probability, rate[None], axis=0)[0]
    return intermittent_draft(
        view,
        occurrence=chance,
        num_demands=(2.0 - gains[rate]) / gains[rate] * chance,
        recency=gains[best // len(RATE_GAINS)],
        loss=losses.min(0),
    )
