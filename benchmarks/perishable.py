"""How many node-item-periods a CPU second holds where units grow old: 11 places, 400 items, 3 suppliers.

Lives of 7 to 90 periods, supplier lead times of 2 to 8 periods that become known on arrival, units that keep their age
between warehouses and hospitals, every ledger term kept, one path, one core; and the same network of items that keep
for ever.
"""

import dataclasses
import json
from collections.abc import Iterator

import jax
import jax.numpy as jnp

from basestock.decision import Game, Problem, game, simulate
from basestock.dynamics import State
from basestock.policies.levels import BaseStock
from basestock.problems.perishable_networks import pharmacy
from basestock.uncertainty import Recorded, record, root_words
from benchmarks.alone import alone
from benchmarks.measure import cpu_seconds, in_turns, summary
from benchmarks.registry import Benchmark, Measurement
from benchmarks.simulator import MoneyFold

PERIODS, REPEATS = 200, 9
LIMIT_NS = {"drawn inside": 500.0}
"""Nanoseconds for one node, item and period: 2 million in a CPU second."""


def keeping(problem: Problem) -> Problem:
    """Return the problem with items that keep for ever."""
    items = tuple(dataclasses.replace(item, shelf_life=None) for item in problem.network.items)
    network = dataclasses.replace(problem.network, items=items)
    return dataclasses.replace(problem, network=network)


def times() -> dict[str, list[float]]:
    """Return CPU seconds of whole paths."""
    # Lives and lead times alone: limited room and a season are other features, and are measured as such.
    perishing = pharmacy(storage_days=0.0, cold_days=0.0, season=0.0)
    key = jax.random.key(0)

    def path(problem: Problem, played: Game, start: State) -> object:
        shape = (problem.arrays.num_nodes, problem.arrays.num_items, 1)
        policy = BaseStock(jnp.full(shape, 30.0).at[:3].set(120.0))
        fold, initial = MoneyFold(problem.tariff, problem.ledger), jnp.zeros((len(problem.ledger.terms), 1))
        run = simulate(played, policy, start, key=key, num_periods=PERIODS, fold=fold, initial=initial)
        return jax.block_until_ready(run)

    events = record(perishing.events, root_words(key), PERIODS, jnp.arange(1))
    given, drawn = game(perishing, Recorded(events)), game(perishing)
    forever = keeping(perishing)
    without = game(forever)
    # Where a path starts is built once; it is no part of a period.
    full, empty = perishing.start(1), forever.start(1)
    timed = {
        "drawn inside": lambda: path(perishing, drawn, full),
        "events given": lambda: path(perishing, given, full),
        "drawn inside, nothing perishes": lambda: path(forever, without, empty),
    }
    return in_turns({name: lambda run=run: cpu_seconds(run) for name, run in timed.items()}, REPEATS)


def measure() -> Iterator[Measurement]:
    """Report the time of one node, item and period, and how many of them a CPU second holds."""
    count = 11 * 400 * PERIODS
    for name, seconds in alone("benchmarks.perishable").items():
        each = [1e9 * second / count for second in seconds]
        rates = [count / second / 1e6 for second in seconds]
        yield summary(f"perishable node-item-period, {name}", each, "CPU ns", LIMIT_NS.get(name))
        yield summary(f"perishable node-item-periods, {name}", rates, "million / CPU s")


BENCHMARK = Benchmark(
    "perishable", "node-item-periods in a CPU second with lives of 7 to 90 periods", measure, quick=False
)

if __name__ == "__main__":
    print(json.dumps(times()))
