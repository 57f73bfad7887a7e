"""Records of the family ``newsvendor``: one order before one demand; also played as one period."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

from basestock.decision import Kind, Problem
from basestock.optimal.closed_form.newsvendor import newsvendor
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import Wrong, exactly, law, number, shown
from basestock.problems.single_item import single_item_problem

KIND: Kind = "periodic"
CRITERIA = ("expected_single_period_cost",)
PARAMETERS = {
    "demand": law(),
    "holding_cost": number(),
    "stockout_cost": number(),
    "lead_time": exactly(0),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return a law that is another one in every period: there is one demand."""
    spelled = parameters["demand"]
    if spelled["type"] != "step":
        return []
    rule = "must be the law of one demand"
    return [Wrong("parameter 'demand'", shown(spelled), rule, "Give a law without periods.")]


def periods(parameters: Mapping[str, Any]) -> int:
    """Return the periods that the parameters fix."""
    return 1


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem of one period: order up to y, demand, cost h (y - D)+ + p (D - y)+."""
    demand = parse_law(parameters["demand"])
    problem = single_item_problem(
        "newsvendor",
        "lost",
        demand,
        {"holding": parameters["holding_cost"], "lost_sale": parameters["stockout_cost"]},
        lead_time=0,
        horizon=1,
        warm_up=0,
        parameters=parameters,
    )
    solve = partial(newsvendor, demand, parameters["holding_cost"], parameters["stockout_cost"])
    return dataclasses.replace(problem, criterion="expected_single_period_cost", solve=solve)
