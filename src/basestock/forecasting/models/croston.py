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


def croston_draft(view: View, losses: Float[Array, "gain series"], factor: Float[Array, " gain"]) -> Draft:
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
    best = jnp.argmin(losses, axis=0)
    gain = jnp.asarray(RATE_GAINS)[best]
    interval = jnp.take_along_axis(view.demand_rates.interval, best[None], axis=0)[0]
    return intermittent_draft(
        view,
        occurrence=factor[best] / jnp.maximum(interval, 1.0),
        num_demands=(2.0 - gain) / gain,
        recency=gain,
        loss=losses.min(0),
    )
