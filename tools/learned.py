"""Measures what learning reaches on published instances, and writes docs/learned.md.

``python -m tools.learned ID ...`` trains with several seeds by the command line that everybody has, each instance with
an empty cache of compiled programs, so that its first seed compiles. An id is that of an instance, or the name of a
problem, with parameters as ``NAME:KEY=VALUE,KEY=VALUE``. ``benchmarks/records/learned`` keeps what was measured, and
what is there is not measured again. ``--page`` writes the page alone.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tools.records import ROOT, Records

INSTANCES = ROOT.parent / "shared" / "benchmarks" / "instances.json"
TARGET = ROOT / "docs" / "learned.md"
LEARNED = Records("learned")

HEAD = """\
# What learning reaches

Written by `python -m tools.learned`. Every row is one command, `basestock train auto` with default settings, in a
process of its own: which learner that is follows from the structure of the problem, and no setting belongs to an
instance. Programs that other runs compiled are not there; the first seed compiles, within its budget, and the others
find what it compiled. Each seed is chosen and judged as every run is: on events of its own, and the value of the
instance is computed when all have ended.

Gaps are over the optimum where the certificate is `exact`, else over a proven bound, and then too large; in percent of
the value, and in brackets of what a policy can change: the value without the purchase of mean demand. Where a policy is
simulated, ± is the 95 % half-width of its gap.

Processor seconds are the mean of a seed, on as many cores as the row says.
"""


def main(arguments: Sequence[str]) -> int:
    """Measure what records lack, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tools.learned", description=__doc__)
    parser.add_argument("ids", nargs="*", help="instances, or problems")
    parser.add_argument("--learner", default="auto")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget-seconds", type=float, default=60.0)
    parser.add_argument("--page", action="store_true", help="measure nothing")
    told = parser.parse_args(arguments)
    for name in [] if told.page else told.ids:
        family = name.split("/")[0].split(":")[0]
        label = f"{name} {told.learner} {told.budget_seconds:g} s"
        if label in LEARNED.read(family):
            continue
        print(label, file=sys.stderr, flush=True)
        found = measured(name, told.learner, told.seeds, told.budget_seconds)
        print(_told(found), file=sys.stderr, flush=True)
        LEARNED.add(family, label, found)
    TARGET.write_text(page(LEARNED), encoding="utf-8")
    return 0


def command(name: str, learner: str, seeds: int, seconds: float) -> list[str]:
    """Return the words of the command that trains on an instance or a problem."""
    if "/" in name:
        asked = ["--instances", str(INSTANCES), "--id", name]
    else:
        problem, _, given = name.partition(":")
        pairs = [word for pair in given.split(",") if pair for word in ("--set", pair)]
        asked = ["--problem", problem, *pairs]
    return ["train", learner, *asked, "--seeds", str(seeds), "--budget-seconds", f"{seconds:g}"]


def measured(name: str, learner: str, seeds: int, seconds: float) -> dict[str, Any]:
    """Train, and return what every seed came to; what stopped it where it failed."""
    words = command(name, learner, seeds, seconds)
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, "-m", "basestock", *words, "--out", f"{folder}/runs", "--format", "json"],
            capture_output=True, text=True, check=False,
            env={**os.environ, "BASESTOCK_CACHE": f"{folder}/compiled"},
        )  # fmt: skip
    known = {"seeds": seeds, "seconds": seconds, "cores": len(os.sched_getaffinity(0))}
    if ran.returncode:
        return {**known, "failed": ran.stderr.strip().splitlines()[-1:]}
    told = json.loads(ran.stdout)
    runs = [{key: value for key, value in run.items() if key != "policy_dir"} for run in told["runs"]]
    kept = ("algorithm", "value", "lower", "upper", "certificate", "criterion", "sense")
    return {**known, **{key: told[key] for key in kept if key in told}, "runs": runs}


def _told(found: Mapping[str, Any]) -> str:
    if "runs" not in found:
        return f"failed: {found['failed']}"
    gaps = [run["gap_percent"] for run in found["runs"]]
    return f"{found['algorithm']}: {gaps}"


def page(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the page as Markdown."""
    families: dict[str, list[Mapping[str, Any]]] = {}
    for line in records:
        families.setdefault(line["id"].split(" ")[0].split("/")[0].split(":")[0], []).append(line)
    parts = [HEAD]
    if not families:
        parts.append("Nothing was measured yet.\n")
    for family, lines in families.items():
        parts.append(f"## {family}\n\n" + "\n".join(_table(lines)) + "\n")
    return "\n".join(parts)


def _table(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    head = [
        "instance", "learner", "seconds", "seeds", "value", "certificate", "median gap %", "worst gap %",
        "processor s", "cores", "computed",
    ]  # fmt: skip
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    for line in lines:
        found, name = line["found"], line["id"].split(" ")[0].split("/")[-1]
        if "runs" not in found:
            yield f"| {name} | | {found['seconds']:g} | {found['seeds']} | | failed | | | | | {line['computed']} |"
            continue
        runs = found["runs"]
        cells = [
            name,
            found["algorithm"],
            f"{found['seconds']:g}",
            str(len(runs)),
            _value(found),
            str(found.get("certificate", "")).replace("_", " "),
            *_gaps(runs),
            f"{statistics.mean(run['cpu_seconds'] for run in runs):.0f}",
            str(found["cores"]),
            line["computed"],
        ]
        yield f"| {' | '.join(cells)} |"


def _value(found: Mapping[str, Any]) -> str:
    known = [found[key] for key in ("value", "lower", "upper") if found.get(key) is not None]
    return f"{known[0]:.6g}" if known else ""


def _gaps(runs: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the median and the worst gap over seeds, with half-widths; costs where there is nothing to compare."""
    key = "gap_percent" if runs[0]["gap_percent"] is not None else "cost"
    ordered = sorted(runs, key=lambda run: run[key])
    middle = statistics.median_low(range(len(ordered)))
    return _gap(ordered[middle], key), _gap(ordered[-1], key)


def _gap(run: Mapping[str, Any], key: str) -> str:
    half = run["half_width"] if key == "cost" else 100.0 * run["half_width"] / abs(run["cost"] or 1.0)
    told = f"cost {run[key]:.6g}" if key == "cost" else f"{run[key]:.4f}"
    apart = run["controllable_gap_percent"]
    return told + (f" ± {half:.2g}" if half else "") + ("" if apart is None else f" ({apart:.4f})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
