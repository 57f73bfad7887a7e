"""Records of the family ``perishable_profit``: a perishable item that earns a price, or two that replace each other."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import (
    Rule,
    Wrong,
    choice,
    exactly,
    law,
    number,
    shown,
    whole,
    wrong_parameters,
)
from basestock.problems.perishable import profit_problem
from basestock.problems.perishable_pair import pair_problem

KIND: Kind = "periodic"
CRITERIA = ("average_profit_per_period",)
_SWAP = {"from": choice("A", "B"), "to": choice("A", "B"), "probability": number(high=1.0)}


def _wrong_swap(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return "an object with from, to and probability"
    faults = "; ".join(str(each) for each in wrong_parameters(value, _SWAP))
    if not faults and value["from"] == value["to"]:
        faults = "from and to must differ"
    return f"an object with from, to and probability ({faults})" if faults else None


_ONE = {"demand": law(required=False), "max_order": whole(1, required=False)}
_TWO = {
    "demand_a": law(required=False),
    "demand_b": law(required=False),
    "max_order_a": whole(1, required=False),
    "max_order_b": whole(1, required=False),
    "substitution": Rule(_wrong_swap, required=False),
}
PARAMETERS = {
    "shelf_life": whole(1, 1000),
    "unit_cost": number(),
    "price": number(),
    "lead_time": whole(0, 1000),
    "issuing": choice("fifo", "lifo"),
    "products": whole(1, 2, required=False),
    "substitution_probability": number(high=1.0, required=False),
    **_ONE,
    **_TWO,
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return what is missing or too much for the number of products, and probabilities that contradict each other."""
    products = int(parameters.get("products", 1))
    needed, stray = (
        (_ONE, {**_TWO, "substitution_probability": exactly(0)}) if products == 1 else (_TWO, _ONE)
    )
    found = [
        Wrong(
            f"parameter {name!r}",
            "missing",
            f"must be given with {products} products",
            "Add it to the record.",
        )
        for name in needed
        if name not in parameters
    ]
    found += [
        Wrong(
            f"parameter {name!r}",
            shown(parameters[name]),
            f"must be absent with {products} products",
            "Drop it.",
        )
        for name in stray
        if name in parameters
    ]
    again, swap = parameters.get("substitution_probability"), parameters.get("substitution")
    if not found and again is not None and swap is not None and again != swap["probability"]:
        rule = f"must be the probability of the substitution, which is {swap['probability']}"
        found.append(Wrong("parameter 'substitution_probability'", shown(again), rule, "Correct the record."))
    return found


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: observe, order, sell, discard; the order arrives before the next day."""
    own = {"horizon": 5000, "warm_up": 100, **parameters, **lengths}
    if "demand" in parameters:
        return profit_problem(own, parse_law(parameters["demand"]))
    return pair_problem(own, {name: parse_law(parameters[f"demand_{name.lower()}"]) for name in ("A", "B")})
