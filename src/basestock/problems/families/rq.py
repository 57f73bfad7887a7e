"""Records of the family ``rq``: continuous review, order Q when the position reaches r."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from basestock.decision import Kind, Problem, Solution
from basestock.optimal.closed_form.rq import rq_normal, rq_poisson
from basestock.problems.families.computed import computed_problem
from basestock.problems.families.rules import Rule, is_number, number

KIND: Kind = "closed_form"
CRITERIA = ("average_cost_per_time_unit",)


def _wrong_process(value: object) -> str | None:
    """Return what a demand process must be: normal increments, or Poisson arrivals."""
    numbers: dict[Any, tuple[str, ...]] = {"normal": ("mean", "std"), "poisson_process": ("rate",)}
    kind = value.get("type") if isinstance(value, Mapping) else None
    names = numbers.get(kind) if isinstance(kind, str) else None
    rule = "normal with mean and std, or poisson_process with rate, each a number > 0"
    if names is None or not isinstance(value, Mapping) or set(value) != {"type", *names}:
        return rule
    return None if all(is_number(value[name]) and value[name] > 0 for name in names) else rule


PARAMETERS = {
    "holding_cost": number(above=True),
    "backorder_cost": number(above=True),
    "fixed_cost": number(),
    "demand": Rule(_wrong_process),
    "lead_time": number(above=True),
}


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem."""
    return computed_problem("rq", partial(_solve, parameters), "average_cost_per_time_unit", parameters)


def _solve(parameters: Mapping[str, Any]) -> Solution:
    holding, backorder, fixed = (
        float(parameters[name]) for name in ("holding_cost", "backorder_cost", "fixed_cost")
    )
    demand, lead_time = parameters["demand"], parameters["lead_time"]
    if demand["type"] == "poisson_process":
        return rq_poisson(holding, backorder, fixed, demand["rate"], lead_time)
    rate, deviation = demand["mean"], demand["std"]
    return rq_normal(holding, backorder, fixed, rate, rate * lead_time, deviation * lead_time**0.5)
