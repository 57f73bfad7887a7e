"""What parameters are compared on: demand over the protection interval after each past period."""

from typing import NamedTuple

from jaxtyping import Array, Float


class Ahead(NamedTuple):
    """What came in the protection interval after each period, as far as it ended before now.

    Parameters
    ----------
    demand
        Sum of demand.
    weight
        Sum of the seasonal factors of its known periods, per seasonal profile.
    counted
        1 where the interval ended before now and three periods were known at its start.
    """

    demand: Float[Array, "time series"]
    weight: Float[Array, "time profile series"]
    counted: Float[Array, "time series"]
