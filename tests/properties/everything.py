"""Random networks of one shape with any choice of features: one program for each choice plays them all.

What shapes a program is fixed by the choice (which lane reveals its lead time when, how many limits there are); who is
linked to whom, every number, and every law are random.
"""

import dataclasses
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from basestock.network import (
    DemandClass,
    Goodwill,
    Inspection,
    Item,
    Lane,
    Limit,
    Node,
    PriceResponse,
    Process,
    Resource,
    ReturnFlow,
    Substitution,
    Supplier,
    SupplyNetwork,
)
from basestock.uncertainty import (
    AutoregressiveLevel,
    Delivery,
    DemandRegimes,
    Disruption,
    MarketDrivers,
    NegativeBinomial,
    Outage,
    Poisson,
    SupplyLaws,
    Uncertainty,
    Wave,
)

Draw = np.random.Generator
Parts = dict[str, Any]
"""Arguments of a network and of its uncertainty; lanes and items as dictionaries by name."""

NODES = ("n0", "n1", "n2", "n3", "n4")
ITEMS = ("i0", "i1", "i2")
INNER = ("l2", "l3", "l4", "l5", "l6", "l7")
"""Lanes between nodes: a random tree, and two peers that send to each other."""


def random_problem(seed: int, features: Collection[str]) -> tuple[SupplyNetwork, Uncertainty]:
    """Return a network and its dice with the given features, numbers and topology at random.

    Every feature has a generator of its own: one feature less leaves the others as they are.
    """
    parts = _plain(np.random.default_rng(seed))
    for number, (name, add) in enumerate(FEATURES.items()):
        if name in features:
            add(np.random.default_rng((seed, number)), parts)
    market = parts.pop("uncertainty")
    items, nodes, lanes = (parts.pop(name) for name in ("items", "nodes", "lanes"))
    network = SupplyNetwork(
        items=tuple(Item(name, **options) for name, options in items.items()),
        nodes=tuple(Node(name, **options) for name, options in nodes.items()),
        suppliers=tuple(Supplier(name, **options) for name, options in parts.pop("suppliers").items()),
        lanes=tuple(Lane(name=name, **options) for name, options in lanes.items()),
        **parts,
    )
    return network, Uncertainty(**market)


def _plain(draw: Draw) -> Parts:
    lanes: dict[str, Parts] = {
        "l0": {"source": "mill", "destination": "n0", "lead_time": 3},
        "l1": {
            "source": "dealer",
            "destination": _one(draw, NODES[1:]),
            "lead_time": int(draw.integers(1, 4)),
        },
    }
    for k in range(1, 5):
        lanes[f"l{k + 1}"] = {
            "source": NODES[int(draw.integers(0, k))],
            "destination": NODES[k],
            "priority": 2,
        }
    one, other = draw.choice(NODES[1:], 2, replace=False)
    lanes |= {
        "l6": {"source": str(one), "destination": str(other), "priority": 3},
        "l7": {"source": str(other), "destination": str(one), "priority": 3},
    }
    for name in INNER:
        lanes[name]["lead_time"] = int(draw.integers(1, 4))
    # One lane always has the longest ring of arrivals.
    lanes["l2"]["lead_time"] = 3
    places = [(node, item) for node in NODES for item in ITEMS]
    demand = {place: _one(draw, (Poisson(0.0), Poisson(2.0), NegativeBinomial(2.0, 5.0))) for place in places}
    # One place always has the longest table, so that all networks have tables of one length.
    demand["n4", "i2"] = NegativeBinomial(2.0, 5.0)
    return {
        "items": {name: {"volume": 1.0} for name in ITEMS},
        "nodes": {name: {} for name in NODES},
        "suppliers": {"mill": {}, "dealer": {}},
        "lanes": lanes,
        "unmet": "lost",
        "uncertainty": {"demand": demand},
    }


def _one(draw: Draw, choices: tuple[Any, ...]) -> Any:
    return choices[int(draw.integers(len(choices)))]


def _places(draw: Draw, count: int) -> list[tuple[str, str]]:
    """Return different places, the number of them fixed."""
    chosen = draw.choice(len(NODES) * len(ITEMS), count, replace=False)
    return [(NODES[at // len(ITEMS)], ITEMS[at % len(ITEMS)]) for at in chosen.tolist()]


def _backorders(draw: Draw, parts: Parts) -> None:
    ways = ("backorder", "backorder", 0.5, 0.3)
    parts["unmet_at"] = {place: _one(draw, ways) for place in _places(draw, 8)}


def _life(draw: Draw, parts: Parts) -> None:
    for name in ("i0", "i1"):
        how = {"issuing": _one(draw, ("fifo", "lifo", "mixed")), "oldest_share": float(draw.random())}
        # Lives of other lengths have blocks of their own, hence programs of their own.
        parts["items"][name] |= {"shelf_life": 4, **how}
    parts["lanes"]["l1"]["life_on_receipt"] = {"i0": int(draw.integers(1, 5))}


def _life_classes(draw: Draw, parts: Parts) -> None:
    how = {"issuing": _one(draw, ("fifo", "lifo", "mixed")), "oldest_share": float(draw.random())}
    parts["items"]["i0"] |= {"shelf_life": 9, "life_classes": 3, **how}


def _decay(draw: Draw, parts: Parts) -> None:
    parts["items"]["i2"] |= {"decay_rate": float(draw.uniform(0.02, 0.4))}


def _demand_classes(draw: Draw, parts: Parts) -> None:
    parts["demand_classes"] = (DemandClass("urgent", _one(draw, ("fifo", "lifo"))), DemandClass("other"))
    laws = {("other", *place): Poisson(2.0) for place in _places(draw, 4)}
    parts["uncertainty"]["class_demand"] = laws


def _lead_times(draw: Draw, parts: Parts) -> None:
    share = float(draw.uniform(0.2, 0.8))
    random = {1: share, 3: 1 - share}
    parts["lanes"]["l1"] |= {"lead_time": random, "lead_time_known": "on_arrival"}
    parts["lanes"]["l4"] |= {"lead_time": random, "lead_time_known": "on_arrival"}
    parts["lanes"]["l5"] |= {"lead_time": random}


def _immediate(draw: Draw, parts: Parts) -> None:
    parts["lanes"]["l3"]["lead_time"] = 0


def _unfilled(draw: Draw, parts: Parts) -> None:
    for name in draw.choice(INNER, 3, replace=False).tolist():
        parts["lanes"][name]["unfilled"] = "lost"


def _production(draw: Draw, parts: Parts) -> None:
    plant = _one(draw, NODES)

    def process(name: str, takes: str, makes: str, **options: Any) -> Process:
        needs = {takes: float(draw.integers(1, 3))}
        return Process(
            name, plant, consumes=needs, produces={makes: float(draw.integers(1, 3))},
            uses={"robot": float(draw.uniform(0.2, 1.5))}, batch=float(draw.integers(1, 4)),
            scrap={takes: float(draw.uniform(0.0, 0.3))}, priority=int(draw.integers(1, 3)), **options,
        )  # fmt: skip

    parts["processes"] = (
        process("cut", "i0", "i1", duration=2),
        process("mix", "i1", "i2", duration=0),
        process("melt", "i0", "i2", duration=int(draw.integers(0, 3))),
    )
    parts["resources"] = (Resource("robot", 2, float(draw.uniform(2.0, 9.0)), overtime=2.0),)


def _changeovers(draw: Draw, parts: Parts) -> None:
    hours = {("cut", "mix"): 1.0, ("mix", "cut"): float(draw.uniform(0.0, 2.0)), ("melt", "mix"): 0.5}
    _machine(parts, changeover=hours)


def _breakdowns(draw: Draw, parts: Parts) -> None:
    _machine(
        parts, breakdown=float(draw.uniform(0.05, 0.3)), repair_time={1: 0.5, 3: 0.5},
        breakdown_share=float(draw.uniform(0.3, 1.0)), maintenance_every=6, maintenance_length=1,
    )  # fmt: skip


def _machine(parts: Parts, **options: Any) -> None:
    parts["resources"] = tuple(dataclasses.replace(each, **options) for each in parts.get("resources", ()))


def _yields(draw: Draw, parts: Parts) -> None:
    laws: dict[str, Parts] = {
        "cut": {"yield_law": "binomial"},
        "mix": {"yield_law": "beta", "yield_deviation": 0.1},
        "melt": {},
    }
    parts["processes"] = tuple(
        dataclasses.replace(each, yield_=float(draw.uniform(0.6, 0.95)), **laws[each.name])
        for each in parts.get("processes", ())
    )


def _order_limits(draw: Draw, parts: Parts) -> None:
    multiple = {item: float(draw.integers(1, 5)) for item in ITEMS}
    low = float(draw.integers(0, 8))
    parts["lanes"]["l0"] |= {"order_multiple": multiple, "order_minimum": low, "order_maximum": low + 9.0}
    parts["lanes"]["l4"] |= {"order_minimum": float(draw.integers(1, 6))}


def _limits(draw: Draw, parts: Parts) -> None:
    parts["suppliers"]["dealer"]["minimum_value"] = float(draw.uniform(1.0, 30.0))
    cut: Any = "cut_in_order_of_priority"
    parts["limits"] = (
        Limit("network", "spend", float(draw.uniform(50, 150))),
        Limit(_one(draw, NODES), "orders", float(draw.integers(1, 4))),
        Limit((_one(draw, NODES), "l0"), "units", float(draw.uniform(5, 30)), rule="scale_proportionally"),
        Limit("mill", "volume", float(draw.uniform(5, 30)), rule=cut),
        Limit("network", "units", float(draw.uniform(5, 30)), hard=False, floor=5.0),
    )


def _calendars(draw: Draw, parts: Parts) -> None:
    days = draw.choice(7, int(draw.integers(1, 7)), replace=False).tolist()
    parts["lanes"]["l0"]["order_days"] = tuple(sorted(days))
    parts["lanes"]["l2"] |= {"review_period": 3, "review_phase": int(draw.integers(0, 3))}


def _vehicles(draw: Draw, parts: Parts) -> None:
    parts["lanes"]["l2"] |= {"vehicle_capacity": float(draw.integers(2, 9)), "full_vehicles": True}
    breaks = (float(draw.integers(2, 5)), float(draw.integers(6, 12)))
    kind: Any = _one(draw, ("all_units", "incremental"))
    parts["lanes"]["l3"] |= {"price_breaks": breaks, "break_kind": kind, "vehicle_capacity": 4.0}


def _capacities(draw: Draw, parts: Parts) -> None:
    parts["suppliers"]["mill"]["capacity"] = float(draw.integers(5, 25))
    parts["lanes"]["l2"]["capacity"] = float(draw.uniform(3, 12))
    parts["lanes"]["l6"]["capacity"] = float(draw.uniform(3, 12))


def _allocation(draw: Draw, parts: Parts) -> None:
    rules = ("proportional", "priority", "first_come", "largest_remainder", "least_shortfall")
    # Which rules occur shapes the program, who uses them does not; the order of the first mention does.
    for node, rule in zip(NODES, rules, strict=True):
        parts["nodes"][node]["allocation"] = rule


def _order_delays(draw: Draw, parts: Parts) -> None:
    parts["lanes"]["l0"]["order_delay"] = 2
    parts["lanes"]["l5"]["order_delay"] = int(draw.integers(0, 3))


def _outages(draw: Draw, parts: Parts) -> None:
    for name, extra in (("l0", 2), ("l1", 0), ("l4", 0), ("l5", 1), ("l6", 0)):
        ways = ("wait", "keep_moving")
        parts["lanes"][name] |= {"interruption": _one(draw, ways), "max_extra_lead_time": extra}
    laws = {
        "mill": Outage(0.2, 0.4, severity=float(draw.uniform(0.3, 1.0)), extra_lead_time=2),
        "l4": Outage(0.2, 0.4),
        "l5": Outage(0.1, 0.5, severity=0.5, extra_lead_time=1),
    }
    strikes = Disruption("flood", lanes=("l6",), probability=0.1, duration=2, closed_share=1.0)
    parts["uncertainty"]["supply"] = SupplyLaws(outages=laws, disruptions=(strikes,))


def _deliveries(draw: Draw, parts: Parts) -> None:
    for name in ("l1", "l4", "l6"):
        parts["lanes"][name].setdefault("interruption", "wait")
    shares = lambda: Delivery(*(float(share) for share in draw.uniform(0.1, 0.6, 4)))  # noqa: E731
    laws = parts["uncertainty"].get("supply", SupplyLaws())
    both = {name: shares() for name in ("l1", "l4", "l6")}
    parts["uncertainty"]["supply"] = dataclasses.replace(laws, deliveries=both)


def _storage(draw: Draw, parts: Parts) -> None:
    parts["items"]["i1"]["storage_class"] = "cold"
    for node in NODES:
        parts["nodes"][node]["storage"] = {
            "ambient": float(draw.integers(5, 40)), "cold": float(draw.uniform(2, 20))
        }  # fmt: skip


def _special(draw: Draw, parts: Parts) -> None:
    for name in draw.choice(INNER, 4, replace=False).tolist():
        parts["lanes"][name]["special_share"] = float(draw.uniform(0.3, 1.0))


def _prices(draw: Draw, parts: Parts) -> None:
    laws = ("linear", "log_linear", "logit", "linear", "log_linear", "logit")
    parts["responses"] = tuple(
        PriceResponse(*place, float(draw.uniform(2, 20)), float(draw.uniform(-3, 0)), law=law)  # type: ignore[arg-type]
        for place, law in zip(_places(draw, 6), laws, strict=True)
    )
    level = AutoregressiveLevel(8.0, 0.8, 0.5)
    _driven(parts, competitor_price={(r.node, r.item): level for r in parts["responses"]})


def _driven(parts: Parts, **drivers: Any) -> None:
    known = parts["uncertainty"].get("drivers") or MarketDrivers()
    parts["uncertainty"]["drivers"] = dataclasses.replace(known, **drivers)


def _drivers(draw: Draw, parts: Parts) -> None:
    _driven(
        parts, trend=0.01, waves=(Wave(7.0, 0.3),),
        regimes=DemandRegimes((1.0, float(draw.uniform(1.2, 2.5))), ((0.8, 0.2), (0.4, 0.6))),
        economy=AutoregressiveLevel(1.0, 0.9, 0.05),
        supply_price={(lane, item): AutoregressiveLevel(5.0, 0.9, 0.2) for lane in ("l0", "l1") for item in ITEMS},
    )  # fmt: skip


def _substitution(draw: Draw, parts: Parts) -> None:
    nodes = draw.choice(NODES, 3, replace=False).tolist()
    share = lambda: float(draw.uniform(0.2, 0.5))  # noqa: E731
    parts["substitutions"] = (
        Substitution(nodes[0], "i0", "i1", share()),
        Substitution(nodes[0], "i0", "i2", share()),
        Substitution(nodes[0], "i2", "i1", share()),
        Substitution(nodes[1], "i1", "i0", 2 * share(), law="binomial"),
        Substitution(nodes[2], "i2", "i0", 1.0),
    )


def _goodwill(draw: Draw, parts: Parts) -> None:
    effects = ("memory", "stockout_effect", "price_effect", "return_effect", "demand_effect")
    parts["goodwill"] = tuple(
        Goodwill(*place, **{name: float(draw.random()) for name in effects}) for place in _places(draw, 5)
    )


def _returns(draw: Draw, parts: Parts) -> None:
    parts["returns"] = tuple(
        ReturnFlow(*place, float(draw.uniform(0.1, 0.6)), delay, float(draw.random()), 0.3)
        for place, delay in zip(_places(draw, 4), (1, 2, 2, 3), strict=True)
    )


def _quality(draw: Draw, parts: Parts) -> None:
    single = lambda name: Inspection(name, int(draw.integers(1, 6)), 0)  # noqa: E731
    plans = [single("l1"), single("l4"), Inspection("l0", 3, 1, 3, 2), single("l3")]
    makers = [process.name for process in parts.get("processes", ())][:1]
    parts["inspections"] = (*plans, *(Inspection(name, 4, 0) for name in makers))
    shares = {name: float(draw.uniform(0.05, 0.4)) for name in ("l0", "l1", "l3", "l4", *makers)}
    parts["uncertainty"]["defects"] = shares


def _mixed_units(draw: Draw, parts: Parts) -> None:
    parts["items"]["i2"]["whole_units"] = False


FEATURES: dict[str, Callable[[Draw, Parts], None]] = {
    "backorders": _backorders,
    "life": _life,
    "life in classes": _life_classes,
    "decay": _decay,
    "classes of customers": _demand_classes,
    "random lead times": _lead_times,
    "no lead time": _immediate,
    "unfilled is lost": _unfilled,
    "production": _production,
    "changeovers": _changeovers,
    "breakdowns": _breakdowns,
    "random yield": _yields,
    "limits of orders": _order_limits,
    "shared limits": _limits,
    "calendars": _calendars,
    "vehicles": _vehicles,
    "capacities": _capacities,
    "rules of allocation": _allocation,
    "orders that travel": _order_delays,
    "outages": _outages,
    "lost and partial deliveries": _deliveries,
    "storage": _storage,
    "special deliveries": _special,
    "prices": _prices,
    "drivers of demand": _drivers,
    "substitution": _substitution,
    "goodwill": _goodwill,
    "returns": _returns,
    "inspection": _quality,
    "fractions of one item": _mixed_units,
}
"""What a network may have beyond items, places and lanes; applied in this order."""

NEEDS = {"changeovers": "production", "breakdowns": "production", "random yield": "production"}
"""Features that mean nothing without another one."""
