"""Records of the family ``beer_game``: a chain of players who pass orders up and cases down."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.beer_game import beer_game
from basestock.problems.families.rules import Wrong, law, list_of, number, shown, whole

KIND: Kind = "periodic"
CRITERIA = ("finite_horizon_total_cost",)
PARAMETERS = {
    "stages": whole(1, 100),
    "demand": law(),
    "shipment_delay": whole(1, 500),
    "order_delay": list_of(whole(high=500)),
    "initial_stock": number(),
    "initial_pipeline": list_of(number()),
    "holding_cost": number(),
    "backorder_cost": number(),
    "directed_weeks": whole(required=False),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return lists whose lengths do not fit."""
    found: list[Wrong] = []
    sizes = (
        ("order_delay", int(parameters["stages"])),
        ("initial_pipeline", int(parameters["shipment_delay"])),
    )
    for name, size in sizes:
        if len(parameters[name]) != size:
            offender = f"parameter {name!r}"
            found.append(
                Wrong(offender, shown(parameters[name]), f"must have {size} entries", "Correct the record.")
            )
    if parameters["order_delay"][0] != 0:
        rule = "must start with 0: customers stand in the retailer's shop"
        found.append(
            Wrong("parameter 'order_delay'", shown(parameters["order_delay"]), rule, "Correct the record.")
        )
    return found


def periods(parameters: Mapping[str, Any]) -> int | None:
    """Return the periods that the parameters fix."""
    return parameters["demand"].get("periods")


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem by the board game's order of play; slips and shipments under way are those of the pipeline.

    Where a record says nothing else, the players are told what to order in the first four weeks (Sterman 1989).
    """
    given: dict[str, Any] = {name: value for name, value in parameters.items() if name != "stages"}
    given["shipment_delay"] = int(given["shipment_delay"])
    given["order_delay"] = tuple(int(delay) for delay in given["order_delay"])
    periods = int(parameters["demand"].get("periods", 36))
    given["initial_orders"] = float(parameters["initial_pipeline"][0])
    given["horizon"] = lengths.get("horizon", periods)
    return beer_game(**given)
