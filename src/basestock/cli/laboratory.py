"""Commands about problems: simulate, evaluate, problems."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError, require_known
from basestock.cli.options import Policies, names
from basestock.cli.output import Answer, estimates_frame, give, table
from basestock.cli.problem import (
    InstanceId,
    Instances,
    chosen_instances,
    instance_problem,
    named_problem,
    play,
    policies_text,
)
from basestock.cli.settings import problem_parameters

if TYPE_CHECKING:
    import polars as pl

    from basestock.decision import Problem
    from basestock.evaluation import EvaluationReport

ProblemName = Annotated[
    str | None, typer.Option("--problem", metavar="NAME", help="Name of a problem.", show_default=False)
]
Replications = Annotated[
    int, typer.Option("--replications", metavar="N", min=2, help="Independent replications.")
]
Periods = Annotated[
    int | None,
    typer.Option("--periods", metavar="N", min=1, help="Counted periods per replication; the problem's own."),
]
Fixed = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="P.K=VALUE",
        help="policy.parameter=value, played as given instead of tuned; repeatable.",
    ),
]


@command
def simulate(
    common: Common,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    policy: Policies = None,
    parameter: Fixed = None,
    replications: Replications = 20,
    periods: Periods = None,
) -> None:
    """Play policies (base_stock) on a problem."""
    found = _problem(problem, instances, id_, common)
    chosen = names(policy, ("base_stock",))
    _give(play(found, chosen, common, replications=replications, periods=periods, fixed=parameter), common)


@command
def evaluate(
    common: Common,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    policy: Policies = None,
    parameter: Fixed = None,
    replications: Replications = 200,
    periods: Periods = None,
) -> None:
    """Tune policies (base_stock, order_up_to) on a problem and compare them on the same fresh events."""
    found = _problem(problem, instances, id_, common)
    chosen = names(policy, ("base_stock", "order_up_to"))
    _give(play(found, chosen, common, replications=replications, periods=periods, fixed=parameter), common)


def _problem(name: str | None, instances: Path | None, id_: str | None, common: Common) -> "Problem":
    """Build the problem that is named, or that an instance of a file is."""
    if instances is None and id_ is None:
        return named_problem(name, common)
    if instances is None or name is not None:
        raise CommandError("must be --problem NAME, or --instances FILE --id ID.", USAGE)
    return instance_problem(instances, id_, common)


def _give(report: "EvaluationReport", common: Common) -> None:
    document = report.to_dict()
    rows = document["policies"]
    facts = report.provenance
    title = (
        f"{report.id}: {str(facts['criterion']).replace('_', ' ')}, {facts['replications']} replications "
        f"of {facts['periods']} periods"
    )
    give(Answer(document, lambda: policies_text(title, rows), lambda: estimates_frame(rows)), common)


@command
def problems(
    common: Common,
    problem: ProblemName = None,
    instances: Instances = None,
    family: Annotated[
        str | None,
        typer.Option("--family", metavar="NAME", help="Problems of this family only.", show_default=False),
    ] = None,
    id_: Annotated[
        str | None,
        typer.Option("--id", metavar="NAME", help="The problem of this id only.", show_default=False),
    ] = None,
) -> None:
    """List the problems with their parameters, units, sources and known values.

    With --problem NAME --set k=v: that problem, and the value known for these parameters. With --instances FILE:
    the instances of the file, and which of them can be played.
    """
    from basestock.problems import FAMILIES

    if instances is not None:
        if problem is not None:
            raise CommandError("must be --problem NAME, or --instances FILE.", USAGE)
        _give_described([each.describe() for each in chosen_instances(instances, family, id_)], common)
        return
    wanted = [(kind, name) for kind, name in (("problem", problem), ("family", family), ("id", id_)) if name]
    for kind, name in wanted:
        require_known(kind, name, FAMILIES)
    chosen = [name for name in FAMILIES if all(name == each for _, each in wanted)]
    _give_described([_described(name, common) for name in chosen], common)


def _give_described(described: list[dict[str, Any]], common: Common) -> None:
    document = {"schema": "basestock.problems/1", "problems": described}
    give(Answer(document, lambda: _text(described), lambda: _frame(described)), common)


def _described(name: str, common: Common) -> dict[str, Any]:
    """Describe a family, with the value known for the parameters that were set."""
    import dataclasses

    from basestock.problems import FAMILIES, make_problem

    described = FAMILIES[name].describe()
    parameters = problem_parameters(common.context, common.entries)
    if parameters:
        known = make_problem(name, parameters).known
        described |= {"set": parameters, "known": None if known is None else dataclasses.asdict(known)}
    return described


def _text(described: list[dict[str, Any]]) -> str:
    return "\n\n".join(_problem_text(each) for each in described)


def _problem_text(described: dict[str, Any]) -> str:
    rows = [
        [each["name"], "none" if each["default"] is None else each["default"], each["unit"]]
        for each in described["parameters"]
    ]
    known = described["known"]
    value = (
        "no value is known"
        if known is None
        else f"{known['kind']} value {known['value']:g} ({known['source']})"
    )
    set_ = ", ".join(f"{name}={each}" for name, each in described.get("set", {}).items())
    head = f"{described['name']}: {described['kind']}, {described['source']}"
    column, subject = ("value", "") if "family" in described else ("default", f"{set_ or 'by default'}: ")
    played = "" if described.get("can_be_played", True) else "\nthis version cannot play it"
    return f"{head}\n{table('', ['parameter', column, 'unit'], rows)}\n{subject}{value}{played}"


def _frame(described: list[dict[str, Any]]) -> "pl.DataFrame":
    import polars as pl

    rows = [
        {
            "name": each["name"],
            "kind": each["kind"],
            "parameter": parameter["name"],
            "unit": parameter["unit"],
            "default": None if parameter["default"] is None else str(parameter["default"]),
            "source": each["source"],
            "known": each["known"]["value"] if each["known"] else None,
        }
        for each in described
        for parameter in each["parameters"]
    ]
    text = ("name", "kind", "parameter", "unit", "default", "source")
    return pl.DataFrame(rows, schema={**dict.fromkeys(text, pl.String), "known": pl.Float64})
