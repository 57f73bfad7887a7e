"""Records of the family ``perishable_single_class``: a perishable item with a lead time, discounted return."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import choice, law, number, whole
from basestock.problems.perishable import single_class_problem

KIND: Kind = "periodic"
CRITERIA = ("discounted_return",)
PARAMETERS = {
    "shelf_life": whole(1, 1000),
    "lead_time": whole(0, 1000),
    "demand": law(),
    "max_order": whole(1),
    "order_cost": number(),
    "lost_sale_cost": number(),
    "wastage_cost": number(),
    "holding_cost": number(),
    "issuing": choice("fifo", "lifo"),
}


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: observe, order, issue, expire, hold; the order due joins stock just before the next day."""
    own = {"discount": 0.99, "horizon": 365, "warm_up": 100, **parameters, **lengths}
    return single_class_problem(own, parse_law(parameters["demand"]))
