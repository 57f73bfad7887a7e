"""Records of the family ``divergent_special_delivery``: stores whose unserved customers may wait for the warehouse."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.distribution import divergent_special_delivery
from basestock.problems.families.rules import law, number, whole

KIND: Kind = "periodic"
CRITERIA = ("average_cost_per_period",)
_WHOLE = {
    "stores": whole(1, 1000),
    "delay_to_stores": whole(high=500),
    "delay_to_warehouse": whole(high=500),
    "production_capacity": whole(),
    "warehouse_capacity": whole(),
    "store_capacity": whole(),
}
PARAMETERS = {
    **_WHOLE,
    "wait_probability": number(high=1.0),
    "special_delivery_cost": number(),
    "warehouse_storage_cost": number(),
    "store_storage_cost": number(),
    "shortage_cost": number(),
    "demand": law(),
}


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: order, ship, demand and special delivery, buffers advance, cost."""
    whole_numbers = {name: int(parameters[name]) for name in _WHOLE}
    given: dict[str, Any] = {**parameters, **whole_numbers, **lengths}
    return divergent_special_delivery(**given)
