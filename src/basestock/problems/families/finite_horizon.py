"""Records of the family ``finite_horizon``: random demand over some periods, discounted."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

from basestock.decision import Kind, Problem, Solution
from basestock.optimal.closed_form.finite_horizon import Costs, finite_horizon, whole_units
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import Rule, Wrong, is_number, law, number, shown, whole
from basestock.problems.families.terminal import terminal_terms
from basestock.problems.single_item import single_item_problem

KIND: Kind = "periodic"
CRITERIA = ("discounted_cost",)
_ANY = Rule(lambda value: None if is_number(value) and float(value).is_integer() else "a whole number", False)  # type: ignore[arg-type]
PARAMETERS = {
    "periods": whole(1, 1000),
    "holding_cost": number(),
    "stockout_cost": number(),
    "terminal_holding_cost": number(),
    "terminal_stockout_cost": number(),
    "purchase_cost": number(),
    "fixed_cost": number(),
    "demand": law(),
    "discount": number(high=1.0, above=True),
    "initial_inventory": _ANY,
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return a law of demand that the backward induction has no whole units for."""
    try:
        whole_units(parse_law(parameters["demand"]))
    except ValueError:
        rule = "must be discrete on whole units, or normal with std > 0"
        return [Wrong("parameter 'demand'", shown(parameters["demand"]), rule, "Choose another law.")]
    return []


def periods(parameters: Mapping[str, Any]) -> int:
    """Return the periods that the parameters fix."""
    return int(parameters["periods"])


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: order, receive at once, demand waits, h and p on net stock after demand.

    At the end of the last period hT and pT are charged on what is left and what still waits, a period later.
    """
    problem = single_item_problem(
        "finite_horizon",
        "backorder",
        parse_law(parameters["demand"]),
        {
            "holding": parameters["holding_cost"],
            "backorder": parameters["stockout_cost"],
            "fixed_order": parameters["fixed_cost"] or None,
            "purchase": parameters["purchase_cost"] or None,
        },
        lead_time=0,
        horizon=int(parameters["periods"]),
        warm_up=0,
        on_hand=parameters.get("initial_inventory", 0),
        parameters=parameters,
    )
    discount = float(parameters["discount"])
    terminal = {name: float(parameters[f"terminal_{name}_cost"]) for name in ("holding", "stockout")}
    return dataclasses.replace(
        problem,
        criterion="discounted_cost",
        discount=discount,
        terms=terminal_terms(periods(parameters), discount, **terminal),
        solve=partial(_solve, parameters),
    )


def _solve(parameters: Mapping[str, Any]) -> Solution:
    costs = Costs(
        parameters["holding_cost"],
        parameters["stockout_cost"],
        parameters["terminal_holding_cost"],
        parameters["terminal_stockout_cost"],
        parameters["purchase_cost"],
        parameters["fixed_cost"],
    )
    return finite_horizon(
        parse_law(parameters["demand"]),
        costs,
        periods=int(parameters["periods"]),
        discount=float(parameters["discount"]),
        initial=int(parameters.get("initial_inventory", 0)),
    )
