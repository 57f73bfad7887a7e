"""The folder of a run: the policy, its settings, its curve, and how it ended."""

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from basestock.decision import Problem
from basestock.learning.checkpoints import BUDGET, CHECKPOINT, ResumeError, is_more, require_same
from basestock.learning.results import Point, TrainResult, ended_with_budget
from basestock.learning.saved import loaded_actor, saved_actor
from basestock.learning.settings import Settings
from basestock.learning.updates import POLICY_CHANGE
from basestock.network.toml_text import toml_value
from basestock.policies.saved import DAMAGES, read_policy

RUN_SCHEMA = "basestock.run/1"

RUN, CURVE, LOG = "run.json", "curve.jsonl", "updates.jsonl"
"""Files that tell how a run ended, which is written last, how it went, and what each of its updates told."""


def write_run(
    folder: Path, problem: Problem, result: TrainResult, made: Mapping[str, Any], facts: Mapping[str, Any]
) -> Path:
    """Write a finished run; every file whole.

    Parameters
    ----------
    folder
        Where to write; made if missing.
    problem
        The problem that was learned.
    result
        The run.
    made
        What makes it this run, as :func:`basestock.learning.checkpoints.identity` says.
    facts
        What else is known: seed, cost, gap, and the best value, money, that curves are drawn against (``reference``).

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
    _write_text(folder / "config.toml", as_toml(result.config, result.algorithm))
    for name, told in ((CURVE, map(dataclasses.asdict, result.curve)), (LOG, result.log)):
        _write_text(folder / name, "".join(json.dumps(_finite(each)) + "\n" for each in told))
    _write_scalars(folder, problem, result.curve)
    _write_picture(folder / "curve.png", problem, result, facts.get("reference"))
    document = {
        "schema": RUN_SCHEMA,
        "id": problem.name,
        "algorithm": result.algorithm,
        "updates": result.updates,
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "stopped": result.stopped,
        "selected": dict(result.selected),
        "made": dict(made),
        "budget": {name: result.config[name] for name in BUDGET},
        **facts,
    }
    _write_text(folder / RUN, json.dumps(_finite(document), indent=2) + "\n")
    return path


def _write_text(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def finished_run(
    folder: Path, problem: Problem, config: Settings, made: Mapping[str, Any]
) -> tuple[TrainResult, bool] | None:
    """Return a run that has finished, and whether it has been judged; nothing where there is more to learn.

    Parameters
    ----------
    folder, problem
        Where it is, and what is learned.
    config
        Settings that are asked for: with a larger budget, a run that ended with its budget goes on.
    made
        What makes it the run that is asked for, as :func:`basestock.learning.checkpoints.identity` says.

    Raises
    ------
    ResumeError
        If it is damaged, another run, or has nothing to go on from.
    """
    path = folder / RUN
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != RUN_SCHEMA:
            raise ValueError(f"its schema is {document['schema']!r}, must be {RUN_SCHEMA!r}")
        require_same(path, document["made"], made)
        budget = {name: document["budget"][name] for name in BUDGET}
        if is_more(config, budget) and ended_with_budget(document["stopped"]):
            if (folder / CHECKPOINT).exists():
                return None
            raise ResumeError(
                f"{folder}: a finished run without a checkpoint, must be asked for with its own budget, {budget}. "
                "Choose another folder."
            )
        policy = loaded_actor(read_policy(folder / f"{document['algorithm']}.zip"), problem)
        curve, log = ((folder / name).read_text("utf-8").splitlines() for name in (CURVE, LOG))
        config_then = {**dataclasses.asdict(config), **budget}
        names = "updates", "seconds", "cpu_seconds", "stopped", "selected"
        ended = (document[name] for name in names)
        points = tuple(_point(json.loads(line)) for line in curve)
        told = tuple(_numbers(json.loads(line)) for line in log)
        result = TrainResult(document["algorithm"], policy, config_then, points, *ended, log=told)
        return result, "cost" in document
    except ResumeError:
        raise
    except DAMAGES as error:
        raise ResumeError(
            f"{folder}: {error}; must be a finished run as it was written. Restore it, or choose another folder."
        ) from error


def _point(told: Mapping[str, Any]) -> Point:
    """Return a point of a curve from JSON."""
    return Point(told["seconds"], told["update"], _numbers(told["values"]))


def _numbers(told: Mapping[str, float | None]) -> dict[str, float]:
    """Return scalars from JSON, which has no word for numbers that are not finite."""
    return {name: math.nan if value is None else value for name, value in told.items()}


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


def episodic_return(problem: Problem, point: Point) -> float:
    """Return minus what a replication costs at a point of the curve, money: the sum of its rewards."""
    return -problem.sign * point.values["cost"] * (problem.horizon if problem.averages else 1.0)


def _write_scalars(folder: Path, problem: Problem, curve: Sequence[Point]) -> None:
    """Write the curve for TensorBoard, by the names that CleanRL uses, if its library is there."""
    try:
        from tensorboardX import SummaryWriter  # pyright: ignore[reportMissingImports]
    except ImportError:
        return
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    with SummaryWriter(str(folder), write_to_disk=True) as writer:
        for point in curve:
            at = int(point.values.get("charts/global_step") or point.update)
            values = {"episodic_return": episodic_return(problem, point), "seconds": point.seconds}
            for name, value in {**values, **point.values}.items():
                writer.add_scalar(name if "/" in name else f"charts/{name}", value, at)


def _write_picture(path: Path, problem: Problem, result: TrainResult, best: float | None) -> None:
    """Draw cumulative reward, cost, gap, and what every update told, if the library is there."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    lines = curves_of(problem, result, best)
    figure = Figure(figsize=(7, 2.2 * len(lines)), layout="constrained")
    panels = figure.subplots(len(lines), squeeze=False, sharex=True)[:, 0]
    for axes, (name, points) in zip(panels, lines.items(), strict=True):
        axes.plot(*zip(*points, strict=True), marker="o" if len(points) <= len(result.curve) else None)
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
    panels[0].set_title(f"{problem.name}: {result.algorithm}")
    panels[-1].set_xlabel("seconds")
    figure.savefig(path, dpi=120)


def curves_of(
    problem: Problem, result: TrainResult, best: float | None
) -> dict[str, list[tuple[float, float]]]:
    """Return what is drawn: seconds and a number at every point or update, by the label of the number.

    Parameters
    ----------
    problem, result
        What was learned, and how it went.
    best
        What gaps are stated against, money.
    """
    curve = result.curve

    def line(number: Callable[[Point], float | None]) -> list[tuple[float, float]]:
        found = [(point.seconds, number(point)) for point in curve]
        return [(seconds, value) for seconds, value in found if value is not None and math.isfinite(value)]

    def told(name: str) -> list[tuple[float, float]]:
        # Seconds of updates between two points follow from theirs.
        known = [each.update for each in curve], [each.seconds for each in curve]
        seconds = np.interp(np.arange(1, len(result.log) + 1), known[0], known[1])
        found = zip(seconds.tolist(), (each.get(name, math.nan) for each in result.log), strict=True)
        return [(at, value) for at, value in found if math.isfinite(value)]

    def gap(point: Point) -> float:
        return 100.0 * problem.sign * (point.values["cost"] - (best or 0.0)) / abs(best or 1.0)

    lines = {
        "cumulative reward": line(lambda point: episodic_return(problem, point)),
        problem.criterion.replace("_", " "): line(lambda point: point.values["cost"]),
        "gap %" if best else "change %": line(
            gap if best else lambda point: point.values.get("change_percent", None if point.update else 0.0)
        ),
        "reward while learning": told("charts/reward"),
        "entropy": told("losses/entropy"),
        "change of the policy": told(POLICY_CHANGE),
    }
    return {name: points for name, points in lines.items() if points}
