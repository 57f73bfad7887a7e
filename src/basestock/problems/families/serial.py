"""Records of the family ``serial``: a line of stages in continuous review, solved and simulated."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial, reduce
from math import gcd
from typing import Any

from basestock.decision import Kind, Problem
from basestock.dynamics import Sequence as Periods
from basestock.dynamics.stages import fill_backorders, place_orders, receive, serve, ship
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.optimal.closed_form.serial import serial
from basestock.problems.families.demand import parse_law
from basestock.problems.families.rules import Rule, Wrong, is_number, law, list_of, number, shown, whole
from basestock.uncertainty import DemandLaw, Normal, Poisson, Uncertainty

KIND: Kind = "periodic"
CRITERIA = ("average_cost_per_time_unit",)
_LAW = law()


def _wrong_law(value: object) -> str | None:
    kinds = ("poisson", "normal")
    known = isinstance(value, Mapping) and value.get("type") in kinds
    if not known:
        return f"a law whose type is one of {', '.join(kinds)}"
    name = "std" if value["type"] == "normal" else "mean"  # type: ignore[index]
    still = is_number(value.get(name)) and value[name] == 0  # type: ignore[index, union-attr]
    return f"a law with {name} > 0" if still else _LAW.check(value)


PARAMETERS = {
    "stages": whole(1, 100),
    "demand": Rule(_wrong_law),
    "lead_times": list_of(number(high=1000.0, above=True)),
    "echelon_holding_costs": list_of(number()),
    # Where waiting costs nothing, nothing is ever delivered, and no level is best.
    "backorder_cost": number(above=True),
}
ORDER_AFTER_DEMAND = Periods(before=(receive, serve), after=(place_orders, ship, receive, fill_backorders))
"""Demand is seen before ordering, and stock is counted when what is due has come: lead-time demand covers exactly L."""


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return the lists that do not have one entry for each stage."""
    stages = parameters["stages"]
    return [
        Wrong(
            f"parameter {name!r}",
            shown(parameters[name]),
            f"must have {stages} entries",
            "Correct the record.",
        )
        for name in ("lead_times", "echelon_holding_costs")
        if len(parameters[name]) != stages
    ]


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the line with periods so short that every lead time is a whole number of them.

    Costs are rates per time unit, so the average of a period is the cost rate whatever the length of a period is.
    """
    lead_times = [float(each) for each in parameters["lead_times"]]
    unit = _common_part(lead_times)
    network = _line([round(each / unit) for each in lead_times])
    demand = parse_law(parameters["demand"])
    rates = _rates(network, parameters["echelon_holding_costs"])
    rates["backorder"] = {("stage 1", "item"): float(parameters["backorder_cost"])}
    return Problem(
        name="serial",
        network=network,
        uncertainty=Uncertainty({("stage 1", "item"): _part(demand, unit)}),
        tariff=make_tariff(network, **rates),
        sequence=ORDER_AFTER_DEMAND,
        criterion="average_cost_per_time_unit",
        horizon=lengths.get("horizon", 5000),
        warm_up=lengths.get("warm_up", 200),
        parameters=dict(parameters),
        solve=partial(
            serial,
            demand,
            lead_times,
            parameters["echelon_holding_costs"],
            float(parameters["backorder_cost"]),
        ),
    )


def _common_part(lead_times: Sequence[float]) -> float:
    """Return the longest period that every lead time is a multiple of."""
    parts = [Fraction(each).limit_denominator(1000) for each in lead_times]
    scale = reduce(lambda a, b: a * b // gcd(a, b), (part.denominator for part in parts))
    return reduce(gcd, (int(part * scale) for part in parts)) / scale


def _part(demand: DemandLaw, unit: float) -> DemandLaw:
    """Return the law of the demand of a part of a time unit."""
    if isinstance(demand, Poisson):
        return Poisson(demand.rate * unit)
    return Normal(demand.mean * unit, (demand.variance * unit) ** 0.5)


def _line(lead_times: Sequence[int]) -> SupplyNetwork:
    names = [f"stage {number}" for number in range(1, len(lead_times) + 1)]
    sources = [*names[1:], "supplier"]
    return SupplyNetwork(
        items=(Item("item", whole_units=False),),
        nodes=tuple(Node(name, tier=number) for number, name in enumerate(names)),
        suppliers=(Supplier("supplier"),),
        lanes=tuple(
            Lane(source, name, lead_time=lead_time)
            for source, name, lead_time in zip(sources, names, lead_times, strict=True)
        ),
        unmet="backorder",
    )


def _rates(network: SupplyNetwork, echelon: Sequence[float]) -> dict[str, Any]:
    """Return local rates: a unit at or on its way from stage j costs what all echelons from j up cost."""
    local = [float(sum(echelon[stage:])) for stage in range(len(echelon))]
    return {
        "holding": {(node.name, "item"): rate for node, rate in zip(network.nodes, local, strict=True)},
        "pipeline_holding": {
            (lane.name, "item"): rate for lane, rate in zip(network.lanes, [*local[1:], 0.0], strict=True)
        },
    }
