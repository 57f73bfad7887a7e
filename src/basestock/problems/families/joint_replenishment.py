"""Records of the family ``joint_replenishment``: items share full trucks, unmet demand waits."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families.rules import Wrong, law, list_of, number, shown, whole
from basestock.problems.joint_replenishment import joint_replenishment

KIND: Kind = "periodic"
CRITERIA = ("discounted_cost", "average_cost_per_period")
PARAMETERS = {
    "items": whole(1, 1000),
    "truck_size": whole(1),
    "truck_cost": number(),
    "item_order_cost": list_of(number()),
    "holding_cost": list_of(number()),
    "backorder_cost": list_of(number()),
    "demand": list_of(law()),
    "lead_time": whole(high=500),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return every list that does not have one entry an item."""
    count = int(parameters["items"])
    return [
        Wrong(
            f"parameter {name!r}",
            shown(value),
            f"must have {count} entries, one an item",
            "Correct the record.",
        )
        for name, value in parameters.items()
        if isinstance(value, list) and len(value) != count
    ]


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: observe, order full trucks, receive, demand, cost."""
    given: dict[str, Any] = {name: value for name, value in parameters.items() if name != "items"}
    given["truck_size"], given["lead_time"] = int(given["truck_size"]), int(given["lead_time"])
    given.update({name: periods for name, periods in lengths.items() if name == "horizon"})
    return joint_replenishment(**given)
