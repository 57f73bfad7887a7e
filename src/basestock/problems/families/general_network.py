"""Records of the family ``general_network``: warehouses and retailers, backorders everywhere."""

from collections.abc import Mapping
from typing import Any

from basestock.decision import Kind, Problem
from basestock.problems.families.rules import Rule, Wrong, choice, law, number, shown, whole
from basestock.problems.general_network import general_network

KIND: Kind = "periodic"
CRITERIA = ("finite_horizon_total_cost",)


def _edges(value: object) -> str | None:
    def fine(edge: Any) -> bool:
        numbers = isinstance(edge, list) and len(edge) == 3
        places = numbers and all(whole().check(part) is None for part in edge[:2])
        return places and number(high=1.0).check(edge[2]) is None

    return (
        None
        if isinstance(value, list) and value and all(map(fine, value))
        else "a list of [warehouse, retailer, weight], two numbers from 0 on and a share"
    )


PARAMETERS = {
    "suppliers": whole(1, 1000, required=False),
    "warehouses": whole(1, 1000),
    "retailers": whole(1, 1000),
    "lead_times": whole(high=500),
    "demand": law(),
    "edges_warehouse_retailer_weight": Rule(_edges, required=False),
    "routing": choice("weighted_random", required=False),
    "holding_cost_warehouse": number(),
    "holding_cost_retailer": number(),
    "backorder_cost_retailer": number(),
    "horizon": whole(1, required=False),
    "warm_up": whole(required=False),
}


def wrong(parameters: Mapping[str, Any]) -> list[Wrong]:
    """Return what is wrong between parameters: suppliers, and weights that do not sum to 1."""
    found: list[Wrong] = []
    suppliers, warehouses = parameters.get("suppliers", parameters["warehouses"]), parameters["warehouses"]
    if suppliers != warehouses:
        rule = f"must be {warehouses}, one for each warehouse"
        found.append(Wrong("parameter 'suppliers'", shown(suppliers), rule, "Correct the record."))
    edges = parameters.get("edges_warehouse_retailer_weight")
    if edges is None and warehouses != 1:
        rule = "must be 1 where no edges are given"
        return [*found, Wrong("parameter 'warehouses'", shown(warehouses), rule, "Give the edges.")]
    sizes = (("warehouse", warehouses, 0), ("retailer", parameters["retailers"], 1))
    for name, count, position in sizes:
        strange = sorted({int(edge[position]) for edge in edges or [] if edge[position] >= count})
        if strange:
            offender, given = "parameter 'edges_warehouse_retailer_weight'", f"{name} {shown(strange)}"
            found.append(Wrong(offender, given, f"must name a {name} below {count}", "Correct the edges."))
    for retailer in range(int(parameters["retailers"])) if edges else ():
        total = sum(weight for _, other, weight in edges or [] if other == retailer)
        if abs(total - 1) > 1e-6:
            offender = f"parameter 'edges_warehouse_retailer_weight', retailer {retailer}"
            found.append(
                Wrong(offender, f"{total:.6g} in all", "must have weights that sum to 1", "Correct it.")
            )
    return found


def build(parameters: Mapping[str, Any], lengths: Mapping[str, int]) -> Problem:
    """Return the problem: one order per stock point, lead time 1, backorders everywhere."""
    given: dict[str, Any] = {
        name: value
        for name, value in parameters.items()
        if name not in ("suppliers", "routing", "edges_warehouse_retailer_weight")
    }
    edges = parameters.get("edges_warehouse_retailer_weight", ())
    given["edges"] = tuple((int(w), int(r), float(weight)) for w, r, weight in edges)
    for name in ("warehouses", "retailers", "lead_times", "horizon", "warm_up"):
        if name in given:
            given[name] = int(given[name])
    given.update(lengths)
    return general_network(**given)
