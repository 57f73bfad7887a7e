"""A problem named on the command line, and policies tuned and played on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common
from basestock.cli.errors import USAGE, CommandError, require_known, require_near
from basestock.cli.output import table
from basestock.cli.settings import pairs, problem_parameters

if TYPE_CHECKING:
    from basestock.decision import Problem
    from basestock.evaluation import EvaluationReport
    from basestock.problems.instances import Instance

ProblemName = Annotated[
    str | None, typer.Option("--problem", metavar="NAME", help="Name of a problem.", show_default=False)
]
Instances = Annotated[
    Path | None,
    typer.Option("--instances", metavar="FILE", help="JSON file of named instances.", show_default=False),
]
InstanceId = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="Instance of the file.", show_default=False)
]


def chosen_problem(name: str | None, instances: Path | None, id_: str | None, common: Common) -> "Problem":
    """Build the problem that is named, or that an instance of a file is.

    Raises
    ------
    CommandError
        If both or neither are named.
    """
    if instances is None and id_ is None:
        return named_problem(name, common)
    if instances is None or name is not None:
        raise CommandError("must be --problem NAME, or --instances FILE --id ID.", USAGE)
    return instance_problem(instances, id_, common)


def named_problem(name: str | None, common: Common) -> "Problem":
    """Build the problem of a name with the parameters of ``--set`` and ``--config``.

    Raises
    ------
    CommandError
        If there is no name.
    """
    from basestock.operations.compiled import keep_compiled
    from basestock.problems import make_problem

    if name is None:
        raise CommandError("--problem is missing; `basestock problems` lists them.", USAGE)
    keep_compiled()
    return make_problem(name, problem_parameters(common.context, common.entries))


def instance_problem(file: Path, id_: str | None, common: Common) -> "Problem":
    """Build an instance of a file; ``--set`` may change how long it is simulated.

    Raises
    ------
    CommandError
        If no instance, or an unknown one, is named.
    """
    from basestock.operations.compiled import keep_compiled
    from basestock.problems.instances import lengths_of

    if id_ is None:
        raise CommandError(
            f"--id is missing; `basestock problems --instances {file}` lists the instances.", USAGE
        )
    (found,) = chosen_instances(file, None, id_)
    keep_compiled()
    return found.problem(lengths_of(problem_parameters(common.context, common.entries)))


def chosen_instances(file: Path, family: str | None, id_: str | None) -> "list[Instance]":
    """Return the instances of a file, of one family or one id if asked for.

    Raises
    ------
    CommandError
        Naming the nearest family or id.
    """
    from basestock.problems.instances import examine_instances

    found, _ = examine_instances(file)
    if family is not None:
        require_known("family", family, sorted({each.family for each in found}))
    if id_ is not None:
        require_near(
            "instance",
            id_,
            [each.id for each in found],
            f"one that `basestock problems --instances {file}` lists",
        )
    return [each for each in found if family in (None, each.family) and id_ in (None, each.id)]


def play(
    problem: "Problem",
    policies: tuple[str, ...],
    common: Common,
    *,
    replications: int,
    periods: int | None = None,
    fixed: list[str] | None = None,
) -> "EvaluationReport":
    """Tune each policy whose parameters are not given, and play all of them on the same fresh events.

    Raises
    ------
    CommandError
        If the problem is computed and cannot be played.
    """
    if problem.kind == "closed_form":
        told = "is computed, not simulated; `basestock evaluate` prints its optimum"
        raise CommandError(f"{problem.name} {told}.", USAGE)
    from basestock.evaluation import evaluate
    from basestock.optimal.players import PLAYERS
    from basestock.policies import fit, from_parameters

    for name in policies:
        require_known("policy", name, PLAYERS)
    given = _given(fixed, policies)
    seed = common.seed or 0
    players = {}
    for name in policies:
        known, entry = given.get(name), PLAYERS[name]
        if known:
            players[name] = from_parameters(problem, entry, known)
        elif entry.compute is not None:
            players[name] = entry.compute(problem)
        else:
            players[name] = fit(problem, name, seed=seed).policy
            common.finished(f"tune {name}")
    report = evaluate(problem, players, replications, seed, periods=periods)
    common.finished("play")
    return report


def _given(fixed: list[str] | None, policies: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Return parameters by policy from ``policy.parameter=value``; with one policy its name may be left out."""
    given: dict[str, dict[str, float]] = {}
    for key, text in pairs(fixed, "--parameter").items():
        policy, _, parameter = key.rpartition(".")
        owner = policy or (policies[0] if len(policies) == 1 else "")
        if not owner:
            raise CommandError(f"--parameter {key}={text}: must be policy.parameter=value.", USAGE)
        require_known("--parameter: policy", owner, policies)
        try:
            given.setdefault(owner, {})[parameter] = float(text)
        except ValueError as error:
            raise CommandError(f"--parameter {key}={text}: must be a number.", USAGE) from error
    return given


def policies_text(title: str, rows: list[dict[str, Any]], kpis: tuple[str, ...] = ()) -> str:
    """Return totals, key figures and gaps of policies for a person."""
    gaps = any(row.get("gap_percent") is not None for row in rows)
    columns = ["policy", "total", *kpis, *(["gap %", "certificate"] if gaps else [])]
    body = [
        [
            row["policy"],
            told(row["total"]),
            *(told(row["kpis"][kpi]) for kpi in kpis),
            *([f"{row['gap_percent']:.2f}", row["certificate"]] if gaps else []),
        ]
        for row in rows
    ]
    return table(title, columns, body, right=[*columns[1:-1], columns[-1]] if not gaps else columns[1:-1])


def disruptions_text(rows: list[dict[str, Any]]) -> str:
    """Return what each dated disruption does to each policy, for a person; nothing where none strikes."""
    columns = (
        *("policy", "disruption", "from period", "periods", "service at worst", "service lost", "units lost"),
        *("responds after", "recovers after", "costs more"),
    )
    body = [
        [
            row["policy"],
            *(each["disruption"], each["start"], each["duration"]),
            *(f"{each['worst_service']:.1%}", f"{each['service_lost']:.1%}", f"{each['units_lost']:,.1f}"),
            *(
                "never" if each[time] is None else each[time]
                for time in ("response_periods", "recovery_periods")
            ),
            told(each["extra_cost"]),
        ]
        for row in rows
        for each in row.get("disruptions", ())
    ]
    if not body:
        return ""
    title = (
        "Disruptions, against the same events without each; times in periods from its start, cost in money"
    )
    return table(title, columns, body, right=columns[2:])


def told(estimate: dict[str, Any]) -> str:
    """Return an estimate with its half-width in as many digits as it is good for.

    Examples
    --------
    >>> told({"mean": 4.63871, "half_width": 0.0172, "n": 200})
    '4.639 +/- 0.017'
    >>> told({"mean": None, "half_width": None, "n": 0, "reason": "no_demand"})
    'no_demand'
    """
    mean, width = estimate["mean"], estimate["half_width"]
    if mean is None:
        return str(estimate.get("reason", ""))
    if width == 0 and estimate["n"] == 1:
        return f"{mean:,.7g}"
    size = abs(width or mean)
    digits = next((digits for digits in range(6) if size * 10**digits >= 10), 6) if size else 0
    return f"{mean:,.{digits}f}" + (f" +/- {width:,.{digits}f}" if width else "")
