"""Safety stock, reorder points and the functions behind them."""

import numpy as np

from basestock.optimal.closed_form.roots import root
from basestock.uncertainty import ContinuousLaw, DemandLaw, DiscreteLaw, Normal


def normal_loss(score: float) -> float:
    """Return the standard normal loss E(Z - z)+ = phi(z) - z (1 - Phi(z)).

    Parameters
    ----------
    score
        Standard deviations above the mean [z].

    Examples
    --------
    >>> round(normal_loss(1.0), 5)
    0.08332
    """
    from scipy.special import ndtr

    if not np.isfinite(score):
        return 0.0 if score > 0 else float("inf")
    return float(np.exp(-score * score / 2) / np.sqrt(2 * np.pi) - score * ndtr(-score))


def score_for_fill_rate(fill_rate: float, order_quantity: float, deviation: float) -> float:
    """Return the safety factor that fills a share of demand: the z with sigma E(Z - z)+ = (1 - beta) Q.

    Parameters
    ----------
    fill_rate
        Share of demand met from stock [beta], in (0, 1).
    order_quantity
        Units of an order [Q].
    deviation
        Standard deviation of the demand over the lead time, units [sigma].

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    Silver, Pyke and Thomas 2017, equation 6.21: shortages of one cycle only.

    Examples
    --------
    >>> round(score_for_fill_rate(0.99, 200.0, 100.0), 4)
    1.6631
    """
    if not (0 < fill_rate < 1 and order_quantity > 0 and deviation > 0):
        raise ValueError(
            f"score_for_fill_rate: fill_rate is {fill_rate}, order_quantity {order_quantity} and deviation "
            f"{deviation}, must be in (0, 1), > 0 and > 0. Correct them."
        )
    wanted = (1 - fill_rate) * order_quantity / deviation
    return root(lambda score: normal_loss(score) - wanted, -wanted - 1.0, 40.0)


def safety_stock(law: DemandLaw, service_level: float) -> float:
    """Return the stock beyond the mean demand that meets all demand with a probability, units.

    Parameters
    ----------
    law
        Law of the demand over the lead time and review period: normal, Poisson, empirical or any other one.
    service_level
        Probability of no shortage in a cycle [alpha], in [0, 1); 0 and a law on few values may give less than 0.

    Raises
    ------
    ValueError
        If the level is out of range, or the law has seasons or a memory.

    Examples
    --------
    >>> from basestock.uncertainty import Normal, Poisson
    >>> round(safety_stock(Normal(100.0, 20.0), 0.95), 3), safety_stock(Poisson(6.0), 0.95)
    (32.897, 4.0)
    """
    return reorder_point(law, service_level) - law.mean


def reorder_point(law: DemandLaw, service_level: float) -> float:
    """Return the smallest stock that meets the demand over the lead time with a probability, units [ROP].

    Parameters
    ----------
    law
        Law of the demand over the lead time.
    service_level
        Probability of no shortage in a cycle [alpha], in [0, 1).

    Raises
    ------
    ValueError
        If the level is out of range, or the law has seasons or a memory.

    Examples
    --------
    >>> from basestock.uncertainty import Normal
    >>> round(reorder_point(Normal(100.0, 20.0), 0.95), 3)
    132.897
    """
    if not 0 <= service_level < 1:
        raise ValueError(f"reorder_point: service_level is {service_level}, must be in [0, 1). Correct it.")
    if isinstance(law, Normal):
        from scipy.special import ndtri

        return law.average + law.deviation * float(ndtri(service_level)) if law.deviation else law.average
    if isinstance(law, DiscreteLaw):
        values, masses = law.support()
        return float(
            values[min(int(np.searchsorted(np.cumsum(masses), service_level - 1e-12)), len(values) - 1)]
        )
    if isinstance(law, ContinuousLaw):
        return float(law.quantile(np.array([service_level]))[0])
    raise ValueError(
        f"reorder_point: the law is {type(law).__name__}, must be the law of one demand. Give that."
    )


def adaptive_deviation(forecasts: np.ndarray, demand: np.ndarray, *, weight: float = 0.1) -> float:
    """Return the standard deviation of forecast errors, later ones counting more, units.

    Parameters
    ----------
    forecasts, demand
        Units by period, oldest first.
    weight
        Weight of the newest squared error [alpha], in (0, 1].

    Raises
    ------
    ValueError
        If the lists differ in length, are empty, or the weight is out of range.

    Notes
    -----
    The square root of the smoothed mean squared error, started at the first one (Silver, Pyke and Thomas 2017,
    equation 3.38).

    Examples
    --------
    >>> adaptive_deviation(np.array([10.0, 10.0, 10.0]), np.array([12.0, 10.0, 14.0]), weight=0.5)
    3.0
    """
    if len(forecasts) != len(demand) or len(demand) == 0 or not 0 < weight <= 1:
        raise ValueError(
            f"adaptive_deviation: there are {len(forecasts)} forecasts, {len(demand)} demands and a weight of "
            f"{weight}, must be equally many, one or more, and in (0, 1]. Correct them."
        )
    squares = (np.asarray(demand, dtype=float) - np.asarray(forecasts, dtype=float)) ** 2
    smoothed = float(squares[0])
    for square in squares[1:]:
        smoothed = weight * float(square) + (1 - weight) * smoothed
    return float(np.sqrt(smoothed))
