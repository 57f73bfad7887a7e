"""The command backtest: the end of a history, or a problem, played under several policies."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import GATE, USAGE, CommandError, require_known
from basestock.cli.gate import Requirement, judged, read_gate
from basestock.cli.options import (
    Items,
    Locations,
    Policies,
    Reading,
    Reference,
    SourceOrProblem,
    names,
    pattern,
)
from basestock.cli.output import Answer, estimates_frame, give, require_free
from basestock.cli.planning import require_policies
from basestock.cli.problem import InstanceId, Instances, ProblemName, chosen_problem, play, policies_text
from basestock.cli.reading import read, require_tables, stop_for_data
from basestock.cli.settings import problem_parameters

if TYPE_CHECKING:
    import polars as pl

    from basestock.data.dataset import Dataset
    from basestock.decision import Problem

PREFIX = "problem:"
"""A source that begins so names a problem instead of an export."""

KPIS = ("saving", "fill_rate_value", "average_inventory_value", "stockout_periods", "order_lines")
"""Key figures of a replay that a person sees if none are named."""

RECORD = "report.json"

PROBLEM_KPIS = ("fill_rate", "average_on_hand")


@command
def backtest(
    reading: Reading,
    common: Common,
    source: SourceOrProblem = None,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    policy: Policies = None,
    reference: Reference = None,
    folds: Annotated[
        int, typer.Option("--folds", metavar="N", min=1, help="Windows, each replayed from a fresh start.")
    ] = 1,
    horizon: Annotated[
        float | None,
        typer.Option(
            "--horizon", metavar="DAYS", min=1, help="Days of all windows; the last fifth if not given."
        ),
    ] = None,
    replications: Annotated[
        int, typer.Option("--replications", metavar="N", min=2, help="Independent replications of a problem.")
    ] = 200,
    kpi: Annotated[
        list[str] | None,
        typer.Option("--kpi", metavar="NAME", help="Key figures to show; repeatable, or with commas."),
    ] = None,
    gate: Annotated[
        Path | None,
        typer.Option("--gate", metavar="FILE", help="TOML file of bounds; exit 5 if one is not met."),
    ] = None,
    items: Items = None,
    locations: Locations = None,
) -> None:
    """Replay the end of the history under several policies, and say which saves money.

    SOURCE may be problem:NAME, for which --problem NAME stands as well; --instances FILE --id ID plays an instance.
    Writes report.html, report.json and traces.parquet into --out (runs/AS-OF-RUN).
    """
    required = [] if gate is None else read_gate(gate)
    if common.out is not None:
        require_free(common.out, RECORD, "basestock.backtest/")
    shown = names(kpi, ())
    if source is not None and source.startswith(PREFIX) and problem is None:
        source, problem = None, source.removeprefix(PREFIX)
    if source is None or (problem, instances, id_) != (None, None, None):
        if source is not None:
            raise CommandError("must be a SOURCE, or a problem; not both.", USAGE)
        result = _of_problem(
            chosen_problem(problem, instances, id_, common), policy, reference, replications, common
        )
        _finish(result, required, shown or PROBLEM_KPIS, bool(shown), common)
        _stop_for_gate(result.document)
        return
    chosen, against = names(policy, ("marginal",)), reference or "current"
    require_policies(common, *chosen, against)
    data = read(source, reading, common)
    require_tables(data, "replay")
    result = _of_history(
        data,
        {"policies": chosen, "reference": against, "folds": folds, "horizon_days": horizon},
        {"items": pattern(items, "--items"), "locations": pattern(locations, "--locations")},
        common.seed or 0,
    )
    common.finished("replay")
    _finish(result, required, shown or KPIS, bool(shown), common)
    stop_for_data(data, common, "this backtest")
    _stop_for_gate(result.document)


@dataclasses.dataclass(frozen=True, eq=False)
class _Result:
    """What a backtest has come to.

    Parameters
    ----------
    document
        The document, without the run that it belongs to.
    inputs_sha, asked
        What it was made from.
    name
        Beginning of the folder's name: the day of the data, or the problem.
    traces
        Makes the rows of ``traces.parquet``.
    """

    document: dict[str, Any]
    inputs_sha: str
    asked: dict[str, Any]
    name: str
    traces: Callable[[], "pl.DataFrame"]


def _of_history(data: "Dataset", settings: dict[str, Any], selection: dict[str, Any], seed: int) -> _Result:
    """Replay the end of a history."""
    from basestock.data.calibration import calibrate
    from basestock.operations.backtest import BacktestSettings, play_window
    from basestock.operations.backtest_folder import traces_frame

    played = play_window(calibrate(data, **selection), BacktestSettings(**settings, seed=seed))
    asked = {**settings, **selection, "seed": seed}
    name = data.as_of.isoformat()
    return _Result(played.document(), data.inputs_sha, asked, name, lambda: traces_frame(played))


def _finish(
    result: _Result, required: list[Requirement], shown: tuple[str, ...], asked_for: bool, common: Common
) -> None:
    """Write and print."""
    document = result.document
    known = document["policies"][0]["kpis"]
    if asked_for:
        for name in shown:
            require_known("--kpi", name, known)
    shown = tuple(name for name in shown if name in known)
    if required:
        document["gate"] = judged(required, document)
    folder = _write(result, common)
    common.out = None
    frame = lambda: estimates_frame(document["policies"])  # noqa: E731
    give(Answer(document, lambda: _text(document, shown, folder), frame), common)


def _stop_for_gate(document: dict[str, Any]) -> None:
    """Leave with the code of the gate if a bound is not met."""
    missed = [each for each in document.get("gate", []) if not each["met"]]
    if missed:
        told = "; ".join(
            f"{each['kpi']} is at least {each['found']}, must be {each['lower_95']}" for each in missed
        )
        raise CommandError(f"the gate is not met by {document['verdict']['policy']}: {told}.", GATE)


def _write(result: _Result, common: Common) -> Path:
    """Write the folder of a backtest; the same one may be there already."""
    from basestock.operations.backtest_folder import backtest_identity, write_backtest
    from basestock.operations.run_folder import default_folder

    document = result.document
    asked = {**result.asked, "gate": document.get("gate")}
    document["run"] = run = backtest_identity(result.inputs_sha, asked)
    target = common.out or default_folder(result.name, run["id"])
    record = target / RECORD
    if not record.is_file():
        write_backtest(document, result.traces(), target)
    elif json.loads(record.read_text(encoding="utf-8")) != json.loads(json.dumps(document)):
        message = f"--out {target} holds another backtest; choose another folder, or remove it first."
        raise CommandError(message, USAGE)
    common.finished("write")
    common.wrote(target, "backtest folder")
    return target


def _of_problem(
    problem: "Problem", policy: list[str] | None, reference: str | None, replications: int, common: Common
) -> _Result:
    """Play a problem: fresh events stand in for history."""
    from basestock.operations.backtest_folder import replication_traces
    from basestock.operations.plan_settings import content_sha

    against = reference or "base_stock"
    chosen = names(policy, ("marginal",))
    report = play(problem, tuple(dict.fromkeys((*chosen, against))), common, replications=replications)
    rows = report.to_dict()["policies"]
    parameters = problem_parameters(common.context, common.entries)
    asked = {"policies": chosen, "reference": against, **report.provenance}
    document = {
        "schema": "basestock.backtest/1",
        "id": report.id,
        "window": {name: report.provenance[name] for name in ("periods", "warm_up", "replications", "seed")},
        "folds": 1,
        "reference": against,
        "policies": rows,
        "verdict": _verdict(rows[0], against, str(report.provenance["sense"])),
    }
    inputs = {"problem": problem.name, **{name: repr(each) for name, each in problem.parameters.items()}}
    sha, place = content_sha({**inputs, **parameters}), problem.name.replace("/", "-")
    return _Result(document, sha, asked, place, lambda: replication_traces(report))


def _verdict(row: dict[str, Any], against: str, sense: str) -> dict[str, Any]:
    none = {"mean": 0.0, "half_width": 0.0, "n": row["total"]["n"]}
    saving = dict(row["versus"].get(against, none))
    saving["mean"] *= -1.0 if sense == "min" else 1.0
    low, high = saving["mean"] - saving["half_width"], saving["mean"] + saving["half_width"]
    return {
        "policy": row["policy"],
        "reference": against,
        "outcome": "better" if low > 0 else "worse" if high < 0 else "no difference shown",
        "saving": saving,
        "rule": "better or worse only if the 95 % interval of the paired saving excludes 0",
    }


def _text(document: dict[str, Any], shown: tuple[str, ...], folder: Path) -> str:
    window, verdict = document["window"], document["verdict"]
    if "start" in window:
        title = f"{window['start']} to {window['end']}, {document['lines']} lines, in {document['currency']}:"
    else:
        title = f"{document['id']}, {window['replications']} replications of {window['periods']} periods:"
    judgement = (
        f"{verdict['policy']} against {verdict['reference']}: {verdict['outcome']} ({verdict['rule']})."
    )
    found = policies_text(title, document["policies"], shown)
    parts = [found, judgement, document.get("leakage", ""), f"Report: {folder / 'report.html'}"]
    return "\n\n".join(part for part in parts if part)
