"""One item at one place: demand that cannot be served is lost, or waits."""

from basestock.decision import KnownValue, Problem
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.problems.published import backorder_value, lost_sales_value
from basestock.uncertainty import DemandLaw, Deterministic, Geometric, NegativeBinomial, Poisson, Uncertainty


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


def _single(unmet: str, lead_time: int) -> SupplyNetwork:
    return SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store", lead_time=lead_time),),
        unmet=unmet,  # type: ignore[arg-type]
    )


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
    return _problem(
        "lost_sales", "lost", lead_time, demand_law(demand, mean, variance), rates, known, locals()
    )


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
    return _problem("backorder", "backorder", lead_time, law, rates, known, locals())


def _base_stock_optimum(mean: float, holding_cost: float, backorder_cost: float) -> KnownValue:
    """Return min over S of h E(S - D)+ + b E(D - S)+, D Poisson over lead time plus review (Arrow et al. 1951)."""
    import numpy as np

    values, masses = Poisson(mean).support()
    gaps = values[:, None] - values[None, :]
    costs = (holding_cost * np.maximum(gaps, 0) + backorder_cost * np.maximum(-gaps, 0)) @ masses
    return KnownValue(
        float(costs.min()), "optimal", 1e-9, "newsvendor closed form, Arrow, Harris and Marschak 1951"
    )


def _problem(
    name: str,
    unmet: str,
    lead_time: int,
    law: DemandLaw,
    rates: dict[str, float | None],
    known: KnownValue | None,
    arguments: dict[str, object],
) -> Problem:
    network = _single(unmet, lead_time)
    derived = {"known", "rates", "law"}
    return Problem(
        name=name,
        network=network,
        uncertainty=Uncertainty({("store", "item"): law}),
        tariff=make_tariff(network, **rates),
        horizon=int(str(arguments["horizon"])),
        warm_up=int(str(arguments["warm_up"])),
        parameters={key: value for key, value in arguments.items() if key not in derived},
        source=known.source if known else "",
        known=known,
    )
