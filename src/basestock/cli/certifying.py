"""The command that compares policies with what is best: certify."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import require_known
from basestock.cli.options import Policies, names
from basestock.cli.output import Answer, keep, show, table
from basestock.cli.problem import InstanceId, Instances, ProblemName, chosen_instances, chosen_problem
from basestock.cli.solving import GIB, MaxMemory, frame_of, proof_of

if TYPE_CHECKING:
    import polars as pl

    from basestock.decision import Policy, Problem
    from basestock.evaluation.certificates import Certified, PolicyGap
    from basestock.problems.instances import Instance


@command
def certify(
    common: Common,
    instances: Instances = None,
    problem: ProblemName = None,
    family: Annotated[
        str | None,
        typer.Option("--family", metavar="NAME", help="Instances of this family only.", show_default=False),
    ] = None,
    id_: InstanceId = None,
    policy: Policies = None,
    policy_dir: Annotated[
        Path | None,
        typer.Option("--policy-dir", metavar="DIR", help="Folder of saved policies.", show_default=False),
    ] = None,
    max_memory: MaxMemory = 8.0,
    max_seconds: Annotated[
        float,
        typer.Option(
            "--max-seconds",
            metavar="S",
            min=0.1,
            help="Time for an optimum or bound, and for each tuning, s.",
        ),
    ] = 600.0,
    replications: Annotated[
        int | None,
        typer.Option(
            "--replications",
            metavar="N",
            min=2,
            help="Where a policy must be simulated; as many as its gap needs if not given.",
        ),
    ] = None,
) -> None:
    """Certify policies: for each instance the published value, the optimum or a bound, and each policy's gap.

    Policies are tuned; `--policy none` for the optima alone.
    """
    chosen = names(policy, ("base_stock",))
    _require_policies(chosen)
    asked = _Asked(
        () if chosen == ("none",) else chosen, policy_dir, int(max_memory * GIB), max_seconds, replications
    )
    rows: list[dict[str, Any]] = []
    for record, built in _listed(instances, problem, family, id_, common):
        try:
            rows.append(_certified(record, built, asked, common))
        except ValueError as error:
            if id_ is not None or record is None:
                raise
            # One instance of many that cannot be certified does not lose the others.
            rows.append(_certified(record, str(error), asked, common))
        common.finished(str(rows[-1]["id"]))
    from basestock.evaluation.certificates import CERTIFY_SCHEMA

    document: dict[str, Any] = {"schema": CERTIFY_SCHEMA, "instances": rows}
    faults = [] if instances is None else _no_records(instances, common)
    if faults:
        document["wrong"] = faults
    answer = Answer(document, lambda: _certified_text(rows), lambda: _certified_frame(rows))
    if common.out is not None:
        keep(answer, common.out, common)
    show(answer.rendered(common.format_))


def _require_policies(chosen: tuple[str, ...]) -> None:
    from basestock.optimal.players import PLAYERS

    if chosen != ("none",):
        for name in chosen:
            require_known("policy", name, PLAYERS)


def _listed(
    file: Path | None, name: str | None, family: str | None, id_: str | None, common: Common
) -> "list[tuple[Instance | None, Problem | str]]":
    """Return the records that are asked for with their problems, or why a record is none."""
    if file is None:
        return [(None, chosen_problem(name, None, None, common))]
    from basestock.operations.compiled import keep_compiled
    from basestock.problems.instances import InstanceError

    keep_compiled()
    found: list[tuple[Instance | None, Problem | str]] = []
    for each in chosen_instances(file, family, id_):
        try:
            found.append((each, each.problem()))
        except InstanceError as error:
            found.append((each, str(error)))
    return found


def _no_records(file: Path, common: Common) -> list[dict[str, str]]:
    """Say and return what is wrong with the entries of a file that are no records, or have an id again."""
    from basestock.problems.instances import examine_instances

    faults = examine_instances(file)[1]
    for fault in faults:
        common.say(f"{file}: {fault}")
    return [dataclasses.asdict(fault) for fault in faults]


@dataclasses.dataclass(frozen=True)
class _Asked:
    """What is asked of every instance: policies, and what its optimum and its simulations may take."""

    policies: tuple[str, ...]
    folder: Path | None
    max_bytes: int
    max_seconds: float
    replications: int | None


def _certified(
    record: "Instance | None", problem: "Problem | str", asked: _Asked, common: Common
) -> dict[str, Any]:
    published = None if record is None else _published(record)
    head = {"id": problem if record is None else record.id, "published": published}
    empty = {
        "value": None,
        "lower": None,
        "upper": None,
        "certificate": "none",
        "seconds": 0.0,
        "policies": [],
        "unfinished": [],
        "controllable_gap_percent": {},
    }
    if isinstance(problem, str):
        return {**head, **empty, "error": problem}
    from basestock.evaluation.certificates import certify_problem, policy_gaps

    head["id"] = problem.name
    certified = certify_problem(
        problem, max_bytes=asked.max_bytes, max_seconds=asked.max_seconds, tell=common.say
    )
    gaps: list[PolicyGap] = []
    if problem.kind != "closed_form":
        given = _given_policies(problem, certified, asked.policies, asked.folder)
        gaps = policy_gaps(
            problem,
            [name for name in asked.policies if name != "optimal"],
            certified.reference,
            given=given,
            optimum=certified.shown,
            max_seconds=asked.max_seconds,
            replications=asked.replications,
            seed=common.seed or 0,
            tell=common.say,
        )
    return {
        **head,
        "value": certified.value,
        "lower": certified.lower,
        "upper": certified.upper,
        "certificate": certified.certificate,
        "seconds": certified.seconds,
        "policies": [_policy_row(each) for each in gaps],
        "unfinished": [each.policy for each in gaps if not each.complete],
        "controllable_gap_percent": {each.policy: each.controllable_gap_percent for each in gaps},
        "criterion": problem.criterion,
        "sense": problem.sense,
        "states": certified.states,
        "half_width": certified.half_width,
        "method": certified.method,
        **proof_of(certified),
    }


def _policy_row(gap: "PolicyGap") -> dict[str, Any]:
    row = dataclasses.asdict(gap)
    del row["complete"], row["controllable_gap_percent"]
    return row


def _published(record: "Instance") -> float | None:
    from basestock.problems.families.rules import is_number

    found = record.record.get("published")
    value = found.get("value") if isinstance(found, dict) else None
    return value if is_number(value) else None


def _given_policies(
    problem: "Problem", certified: "Certified", chosen: tuple[str, ...], folder: Path | None
) -> "dict[str, Policy]":
    """Return the optimal policy, if asked for, and the saved policies of this problem."""
    found: dict[str, Policy] = {}
    if "optimal" in chosen and certified.optimum is not None:
        found["optimal"] = certified.optimum.policy(problem)
    if folder is not None:
        from basestock.learning import saved_policies

        found |= saved_policies(folder, problem)
    return found


def _certified_text(rows: list[dict[str, Any]]) -> str:
    apart = any(gap is not None for row in rows for gap in row["controllable_gap_percent"].values())
    columns = ["instance", "published", "value", "certificate", "seconds", "policy", "cost", "+/-", "gap %"]
    columns += ["of controllable %"] if apart else []
    body: list[list[str]] = []
    for row in rows:
        known = row["value"] if row["value"] is not None else row["lower"]
        head = [
            row["id"],
            "" if row["published"] is None else f"{row['published']:,.7g}",
            "" if known is None else f"{known:,.7g}",
            row["certificate"].replace("_", " "),
            f"{row['seconds']:.1f}",
        ]
        lines = [
            [
                each["policy"],
                f"{each['cost']:,.6g}",
                f"{each['half_width']:,.2g}" if each["half_width"] else "",
                _percent(each["gap_percent"]),
                *([_percent(row["controllable_gap_percent"][each["policy"]])] if apart else []),
            ]
            for each in row["policies"]
        ] or [["", "", "", row.get("error", ""), *([""] if apart else [])]]
        body += [(head if number == 0 else [""] * 5) + line for number, line in enumerate(lines)]
    return table("Certificates", columns, body, right=[*columns[1:3], "seconds", *columns[6:]])


def _percent(gap: float | None) -> str:
    return "" if gap is None else f"{gap:.3f}"


def _certified_frame(rows: list[dict[str, Any]]) -> "pl.DataFrame":
    flat = [
        {
            **{
                name: row[name]
                for name in ("id", "published", "value", "lower", "upper", "certificate", "seconds")
            },
            "policy": each.get("policy"),
            "cost": each.get("cost"),
            "half_width": each.get("half_width"),
            "gap_percent": each.get("gap_percent"),
            "controllable_gap_percent": row["controllable_gap_percent"].get(each.get("policy")),
        }
        for row in rows
        for each in (row["policies"] or [{}])
    ]
    return frame_of(flat)
