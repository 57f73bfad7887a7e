"""The law of demand that often stays away, as Croston's method, SBA and TSB use it."""

import numpy as np
from jaxtyping import Float

from basestock.forecasting.training import Draft, View


def intermittent_draft(
    view: View,
    *,
    occurrence: Float[np.ndarray, " series"],
    num_demands: Float[np.ndarray, " series"],
    recency: Float[np.ndarray, " series"],
    loss: Float[np.ndarray, " series"],
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
    rests_on = np.maximum(np.minimum(view.num_demands, num_demands), 1.0)
    dynamics = {
        "occurrence": occurrence,
        "occurrence_spread": np.sqrt(np.maximum(1.0 - occurrence, 0.0) / rests_on),
    }
    return Draft(view.values, True, view.num_demands, recency, loss, dynamics)
