"""How long `basestock --help` takes, beside an empty interpreter, and what it imports."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import child_cpu_seconds, in_turns, ratio, summary
from benchmarks.registry import Benchmark, Measurement

HELP_LIMIT = 0.25
"""Seconds in which `basestock --help` answers."""

HEAVY = (
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "scipy",
    "polars",
    "numpy",
    "pydantic",
    "rich",
    "pandas",
    "torch",
)
REPEATS = 11


def commands() -> dict[str, list[str]]:
    """Return what is run in turns."""
    return {
        "basestock --help": [str(Path(sys.executable).with_name("basestock")), "--help"],
        "import basestock": [sys.executable, "-c", "import basestock"],
        "empty interpreter": [sys.executable, "-c", ""],
    }


def imported_by_help() -> list[str]:
    """Return the modules that `basestock --help` imports, from the interpreter's own account."""
    command = [sys.executable, "-X", "importtime", *commands()["basestock --help"]]
    account = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    lines = [line.split("|") for line in account.splitlines() if line.startswith("import time:")]
    return [
        parts[-1].strip() for parts in lines if len(parts) == 3 and parts[-1].strip() != "imported package"
    ]


def measure() -> Iterator[Measurement]:
    """Time the three, then count imports."""
    timed = {name: lambda command=command: child_cpu_seconds(command) for name, command in commands().items()}
    times = in_turns(timed, REPEATS)
    yield summary("basestock --help", times["basestock --help"], "CPU s", HELP_LIMIT)
    yield summary("import basestock", times["import basestock"], "CPU s")
    yield summary("empty interpreter", times["empty interpreter"], "CPU s")
    yield ratio("basestock --help / empty interpreter", times["basestock --help"], times["empty interpreter"])
    imported = imported_by_help()
    yield Measurement.counted("modules imported by basestock --help", len(imported), "modules")
    heavy = {name.split(".")[0] for name in imported} & set(HEAVY)
    what = "heavy libraries among them" + (f" ({', '.join(sorted(heavy))})" if heavy else "")
    yield Measurement.counted(what, len(heavy), "libraries", limit=0)


BENCHMARK = Benchmark("startup", "basestock --help beside an empty interpreter, and what it imports", measure)
