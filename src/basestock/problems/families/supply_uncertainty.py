"""Records of the family ``supply_uncertainty``: a supplier that is down at times, or an order with random yield."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families.rules import Rule, Wrong, choice, number
from basestock.problems.supply_uncertainty import random_yield, supply_uncertainty

KIND: Kind = "closed_form"
CRITERIA = ("average_cost_per_period", "average_cost_per_time_unit")
_DISRUPTION = ("holding_cost", "stockout_cost", "demand", "disruption_prob", "recovery_prob")
_YIELD = ("fixed_cost", "holding_cost", "demand_rate", "yield_mean", "yield_std", "yield_kind")
PARAMETERS: dict[str, Rule] = {
    "holding_cost": number(above=True),
    "stockout_cost": number(above=True, required=False),
    "demand": number(required=False),
    "disruption_prob": number(high=1.0, required=False),
    "recovery_prob": number(high=1.0, above=True, required=False),
    "fixed_cost": number(above=True, required=False),
    "demand_rate": number(above=True, required=False),
    "yield_mean": number(-1e12, required=False),
    "yield_std": number(required=False),
    "yield_kind": choice("additive", "multiplicative", required=False),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return what is missing or too much: a record is of disruptions or of yield."""
    wanted = _YIELD if "yield_kind" in parameters else _DISRUPTION
    found = [
        Wrong(f"parameter {name!r}", "missing", "must be given", "Add it to the record.")
        for name in wanted
        if name not in parameters
    ]
    found += [
        Wrong(f"parameter {name!r}", "given", f"must be absent beside {wanted[-1]!r}", "Drop it.")
        for name in parameters
        if name not in wanted
    ]
    if parameters.get("yield_kind") == "multiplicative" and not parameters.get("yield_mean", 1) > 0:
        rule = "must be a number > 0 where the yield multiplies"
        found.append(
            Wrong("parameter 'yield_mean'", repr(parameters["yield_mean"]), rule, "Correct the record.")
        )
    return found


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem with its closed form."""
    if "yield_kind" in parameters:
        return random_yield(**parameters)
    return supply_uncertainty(**{**parameters, **lengths})
