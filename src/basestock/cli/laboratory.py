"""Commands about problems: simulate, evaluate, problems."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import DATA, USAGE, CommandError, require_known
from basestock.cli.options import Policies, names
from basestock.cli.output import Answer, estimates_frame, give, table
from basestock.cli.problem import (
    InstanceId,
    Instances,
    ProblemName,
    chosen_instances,
    chosen_problem,
    disruptions_text,
    play,
    policies_text,
)
from basestock.cli.settings import problem_parameters

if TYPE_CHECKING:
    import polars as pl

    from basestock.evaluation import EvaluationReport

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
    found = chosen_problem(problem, instances, id_, common)
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
    """Tune policies (base_stock, order_up_to) on a problem and compare them on the same fresh events.

    A problem that is computed and not simulated has one row: its optimum.
    """
    found = chosen_problem(problem, instances, id_, common)
    if found.kind == "closed_form":
        from basestock.evaluation import evaluate_computed

        _give(evaluate_computed(found), common)
        return
    chosen = names(policy, ("base_stock", "order_up_to"))
    _give(play(found, chosen, common, replications=replications, periods=periods, fixed=parameter), common)


def _give(report: "EvaluationReport", common: Common) -> None:
    document = report.to_dict()
    rows = document["policies"]
    facts = report.provenance
    how = (
        str(facts["method"])
        if "method" in facts
        else f"{facts['replications']} replications of {facts['periods']} periods"
    )
    title = f"{report.id}: {str(facts['criterion']).replace('_', ' ')}, {how}"

    def text() -> str:
        return "\n\n".join(part for part in (policies_text(title, rows), disruptions_text(rows)) if part)

    give(Answer(document, text, lambda: estimates_frame(rows)), common)


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
    lead_times: Annotated[
        bool,
        typer.Option("--lead-times", help="With --problem: lead times as they are drawn, beside their laws."),
    ] = False,
) -> None:
    """List the problems with their parameters, units, sources and known values.

    With --problem NAME --set k=v: that problem, the value known for these parameters, and its rates outside the range
    that is usual for their kind of cost. With --instances FILE: the instances of the file, and which of them can be
    played.
    """
    from basestock.problems import FAMILIES

    if instances is not None:
        if problem is not None:
            raise CommandError("must be --problem NAME, or --instances FILE.", USAGE)
        _give_instances(instances, family, id_, common)
        return
    wanted = [(kind, name) for kind, name in (("problem", problem), ("family", family), ("id", id_)) if name]
    for kind, name in wanted:
        require_known(kind, name, FAMILIES)
    if lead_times and problem is None:
        raise CommandError("--lead-times needs --problem NAME.", USAGE)
    chosen = [name for name in FAMILIES if all(name == each for _, each in wanted)]
    described = [_described(name, common) for name in chosen]
    if problem is not None:
        described = [each | _examined(problem, common, lead_times=lead_times) for each in described]
    _give_described(described, common)


def _give_instances(file: Path, family: str | None, id_: str | None, common: Common) -> None:
    """List instances; leave with the code for wrong data if an entry of the file, or a listed record, is wrong."""
    from basestock.problems.instances import examine_instances

    described = [each.describe() for each in chosen_instances(file, family, id_)]
    _, records = examine_instances(file)
    wrong = [{"name": each["name"], **fault} for each in described for fault in each["wrong"]]
    wrong += [{"name": "", **dataclasses.asdict(fault)} for fault in records]
    _give_described(described, common, wrong)
    if wrong:
        told = " ".join(
            f"{each['name'] or file}: {each['offender']} is {each['value']}, {each['rule']}. {each['remedy']}"
            for each in wrong
        )
        raise CommandError(f"{len(wrong)} things are wrong with the records. {told}", DATA)


def _give_described(
    described: list[dict[str, Any]], common: Common, wrong: list[dict[str, str]] | None = None
) -> None:
    document: dict[str, Any] = {"schema": "basestock.problems/1", "problems": described}
    if wrong is not None:
        document["wrong"] = wrong
    give(Answer(document, lambda: _text(described), lambda: _frame(described)), common)


def _described(name: str, common: Common) -> dict[str, Any]:
    """Describe a family, with the value known for the parameters that were set."""
    from basestock.problems import FAMILIES, make_problem

    described = FAMILIES[name].describe()
    parameters = problem_parameters(common.context, common.entries)
    if parameters:
        known = make_problem(name, parameters).known
        described |= {"set": parameters, "known": None if known is None else dataclasses.asdict(known)}
    return described


def _examined(name: str, common: Common, *, lead_times: bool) -> dict[str, Any]:
    """Return what is found in one problem: rates that are unusual and, if asked for, drawn lead times."""
    from basestock.economics import Conventions, atypical_rates
    from basestock.evaluation import lead_time_histograms
    from basestock.problems import make_problem

    built = make_problem(name, problem_parameters(common.context, common.entries))
    days = Conventions(days_per_period=built.period_days)
    found: dict[str, Any] = {"warnings": list(atypical_rates(built.network, built.tariff, days))}
    if lead_times:
        drawn = lead_time_histograms(built, seed=common.seed or 0)
        found["lead_times"] = [each.to_dict() for each in drawn]
    return found


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
    played = "" if described.get("can_be_played", True) else "\nthe record is wrong and cannot be played"
    text = f"{head}\n{table('', ['parameter', column, 'unit'], rows)}\n{subject}{value}{played}"
    return "\n\n".join([text, *_warnings_text(described), *_lead_times_text(described)])


SHOWN_WARNINGS = 10
"""Unusual rates that a person sees; --format json has all of them."""


def _warnings_text(described: dict[str, Any]) -> list[str]:
    found = described.get("warnings", [])
    if not found:
        return []
    more = len(found) - SHOWN_WARNINGS
    rest = [f"... and {more} more (--format json)"] if more > 0 else []
    return ["\n".join(["Rates that are unusual for their kind of cost:", *found[:SHOWN_WARNINGS], *rest])]


def _lead_times_text(described: dict[str, Any]) -> list[str]:
    if "lead_times" not in described:
        return []
    rows = [
        [each["lane"], periods, f"{share:.1%}", f"{each['drawn'].get(periods, 0.0):.1%}", each["num_orders"]]
        for each in described["lead_times"]
        for periods, share in each["law"].items()
    ]
    if not rows:
        return ["Every lead time is fixed."]
    columns = ["lane", "lead time, periods", "law", "drawn", "orders"]
    return [table("Lead times", columns, rows, right=columns[1:])]


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
