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
        1 where the order of an age (1, 2, ... periods since shipping) arrives now, given that it had not before; by
        lane and item, or by place where only few lanes and items have such lead times.
    lead_time
        Lead time in periods of what is shipped now, for lanes that reveal it on ordering.
    lane_open
        1 where a lane may be used, 0 during an outage, between them in a partial one.
    process_yield
        Quantile of the yield of each process.
    resource_up
        Quantile of the breakdown or repair of each resource.
    supply_price
        Price of outside supply, money per unit.
    competitor_price
        Price of the competition, money per unit.
    defect_fraction, process_defect_fraction
        Share of defective units that the lot which arrives, or is completed, was made with.
    defects, process_defects
        Quantiles of the defective units in the first sample of a lot, in the second, and in the rest.
    returns
        Quantile of the share of sold units that come back.
    market_quantile
        Quantile of the demand of the first class, for laws of counts whose mean a decision bends; elsewhere what
        decides on rounding up.
    market_mean, market_dispersion
        Mean of those laws at the reference price, units, and (variance - mean) / mean^2; a mean of 0 elsewhere.
    extra_lead_time
        Periods added to the lead time of what is shipped now.
    lost_share, late_share
        Share of what arrives that is lost, and of the rest that comes a period later.
    special
        Quantile of the number of unserved customers who take a special delivery.
    recalled
        Share of the stock that is called back.
    route
        1 on the lane that chance sends orders to, 0 on its rivals, -1 on lanes that are not drawn.
    elapsed
        Time to the next demand, where a step ends with one.
    unit_level
        Survival quantile of the lead time of every single unit under way.
    substitution
        Quantile of the number of customers without stock who take another item.
    """

    market: Float[Array, "demand_class node item replication"] | None = None
    arrives: Float[Array, "age *place replication"] | None = None
    lead_time: Int[Array, "lane item replication"] | None = None
    lane_open: Float[Array, "lane replication"] | None = None
    process_yield: Float[Array, "process replication"] | None = None
    resource_up: Float[Array, "resource replication"] | None = None
    supply_price: Float[Array, "lane item replication"] | None = None
    competitor_price: Float[Array, "node item replication"] | None = None
    defect_fraction: Float[Array, "lane item replication"] | None = None
    defects: Float[Array, "draw lane item replication"] | None = None
    process_defect_fraction: Float[Array, "process replication"] | None = None
    process_defects: Float[Array, "draw process replication"] | None = None
    returns: Float[Array, "place replication"] | None = None
    market_quantile: Float[Array, "node item replication"] | None = None
    market_mean: Float[Array, "node item replication"] | None = None
    market_dispersion: Float[Array, "node item replication"] | None = None
    extra_lead_time: Int[Array, "lane replication"] | None = None
    lost_share: Float[Array, "lane item replication"] | None = None
    late_share: Float[Array, "lane item replication"] | None = None
    special: Float[Array, "node item replication"] | None = None
    recalled: Float[Array, "node item replication"] | None = None
    route: Float[Array, "lane replication"] | None = None
    elapsed: Float[Array, " replication"] | None = None
    unit_level: Float[Array, "unit_slot lane 1 replication"] | None = None
    substitution: Float[Array, "node item replication"] | None = None


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
    lane_down
        1 where a lane is down.
    disrupted, disrupted_for
        1 where a disruption is on, and the periods that one struck by chance has left.
    economy
        Last factor of the economy on demand.
    demand_regime
        Number of the last regime of demand.
    surge_left
        Periods that each regional surge still lasts.
    hidden_demand
        Quantiles of what a path draws at its start of :class:`~basestock.uncertainty.market.HiddenDemand`; 0 before.
    """

    deviation: Float[Array, "node item replication"] | None = None
    regime: Int[Array, " replication"] | None = None
    competitor_price: Float[Array, "node item replication"] | None = None
    supply_price: Float[Array, "lane item replication"] | None = None
    economy: Float[Array, " replication"] | None = None
    demand_regime: Int[Array, " replication"] | None = None
    surge_left: Float[Array, "surge replication"] | None = None
    hidden_demand: Float[Array, "parameter node item replication"] | None = None
    lane_down: Int[Array, "lane replication"] | None = None
    disrupted: Int[Array, "disruption replication"] | None = None
    disrupted_for: Int[Array, "disruption replication"] | None = None
