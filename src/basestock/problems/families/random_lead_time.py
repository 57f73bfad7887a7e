"""Records of the family ``random_lead_time``: unit demands, units with independent lead times that may cross."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families.rules import Rule, is_number, number, whole
from basestock.problems.random_lead_time import random_lead_time

KIND: Kind = "per_event"
CRITERIA = ("average_cost_per_time_unit",)
_LAWS = {"exponential": ("mean",), "uniform": ("low", "high"), "pareto_lomax": ("q", "tau")}
_SAID_AGAIN = {"pareto_lomax": ("survival", "mean")}
"""What a law may hold beside its numbers: the words and the mean that follow from them."""


def _demand(value: object) -> str | None:
    fine = isinstance(value, Mapping) and value.get("type") == "poisson_process"
    fine = fine and set(value) == {"type", "rate"} and is_number(value["rate"])  # type: ignore[arg-type, index]
    return None if fine and value["rate"] > 0 else "{type: poisson_process, rate: a number > 0}"  # type: ignore[index]


def _lead_time(value: object) -> str | None:
    if not isinstance(value, Mapping) or str(value.get("type")) not in _LAWS:
        return f"a law whose type is one of {', '.join(_LAWS)}"
    numbers = _LAWS[value["type"]]
    if not all(is_number(value.get(name)) and value[name] >= 0 for name in numbers):
        return f"a {value['type']} law with numbers {' and '.join(numbers)} >= 0"
    strange = sorted(set(map(str, value)) - {"type", *numbers, *_SAID_AGAIN.get(value["type"], ())})
    if strange:
        return f"a {value['type']} law without {', '.join(strange)}"
    if value["type"] == "uniform" and not value["low"] < value["high"]:
        return "a uniform law with low < high"
    if value["type"] == "pareto_lomax" and not (value["q"] > 1 and value["tau"] > 0):
        return "a pareto_lomax law with q > 1 and tau > 0"
    if value["type"] == "pareto_lomax" and "mean" in value:
        mean = 1 / (value["tau"] * (value["q"] - 1))
        if not is_number(value["mean"]) or abs(value["mean"] - mean) > 1e-6 * mean:
            return f"a pareto_lomax law whose mean is 1 / (tau (q - 1)) = {mean:g}"
    return (
        "an exponential law with mean > 0"
        if value["type"] == "exponential" and not value["mean"] > 0
        else None
    )


PARAMETERS = {
    "demand": Rule(_demand),
    "lead_time": Rule(_lead_time),
    "holding_cost": number(),
    "backorder_cost": number(),
    "max_batch": whole(1, 1000),
}


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: after each demand a batch is ordered, units arrive each in its own time."""
    given: dict[str, Any] = {name: value for name, value in parameters.items() if name != "demand"}
    given["max_batch"] = int(given["max_batch"])
    given.update({"rate": float(parameters["demand"]["rate"]), **lengths})
    return random_lead_time(**given)
