"""Records of the family ``perishable_two_class``: FIFO customers first, then LIFO customers."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import Rule, Wrong, exactly, is_number, law, number, shown, whole
from basestock.problems.perishable import two_class_problem

KIND: Kind = "periodic"
CRITERIA = ("average_cost_per_period",)


def _moments(value: object) -> str | None:
    fine = (
        isinstance(value, Mapping) and set(value) == {"mean", "std"} and all(map(is_number, value.values()))
    )
    return None if fine else "the mean and the std of the total demand"


PARAMETERS = {
    "shelf_life": whole(1, 1000),
    "lead_time": whole(0, 1000),
    "demand_total": Rule(_moments, required=False),
    "fifo_share": number(high=1.0, required=False),
    "demand_fifo": law(),
    "demand_lifo": law(),
    "independent": exactly(True),
    "outdating_cost": number(),
    "lost_sale_cost": number(),
    "holding_cost": number(),
    "order_cost": number(),
    "max_inventory_position": whole(1),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return where the demand of the classes does not add up to the total."""
    total = parameters.get("demand_total")
    if total is None:
        return []
    parts = sum(parse_law(parameters[f"demand_{each}"]).mean for each in ("fifo", "lifo"))
    if abs(parts - total["mean"]) <= 1e-4 * max(total["mean"], 1.0):
        return []
    rule = f"must have the mean of the classes together, which is {parts:.6g}"
    return [Wrong("parameter 'demand_total'", shown(total), rule, "Correct the record.")]


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: order, FIFO demand from the oldest, LIFO demand from the freshest, outdate, receive."""
    own = {"horizon": 5000, "warm_up": 100, **parameters, **lengths}
    laws = {each: parse_law(parameters[f"demand_{each}"]) for each in ("fifo", "lifo")}
    return two_class_problem(own, laws)
