"""The folder of a run: the policy, its settings, its curve, and how it ended."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from basestock.decision import Problem
from basestock.learning.results import Point, TrainResult
from basestock.learning.saved import saved_actor
from basestock.network.toml_text import toml_value

RUN_SCHEMA = "basestock.run/1"


def write_run(folder: Path, problem: Problem, result: TrainResult, facts: Mapping[str, Any]) -> Path:
    """Write a finished run; every file whole.

    Parameters
    ----------
    folder
        Where to write; made if missing.
    problem
        The problem that was learned.
    result
        The run.
    facts
        What else is known: seed, cost, gap.

    Returns
    -------
    pathlib.Path
        The file of the policy.

    Notes
    -----
    TensorBoard files and a picture of the curve are written where their libraries are installed
    (``basestock[track]``, ``basestock[plot]``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.algorithm}.zip"
    saved_actor(result.policy, problem, {"algorithm": result.algorithm, **facts}).write(path)
    (folder / "config.toml").write_text(as_toml(result.config, result.algorithm), encoding="utf-8")
    lines = [json.dumps(_finite(dataclasses.asdict(point))) for point in result.curve]
    (folder / "curve.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    document = {
        "schema": RUN_SCHEMA,
        "id": problem.name,
        "algorithm": result.algorithm,
        "updates": result.updates,
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "stopped": result.stopped,
        "selected": dict(result.selected),
        **facts,
    }
    (folder / "run.json").write_text(json.dumps(_finite(document), indent=2) + "\n", encoding="utf-8")
    _write_scalars(folder, result.curve)
    _write_picture(folder / "curve.png", problem, result)
    return path


def as_toml(settings: Mapping[str, Any], algorithm: str) -> str:
    """Return settings as TOML, those without a value as comments.

    Examples
    --------
    >>> print(as_toml({"seconds": 60.0, "updates": None, "hidden": (32, 32)}, "pathwise"), end="")
    # basestock train pathwise
    seconds = 60.0
    # updates: not set
    hidden = [32, 32]
    """
    lines = [f"# basestock train {algorithm}"]
    for name, value in settings.items():
        lines.append(f"# {name}: not set" if value is None else f"{name} = {toml_value(value)}")
    return "\n".join(lines) + "\n"


def _finite(value: Any) -> Any:
    """Return a document without numbers that JSON has no word for."""
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_scalars(folder: Path, curve: Sequence[Point]) -> None:
    """Write the curve for TensorBoard, if its library is there."""
    try:
        from tensorboardX import SummaryWriter  # pyright: ignore[reportMissingImports]
    except ImportError:
        return
    with SummaryWriter(str(folder), write_to_disk=True) as writer:
        for point in curve:
            for name, value in point.values.items():
                tag = name if "/" in name else f"charts/{name}"
                writer.add_scalar(tag, value, point.update)
            writer.add_scalar("charts/seconds", point.seconds, point.update)


def _write_picture(path: Path, problem: Problem, result: TrainResult) -> None:
    """Draw cost against time, if the library is there."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    seconds = [point.seconds for point in result.curve]
    axes.plot(seconds, [point.values["cost"] for point in result.curve], marker="o")
    axes.set(
        xlabel="seconds",
        ylabel=problem.criterion.replace("_", " "),
        title=f"{problem.name}: {result.algorithm}",
    )
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
