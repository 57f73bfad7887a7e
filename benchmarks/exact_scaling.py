"""How the exact solver grows with the number of components of an assembly system, which it solves one by one."""

import math
import time
from collections.abc import Iterator

from basestock.optimal.mdp import optimize
from basestock.problems.assembly import assembly_problem
from basestock.uncertainty import Discrete
from benchmarks.registry import Benchmark, Measurement

COMPONENTS = (1, 2, 3, 5, 10, 20)
"""Numbers of components [N]."""

DEMAND = Discrete((1.0, 2.0, 3.0), (0.3, 0.5, 0.2))
LEAD_TIME = {1: 0.3, 2: 0.5, 3: 0.2}
HORIZON = 20


def measure() -> Iterator[Measurement]:
    """Yield states, joint actions and seconds by number of components; all components are alike but for their cost."""
    for count in COMPONENTS:
        problem = assembly_problem(
            f"assembly of {count}",
            consumption=(1.0,) * count,
            law=DEMAND,
            lead_times=(LEAD_TIME,) * count,
            max_order=(9,) * count,
            costs={
                "holding": [1.0 + at for at in range(count)],
                "backorder": [10.0 + 2 * at for at in range(count)],
            },
            initial_stock=(0.0,) * count,
            horizon=HORIZON,
        )
        began = time.perf_counter()
        found = optimize(problem)
        seconds = time.perf_counter() - began
        listed = float(found.pieces.num_states)
        together = sum(math.log10(process.num_states) for process in found.pieces.processes)
        yield Measurement.counted(f"N = {count}: states listed", listed, "states")
        yield Measurement.counted(f"N = {count}: joint states, power of ten", round(together, 2), "log10")
        yield Measurement.counted(f"N = {count}: joint actions, power of ten", float(count), "log10")
        yield Measurement(f"N = {count}: time", seconds, "s", seconds, seconds)


BENCHMARK = Benchmark(
    "exact_scaling", "states, actions and time of exact optima by number of components", measure, quick=False
)
