"""Records of the family ``ss_backorder``: one item, unmet demand waits, every order costs something."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families import lost_sales
from basestock.problems.families.rules import number

KIND: Kind = "periodic"
CRITERIA = ("average_cost_per_period",)
PARAMETERS = {
    **{name: rule for name, rule in lost_sales.PARAMETERS.items() if name != "lost_sale_cost"},
    "backorder_cost": number(),
}
wrong = lost_sales.wrong


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: observe, order, receive (at once with lead time 0), demand, cost on net stock."""
    shortage = {"backorder": parameters["backorder_cost"]}
    return lost_sales.build_item("backorder", "backorder", shortage, parameters, lengths)
