"""Records of the family ``assembly_random_lead_time``: components of one product, lead times that cross."""

import math
from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.network import LeadTime
from basestock.problems.assembly import assembly_problem
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import Rule, Wrong, is_number, law, list_of, number, shown, whole
from basestock.uncertainty import DiscreteLaw

KIND: Kind = "periodic"
CRITERIA = ("finite_horizon_total_cost", "discounted_cost")

_LAW = law()
_AMOUNT = number(-math.inf)
_COSTS = ("holding_cost", "shortage_cost", "zero_stock_penalty", "order_cost")


def _wrong_lead_time(value: object) -> str | None:
    """Return what a lead time must be: a law on whole numbers of periods, 1 or more."""
    found = _LAW.check(value)
    if found is not None or not isinstance(value, Mapping):
        return found
    parsed = parse_law(value)
    if not isinstance(parsed, DiscreteLaw) or any(t < 1 or t % 1 for t in parsed.support()[0].tolist()):
        return "a law on whole numbers of periods >= 1"
    return None


def _wrong_cost(value: object) -> str | None:
    rule = list_of(number()) if isinstance(value, list) else number()
    return rule.check(value)


PARAMETERS = {
    "components": whole(1, 1000),
    "consumption": list_of(number(above=True)),
    "demand": law(),
    "lead_time": list_of(Rule(_wrong_lead_time)),
    "max_order": list_of(whole()),
    **{name: Rule(_wrong_cost) for name in _COSTS},
    "initial_stock": list_of(_AMOUNT),
    "periods": whole(1),
    "reward_scale": number(above=True, required=False),
    "discount": Rule(lambda v: None if is_number(v) and 0 < v <= 1 else "a number > 0 and <= 1", False),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return lists whose length is not the number of components."""
    count = parameters["components"]
    listed = ("consumption", "lead_time", "max_order", "initial_stock", *_COSTS)
    return [
        Wrong(
            f"parameter {name!r}",
            shown(parameters[name]),
            f"must have {count} entries",
            "Correct the record.",
        )
        for name in listed
        if isinstance(parameters[name], list) and len(parameters[name]) != count
    ]


def periods(parameters: Mapping[str, Any]) -> int:
    """Return the periods that the parameters fix."""
    return int(parameters["periods"])


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: decide on what the last period left, receive, demand takes from every component, cost."""
    demand: Any = parse_law(parameters["demand"])
    return assembly_problem(
        "assembly_random_lead_time",
        consumption=parameters["consumption"],
        law=demand,
        lead_times=[_lead_time(each) for each in parameters["lead_time"]],
        max_order=parameters["max_order"],
        costs={
            "holding": parameters["holding_cost"],
            "backorder": parameters["shortage_cost"],
            "zero_stock": parameters["zero_stock_penalty"],
            "unit_order": parameters["order_cost"],
        },
        initial_stock=parameters["initial_stock"],
        horizon=lengths.get("horizon", int(parameters["periods"])),
        discount=float(parameters.get("discount", 1.0)),
        parameters=parameters,
    )


def _lead_time(spelled: Mapping[str, Any]) -> LeadTime:
    parsed: Any = parse_law(spelled)
    values, masses = parsed.support()
    periods = [int(value) for value in values]
    return periods[0] if len(periods) == 1 else dict(zip(periods, masses.tolist(), strict=True))
