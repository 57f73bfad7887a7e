"""The command backtest: the end of a history, or a problem, played under several policies."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import GATE, USAGE, CommandError, require_known
from basestock.cli.gate import Requirement, judged, read_gate
from basestock.cli.options import Items, Locations, Policies, Reading, Reference, Source, names, pattern
from basestock.cli.output import Answer, estimates_frame, give, require_free
from basestock.cli.planning import require_policies
from basestock.cli.problem import named_problem, play, policies_text
from basestock.cli.reading import read, require_tables, stop_for_data

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset

PREFIX = "problem:"
"""A source that begins so names a problem instead of an export."""

KPIS = ("saving", "fill_rate_value", "average_inventory_value", "stockout_periods", "order_lines")
"""Key figures of a replay that a person sees if none are named."""

PROBLEM_KPIS = ("fill_rate", "average_on_hand")


@command
def backtest(
    source: Source,
    reading: Reading,
    common: Common,
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

    SOURCE may be problem:NAME. --out takes report.html and report.json.
    """
    required = [] if gate is None else read_gate(gate)
    if common.out is not None:
        require_free(common.out, "report.json", "basestock.backtest/")
    if source.startswith(PREFIX):
        document = _of_problem(source.removeprefix(PREFIX), policy, reference, replications, common)
        _finish(document, required, kpi, PROBLEM_KPIS, common)
        return
    chosen, against = names(policy, ("marginal",)), reference or "current"
    require_policies(common, *chosen, against)
    data = read(source, reading, common)
    require_tables(data, "replay")
    from basestock.operations.backtest import backtest as backtest_data

    document = backtest_data(
        data,
        chosen,
        reference=against,
        folds=folds,
        horizon_days=horizon,
        seed=common.seed or 0,
        items=pattern(items, "--items"),
        locations=pattern(locations, "--locations"),
    )
    common.finished("replay")
    _finish(document, required, kpi, KPIS, common, data)


def _finish(
    document: dict[str, Any],
    required: list[Requirement],
    kpi: list[str] | None,
    default: tuple[str, ...],
    common: Common,
    data: "Dataset | None" = None,
) -> None:
    """Write, print, and leave with the code of the first thing that did not pass."""
    rows = document["policies"]
    shown = names(kpi, tuple(name for name in default if name in rows[0]["kpis"]))
    for name in shown:
        require_known("--kpi", name, rows[0]["kpis"])
    if required:
        document["gate"] = judged(required, document)
    if common.out is not None:
        _write(document, common.out, common)
    common.out = None
    give(Answer(document, lambda: _text(document, shown), lambda: estimates_frame(rows)), common)
    if data is not None:
        stop_for_data(data, common, "this backtest")
    missed = [each for each in document.get("gate", []) if not each["met"]]
    if missed:
        told = "; ".join(
            f"{each['kpi']} is at least {each['found']}, must be {each['lower_95']}" for each in missed
        )
        raise CommandError(f"the gate is not met by {document['verdict']['policy']}: {told}.", GATE)


def _write(document: dict[str, Any], target: Path, common: Common) -> None:
    """Write the folder of a backtest; the same one may be there already."""
    from basestock.operations.backtest import write_backtest

    record = target / "report.json"
    if not record.is_file():
        write_backtest(document, target)
    elif json.loads(record.read_text(encoding="utf-8")) != json.loads(json.dumps(document)):
        message = f"--out {target} holds another backtest; choose another folder, or remove it first."
        raise CommandError(message, USAGE)
    common.wrote(target / "report.html", "report")


def _of_problem(
    name: str, policy: list[str] | None, reference: str | None, replications: int, common: Common
) -> dict[str, Any]:
    """Return the backtest document of a problem: fresh events stand in for history."""
    problem = named_problem(name, common)
    against = reference or "base_stock"
    chosen = names(policy, ("marginal",))
    report = play(problem, tuple(dict.fromkeys((*chosen, against))), common, replications=replications)
    rows = report.to_dict()["policies"]
    return {
        "schema": "basestock.backtest/1",
        "id": report.id,
        "window": {name: report.provenance[name] for name in ("periods", "warm_up", "replications", "seed")},
        "folds": 1,
        "reference": against,
        "policies": rows,
        "verdict": _verdict(rows[0], against, str(report.provenance["sense"])),
    }


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


def _text(document: dict[str, Any], shown: tuple[str, ...]) -> str:
    window, verdict = document["window"], document["verdict"]
    if "start" in window:
        title = f"{window['start']} to {window['end']}, {document['lines']} lines, in {document['currency']}:"
    else:
        title = f"{document['id']}, {window['replications']} replications of {window['periods']} periods:"
    judgement = (
        f"{verdict['policy']} against {verdict['reference']}: {verdict['outcome']} ({verdict['rule']})."
    )
    parts = [policies_text(title, document["policies"], shown), judgement, document.get("leakage", "")]
    return "\n\n".join(part for part in parts if part)
