"""How many node-item-periods a CPU second holds in a general network: three tiers, crossing lead times, shared limits.

Events are drawn inside: Poisson demand, random lead times that are revealed on arrival and cross; suppliers and the
transport between tiers have capacities that all items share. One path, one core.
"""

import json
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from basestock.decision import Problem, game, simulate
from basestock.economics import make_tariff
from basestock.network import Item, Lane, Limit, Node, Supplier, SupplyNetwork
from basestock.policies.levels import BaseStock
from basestock.uncertainty import Poisson, Uncertainty
from benchmarks.alone import alone
from benchmarks.measure import cpu_seconds, in_turns, summary
from benchmarks.registry import Benchmark, Measurement
from benchmarks.simulator import MoneyFold

ITEMS, PERIODS, REPEATS = 400, 200, 9
LIMIT_NS = 200.0
"""Nanoseconds for one node, item and period: 5 million in a CPU second."""


def problem() -> Problem:
    """Return two centers that feed four regions, which feed eight shops; every lane's lead time is random."""
    law = {1: 0.4, 2: 0.3, 3: 0.2, 4: 0.1}
    centers, regions, shops = (
        tuple(f"{name}{k}" for k in range(n)) for name, n in (("c", 2), ("r", 4), ("s", 8))
    )
    ends = [("supplier", node) for node in centers]
    ends += [(centers[k % 2], node) for k, node in enumerate(regions)]
    ends += [(regions[k % 4], node) for k, node in enumerate(shops)]
    items = tuple(f"i{k}" for k in range(ITEMS))
    network = SupplyNetwork(
        items=tuple(Item(name, volume=1.0) for name in items),
        nodes=tuple(map(Node, (*centers, *regions, *shops))),
        suppliers=(Supplier("supplier", capacity=60.0 * ITEMS),),
        lanes=tuple(Lane(a, b, lead_time=law, lead_time_known="on_arrival") for a, b in ends),
        limits=(Limit(regions, "volume", cap=50.0 * ITEMS), Limit(shops, "volume", cap=45.0 * ITEMS)),
    )
    rng = np.random.default_rng(0)
    demand = {(node, item): Poisson(float(rng.uniform(1, 8))) for node in shops for item in items}
    rates = {"holding": 1.0, "lost_sale": 4.0, "purchase": 1.0, "transport": 0.1}
    return Problem("general network", network, Uncertainty(demand), make_tariff(network, **rates))


def times() -> dict[str, list[float]]:
    """Return CPU seconds of whole paths."""
    asked = problem()
    level = np.full((asked.arrays.num_nodes, asked.arrays.num_items, 1), 25.0, dtype=np.float32)
    level[:2], level[2:6] = 100.0, 50.0
    policy, played = BaseStock(jnp.asarray(level)), game(asked)
    fold, initial = MoneyFold(asked.tariff, asked.ledger), jnp.zeros((len(asked.ledger.terms), 1))

    key, start = jax.random.key(0), asked.start(1)

    def path() -> object:
        run = simulate(played, policy, start, key=key, num_periods=PERIODS, fold=fold, initial=initial)
        return jax.block_until_ready(run)

    return in_turns({"events drawn inside": lambda: cpu_seconds(path)}, REPEATS)


def measure() -> Iterator[Measurement]:
    """Report the time of one node, item and period, and how many of them a CPU second holds."""
    count = len(problem().network.nodes) * ITEMS * PERIODS
    for name, seconds in alone("benchmarks.general_network").items():
        each = [1e9 * second / count for second in seconds]
        rates = [count / second / 1e6 for second in seconds]
        yield summary(f"general network, {name}", each, "CPU ns", LIMIT_NS)
        yield summary(f"general network, node-item-periods, {name}", rates, "million / CPU s")


BENCHMARK = Benchmark(
    "general_network", "a network of three tiers, crossing lead times, shared limits", measure, quick=False
)

if __name__ == "__main__":
    print(json.dumps(times()))
