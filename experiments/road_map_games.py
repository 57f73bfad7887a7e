"""The games of the road map: the published item under a law of demand, and what demand may do instead."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from basestock.decision import Problem
from basestock.problems.net_benefit import net_benefit
from basestock.uncertainty import HiddenDemand, Normal, Seasonal, Uncertainty

FIRST_DAY = 365
"""Days before the first one that is played, as in the source."""

DEVIATION = 10.0
"""Standard deviation of the demand of a day, units."""

LEAD_TIME = 7
"""Days; the source's for its best method."""

FAMILY = HiddenDemand(
    level=(0.7, 1.4),
    trend=(-0.003, 0.008),
    amplitude=(0.0, 0.3),
    length=(20.0, 90.0),
    phase=(0.0, 90.0),
    shock=(0.7, 1.5),
    shock_period=(10.0, 150.0),
)
"""What paths of training and tuning draw for policies that are to meet demand which they do not know."""


@dataclasses.dataclass(frozen=True)
class Shift:
    """What demand does instead of what everybody was tuned and trained for.

    Parameters
    ----------
    level, deviation
        Factors on the mean and on the standard deviation.
    growth
        Growth per day, as a share of the first day's demand.
    jump, jump_day
        Factor from a day on.
    """

    level: float = 1.0
    deviation: float = 1.0
    growth: float = 0.0
    jump: float = 1.0
    jump_day: int = 0


SHIFTS: Mapping[str, Shift] = {
    "30 % more demand": Shift(level=1.3),
    "30 % less demand": Shift(level=0.7),
    "twice the deviation": Shift(deviation=2.0),
    "a jump of 40 % on day 30": Shift(jump=1.4, jump_day=30),
}
"""Demand that no policy was tuned or trained for."""

DRIFT = Shift(growth=0.006)
"""Demand that drifts: 0.6 % of the first day's demand more every day."""


def game_of(horizon: int = 90, shift: Shift | None = None) -> Problem:
    """Return the item of system D: demand with two seasons, profit after purchases.

    Parameters
    ----------
    horizon
        Days.
    shift
        What demand does instead; as published if not given.

    Notes
    -----
    Mean demand of day t is 50 + 10 sin(2 pi t / 365.25) + 5 sin(2 pi t / 7) units, its standard deviation 10. Price,
    holding, stockout and ordering costs are the published ones, and purchases are charged.
    """
    shift = shift or Shift()
    day = FIRST_DAY + np.arange(horizon)
    mean = 50.0 + 10.0 * np.sin(2 * np.pi * day / 365.25) + 5.0 * np.sin(2 * np.pi * day / 7)
    since = np.arange(horizon)
    factor = shift.level * (1.0 + shift.growth * since) * np.where(since >= shift.jump_day, shift.jump, 1.0)
    laws = tuple(Normal(float(each), DEVIATION * shift.deviation) for each in mean * factor)
    published = net_benefit(lead_time=LEAD_TIME, charge_purchases=True, horizon=horizon)
    demand = Uncertainty({("store", "item"): Seasonal(laws, repeats=False)})
    return dataclasses.replace(published, uncertainty=demand)
