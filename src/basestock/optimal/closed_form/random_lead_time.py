"""Base stock where orders take a random time: in sequence, or each on its own so that they cross."""

from collections.abc import Mapping

import numpy as np

from basestock.decision import Solution
from basestock.optimal.closed_form.newsvendor import newsvendor
from basestock.uncertainty import Discrete, DiscreteLaw


def base_stock_random_lead_time(
    law: DiscreteLaw,
    lead_times: Mapping[int, float],
    holding_cost: float,
    backorder_cost: float,
    *,
    crossing: bool,
) -> Solution:
    """Return the best base-stock level and its average cost per period.

    Parameters
    ----------
    law
        Law of the demand of a period, whole units.
    lead_times
        Probability of each lead time in whole periods; 0 arrives before the demand of the period of the order.
    holding_cost, backorder_cost
        Money per unit and period on hand and waiting at the end of a period.
    crossing
        Whether orders have independent lead times and may overtake each other; otherwise they arrive in sequence.

    Returns
    -------
    Solution
        Money per period; ``order_up_to_level`` in units. In sequence it is optimal among all policies, with crossing
        among base-stock policies.

    Raises
    ------
    ValueError
        If demand is not of whole units, or the lead times are no probabilities of whole numbers >= 0.

    Notes
    -----
    The newsvendor on what the level must cover. In sequence that is the demand of L + 1 periods, mixed over L (Kaplan
    1970, doi:10.1287/mnsc.16.7.491). With crossing, the order of k periods ago, the demand of the period before it, is
    outstanding with probability P(L > k), independently of the others (Robinson, Bradley and Thomas 2001,
    Manufacturing and Service Operations Management 3, 175-188).

    Examples
    --------
    >>> from basestock.uncertainty import Poisson
    >>> times = {0: 0.5, 4: 0.5}
    >>> for crossing in (False, True):
    ...     found = base_stock_random_lead_time(Poisson(5.0), times, 1.0, 9.0, crossing=crossing)
    ...     print(found.decision["order_up_to_level"], round(found.value, 3))
    29.0 17.17
    23.0 11.864
    """
    values, masses = law.support()
    _require(values, lead_times)
    one = np.zeros(int(values[-1]) + 1)
    one[values.astype(int)] = masses
    covered = _overtaking(one, lead_times) if crossing else _in_sequence(one, lead_times)
    kept = np.flatnonzero(covered > 0)
    total = Discrete(tuple(kept.astype(float).tolist()), tuple((covered[kept] / covered.sum()).tolist()))
    found = newsvendor(total, holding_cost, backorder_cost)
    return Solution(found.value, found.decision, "newsvendor on the demand that the level covers")


def _require(values: np.ndarray, lead_times: Mapping[int, float]) -> None:
    wrong = [] if (values == np.round(values)).all() else ["demand must be of whole units."]
    fine = all(time >= 0 and time == int(time) and mass >= 0 for time, mass in lead_times.items())
    if not fine or abs(sum(lead_times.values()) - 1) > 1e-9:
        wrong.append(
            f"lead_times are {dict(lead_times)}, must map whole periods >= 0 to probabilities that sum to 1."
        )
    if wrong:
        raise ValueError(f"base_stock_random_lead_time: {' '.join(wrong)} Correct them.")


def _in_sequence(one: np.ndarray, lead_times: Mapping[int, float]) -> np.ndarray:
    longest = max(time for time, mass in lead_times.items() if mass > 0)
    mixed, total = np.zeros((len(one) - 1) * (longest + 1) + 1), one
    for time in range(longest + 1):
        mixed[: len(total)] += lead_times.get(time, 0.0) * total
        total = np.convolve(total, one)
    return mixed


def _overtaking(one: np.ndarray, lead_times: Mapping[int, float]) -> np.ndarray:
    longest = max(time for time, mass in lead_times.items() if mass > 0)
    total = one
    for age in range(longest):
        later = sum(mass for time, mass in lead_times.items() if time > age)
        part = later * one
        part[0] += 1 - later
        total = np.convolve(total, part)
    return total
