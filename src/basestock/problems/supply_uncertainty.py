"""One item whose supply cannot be relied on: disruptions of the source, random yield of an order."""

from typing import Literal

from basestock.decision import KnownValue, Problem, Solution
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.optimal.closed_form.supply_uncertainty import (
    base_stock_with_disruptions,
    eoq_with_additive_yield,
    eoq_with_multiplicative_yield,
)
from basestock.problems.parameters import parameters
from basestock.uncertainty import Deterministic, Outage, SupplyLaws, Uncertainty

SOURCE = "doi:10.1002/9781119584445"


@parameters()
def supply_uncertainty(
    *,
    demand: float = 2000.0,
    holding_cost: float = 0.25,
    stockout_cost: float = 3.0,
    disruption_prob: float = 0.04,
    recovery_prob: float = 0.25,
    horizon: int = 1000,
    warm_up: int = 100,
) -> Problem:
    """Build the base-stock problem with a supplier that goes down and comes up (Snyder and Shen 2019, 9.2).

    Parameters
    ----------
    demand
        Units of every period.
    holding_cost, stockout_cost
        Money per unit and period on hand, and waiting [h, p].
    disruption_prob, recovery_prob
        Of going down, and of coming up, in a period [alpha, beta].
    horizon, warm_up
        Periods counted and skipped.

    Returns
    -------
    Problem
        Average cost per period with its exact optimum. While the supplier is down, orders wait in its books.

    Examples
    --------
    >>> round(supply_uncertainty().known.value, 2)
    2737.07
    """
    level, cost = base_stock_with_disruptions(
        demand, holding_cost, stockout_cost, disruption_prob, recovery_prob
    )
    network = _network("backorder", whole=float(demand).is_integer())
    return Problem(
        name="supply_uncertainty",
        network=network,
        uncertainty=Uncertainty(
            {("store", "item"): Deterministic(demand)},
            supply=SupplyLaws(outages={"supplier": Outage(disruption_prob, recovery_prob)}),
        ),
        tariff=make_tariff(network, holding=holding_cost, backorder=stockout_cost),
        horizon=horizon,
        warm_up=warm_up,
        solve=lambda: Solution(cost, {"base_stock_level": level}, "closed form"),
        parameters={"demand": demand, "disruption_prob": disruption_prob, "recovery_prob": recovery_prob},
        source=SOURCE,
        known=KnownValue(cost, "optimal", 1e-9 * cost, "closed form, Snyder and Shen 2019, section 9.2"),
    )


@parameters(yield_mean=(None, None))
def random_yield(
    *,
    fixed_cost: float = 18500.0,
    holding_cost: float = 0.06,
    demand_rate: float = 75000.0,
    yield_mean: float = -15000.0,
    yield_std: float = 9000.0,
    yield_kind: Literal["additive", "multiplicative"] = "additive",
) -> Problem:
    """Build the economic order quantity with random yield (Snyder and Shen 2019, 9.3): computed, not simulated.

    Parameters
    ----------
    fixed_cost, holding_cost, demand_rate
        Money per order [K], money per unit and time [h], units per time [lambda].
    yield_mean, yield_std
        Of what an order delivers beside its quantity (additive, units) or of the share it delivers.
    yield_kind
        ``additive`` or ``multiplicative``.

    Returns
    -------
    Problem
        Cost per unit of time with its exact optimum.
    """
    solve = eoq_with_additive_yield if yield_kind == "additive" else eoq_with_multiplicative_yield
    quantity, cost = solve(fixed_cost, holding_cost, demand_rate, yield_mean, yield_std)
    network = _network("backorder", whole=False)
    return Problem(
        name="random_yield",
        network=network,
        uncertainty=Uncertainty({("store", "item"): Deterministic(demand_rate)}),
        tariff=make_tariff(network, holding=holding_cost, fixed_order=fixed_cost),
        kind="closed_form",
        criterion="average_cost_per_time_unit",
        solve=lambda: Solution(cost, {"order_quantity": quantity}, "closed form"),
        parameters={"yield_kind": yield_kind, "yield_mean": yield_mean, "yield_std": yield_std},
        source=SOURCE,
        known=KnownValue(cost, "optimal", 1e-9 * cost, "closed form, Snyder and Shen 2019, section 9.3"),
    )


def _network(unmet: Literal["backorder"], *, whole: bool) -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("item", whole_units=whole),),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", lead_time=0, interruption="keep_moving"),),
        unmet=unmet,
    )
