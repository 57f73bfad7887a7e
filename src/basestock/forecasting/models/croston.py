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
    return croston_draft(view, view.demand_rates.croston_loss, jnp.ones(len(RATE_GAINS)))


def croston_draft(view: View, loss: Float[Array, " gain"], factor: Float[Array, " gain"]) -> Draft:
    """Return Croston's law with the gain of the smallest loss and the probability of a demand times a factor.

    Parameters
    ----------
    view
        The series.
    loss
        Squared errors of the sum over the protection interval, per gain of ``RATE_GAINS``.
    factor
        Correction of the probability, per gain.
    """
    best = jnp.argmin(loss)
    gain = jnp.asarray(RATE_GAINS)[best]
    chance = factor[best] / jnp.maximum(view.demand_rates.interval[best], 1.0)
    return intermittent_draft(view, chance, (2.0 - gain) / gain, gain, loss.min())
