"""The law of demand that often stays away, as Croston's method, SBA and TSB use it."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.forecasting.law import plain_dynamics
from basestock.forecasting.training import Draft, View, at_periods


def intermittent_draft(
    view: View,
    *,
    occurrence: Float[Array, " series"],
    num_demands: Float[Array, " series"],
    recency: Float[Array, " series"],
    loss: Float[Array, " series"],
) -> Draft:
    """Return the law "a demand comes with a probability; its size is one of the past sizes".

    Parameters
    ----------
    view
        The series.
    occurrence
        Probability of a demand in a bucket.
    num_demands
        Number of demands the probability effectively rests on; its uncertainty is drawn once a path.
    recency
        Gain with which recent sizes are preferred: the mean of the table is then the smoothed size.
    loss
        Squared errors of the chosen parameters, see ``Draft``.
    """
    rests_on = jnp.maximum(jnp.minimum(view.num_demands, num_demands), 1.0)
    dynamics = plain_dynamics(view.setting.num_steps, view.whole)._replace(
        occurrence=occurrence, occurrence_spread=jnp.sqrt((1.0 - occurrence) / rests_on)
    )
    return Draft(at_periods(view.values, view.newest_demands), view.num_demands, recency, loss, dynamics)
