"""What is compiled twice: nothing, on a rewired network, on a slightly larger one, or in a second process."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator

import jax
import jax.numpy as jnp

from basestock.decision import Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import make_tariff
from basestock.evaluation.run import play
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.policies.levels import BaseStock
from basestock.policies.search import fit
from basestock.uncertainty import Poisson, Uncertainty
from benchmarks.alone import alone
from benchmarks.registry import Benchmark, Measurement

COMPILED = "/jax/core/compile/backend_compile_duration"
NOT_IN_CACHE = "/jax/compilation_cache/cache_misses"
SEEN: Counter[str] = Counter()


def watch() -> None:
    """Count what JAX compiles and what it does not find in the cache on disk."""
    jax.monitoring.register_event_duration_secs_listener(_count_duration)
    jax.monitoring.register_event_listener(_count)


def _count(event: str, **_: str | int) -> None:
    SEEN[event] += 1


def _count_duration(event: str, duration_secs: float, **_: str | int) -> None:
    SEEN[event] += 1


def problem(num_items: int, links: tuple[tuple[str, str], ...]) -> Problem:
    """Return a center and two shops with the given internal lanes."""
    items = tuple(f"i{k}" for k in range(num_items))
    lanes = [Lane("supplier", "center", name="inbound", lead_time=2)]
    lanes += [Lane(source, target, name=f"l{k}", lead_time=1) for k, (source, target) in enumerate(links)]
    network = SupplyNetwork(
        items=tuple(Item(name) for name in items),
        nodes=(Node("center"), Node("north"), Node("south")),
        suppliers=(Supplier("supplier"),),
        lanes=tuple(lanes),
        unmet="lost",
    )
    demand = {(shop, item): Poisson(4.0) for shop in ("north", "south") for item in items}
    tariff = make_tariff(network, holding=1.0, lost_sale=9.0)
    return Problem("two shops", network, Uncertainty(demand), tariff, horizon=20)


STAR = (("center", "north"), ("center", "south"))
CHAIN = (("center", "north"), ("north", "south"))
BASE, REWIRED, LARGER = (33, STAR), (33, CHAIN), (36, STAR)


def closing_stock(carry: None, step: Step) -> tuple[None, jax.Array | None]:
    """Trace the stock at the end of each period."""
    return carry, step.outcome.closing


def run_simulate(asked: Problem) -> None:
    """Simulate the problem."""
    policy = BaseStock(jnp.full((asked.arrays.num_nodes, asked.arrays.num_items, 1), 12.0))
    simulate(
        game(asked),
        policy,
        asked.start(2),
        key=jax.random.key(0),
        num_periods=20,
        fold=closing_stock,
        initial=None,
    )


def run_play(asked: Problem) -> None:
    """Evaluate a policy on the problem."""
    policy = BaseStock(jnp.full((asked.arrays.num_nodes, asked.arrays.num_items, 1), 12.0))
    play(asked, policy, replications=2, seed=0)


def run_fit(asked: Problem) -> None:
    """Fit a policy to the problem."""
    fit(asked, "base_stock", replications=2, seed=0)


ENTRY_POINTS = {"decision.simulate": run_simulate, "evaluation.play": run_play, "policies.fit": run_fit}


def counts() -> dict[str, list[float]]:
    """Return how many programs each entry point compiles: at first, then rewired, then with three items more."""
    watch()
    found: dict[str, list[float]] = {}
    for name, run in ENTRY_POINTS.items():
        for shape in (BASE, REWIRED, LARGER):
            before = SEEN[COMPILED]
            run(problem(*shape))
            found.setdefault(name, []).append(SEEN[COMPILED] - before)
    return {**found, "not in the cache": [SEEN[NOT_IN_CACHE]]}


def measure() -> Iterator[Measurement]:
    """Run twice, the second time with what the first left in the cache on disk."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "JAX_COMPILATION_CACHE_DIR": folder,
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        }
        first, second = (alone("benchmarks.recompilation", environment=settings) for _ in range(2))
    for name in ENTRY_POINTS:
        base, rewired, larger = first[name]
        yield Measurement.counted(f"{name}: first problem", base, "programs")
        yield Measurement.counted(f"{name}: rewired", rewired, "programs", limit=0)
        yield Measurement.counted(f"{name}: three items more", larger, "programs", limit=0)
    yield Measurement.counted("first process: not in the cache", first["not in the cache"][0], "programs")
    yield Measurement.counted(
        "second process: not in the cache", second["not in the cache"][0], "programs", limit=0
    )


BENCHMARK = Benchmark(
    "recompilation",
    "programs compiled for a network of the same shape, and in a second process",
    measure,
    quick=False,
)

if __name__ == "__main__":
    print(json.dumps(counts()))
