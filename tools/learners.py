"""Measures every learner on three tiny problems, and draws its curves for its page.

``python -m tools.learners [NAME ...]`` trains each learner with default settings and several seeds, by the command line
that everybody has. ``benchmarks/records/curves`` keeps what was measured, and what is there is not measured again;
``docs/images/learners`` has the pictures. ``tools.generate_docs`` writes the pages.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from basestock.optimal.mdp import optimize
from basestock.problems import make_problem
from tools.records import ROOT, Records

CURVES = Records("curves")
PICTURES = ROOT / "docs" / "images" / "learners"

TINY: dict[str, tuple[str, dict[str, str]]] = {
    "lost sales": ("lost_sales", {"lead_time": "1", "lost_sale_cost": "4", "mean": "3"}),
    "backorders": ("backorder", {"lead_time": "1", "fixed_order_cost": "0", "mean": "3"}),
    "perishable": ("perishable_single_class", {"mean": "3"}),
}
"""Problems with exact optima: family, and parameters that are not its defaults."""

FLOOR = 1e-3
"""Least gap that is drawn on the logarithmic axis, percent."""

GRID = 200
"""Times at which curves of seeds are put beside each other."""


def main(arguments: Sequence[str]) -> int:
    """Measure what records lack, and draw everything."""
    from basestock.learning.registry import ALGORITHMS

    parser = argparse.ArgumentParser(prog="python -m tools.learners", description=__doc__)
    parser.add_argument("names", nargs="*", help="learners; all if not given")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--budget-seconds", type=float, default=20.0)
    told = parser.parse_args(arguments)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in told.names or ALGORITHMS:
        known = CURVES.read(name)
        for label in TINY:
            if label not in known:
                print(f"{name}: {label}", file=sys.stderr)
                CURVES.add(name, label, measured(name, label, told.seeds, told.budget_seconds))
        draw(name, {label: each["found"] for label, each in CURVES.read(name).items()})
    return 0


def command(name: str, label: str, seeds: int, seconds: float) -> list[str]:
    """Return the words of the command that trains a learner on a tiny problem."""
    family, parameters = TINY[label]
    given = [word for key, value in parameters.items() for word in ("--set", f"{key}={value}")]
    budget = ["--seeds", str(seeds), "--budget-seconds", f"{seconds:g}"]
    return ["basestock", "train", name, "--problem", family, *given, *budget]


def measured(name: str, label: str, seeds: int, seconds: float) -> dict[str, Any]:
    """Train, and return what every seed came to: its exact gap, and the gap on events of selection along its run."""
    family, parameters = TINY[label]
    problem = make_problem(family, parameters)
    best = optimize(problem, max_bytes=1 << 30, max_seconds=60.0).value
    words = command(name, label, seeds, seconds)
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, "-m", *words, "--out", folder, "--format", "json"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        runs = [_seed(run, problem.sign, best) for run in json.loads(ran.stdout)["runs"]]
    cores = len(os.sched_getaffinity(0))
    return {"command": " ".join(words), "cores": cores, "optimum": best, "seconds": seconds, "runs": runs}


def _seed(run: Mapping[str, Any], sign: float, best: float) -> dict[str, Any]:
    folder = Path(run["policy_dir"])
    lines = (folder / "curve.jsonl").read_text(encoding="utf-8").splitlines()
    points = [(each["seconds"], each["values"]["cost"]) for each in map(json.loads, lines)]
    kept = {key: run[key] for key in ("seed", "gap_percent", "half_width", "seconds", "cpu_seconds")}
    ended = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    curve = [[round(at, 2), round(100.0 * sign * (cost - best) / abs(best), 4)] for at, cost in points]
    return {**kept, "updates": ended["updates"], "curve": curve}


def draw(name: str, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw the median and the range over seeds of the gap along the runs, a panel a problem."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # Ids of elements follow from the content, so that the same record gives the same file.
    mpl.rcParams["svg.hashsalt"] = "basestock"
    figure = Figure(figsize=(9.0, 2.8), layout="constrained")
    for axes, label in zip(figure.subplots(1, len(TINY), sharey=True), TINY, strict=True):
        axes.set_title(label)
        axes.set_xlabel("seconds, compiling included")
        axes.grid(alpha=0.3)
        axes.set_yscale("log")
        if label not in found:
            continue
        times = np.linspace(0.0, found[label]["seconds"], GRID)
        seeds = np.stack([along(run["curve"], times) for run in found[label]["runs"]])
        there = ~np.isnan(seeds).any(0)
        gaps = np.maximum(seeds[:, there], FLOOR)
        axes.fill_between(times[there], gaps.min(0), gaps.max(0), alpha=0.25, linewidth=0)
        axes.plot(times[there], np.median(gaps, 0))
    figure.axes[0].set_ylabel("over the optimum, %")
    figure.savefig(PICTURES / f"{name}.svg", metadata={"Date": None})


def along(curve: Sequence[Sequence[float]], times: np.ndarray) -> np.ndarray:
    """Return the least gap so far at some times; nothing before the first point."""
    at, gaps = np.array(curve).T
    least = np.minimum.accumulate(gaps)
    last = np.searchsorted(at, times, side="right") - 1
    return np.where(last >= 0, least[np.maximum(last, 0)], np.nan)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
