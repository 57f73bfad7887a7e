"""Records of the family ``one_warehouse_multi_retailer``: a warehouse that rations, retailers that sell."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.distribution import one_warehouse_multi_retailer
from basestock.problems.families.rules import Wrong, choice, law, list_of, number, shown, whole

KIND: Kind = "periodic"
CRITERIA = ("finite_horizon_total_cost",)
PARAMETERS = {
    "retailers": whole(1, 1000),
    "unmet_demand": choice("backorder", "lost_sales", "partial_backorder"),
    "warehouse_lead_time": whole(high=500),
    "retailer_lead_times": list_of(whole(high=500)),
    "demand": list_of(law()),
    "holding_cost_warehouse": number(),
    "holding_cost_retailer": number(),
    "penalty_cost_retailer": number(),
    "emergency_probability": number(high=1.0, required=False),
    "periods": whole(1),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return every list that does not have one entry a retailer."""
    count = int(parameters["retailers"])
    return [
        Wrong(
            f"parameter {name!r}", shown(value), f"must have {count} entries, one a retailer", "Correct it."
        )
        for name, value in parameters.items()
        if isinstance(value, list) and len(value) != count
    ]


def periods(parameters: Mapping[str, Any]) -> int:
    """Return the periods that the parameters fix."""
    return int(parameters["periods"])


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: observe, order, ship and ration, receive, demand, cost."""
    given = {name: value for name, value in parameters.items() if name != "retailers"}
    given["retailer_lead_times"] = [int(periods) for periods in given["retailer_lead_times"]]
    given["warehouse_lead_time"] = int(given["warehouse_lead_time"])
    given["periods"] = lengths.get("horizon", int(given["periods"]))
    return one_warehouse_multi_retailer(**given)
