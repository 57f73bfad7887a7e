"""`basestock plan` from a cold start at several sizes: elapsed and processor seconds, memory, and how both grow.

The export is synthetic: weekly demand of two years at ten places. Everything is counted that a user waits for:
starting the interpreter, loading, forecasting, deciding, pricing, and writing the run folder with its report. Programs
compiled by earlier runs are not used: the cache lies in a new folder each time.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.registry import Benchmark, Measurement

SIZES = (1_000, 10_000, 50_000)
"""Item-locations."""

NUM_WEEKS = 104
PROMISED = 10_000
"""The size that the limits below are promised for, on two cores."""

WALL_LIMIT = 45.0
MEMORY_LIMIT = 4.0
GROWTH_LIMIT = 1.3
"""Most that seconds per added item-location may grow from one step of sizes to the next: linear, with some noise."""


class Cost(NamedTuple):
    """What one run took."""

    wall: float
    cpu: float
    gibibytes: float


def plan_cost(export: Path, folder: Path) -> Cost:
    """Plan an export in a process of its own, with nothing compiled before.

    Raises
    ------
    subprocess.CalledProcessError
        When it fails: a failure is never a fast success.
    """
    command = [str(Path(sys.executable).with_name("basestock")), "plan", str(export)]
    settings = {**os.environ, "BASESTOCK_CACHE": str(folder / "cache"), "JAX_PLATFORMS": "cpu"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--out", str(folder / "run"), "--quiet"], stdout=subprocess.DEVNULL, env=settings
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(wall, usage.ru_utime + usage.ru_stime, _gibibytes(usage))


def _gibibytes(usage: resource.struct_rusage) -> float:
    """Return the peak resident memory; Linux counts kibibytes, macOS bytes."""
    return usage.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def measure() -> Iterator[Measurement]:
    """Plan every size once, and compare what added item-locations cost."""
    from basestock.data.synthetic import write_weekly

    costs: dict[int, Cost] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="plan-scale-") as name:
            export = Path(name) / "export"
            write_weekly(export, size, NUM_WEEKS)
            cost = costs[size] = plan_cost(export, Path(name))
        promised = size == PROMISED
        what = f"plan, {size:,} item-locations"
        yield Measurement.counted(f"{what}: elapsed", cost.wall, "s", WALL_LIMIT if promised else None)
        yield Measurement.counted(f"{what}: processor", cost.cpu, "CPU s")
        yield Measurement.counted(
            f"{what}: peak memory", cost.gibibytes, "GiB", MEMORY_LIMIT if promised else None
        )
    yield from _growth(costs)


def _growth(costs: dict[int, Cost]) -> Iterator[Measurement]:
    """Compare the processor seconds of an added item-location between the steps of sizes."""
    small, middle, large = SIZES
    early = (costs[middle].cpu - costs[small].cpu) / (middle - small)
    late = (costs[large].cpu - costs[middle].cpu) / (large - middle)
    yield Measurement.counted("an added item-location, first step", 1e3 * early, "CPU ms")
    yield Measurement.counted("an added item-location, second step", 1e3 * late, "CPU ms")
    yield Measurement.counted("second step / first step", late / early, "ratio", GROWTH_LIMIT)


BENCHMARK = Benchmark(
    "plan_scale", "basestock plan at 1,000, 10,000 and 50,000 item-locations", measure, quick=False
)
