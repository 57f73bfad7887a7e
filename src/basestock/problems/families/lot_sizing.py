"""Records of the family ``lot_sizing``: known demand by period, met in full; also played as periods."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

from basestock.decision import Kind, Problem
from basestock.economics import Tariff, period_number, with_context
from basestock.optimal.closed_form.lot_sizing import lot_sizing
from basestock.problems.families.rules import Rule, Wrong, list_of, number, shown
from basestock.problems.single_item import single_item_problem
from basestock.uncertainty import Deterministic, Seasonal

KIND: Kind = "periodic"
CRITERIA = ("finite_horizon_total_cost",)
MISSED = 1e5
"""Money per unit that is not served in its period, where the problem is played: demand is to be met in full."""


def _by_period(value: object) -> str | None:
    rule = list_of(number()) if isinstance(value, list) else number()
    return None if rule.check(value) is None else "a number >= 0, or one for each period"


_RATE = Rule(_by_period)
PARAMETERS = {
    "demand": list_of(number()),
    "fixed_cost": _RATE,
    "holding_cost": _RATE,
    "purchase_cost": Rule(_by_period, required=False),
}
_COSTS = {"fixed_cost": "fixed_order", "holding_cost": "holding", "purchase_cost": "purchase"}
"""Cost of a record to the rate of the tariff that charges it."""


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return the costs that are not given for every period."""
    periods = len(parameters["demand"])
    rule = f"must have one entry for each of the {periods} periods"
    return [
        Wrong(f"parameter {name!r}", shown(value), rule, "Correct the record.")
        for name in _COSTS
        if isinstance(value := parameters.get(name, 0), list) and len(value) != periods
    ]


def periods(parameters: Mapping[str, Any]) -> int:
    """Return the periods that the parameters fix."""
    return len(parameters["demand"])


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: order, receive at once, serve in full, hold what is left, at the costs of each period."""
    demand = [float(units) for units in parameters["demand"]]
    costs = {name: _listed(parameters.get(name, 0.0), len(demand)) for name in _COSTS}
    average = {_COSTS[name]: sum(each) / len(each) for name, each in costs.items()}
    problem = single_item_problem(
        "lot_sizing",
        "lost",
        Seasonal(tuple(Deterministic(units) for units in demand), repeats=False),
        {
            "holding": average["holding"],
            "fixed_order": average["fixed_order"] or None,
            "purchase": average["purchase"] or None,
            "lost_sale": MISSED,
        },
        lead_time=0,
        horizon=len(demand),
        warm_up=0,
        parameters=parameters,
    )
    solve = partial(lot_sizing, demand, costs["fixed_cost"], costs["holding_cost"], costs["purchase_cost"])
    tariff = _by_period_tariff(problem.tariff, {_COSTS[name]: each for name, each in costs.items()})
    return dataclasses.replace(problem, tariff=tariff, criterion="finite_horizon_total_cost", solve=solve)


def _by_period_tariff(tariff: Tariff, costs: Mapping[str, list[float]]) -> Tariff:
    """Weigh the average rates by the period, where they differ from period to period."""
    weights = {
        rate: tuple(money * len(each) / sum(each) for money in each)
        for rate, each in costs.items()
        if max(each) > min(each)
    }
    if not weights:
        return tariff
    names = tuple(f"period {number}" for number in range(1, len(next(iter(weights.values()))) + 1))
    return with_context(tariff, weights, names, period_number)


def _listed(value: Any, periods: int) -> list[float]:
    return [float(each) for each in value] if isinstance(value, list) else [float(value)] * periods
