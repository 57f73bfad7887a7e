"""One item at one place: demand that cannot be served is lost, or waits."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

from basestock.decision import KnownValue, Problem
from basestock.dynamics import InitialState
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.parameters import parameters
from basestock.problems.published import backorder_value, lost_sales_value
from basestock.uncertainty import (
    Delivery,
    DemandLaw,
    Deterministic,
    DiscreteLaw,
    Geometric,
    NegativeBinomial,
    Poisson,
    SupplyLaws,
    Uncertainty,
)


def demand_law(demand: str, mean: float, variance: float | None = None) -> DemandLaw:
    """Return a demand law by name.

    Parameters
    ----------
    demand
        ``poisson``, ``geometric``, ``negative_binomial`` or ``deterministic``.
    mean
        Units per period.
    variance
        Squared units; for ``negative_binomial`` only.

    Raises
    ------
    ValueError
        If the name is unknown, or a variance is missing.
    """
    laws = {"poisson": Poisson, "geometric": Geometric, "deterministic": Deterministic}
    if demand == "negative_binomial" and variance is not None:
        return NegativeBinomial(mean, variance)
    if demand not in laws:
        rule = "must be poisson, geometric, deterministic, or negative_binomial with a variance"
        raise ValueError(f"demand is {demand!r}, {rule}. Choose one of them.")
    return laws[demand](mean)


@parameters()
def lost_sales(
    *,
    lead_time: int = 2,
    holding_cost: float = 1.0,
    lost_sale_cost: float = 4.0,
    fixed_order_cost: float = 0.0,
    demand: str = "poisson",
    mean: float = 5.0,
    variance: float | None = None,
    horizon: int = 1000,
    warm_up: int = 100,
) -> Problem:
    """Build the single-item lost-sales problem with lead time (Zipkin 2008, doi:10.1287/opre.1070.0471).

    Parameters
    ----------
    lead_time
        Periods [L]; an order placed in t first serves the demand of t + L.
    holding_cost, lost_sale_cost
        Money per unit and period on hand [h], and per unit lost [p].
    fixed_order_cost
        Money per order [K].
    demand, mean, variance
        Law of the demand of a period; see :func:`demand_law`.
    horizon, warm_up
        Periods counted and skipped in a simulation.

    Returns
    -------
    Problem
        Average cost per period; the published optimum where the parameters match a printed instance.

    Examples
    --------
    >>> lost_sales(lead_time=2, lost_sale_cost=4).known.value
    4.4
    """
    known = lost_sales_value(demand, mean, lead_time, holding_cost, lost_sale_cost, fixed_order_cost)
    rates = {"holding": holding_cost, "lost_sale": lost_sale_cost, "fixed_order": fixed_order_cost or None}
    return single_item_problem(
        "lost_sales",
        "lost",
        demand_law(demand, mean, variance),
        rates,
        lead_time=lead_time,
        horizon=horizon,
        warm_up=warm_up,
        parameters=_arguments(locals()),
        known=known,
    )


@parameters()
def backorder(
    *,
    lead_time: int = 0,
    holding_cost: float = 1.0,
    backorder_cost: float = 9.0,
    fixed_order_cost: float = 64.0,
    demand: str = "poisson",
    mean: float = 10.0,
    variance: float | None = None,
    horizon: int = 1000,
    warm_up: int = 100,
) -> Problem:
    """Build the single-item backorder problem with a fixed cost (Zheng and Federgruen 1991, doi:10.1287/opre.39.4.654).

    Parameters
    ----------
    lead_time
        Periods [L]; 0 means that an order serves the demand of its own period.
    holding_cost, backorder_cost
        Money per unit and period on hand [h], and waiting [b].
    fixed_order_cost
        Money per order [K].
    demand, mean, variance
        Law of the demand of a period; see :func:`demand_law`.
    horizon, warm_up
        Periods counted and skipped in a simulation.

    Returns
    -------
    Problem
        Average cost per period; the known optimum where the parameters match a printed instance, or where K = 0 and
        base stock is optimal.

    Examples
    --------
    >>> backorder(mean=10).known.value
    35.022
    """
    law = demand_law(demand, mean, variance)
    known = backorder_value(demand, mean, lead_time, holding_cost, backorder_cost, fixed_order_cost)
    if known is None and fixed_order_cost == 0 and demand == "poisson":
        known = _base_stock_optimum(mean * (lead_time + 1), holding_cost, backorder_cost)
    rates = {"holding": holding_cost, "backorder": backorder_cost, "fixed_order": fixed_order_cost or None}
    return single_item_problem(
        "backorder",
        "backorder",
        law,
        rates,
        lead_time=lead_time,
        horizon=horizon,
        warm_up=warm_up,
        parameters=_arguments(locals()),
        known=known,
    )


@parameters()
def periodic_random_yield(
    *,
    lead_time: int = 2,
    holding_cost: float = 1.0,
    backorder_cost: float = 9.0,
    loss_probability: float = 0.2,
    lost_share: float = 1.0,
    demand: str = "poisson",
    mean: float = 5.0,
    variance: float | None = None,
    horizon: int = 1000,
    warm_up: int = 100,
) -> Problem:
    """Build the single-item backorder problem with random yield (Yano and Lee 1995, doi:10.1287/opre.43.2.311).

    Parameters
    ----------
    lead_time
        Periods [L]; 0 means that an order serves the demand of its own period.
    holding_cost, backorder_cost
        Money per unit and period on hand [h], and waiting [b].
    loss_probability, lost_share
        With this probability this share of a delivery, rounded down to whole units, is lost; with a share of 1 a
        delivery comes or does not (all or nothing), else its yield takes two values.
    demand, mean, variance
        Law of the demand of a period; see :func:`demand_law`.
    horizon, warm_up
        Periods counted and skipped in a simulation.

    Returns
    -------
    Problem
        Average cost per period. No base stock is optimal: what is under way may never come, and more of it is less
        certain.

    Examples
    --------
    >>> periodic_random_yield(lost_share=0.5).uncertainty.supply.deliveries["supplier -> store"].lost_share
    0.5
    """
    built = single_item_problem(
        "periodic_random_yield",
        "backorder",
        demand_law(demand, mean, variance),
        {"holding": holding_cost, "backorder": backorder_cost},
        lead_time=lead_time,
        horizon=horizon,
        warm_up=warm_up,
        parameters=_arguments(locals()),
    )
    lane = dataclasses.replace(built.network.lanes[0], interruption="keep_moving")
    losses = SupplyLaws(deliveries={lane.name: Delivery(loss_probability, lost_share)})
    return dataclasses.replace(
        built,
        network=dataclasses.replace(built.network, lanes=(lane,)),
        uncertainty=dataclasses.replace(built.uncertainty, supply=losses),
    )


def _base_stock_optimum(mean: float, holding_cost: float, backorder_cost: float) -> KnownValue:
    """Return min over S of h E(S - D)+ + b E(D - S)+, D Poisson over lead time plus review (Arrow et al. 1951)."""
    import numpy as np

    values, masses = Poisson(mean).support()
    gaps = values[:, None] - values[None, :]
    costs = (holding_cost * np.maximum(gaps, 0) + backorder_cost * np.maximum(-gaps, 0)) @ masses
    return KnownValue(
        float(costs.min()), "optimal", 1e-9, "newsvendor closed form, Arrow, Harris and Marschak 1951"
    )


def single_item_problem(
    name: str,
    unmet: Literal["lost", "backorder"],
    law: DemandLaw,
    rates: Mapping[str, float | None],
    *,
    lead_time: int,
    horizon: int,
    warm_up: int,
    parameters: Mapping[str, object],
    review_period: int = 1,
    on_hand: float = 0,
    pipeline: Sequence[float] = (),
    known: KnownValue | None = None,
) -> Problem:
    """Build a problem of one item at one place, supplied from outside.

    Parameters
    ----------
    name
        Name of the family.
    unmet
        Whether demand that cannot be served is lost or waits.
    law
        Law of the demand of a period.
    rates
        Money by rate of the tariff.
    lead_time, review_period
        Periods.
    horizon, warm_up
        Periods counted and skipped.
    parameters
        What the problem was built from.
    on_hand
        Net stock at the start, units; below 0, what waits.
    pipeline
        Units that arrive 1, 2, ... periods after the first.
    known
        Known value, if any.
    """
    network = SupplyNetwork(
        items=(Item("item", whole_units=isinstance(law, DiscreteLaw)),),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", lead_time=lead_time, review_period=review_period),),
        unmet=unmet,
    )
    lane = network.lanes[0].name
    due = {(lane, "item", slot): units for slot, units in enumerate(pipeline, start=1) if units}
    place = ("store", "item")
    start = InitialState(
        on_hand={place: on_hand} if on_hand > 0 else {},
        backorders={place: -on_hand} if on_hand < 0 else {},
        due=due,
    )
    return Problem(
        name=name,
        network=network,
        uncertainty=Uncertainty({("store", "item"): law}),
        tariff=make_tariff(network, **rates),
        horizon=horizon,
        warm_up=warm_up,
        initial_state=start,
        parameters=dict(parameters),
        source=known.source if known else "",
        known=known,
    )


def _arguments(arguments: Mapping[str, object]) -> dict[str, object]:
    derived = {"known", "rates", "law"}
    return {key: value for key, value in arguments.items() if key not in derived}
