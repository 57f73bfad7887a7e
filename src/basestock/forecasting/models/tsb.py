"""The method of Teunter, Syntetos and Babai: the probability of demand, updated in every period."""

import jax.numpy as jnp

from basestock.forecasting.demand_rates import RATE_GAINS
from basestock.forecasting.models.intermittent import intermittent_draft
from basestock.forecasting.training import Draft, View

SIZE_LANES = (0, 1)
"""Positions in ``RATE_GAINS`` that are tried for the size; every one is combined with all gains for the rate."""


def tsb(view: View) -> Draft:
    """Forecast mean size x probability of demand; the probability also falls while demand stays away.

    References
    ----------
    Teunter, Syntetos and Babai (2011), European Journal of Operational Research 214, 606-615,
    doi:10.1016/j.ejor.2011.05.018.
    """
    size, _, probability = view.demand_rates
    levels = jnp.concatenate([size[lane] * probability for lane in SIZE_LANES])
    best = jnp.argmin(view.level_loss(levels))
    gains = jnp.asarray(RATE_GAINS)
    rate = best % len(RATE_GAINS)
    chance, gain = probability[rate, -1], gains[rate]
    num_demands = (2.0 - gain) / gain * chance
    return intermittent_draft(view, chance, num_demands, gains[jnp.asarray(SIZE_LANES)[best // len(RATE_GAINS)]])
