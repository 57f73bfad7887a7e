"""Records of the family ``eoq``: a constant demand rate, five variants told apart by their parameters."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from basestock.decision import Kind, Problem
from basestock.optimal.closed_form.eoq import all_units_discount, disrupted, eoq
from basestock.problems.families.computed import computed_problem
from basestock.problems.families.rules import Wrong, list_of, number, shown

KIND: Kind = "closed_form"
CRITERIA = ("average_cost_per_time_unit",)
PARAMETERS = {
    "fixed_cost": number(above=True),
    "demand_rate": number(above=True),
    "holding_cost": number(above=True, required=False),
    "backorder_cost": number(above=True, required=False),
    "production_rate": number(above=True, required=False),
    "holding_rate": number(above=True, required=False),
    "breakpoints": list_of(number(), required=False),
    "unit_costs": list_of(number(above=True), required=False),
    "stockout_cost": number(required=False),
    "disruption_rate": number(above=True, required=False),
    "recovery_rate": number(above=True, required=False),
}
_DISCOUNT = ("holding_rate", "breakpoints", "unit_costs")
_DISRUPTED = ("stockout_cost", "disruption_rate", "recovery_rate")
_PLAIN = ("backorder_cost", "production_rate")


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return what is wrong with the variant that the parameters name."""
    own = set(parameters) - {"fixed_cost", "demand_rate", "holding_cost"}
    discount, disruption = bool(own & set(_DISCOUNT)), bool(own & set(_DISRUPTED))
    needed = _DISCOUNT if discount else ("holding_cost", *(_DISRUPTED if disruption else ()))
    found = [
        Wrong(f"parameter {name!r}", "missing", "must be given in this variant", "Add it to the record.")
        for name in needed
        if name not in parameters
    ]
    stray = sorted(
        set(parameters) - {"fixed_cost", "demand_rate", *needed, *(() if discount or disruption else _PLAIN)}
    )
    found += [
        Wrong(f"parameter {name!r}", shown(parameters[name]), "must be absent in this variant", "Drop it.")
        for name in stray
    ]
    if not found:
        found = _wrong_values(parameters, discount)
    return found


def _wrong_values(parameters: Mapping[str, Any], discount: bool) -> list[Wrong]:
    rate = parameters.get("production_rate")
    if rate is not None and rate <= parameters["demand_rate"]:
        rule = f"must be above the demand rate, which is {parameters['demand_rate']}"
        return [Wrong("parameter 'production_rate'", shown(rate), rule, "Raise it.")]
    if not discount:
        return []
    breaks, costs = parameters["breakpoints"], parameters["unit_costs"]
    if len(breaks) != len(costs) or breaks[0] != 0 or breaks != sorted(set(breaks)):
        rule = "must be 0 and rising quantities, one for each unit cost"
        return [Wrong("parameter 'breakpoints'", shown(breaks), rule, "Correct the record.")]
    return []


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem."""
    variant = (
        all_units_discount
        if "breakpoints" in parameters
        else disrupted
        if "disruption_rate" in parameters
        else eoq
    )
    return computed_problem("eoq", partial(variant, **parameters), "average_cost_per_time_unit", parameters)
