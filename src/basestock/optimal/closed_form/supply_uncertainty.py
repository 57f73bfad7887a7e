"""Optimal policies under uncertain supply in closed form: disruptions and random yield."""

import math


def base_stock_with_disruptions(
    demand: float, holding_cost: float, stockout_cost: float, disruption: float, recovery: float
) -> tuple[float, float]:
    """Return the optimal base-stock level and its average cost where supply comes and goes by a Markov chain.

    Parameters
    ----------
    demand
        Units of every period.
    holding_cost, stockout_cost
        Money per unit and period on hand, and waiting [h, p].
    disruption, recovery
        Probability of going down in a period, and of coming up [alpha, beta].

    Returns
    -------
    tuple
        Level in units, and money per period.

    Raises
    ------
    ValueError
        If a probability is outside (0, 1], so that there is no long run.

    Notes
    -----
    With n periods of disruption behind, stock is S - (n + 1) d; P(n = 0) = beta / (alpha + beta) and P(n) =
    alpha beta / (alpha + beta) (1 - beta)^(n - 1). The best S is d (n + 1) at the smallest n whose cumulative
    probability reaches p / (p + h) (Snyder and Shen 2019, section 9.2).

    Examples
    --------
    >>> level, cost = base_stock_with_disruptions(2000.0, 0.25, 3.0, 0.04, 0.25)
    >>> level, round(cost, 4)
    (8000.0, 2737.069)
    """
    if not (0 <= disruption <= 1 and 0 < recovery <= 1):
        raise ValueError(
            f"disruptions: probabilities are {disruption!r} and {recovery!r}, must be in [0, 1] and (0, 1]. "
            "Correct them."
        )
    up = recovery / (disruption + recovery)
    critical, reached, number = stockout_cost / (stockout_cost + holding_cost), up, 0
    while reached < critical - 1e-12:
        number += 1
        reached += disruption * up * (1 - recovery) ** (number - 1)
    level = (number + 1) * demand
    held = waiting = 0.0
    for n in range(number + 1):
        mass = up if n == 0 else disruption * up * (1 - recovery) ** (n - 1)
        held += mass * (level - (n + 1) * demand)
    # Beyond the level the excess is geometric: E sum over n > N of P(n) (n - N) d.
    beyond = disruption * up * (1 - recovery) ** number / recovery
    waiting = beyond * demand / recovery
    return level, holding_cost * held + stockout_cost * waiting


def eoq_with_additive_yield(
    fixed_cost: float, holding_cost: float, demand_rate: float, yield_mean: float, yield_deviation: float
) -> tuple[float, float]:
    """Return order quantity and cost rate where an order of Q delivers Q + Y (Snyder and Shen 2019, section 9.3).

    Parameters
    ----------
    fixed_cost, holding_cost, demand_rate
        Money per order [K], money per unit and time [h], units per time [lambda].
    yield_mean, yield_deviation
        Of Y, units.

    Examples
    --------
    >>> round(eoq_with_additive_yield(18500.0, 0.06, 75000.0, -15000.0, 9000.0)[1], 4)
    12914.7822
    """
    delivered = math.sqrt(2 * fixed_cost * demand_rate / holding_cost + yield_deviation**2)
    return delivered - yield_mean, holding_cost * delivered


def eoq_with_multiplicative_yield(
    fixed_cost: float, holding_cost: float, demand_rate: float, yield_mean: float, yield_deviation: float
) -> tuple[float, float]:
    """Return order quantity and cost rate where an order of Q delivers Q x Y (Snyder and Shen 2019, section 9.3).

    Parameters
    ----------
    fixed_cost, holding_cost, demand_rate
        Money per order [K], money per unit and time [h], units per time [lambda].
    yield_mean, yield_deviation
        Of Y, a share.

    Examples
    --------
    >>> round(eoq_with_multiplicative_yield(2250.0, 275.0, 182500.0, 0.9, 0.05773502691896258)[1], 3)
    476207.043
    """
    second_moment = yield_mean**2 + yield_deviation**2
    quantity = math.sqrt(2 * fixed_cost * demand_rate / (holding_cost * second_moment))
    return quantity, math.sqrt(2 * fixed_cost * demand_rate * holding_cost * second_moment) / yield_mean
