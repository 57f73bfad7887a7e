"""Records of the family ``lost_sales``: one item, a lead time, unmet demand lost."""

from collections.abc import Mapping
from typing import Any, Literal

from basestock.decision import Kind, Problem
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import Rule, Wrong, law, list_of, number, shown, whole
from basestock.problems.single_item import single_item_problem

KIND: Kind = "periodic"
CRITERIA = ("average_cost_per_period",)
PARAMETERS = {
    "demand": law(),
    "lead_time": whole(high=1000),
    "holding_cost": number(),
    "lost_sale_cost": number(),
    "fixed_order_cost": number(required=False),
    "purchase_cost": number(required=False),
    "review_period": whole(1, required=False),
    "initial_on_hand": number(required=False),
    "initial_pipeline": Rule(lambda value: None if value == [] else list_of(number()).check(value), False),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return what is wrong with orders under way that the lead time has no place for."""
    pipeline, lead_time = parameters.get("initial_pipeline", []), parameters["lead_time"]
    if len(pipeline) <= lead_time or not any(pipeline):
        return []
    rule = f"must have at most the {lead_time} quantities that the lead time has room for"
    return [Wrong("parameter 'initial_pipeline'", shown(pipeline), rule, "Shorten it.")]


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: observe, order, receive, demand, cost; an order of t first serves the demand of t + L."""
    return build_item("lost_sales", "lost", {"lost_sale": parameters["lost_sale_cost"]}, parameters, lengths)


def build_item(
    name: str,
    unmet: Literal["lost", "backorder"],
    shortage: Mapping[str, float],
    parameters: Mapping[str, Any],
    lengths: Mapping[str, int],
) -> Problem:
    """Return the problem of one item of a record.

    Parameters
    ----------
    name
        Name of the problem.
    unmet
        What happens to demand without stock.
    shortage
        Rate of the term that charges it.
    parameters, lengths
        Of the record.
    """
    return single_item_problem(
        name,
        unmet,
        parse_law(parameters["demand"]),
        {
            "holding": parameters["holding_cost"],
            **shortage,
            "fixed_order": parameters.get("fixed_order_cost") or None,
            "purchase": parameters.get("purchase_cost") or None,
        },
        lead_time=int(parameters["lead_time"]),
        review_period=int(parameters.get("review_period", 1)),
        on_hand=parameters.get("initial_on_hand", 0),
        pipeline=parameters.get("initial_pipeline", ()),
        parameters=parameters,
        horizon=lengths.get("horizon", 1000),
        warm_up=lengths.get("warm_up", 100),
    )
