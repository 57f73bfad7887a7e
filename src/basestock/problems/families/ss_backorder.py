"""Records of the family ``ss_backorder``: one item, unmet demand waits, every order costs something."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families import lost_sales
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import number
from basestock.problems.single_item import single_item_problem

KIND: Kind = "periodic"
CRITERIA = ("average_cost_per_period",)
PARAMETERS = {
    **{name: rule for name, rule in lost_sales.PARAMETERS.items() if name != "lost_sale_cost"},
    "backorder_cost": number(),
}
wrong = lost_sales.wrong


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: observe, order, receive (at once with lead time 0), demand, cost on net stock."""
    return single_item_problem(
        "backorder",
        "backorder",
        parse_law(parameters["demand"]),
        {
            "holding": parameters["holding_cost"],
            "backorder": parameters["backorder_cost"],
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
