"""Values printed in the literature for the families of this package."""

from basestock.decision import KnownValue

_ZIPKIN = "Zipkin 2008, Table 3, doi:10.1287/opre.1070.0471"
_ZHENG = "Zheng and Federgruen 1991, Table 1, doi:10.1287/opre.39.4.654"

LOST_SALES: dict[tuple[str, int, float], float] = {
    ("poisson", 1, 4.0): 4.04,
    ("poisson", 1, 9.0): 5.44,
    ("poisson", 1, 39.0): 7.84,
    ("poisson", 2, 4.0): 4.40,
    ("poisson", 2, 9.0): 6.09,
    ("poisson", 2, 19.0): 7.66,
    ("poisson", 2, 39.0): 9.11,
    ("poisson", 3, 4.0): 4.60,
    ("poisson", 3, 9.0): 6.53,
    ("poisson", 3, 19.0): 8.36,
    ("poisson", 4, 4.0): 4.73,
    ("poisson", 4, 9.0): 6.84,
    ("poisson", 4, 39.0): 10.79,
    ("geometric", 1, 4.0): 9.82,
    ("geometric", 1, 19.0): 19.22,
    ("geometric", 1, 39.0): 23.87,
    ("geometric", 2, 9.0): 15.50,
    ("geometric", 2, 19.0): 20.89,
    ("geometric", 3, 4.0): 10.47,
    ("geometric", 3, 9.0): 16.14,
    ("geometric", 3, 39.0): 27.96,
    ("geometric", 4, 4.0): 10.61,
    ("geometric", 4, 19.0): 22.95,
    ("geometric", 4, 39.0): 29.36,
}
"""Optimal average cost by (demand of mean 5, lead time, lost-sale cost), holding cost 1, no fixed cost."""

BACKORDER_FIXED_COST: dict[float, float] = {
    10: 35.022,
    15: 42.698,
    21: 50.406,
    22: 51.632,
    24: 53.518,
    25: 54.262,
    35: 61.215,
    40: 64.512,
    50: 70.975,
    51: 71.611,
    55: 74.149,
    59: 76.679,
    61: 77.929,
    63: 78.287,
    65: 78.518,
    70: 79.037,
}
"""Optimal average cost by mean of Poisson demand; lead time 0, holding cost 1, backorder cost 9, fixed cost 64."""


def lost_sales_value(
    demand: str,
    mean: float,
    lead_time: int,
    holding_cost: float,
    lost_sale_cost: float,
    fixed_order_cost: float,
) -> KnownValue | None:
    """Return the published optimum; costs scale with the holding cost, so only their ratio matters."""
    if mean != 5 or fixed_order_cost or holding_cost <= 0:
        return None
    value = LOST_SALES.get((demand, lead_time, lost_sale_cost / holding_cost))
    return (
        None if value is None else KnownValue(value * holding_cost, "optimal", 0.005 * holding_cost, _ZIPKIN)
    )


def backorder_value(
    demand: str,
    mean: float,
    lead_time: int,
    holding_cost: float,
    backorder_cost: float,
    fixed_order_cost: float,
) -> KnownValue | None:
    """Return the published optimum of the fixed-cost table, scaled by the holding cost."""
    same = holding_cost > 0 and backorder_cost == 9 * holding_cost and fixed_order_cost == 64 * holding_cost
    if demand != "poisson" or lead_time != 0 or not same or mean not in BACKORDER_FIXED_COST:
        return None
    return KnownValue(BACKORDER_FIXED_COST[mean] * holding_cost, "optimal", 0.0005 * holding_cost, _ZHENG)
