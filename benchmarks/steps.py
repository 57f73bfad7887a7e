"""How many decisions a second PPO learns from, and how long five million of them take, by kind of device.

A run as it is, with the points of its curve; compiling, which its first update waits for, is left out.
"""

import json
import subprocess
import sys
from collections.abc import Iterator

from basestock.learning import learn, run_key
from basestock.problems import lost_sales
from benchmarks.alone import alone
from benchmarks.registry import Benchmark, Measurement

PLATFORMS = {"cpu": "processor, one thread", "cuda": "graphics processor"}
"""Kinds of devices, by the names that JAX has for them."""

STEPS = 5_000_000
"""Decisions of a long run."""

UNHURRIED, UPDATES = 3600.0, 100
"""Seconds that the run may take, and its updates."""

LIMIT_HOURS = 1.0
"""What a long run may take."""


def rate() -> float:
    """Return the decisions of a second, after the first point of the curve that is learned."""
    settings = {"seconds": UNHURRIED, "updates": UPDATES}
    curve = learn(lost_sales(), "ppo", key=run_key(0), settings=settings).curve
    first, *_, last = (point for point in curve if point.update)
    steps = last.values["charts/global_step"] - first.values["charts/global_step"]
    return steps / (last.seconds - first.seconds)


def measure() -> Iterator[Measurement]:
    """Report decisions of a second and hours of a long run, on every kind of device that answers."""
    for platform, told in PLATFORMS.items():
        try:
            (found,) = alone("benchmarks.steps", environment={"JAX_PLATFORMS": platform})["rate"]
        except subprocess.CalledProcessError:
            print(f"steps: JAX finds no {told} here.", file=sys.stderr)
            continue
        yield Measurement.counted(f"decisions learned from, {told}", found, "1 / s")
        yield Measurement.counted(
            f"{STEPS:,} decisions, {told}", STEPS / found / 3600.0, "hours", limit=LIMIT_HOURS
        )


BENCHMARK = Benchmark(
    "steps", "decisions a second that PPO learns from, by kind of device", measure, quick=False
)

if __name__ == "__main__":
    print(json.dumps({"rate": [rate()]}))
