"""How the exact solver grows with the number of components of an assembly system, which it solves one by one."""

import math
import sys
import time
from collections.abc import Iterator

from basestock.decision import Problem
from basestock.optimal.mdp import optimize
from basestock.problems.assembly import assembly_problem
from basestock.uncertainty import Discrete
from benchmarks.registry import Benchmark, Measurement

COMPONENTS = (1, 2, 3, 5, 10, 20)
"""Numbers of components [N]."""

DEMAND = Discrete((0.0, 1.0), (0.4, 0.6))
LEAD_TIME = {1: 0.5, 2: 0.5}
MAX_ORDER, HORIZON = 3, 10


def assembly(count: int) -> Problem:
    """Return an assembly system of a number of components, alike but for what they cost."""
    return assembly_problem(
        f"assembly of {count}",
        consumption=(1.0,) * count,
        law=DEMAND,
        lead_times=(LEAD_TIME,) * count,
        max_order=(MAX_ORDER,) * count,
        costs={
            "holding": [1.0 + at for at in range(count)],
            "backorder": [10.0 + 2 * at for at in range(count)],
        },
        initial_stock=(0.0,) * count,
        horizon=HORIZON,
    )


def measure() -> Iterator[Measurement]:
    """Yield states, joint actions and seconds by number of components; all components are alike but for their cost."""
    for count in COMPONENTS:
        problem = assembly(count)
        began = time.perf_counter()
        found = optimize(problem)
        seconds = time.perf_counter() - began
        listed = float(found.pieces.num_states)
        together = sum(math.log10(process.num_states) for process in found.pieces.processes)
        yield Measurement.counted(f"N = {count}: states listed", listed, "states")
        yield Measurement.counted(f"N = {count}: joint states, power of ten", round(together, 2), "log10")
        yield Measurement.counted(
            f"N = {count}: joint actions, power of ten", count * math.log10(MAX_ORDER + 1), "log10"
        )
        yield Measurement(f"N = {count}: time", seconds, "s", seconds, seconds)


BENCHMARK = Benchmark(
    "exact_scaling", "states, actions and time of exact optima by number of components", measure, quick=False
)


def main(arguments: list[str]) -> int:
    """Draw states and seconds by number of components into a file: ``python -m benchmarks.exact_scaling FILE.svg``."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    found = {measurement.what: measurement.value for measurement in measure()}
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for axis, what, unit in zip(axes, ("states listed", "time"), ("states", "seconds"), strict=True):
        axis.plot(COMPONENTS, [found[f"N = {count}: {what}"] for count in COMPONENTS], marker="o")
        axis.set(xlabel="components N", ylabel=unit, ylim=(0, None))
        axis.grid(visible=True, alpha=0.3)
    figure.savefig(arguments[0], metadata={"Date": None})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
