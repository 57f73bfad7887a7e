"""Records of the family ``guaranteed_service``: service times and safety stock in a tree of stages."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from basestock.decision import Kind, Problem
from basestock.optimal.closed_form.guaranteed_service import Stage, guaranteed_service, is_tree
from basestock.problems.families.computed import computed_problem
from basestock.problems.families.rules import Rule, Wrong, number, shown, whole, wrong_parameters

KIND: Kind = "closed_form"
CRITERIA = ("safety_stock_cost_rate",)
_NAME = Rule(lambda value: None if isinstance(value, int | str) else "a name or number")
_NAMES = Rule(
    lambda value: (
        None
        if isinstance(value, list) and all(isinstance(each, int | str) for each in value)
        else "a list of nodes"
    )
)
_STAGE = {
    "node": _NAME,
    "predecessors": _NAMES,
    "processing_time": whole(high=1000),
    "holding_cost": number(),
    "demand_bound_constant": number(),
    "external_inbound_service_time": whole(high=1000, required=False),
    "max_outbound_service_time": whole(high=1000, required=False),
    "demand_std": number(required=False),
}


def _wrong_nodes(value: object) -> str | None:
    if not isinstance(value, list) or not value or not all(isinstance(each, Mapping) for each in value):
        return "a list of one or more nodes"
    wrong = [
        f"node {each.get('node')}: {fault}" for each in value for fault in wrong_parameters(each, _STAGE)
    ]
    return f"a list of nodes ({' '.join(wrong)})" if wrong else None


PARAMETERS = {"nodes": Rule(_wrong_nodes)}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return what is wrong with the links between the nodes."""
    names = [str(each["node"]) for each in parameters["nodes"]]
    strange = sorted({str(s) for each in parameters["nodes"] for s in each["predecessors"]} - set(names))
    if strange or len(set(names)) < len(names):
        rule = "must name every node once, and predecessors among them"
        return [Wrong("parameter 'nodes'", shown(strange or names), rule, "Correct the record.")]
    if not is_tree(_stages(parameters)):
        return [Wrong("parameter 'nodes'", shown(names), "must be linked as one tree", "Correct the links.")]
    return []


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem."""
    solve = partial(guaranteed_service, _stages(parameters))
    return computed_problem("guaranteed_service", solve, "safety_stock_cost_rate", parameters)


def _stages(parameters: Mapping[str, Any]) -> list[Stage]:
    return [
        Stage(
            str(each["node"]),
            tuple(str(source) for source in each["predecessors"]),
            int(each["processing_time"]),
            float(each["holding_cost"]),
            float(each["demand_bound_constant"]),
            int(each.get("external_inbound_service_time", 0)),
            each.get("max_outbound_service_time"),
            float(each.get("demand_std", 0.0)),
        )
        for each in parameters["nodes"]
    ]
