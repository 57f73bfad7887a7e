"""``python -m benchmarks [NAME ...] [--format table|json] [--list] [--gate]``."""

import argparse
import dataclasses
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence

from benchmarks.registry import Benchmark, Measurement, UnknownBenchmarkError, choose, find

GATE_NOT_MET = 5
USAGE = 2

Results = Mapping[str, Sequence[Measurement]]


def document(results: Results) -> dict[str, object]:
    """Return the results as one JSON document, with the machine that they hold for."""
    return {
        "schema": {"name": "benchmarks", "version": 1},
        "machine": {
            "python": platform.python_version(),
            "system": platform.system(),
            "cores": os.cpu_count(),
        },
        "benchmarks": [
            {
                "name": name,
                "measurements": [{**dataclasses.asdict(row), "ok": row.ok} for row in measurements],
            }
            for name, measurements in results.items()
        ],
    }


def lines(results: Results) -> list[str]:
    """Return the results as a table, aligned.

    Examples
    --------
    >>> rows = [Measurement("help", 0.2, "CPU s", 0.1, 0.3, limit=0.25)]
    >>> print(lines({"startup": rows})[1])
    startup    help          0.200   0.100 to 0.300   CPU s  <= 0.25 kept
    """
    rows = [("benchmark", "what", "median", "least to most", "unit", "limit")]
    for name, measurements in results.items():
        for row in measurements:
            limit = "" if row.limit is None else f"<= {row.limit:g} {'kept' if row.ok else 'NOT KEPT'}"
            spread = f"{row.least:.3f} to {row.most:.3f}"
            rows.append((name, row.what, f"{row.value:.3f}", spread, row.unit, limit))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    aligned = ("<", "<", ">", ">", ">", "<")
    return [
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, aligned, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which; the quick ones when none is named")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    parser.add_argument("--list", action="store_true", help="print which there are")
    parser.add_argument("--gate", action="store_true", help="exit 5 when a limit is not kept")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Run and print."""
    options = arguments(argv)
    known = find()
    if options.list:
        print(
            *(
                f"{name:20} {'quick' if known[name].quick else '     '} {known[name].about}"
                for name in sorted(known)
            ),
            sep="\n",
        )
        return 0
    try:
        chosen: list[Benchmark] = choose(options.names, known)
    except UnknownBenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return USAGE
    results = {benchmark.name: list(benchmark.run()) for benchmark in chosen}
    print(json.dumps(document(results), indent=2) if options.format == "json" else "\n".join(lines(results)))
    missed = any(not row.ok for measurements in results.values() for row in measurements)
    return GATE_NOT_MET if options.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
