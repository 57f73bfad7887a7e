"""What happens from outside in one period, drawn before anybody decides."""

import equinox as eqx
from jaxtyping import Array, Float, Int


class Event(eqx.Module):
    """Everything random of one period; absent leaves (``None``) are features that the network does not use.

    A leaf is a value, or a quantile in (0, 1) that a stage maps through its law given state and decision, so that
    randomness that depends on the decision is still drawn before it.

    Parameters
    ----------
    market
        Demand per class of customers, units per period.
    arrives
        1 where the order of an age (1, 2, ... periods since shipping) arrives now, given that it had not before.
    lead_time
        Lead time in periods of what is shipped now, for lanes that reveal it on ordering.
    lane_open
        1 where a lane may be used, 0 during an outage.
    process_yield
        Quantile of the yield of each process.
    resource_up
        Quantile of the breakdown or repair of each resource.
    supply_price
        Price of outside supply, money per unit.
    competitor_price
        Price of the competition, money per unit.
    defects
        Quantile of the number of defects in a lot.
    returns
        Quantile of the share of sold units that come back.
    """

    market: Float[Array, "demand_class node item replication"] | None = None
    arrives: Float[Array, "age lane item replication"] | None = None
    lead_time: Int[Array, "lane item replication"] | None = None
    lane_open: Float[Array, "lane replication"] | None = None
    process_yield: Float[Array, "process replication"] | None = None
    resource_up: Float[Array, "resource replication"] | None = None
    supply_price: Float[Array, "lane item replication"] | None = None
    competitor_price: Float[Array, "node item replication"] | None = None
    defects: Float[Array, "lane item replication"] | None = None
    returns: Float[Array, "node item replication"] | None = None


class World(eqx.Module):
    """What the outside remembers from period to period; absent leaves are unused.

    Parameters
    ----------
    deviation
        Deviation of the last demand from its mean, for demand with memory, units.
    regime
        Number of the present regime, for demand and outage regimes.
    competitor_price, supply_price
        Last prices, money per unit.
    """

    deviation: Float[Array, "node item replication"] | None = None
    regime: Int[Array, " replication"] | None = None
    competitor_price: Float[Array, "node item replication"] | None = None
    supply_price: Float[Array, "lane item replication"] | None = None
