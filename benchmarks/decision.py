"""How long a network that all slots share takes to decide for 400 perishable items at 11 places, warm, one replication.

What is timed is the whole policy: inputs of every slot from the observation, the network, whole quantities, the
decision. It runs on one thread, so that processor time is what a core with nothing else to do takes. Weights do not
change the time: none are learned here.
"""

import json
import time
from collections.abc import Iterator

import equinox as eqx
import jax
import numpy as np

from basestock.decision import Observation, Problem
from basestock.dynamics import blank_outcome
from basestock.envs import action_codec
from basestock.learning.gates import GatedActor
from basestock.learning.networks import Mlp
from basestock.learning.tokens import TokenEncoder
from basestock.problems.perishable_networks import pharmacy
from basestock.uncertainty import root_words
from benchmarks.alone import alone
from benchmarks.registry import Benchmark, Measurement

HIDDEN, REPEATS = (32, 32), 500
LIMIT_MS = 5.0
"""Most that a decision for all items may take, at the 99th percentile."""


def seen(problem: Problem) -> Observation:
    """Return what is seen at the declared start."""
    state, world, key = problem.start(1), problem.events.initial_world(1), jax.random.key(0)
    last = blank_outcome(problem.arrays, problem.sequence, problem.events, state, world, root_words(key))
    memory = problem.information.init(problem.arrays, 1)
    return problem.information.observe(problem.arrays, state, world, last, memory, key=key)[0]


def times() -> dict[str, list[float]]:
    """Return elapsed and processor seconds of decisions, and the number of slots."""
    problem = pharmacy()
    codec = action_codec(problem, "continuous")
    encoder = TokenEncoder.for_problem(problem, codec)
    network = Mlp.create((encoder.width, *HIDDEN, GatedActor.heads), jax.random.key(0), last=0.1)
    actor, observation = GatedActor.create(problem, encoder, codec, network), seen(problem)
    changing, fixed = eqx.partition(observation, eqx.is_array)

    @jax.jit
    def decide(changing: Observation) -> object:
        decision, _ = actor(eqx.combine(changing, fixed), None, key=jax.random.key(0))
        return decision.order

    jax.block_until_ready(decide(changing))
    elapsed, processor = [], []
    for _ in range(REPEATS):
        wall, own = time.perf_counter(), time.process_time()
        jax.block_until_ready(decide(changing))
        elapsed.append(time.perf_counter() - wall)
        processor.append(time.process_time() - own)
    return {"elapsed": elapsed, "processor": processor, "slots": [float(len(codec.slots))]}


def measure() -> Iterator[Measurement]:
    """Report the median and the 99th percentile of decisions."""
    told = alone("benchmarks.decision")
    what = f"decision of {told['slots'][0]:,.0f} slots"
    elapsed, processor = (1e3 * np.array(told[name]) for name in ("elapsed", "processor"))
    for name, share, limit in (("median", 0.5, None), ("99th percentile", 0.99, LIMIT_MS)):
        own, wall = float(np.quantile(processor, share)), float(np.quantile(elapsed, share))
        yield Measurement.counted(f"{what}: {name}", own, "CPU ms", limit)
        yield Measurement.counted(f"{what}: {name}, elapsed beside other work", wall, "ms")


BENCHMARK = Benchmark(
    "decision",
    "one decision for 400 items at 11 places by a shared network, against 5 ms at the 99th percentile",
    measure,
    quick=False,
)

if __name__ == "__main__":
    print(json.dumps(times()))
