"""The method of Teunter, Syntetos and Babai: the probability of demand, updated in every period."""

import jax.numpy as jnp

from basestock.forecasting.demand_rates import RATE_GAINS, SIZE_LANES
from basestock.forecasting.models.intermittent import intermittent_draft
from basestock.forecasting.training import Draft, View


def tsb(view: View) -> Draft:
    """Forecast mean size x probability of demand; the probability also falls while demand stays away.

    References
    ----------
    Teunter, Syntetos and Babai (2011), European Journal of Operational Research 214, 606-615,
    doi:10.1016/j.ejor.2011.05.018.
    """
    gains = jnp.asarray(RATE_GAINS)
    losses = view.demand_rates.tsb_loss
    best = jnp.argmin(losses)
    rate = best % len(RATE_GAINS)
    chance, gain = view.demand_rates.probability[rate], gains[rate]
    num_demands = (2.0 - gain) / gain * chance
    recency = gains[jnp.asarray(SIZE_LANES)[best // len(RATE_GAINS)]]
    return intermittent_draft(view, chance, num_demands, recency, losses.min())
