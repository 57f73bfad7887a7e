"""A serial line of three stages in stockpyl and in basestock, side by side in one process."""

import json
from collections.abc import Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from basestock.decision import Game, Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import Ledger, Tariff, make_tariff
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies.levels import BaseStock
from basestock.uncertainty import Normal, Recorded, Uncertainty, record, root_words
from benchmarks.alone import alone
from benchmarks.measure import cpu_seconds, in_turns, ratio, summary
from benchmarks.registry import Benchmark, Measurement

LEVELS = (10.69, 5.53, 6.49)
LEAD_TIMES = (2, 1, 1)
HOLDING = (2.0, 4.0, 7.0)
STOCKOUT = 37.12
THEIR_PERIODS, PERIODS, BATCH_PERIODS, BATCH, REPEATS = 100, 20_000, 500, 2048, 7
SINGLE_LIMIT, BATCH_LIMIT = 1 / 200, 1 / 5000
"""Largest wanted share of stockpyl's CPU time for a period."""


class CostFold(eqx.Module):
    """Adds up the cost of the path."""

    tariff: Tariff
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, cost: Array, step: Step) -> tuple[Array, None]:
        """Add one period."""
        return cost + self.ledger.by_term(self.tariff, step).sum(0), None


def problem() -> Problem:
    """Return three stages in a row, the customers at the last."""
    stages = ("first", "second", "last")
    lanes = zip(("supplier", *stages), stages, LEAD_TIMES, strict=False)
    network = SupplyNetwork(
        items=(Item("item", whole_units=False),),
        nodes=tuple(Node(stage) for stage in stages),
        suppliers=(Supplier("supplier"),),
        lanes=tuple(Lane(source, stage, lead_time=periods) for source, stage, periods in lanes),
        unmet="backorder",
    )
    holding = {(stage, "item"): rate for stage, rate in zip(stages, HOLDING, strict=True)}
    tariff = make_tariff(network, holding=holding, backorder={("last", "item"): STOCKOUT})
    return Problem("serial line", network, Uncertainty({("last", "item"): Normal(5.0, 1.0)}), tariff)


def theirs() -> object:
    """Simulate the line with stockpyl."""
    from stockpyl.sim import simulation
    from stockpyl.supply_chain_network import serial_system

    line = serial_system(
        num_nodes=3,
        node_order_in_system=[1, 2, 3],
        local_holding_cost=list(HOLDING),
        stockout_cost=[0, 0, STOCKOUT],
        demand_type="N",
        mean=5,
        standard_deviation=1,
        shipment_lead_time=list(LEAD_TIMES),
        policy_type="BS",
        base_stock_level=list(LEVELS),
    )
    return simulation(line, THEIR_PERIODS, rand_seed=1, progress_bar=False)


def times() -> dict[str, list[float]]:
    """Return CPU seconds for one period of one path."""
    asked = problem()
    policy = BaseStock(jnp.asarray(LEVELS)[:, None, None])
    fold, key = CostFold(asked.tariff, asked.ledger), jax.random.key(0)

    def path(played: Game, periods: int, batch: int) -> float:
        start, initial = asked.start(batch), jnp.zeros(batch)

        def run() -> object:
            done = simulate(played, policy, start, key=key, num_periods=periods, fold=fold, initial=initial)
            return jax.block_until_ready(done)

        return cpu_seconds(run) / (periods * batch)

    given = game(asked, Recorded(record(asked.events, root_words(key), PERIODS, jnp.arange(1))))
    drawn = game(asked)
    timed = {
        "stockpyl": lambda: cpu_seconds(theirs) / THEIR_PERIODS,
        "one path, events given": lambda: path(given, PERIODS, 1),
        "one path, events drawn inside": lambda: path(drawn, PERIODS, 1),
        "batch": lambda: path(drawn, BATCH_PERIODS, BATCH),
    }
    return in_turns(timed, REPEATS)


def measure() -> Iterator[Measurement]:
    """Report periods in a CPU second, and shares of stockpyl's time."""
    seconds = alone("benchmarks.stockpyl_ratio")
    stockpyl = seconds["stockpyl"]
    for name, each in seconds.items():
        yield summary(f"periods, {name}", [1 / second for second in each], "1 / CPU s")
    for name in ("one path, events given", "one path, events drawn inside", "batch"):
        limit = BATCH_LIMIT if name == "batch" else SINGLE_LIMIT
        yield ratio(f"CPU time of a period, {name} / stockpyl", seconds[name], stockpyl, limit)
        times_faster = [their / ours for their, ours in zip(stockpyl, seconds[name], strict=True)]
        yield summary(f"times faster, {name}", times_faster, "ratio")


BENCHMARK = Benchmark(
    "stockpyl_ratio", "three stages in a row, beside stockpyl in one process", measure, quick=False
)

if __name__ == "__main__":
    print(json.dumps(times()))
