"""What each feature costs: the same network with and without it, in turns.

Eleven nodes, 400 items, 20 lanes, as in ``simulator``; every feature once for all items (or lanes, or nodes) and once
for a single one of them. The first is the cost of the feature; the second is what the 399 others pay for a feature
that they do not have. Processor time on one thread, as a ratio formed within each turn to the network without it.
"""

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from basestock.decision import Problem, game, simulate
from basestock.dynamics import RECEIVE_ORDER_SELL, with_repairs
from basestock.network import (
    Goodwill,
    Inspection,
    Lane,
    PriceResponse,
    Process,
    ReturnFlow,
    Substitution,
)
from basestock.policies.levels import BaseStock
from basestock.uncertainty import MarketDrivers, Outage, SupplyLaws, Wave
from benchmarks.alone import alone
from benchmarks.measure import cpu_seconds, in_turns, ratio
from benchmarks.registry import Benchmark, Measurement
from benchmarks.simulator import MoneyFold, problem

PERIODS, REPEATS = 200, 9
OTHERS_PAY = 1.05
"""Largest ratio wanted where a single item, lane or node has the feature."""

LAW = {1: 0.5, 2: 0.3, 3: 0.2}
Change = Callable[[Problem, int], Problem]


class Feature(NamedTuple):
    """A feature, switched on for the first ``count`` of something.

    Parameters
    ----------
    name
        In words.
    switched_on
        ``(problem, count) -> problem``.
    most
        Number that stands for all.
    by_itself
        Whether one may have it and the others not.
    """

    name: str
    switched_on: Change
    most: int
    by_itself: bool = True


def _network(asked: Problem, **changes: Any) -> Problem:
    return dataclasses.replace(asked, network=dataclasses.replace(asked.network, **changes))


def _items(**changes: Any) -> Change:
    def on(asked: Problem, count: int) -> Problem:
        items = asked.network.items
        changed = tuple(dataclasses.replace(item, **changes) for item in items[:count])
        return _network(asked, items=(*changed, *items[count:]))

    return on


def _lanes(**changes: Any) -> Change:
    def on(asked: Problem, count: int) -> Problem:
        lanes = asked.network.lanes
        changed = tuple(dataclasses.replace(lane, **changes) for lane in lanes[:count])
        return _network(asked, lanes=(*changed, *lanes[count:]))

    return on


def _places(part: str, make: Callable[[str, str], object]) -> Change:
    def on(asked: Problem, count: int) -> Problem:
        shops = [node.name for node in asked.network.nodes[1:]]
        names = [item.name for item in asked.network.items[:count]]
        return _network(asked, **{part: tuple(make(shop, name) for shop in shops for name in names)})

    return on


def _random_lead_times(asked: Problem, count: int) -> Problem:
    """Give some items a random lead time, revealed on arrival, on every lane between nodes."""
    names = [item.name for item in asked.network.items[:count]]

    def changed(lane: Lane) -> Lane:
        if lane.source == "supplier":
            return lane
        return dataclasses.replace(
            lane, item_lead_time=dict.fromkeys(names, LAW), lead_time_known="on_arrival"
        )

    return _network(asked, lanes=tuple(map(changed, asked.network.lanes)))


def _order_multiples(asked: Problem, count: int) -> Problem:
    multiple = {item.name: 6.0 for item in asked.network.items[:count]}
    lanes = tuple(dataclasses.replace(lane, order_multiple=multiple) for lane in asked.network.lanes)
    return _network(dataclasses.replace(asked, sequence=with_repairs(RECEIVE_ORDER_SELL)), lanes=lanes)


def _storage(asked: Problem, count: int) -> Problem:
    """Let some items need room, of which every shop has some."""
    asked = _items(volume=1.0)(asked, count)
    nodes = tuple(
        dataclasses.replace(node, storage={"ambient": 20.0 * count}) for node in asked.network.nodes[1:]
    )
    return _network(asked, nodes=(asked.network.nodes[0], *nodes))


def _capacities(asked: Problem, count: int) -> Problem:
    return _lanes(capacity=2000.0)(_items(volume=1.0)(asked, 400), count)


def _vehicles(asked: Problem, count: int) -> Problem:
    return _lanes(vehicle_capacity=50.0)(_items(volume=1.0)(asked, 400), count)


def _outages(asked: Problem, count: int) -> Problem:
    lanes = asked.network.lanes[1 : 1 + count]
    asked = _network(
        asked,
        lanes=(
            asked.network.lanes[0],
            *(dataclasses.replace(lane, interruption="wait") for lane in lanes),
            *asked.network.lanes[1 + count :],
        ),
    )
    laws = SupplyLaws(outages={lane.name: Outage(0.02, 0.2) for lane in lanes})
    return dataclasses.replace(asked, uncertainty=dataclasses.replace(asked.uncertainty, supply=laws))


def _season(asked: Problem, count: int) -> Problem:
    del count  # waves move the demand of all places
    drivers = MarketDrivers(trend=0.001, waves=(Wave(7.0, 0.2), Wave(365.25, 0.3)))
    return dataclasses.replace(asked, uncertainty=dataclasses.replace(asked.uncertainty, drivers=drivers))


def _processes(asked: Problem, count: int) -> Problem:
    """Let the first shop make every other item of its neighbor in the list."""
    names = [item.name for item in asked.network.items]
    made = [
        Process(f"p{k}", "n1", {names[2 * k]: 1.0}, {names[2 * k + 1]: 1.0}, duration=1) for k in range(count)
    ]
    return _network(asked, processes=tuple(made))


def _inspections(asked: Problem, count: int) -> Problem:
    lanes = [lane.name for lane in asked.network.lanes[:count]]
    asked = _network(asked, inspections=tuple(Inspection(lane, 5, 0) for lane in lanes))
    dice = dataclasses.replace(asked.uncertainty, defects=dict.fromkeys(lanes, 0.02))
    return dataclasses.replace(asked, uncertainty=dice)


def _substitutions(asked: Problem, count: int) -> Problem:
    names = [item.name for item in asked.network.items]
    pairs = [Substitution(f"n{1 + k % 10}", names[k], names[k + 1], 0.3) for k in range(count)]
    return _network(asked, substitutions=tuple(pairs))


FEATURES = (
    Feature("shelf life", _items(shelf_life=14), 400),
    Feature("decay", _items(decay_rate=0.02), 400),
    Feature("random lead times", _random_lead_times, 400),
    Feature("order multiples", _order_multiples, 400),
    Feature("storage", _storage, 400),
    Feature("order delay", _lanes(order_delay=2), 20),
    Feature("lane capacity", _capacities, 20),
    Feature("vehicles", _vehicles, 20),
    Feature("outages", _outages, 19),
    Feature("inspection", _inspections, 20),
    Feature("processes", _processes, 32),
    Feature(
        "price response", _places("responses", lambda node, item: PriceResponse(node, item, 10.0, -1.5)), 400
    ),
    Feature("substitution", _substitutions, 64),
    Feature("returns", _places("returns", lambda node, item: ReturnFlow(node, item, 0.05, delay=3)), 400),
    Feature("goodwill", _places("goodwill", lambda node, item: Goodwill(node, item)), 400),
    Feature("trend and seasons", _season, 400, by_itself=False),
)

PLAIN = "none of them"


def variants(names: Sequence[str] = ()) -> dict[str, Problem]:
    """Return the network without a feature, and with each for one and for all; only the named ones if some are."""
    plain = problem()
    found = {PLAIN: plain}
    for feature in FEATURES:
        if not names or feature.name in names:
            if feature.by_itself:
                found[f"{feature.name}, one"] = feature.switched_on(plain, 1)
            found[f"{feature.name}, all"] = feature.switched_on(plain, feature.most)
    return found


def times(names: Sequence[str] = (), repeats: int = REPEATS, replications: int = 1) -> dict[str, list[float]]:
    """Return CPU seconds of whole paths; where a path starts is compiled before."""

    def timed(asked: Problem) -> Callable[[], float]:
        shape = (asked.arrays.num_nodes, asked.arrays.num_items, 1)
        policy = BaseStock(jnp.full(shape, 25.0).at[0].set(300.0))
        fold, initial = (
            MoneyFold(asked.tariff, asked.ledger),
            jnp.zeros((len(asked.ledger.terms), replications)),
        )
        played, start, key = game(asked), asked.start(replications), jax.random.key(0)

        def path() -> object:
            run = simulate(played, policy, start, key=key, num_periods=PERIODS, fold=fold, initial=initial)
            return jax.block_until_ready(run)

        return lambda: cpu_seconds(path)

    return in_turns({name: timed(asked) for name, asked in variants(names).items()}, repeats)


def measure() -> Iterator[Measurement]:
    """Report, for each feature, the time of the network with it as a ratio to that without."""
    found = alone("benchmarks.features")
    plain = found.pop(PLAIN)
    for name, seconds in found.items():
        limit = OTHERS_PAY if name.endswith(", one") else None
        yield ratio(f"with {name}", seconds, plain, limit)


BENCHMARK = Benchmark(
    "features", "what each feature costs those that have it and those that do not", measure, quick=False
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    options = parser.parse_args()
    print(json.dumps(times(options.names, options.repeats)))
