"""Croston's method: sizes of demand and intervals between demands, smoothed apart."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.demand_rates import RATE_GAINS
from basestock.forecasting.models.intermittent import intermittent_draft
from basestock.forecasting.training import Draft, View


def croston(view: View) -> Draft:
    """Forecast mean size / mean interval: a bucket holds a demand with probability 1 / mean interval.

    References
    ----------
    Croston (1972), Operational Research Quarterly 23, 289-303, doi:10.1057/jors.1972.50.
    """
    return croston_draft(view, jnp.ones(len(RATE_GAINS)))


def croston_draft(view: View, factor: Float[Array, " lane"]) -> Draft:
    """Return Croston's law with the probability of a demand times a factor per gain.

    Notes
    -----
    The gain is the one with the smallest squared error of the sum over the protection interval, over all intervals
    that ended before now.
    """
    size, interval, _ = view.demand_rates
    chance = factor[:, None] / jnp.maximum(interval, 1.0)
    best = jnp.argmin(view.level_loss(size * chance))
    gain = jnp.asarray(RATE_GAINS)[best]
    return intermittent_draft(view, chance[best, -1], (2.0 - gain) / gain, gain)
