"""Which constraint stands for each authored attribute, and which features a program refuses."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from basestock.decision import Problem
from basestock.network import Process, SupplyNetwork
from basestock.optimal.programs.refusal import UnsupportedError
from basestock.optimal.programs.stages import builder_of
from basestock.optimal.programs.walk import lives_on_receipt
from basestock.uncertainty import NegativeBinomial, Poisson

DATA: Final = "data"
"""The attribute is a coefficient or a name, not a constraint of its own."""

REFUSED: Final = "refused"
"""A network that uses the attribute is refused by its name."""

COVERAGE: Final[Mapping[str, Mapping[str, str]]] = {
    "Item": {
        "name": DATA, "shelf_life": "expiry", "decay_rate": "stock_balance", "issuing": REFUSED,
        "oldest_share": REFUSED, "life_classes": REFUSED, "volume": DATA, "weight": DATA,
        "storage_class": "storage", "whole_units": DATA, "unit": DATA,
    },
    "Node": {"name": DATA, "tier": DATA, "storage": "storage", "allocation": "stock_at_source"},
    "Supplier": {"name": DATA, "capacity": "capacity", "minimum_value": "minimum_value"},
    "Lane": {
        "source": "stock_at_source", "destination": "stock_balance", "items": DATA, "name": DATA,
        "lead_time": "stock_balance", "item_lead_time": "stock_balance", "lead_time_known": DATA,
        "priority": DATA, "order_minimum": "order_minimum", "order_multiple": DATA,
        "order_maximum": "order_maximum", "review_period": DATA, "review_phase": DATA, "order_days": DATA,
        "unfilled": DATA, "life_on_receipt": "expiry", "order_delay": "stock_balance",
        "capacity": "capacity", "vehicle_capacity": "vehicles", "full_vehicles": "full_vehicles",
        "interruption": "lane_open", "max_extra_lead_time": "stock_balance", "price_breaks": "brackets",
        "break_kind": "brackets", "special_share": REFUSED,
    },
    "Process": {
        "name": DATA, "node": DATA, "consumes": "components", "produces": "stock_balance",
        "duration": "stock_balance", "uses": "hours", "batch": DATA, "yield_": "stock_balance",
        "scrap": "components", "priority": DATA, "yield_law": REFUSED, "yield_deviation": REFUSED,
    },
    "Resource": {
        "name": DATA, "units": "hours", "hours": "hours", "states": DATA, "changeover": REFUSED,
        "overtime": "hours", "breakdown": "hours", "repair_time": "hours", "breakdown_share": "hours",
        "maintenance_every": "hours", "maintenance_length": "hours", "maintenance_phase": "hours",
    },
    "Inspection": dict.fromkeys(
        ("target", "sample_size", "acceptance_number", "second_sample_size", "second_acceptance_number"), REFUSED
    ),
    "Limit": {
        "scope": DATA, "metric": "order_count", "cap": "order_limit", "hard": "soft_limit",
        "floor": "contract_floor", "rule": DATA,
    },
    "DemandClass": {"name": DATA, "issuing": REFUSED},
    "PriceResponse": dict.fromkeys(
        ("node", "item", "reference_price", "elasticity", "law", "competitor_elasticity", "reference_share",
         "competitor_share", "lowest_price", "highest_price"), REFUSED,
    ),
    "Substitution": dict.fromkeys(("node", "item", "substitute", "share", "law"), REFUSED),
    "ReturnFlow": dict.fromkeys(("node", "item", "share", "delay", "restock_share", "overtime_share"), REFUSED),
    "Goodwill": dict.fromkeys(
        ("node", "item", "memory", "stockout_effect", "price_effect", "return_effect", "demand_effect"), REFUSED
    ),
    "SupplyNetwork": {
        "items": DATA, "nodes": DATA, "suppliers": DATA, "lanes": DATA, "processes": DATA, "resources": DATA,
        "inspections": REFUSED, "limits": DATA, "demand_classes": DATA, "responses": REFUSED,
        "substitutions": REFUSED, "returns": REFUSED, "goodwill": REFUSED, "unmet": "backorders_balance",
        "unmet_at": "backorders_balance",
    },
}  # fmt: skip
"""Authored type and attribute to its group of constraints, ``data``, or ``refused``."""

Found = Iterator[tuple[str, str]]


def check(problem: Problem) -> None:
    """Refuse a problem with a feature that no program has a constraint for.

    Parameters
    ----------
    problem
        The problem.

    Raises
    ------
    UnsupportedError
        Naming the first such feature and the part that has it.
    """
    for find in _FINDERS:
        for feature, reason in find(problem):
            raise UnsupportedError(feature, reason)


def _stages(problem: Problem) -> Found:
    if problem.kind != "periodic":
        yield f"the kind {problem.kind!r} of problem {problem.name!r}", "a program plans period by period"
    for stage in (*problem.sequence.before, *problem.sequence.after):
        if builder_of(stage) is None:
            name = getattr(stage, "__name__", type(stage).__name__)
            yield f"the stage {name!r}", "nobody has written its constraints"


def _customers(problem: Problem) -> Found:
    network = problem.network
    for part, reason in (
        ("inspections", "samples are drawn at random from lots of the size that is decided"),
        ("responses", "demand bends with the decided price"),
        ("substitutions", "who takes another item depends on who was not served"),
        ("returns", "what comes back is a random share of what was sold"),
    ):
        if getattr(network, part):
            yield f"{part} of the network", reason
    yield from _memories(problem)
    for place in problem.uncertainty.defects:
        yield f"defects at {place!r}", "defective units are counted by chance"
    whole = {item.name for item in network.items if item.whole_units}
    places = {"everywhere": network.unmet} | {f"{n}, {i}": way for (n, i), way in network.unmet_at.items()}
    for place, way in places.items():
        if not isinstance(way, str) and 0 < way < 1 and whole:
            yield f"unmet = {way} at {place}", "the share lost of whole units is rounded"
    for lane in network.lanes:
        if lane.special_share > 0:
            yield f"special_share of lane {lane.name!r}", "customers decide by chance"


def _memories(problem: Problem) -> Found:
    """Find customers whose memory no stage has constraints for, or does not multiply demand alone."""
    network = problem.network
    if not network.goodwill:
        return
    remembered = any(getattr(stage, "multiplies_demand", False) for stage in problem.sequence.after)
    whole = {item.name: item.whole_units for item in network.items}
    for each in network.goodwill:
        law = problem.uncertainty.demand.get((each.node, each.item))
        counted = isinstance(law, Poisson | NegativeBinomial) or whole[each.item]
        if not remembered or counted or each.demand_effect != 1.0:
            yield "goodwill of the network", "satisfaction multiplies demand"


def _lives(problem: Problem) -> Found:
    network = problem.network
    table = lives_on_receipt(problem)
    for item in network.items:
        if item.decay_rate and item.whole_units:
            yield (
                f"decay_rate of item {item.name!r} in whole units",
                "fractions are carried until they make a unit",
            )
        if item.shelf_life is None:
            continue
        if item.issuing != "fifo":
            yield (
                f"issuing = {item.issuing!r} of item {item.name!r}",
                "only the oldest units first is a constraint",
            )
        if item.life_classes is not None and item.life_classes != item.shelf_life:
            yield f"life_classes of item {item.name!r}", "remaining life is kept by the period"
        yield from _item_lanes(problem, item.name, table)
    for kind in network.demand_classes:
        if kind.issuing == "lifo" and table is not None:
            yield f"issuing of demand class {kind.name!r}", "only the oldest units first is a constraint"


def _item_lanes(problem: Problem, item: str, table: np.ndarray | None) -> Found:
    network = problem.network
    for lane in network.lanes:
        if not network.carries(lane, item) or table is None:
            continue
        if lane.source in network.node_index:
            yield f"lane {lane.name!r} between nodes for perishable {item!r}", "units travel with their age"
        given = lane.life_on_receipt
        life = given.get(item) if isinstance(given, Mapping) else given
        longest = network.items[network.item_index[item]].shelf_life
        here = table[network.node_index[lane.destination], network.item_index[item]]
        if (longest if life is None else life) != here:
            yield (
                f"life_on_receipt of lane {lane.name!r} for {item!r}",
                "other lanes bring other lives to the place",
            )
    for process in network.processes:
        if item in process.produces:
            node = network.node_index[process.node], network.item_index[item]
            longest = network.items[node[1]].shelf_life
            if table is not None and table[node] != longest:
                yield (
                    f"process {process.name!r} beside lanes for {item!r}",
                    "they bring other lives to the place",
                )


def _plants(problem: Problem) -> Found:
    network = problem.network
    for resource in network.resources:
        if resource.changeover:
            yield f"changeover of resource {resource.name!r}", "hours depend on the order of the runs"
    for process in network.processes:
        if process.yield_law != "fixed":
            yield (
                f"yield_law of process {process.name!r}",
                "the good share is drawn for a lot of the size decided",
            )
        yield from _bill(network, process)


def _bill(network: SupplyNetwork, process: Process) -> Found:
    """Find bills in fractions of whole units, which the physics rounds."""
    whole = {item.name for item in network.items if item.whole_units}
    step = process.batch or 1.0
    taken = {
        item: units * step / (1.0 - process.scrap.get(item, 0.0)) for item, units in process.consumes.items()
    }
    made = {item: units * step * process.yield_ for item, units in process.produces.items()}
    for item, units in {**taken, **made}.items():
        if item in whole and abs(units - round(units)) > 1e-6:
            yield (
                f"{item!r} in process {process.name!r}",
                f"{units:g} of it for each start are rounded to whole units",
            )


_FINDERS: Final[tuple[Callable[[Problem], Found], ...]] = (_stages, _customers, _lives, _plants)
