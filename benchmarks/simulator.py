"""How many node-item-periods a CPU second holds: 11 nodes, 400 items, 20 lanes, every ledger term kept.

Poisson demand, fixed lead times of 1 to 5 periods, no expiry, one path, one core. With events given, they were
recorded before; drawn inside, the program draws them itself.
"""

import json
from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Game, Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import Ledger, Tariff, make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies.levels import BaseStock
from basestock.uncertainty import Poisson, Recorded, Uncertainty, record, root_words
from benchmarks.alone import alone
from benchmarks.measure import cpu_seconds, in_turns, summary
from benchmarks.registry import Benchmark, Measurement

NODES, ITEMS, PERIODS, REPEATS = 11, 400, 500, 15
LIMIT_NS = {"events given": 50.0, "events drawn inside": 100.0}
"""Nanoseconds for one node, item and period: 20 and 10 million in a CPU second."""


class MoneyFold(eqx.Module):
    """Adds up every term of the ledger."""

    tariff: Tariff
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, money: Array, step: Step) -> tuple[Array, None]:
        """Add one period."""
        return money + self.ledger.by_term(self.tariff, step), None


def problem() -> Problem:
    """Return a center that feeds ten shops, nine of which pass stock on to the next."""
    rng = np.random.default_rng(0)
    shops = range(1, NODES)
    lanes = [Lane("supplier", "n0", name="inbound", lead_time=5)]
    lanes += [Lane("n0", f"n{k}", name=f"l{k}", lead_time=int(rng.integers(1, 5))) for k in shops]
    lanes += [Lane(f"n{k}", f"n{k + 1}", name=f"t{k}", lead_time=1, priority=2) for k in range(1, NODES - 1)]
    items = tuple(f"i{k}" for k in range(ITEMS))
    network = SupplyNetwork(
        items=tuple(Item(name) for name in items),
        nodes=tuple(Node(f"n{k}") for k in range(NODES)),
        suppliers=(Supplier("supplier"),),
        lanes=tuple(lanes),
        unmet="lost",
        unmet_at={("n1", item): "backorder" for item in items},
    )
    demand = {(f"n{k}", item): Poisson(float(rng.uniform(1, 10))) for k in shops for item in items}
    rates = {
        "holding": 1.0,
        "lost_sale": 4.0,
        "backorder": 3.0,
        "fixed_order": 2.0,
        "purchase": 1.0,
        "transport": 0.1,
    }
    return Problem("eleven nodes", network, Uncertainty(demand), make_tariff(network, **rates))


def times() -> dict[str, list[float]]:
    """Return CPU seconds of whole paths."""
    asked = problem()
    shape = (asked.arrays.num_nodes, asked.arrays.num_items, 1)
    policy = BaseStock(jnp.full(shape, 25.0).at[0].set(300.0))
    fold, initial = MoneyFold(asked.tariff, asked.ledger), jnp.zeros((len(asked.ledger.terms), 1))
    key, start = jax.random.key(0), asked.start(1)

    def path(played: Game) -> object:
        run = simulate(played, policy, start, key=key, num_periods=PERIODS, fold=fold, initial=initial)
        return jax.block_until_ready(run)

    events = record(asked.events, root_words(key), PERIODS, jnp.arange(1))
    given, drawn = game(asked, Recorded(events)), game(asked)
    timed = {"events given": lambda: path(given), "events drawn inside": lambda: path(drawn)}
    return in_turns({name: lambda run=run: cpu_seconds(run) for name, run in timed.items()}, REPEATS)


def measure() -> Iterator[Measurement]:
    """Report the time of one node, item and period, and how many of them a CPU second holds."""
    count = NODES * ITEMS * PERIODS
    for name, seconds in alone("benchmarks.simulator").items():
        each = [1e9 * second / count for second in seconds]
        rates = [count / second / 1e6 for second in seconds]
        yield summary(f"node-item-period, {name}", each, "CPU ns", LIMIT_NS[name])
        yield summary(f"node-item-periods, {name}", rates, "million / CPU s")


BENCHMARK = Benchmark(
    "simulator", "node-item-periods in a CPU second, events given and drawn inside", measure, quick=False
)

if __name__ == "__main__":
    print(json.dumps(times()))
