"""Records of the family ``dual_sourcing``: a regular and an expedited source, unmet demand waits."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.dual_sourcing import dual_sourcing
from basestock.problems.families.rules import Wrong, law, list_of, number, shown, whole

KIND: Kind = "periodic"
CRITERIA = ("average_cost_per_period",)
PARAMETERS = {
    "demand": law(),
    "regular_lead_time": whole(high=500),
    "expedited_lead_time": whole(high=500),
    "regular_cost": number(),
    "expedited_cost": number(),
    "holding_cost": number(),
    "backorder_cost": number(),
    "initial_net_inventory": number(-1e6, required=False),
    "initial_pipeline": list_of(number(), required=False),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return what is wrong between parameters."""
    pipeline, lead_time = parameters.get("initial_pipeline", []), parameters["regular_lead_time"]
    if len(pipeline) <= lead_time:
        return []
    rule = f"must have at most the {lead_time} orders that the regular lead time has room for"
    return [Wrong("parameter 'initial_pipeline'", shown(pipeline), rule, "Shorten it.")]


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: observe, order from both, receive, demand, cost."""
    whole_numbers = {name: int(parameters[name]) for name in ("regular_lead_time", "expedited_lead_time")}
    given: dict[str, Any] = {**parameters, **whole_numbers, **lengths}
    return dual_sourcing(**given)
