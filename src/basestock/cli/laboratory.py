"""Commands about problems: simulate, evaluate, problems."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.errors import USAGE, CommandError, reported
from basestock.cli.output import print_document, print_table, print_text, require_format, say
from basestock.cli.settings import (
    Config,
    Debug,
    Format,
    Policies,
    ProblemName,
    Quiet,
    Seed,
    Set,
    names,
    settings,
)

if TYPE_CHECKING:
    from basestock.decision import Problem
    from basestock.evaluation import EvaluationReport

Replications = Annotated[int, typer.Option("--replications", min=2, help="Independent replications.")]
Periods = Annotated[int | None, typer.Option("--periods", min=1, help="Counted periods per replication.")]
Fixed = Annotated[
    list[str] | None, typer.Option("--parameter", help="policy.parameter=value instead of tuning.")
]


def problems(
    problem: ProblemName = None, set_: Set = None, format_: Format = "table", debug: Debug = False
) -> None:
    """List the problems with their parameters, units, sources and known values."""
    with reported(debug):
        from basestock.problems import FAMILIES, make_problem

        require_format(format_)
        chosen = [FAMILIES[problem]] if problem in FAMILIES else list(FAMILIES.values())
        if problem is not None:
            make_problem(problem, _own(settings(None, set_, "problem")))
        described = [family.describe() for family in chosen]
        if format_ == "json":
            print_document({"schema": "basestock.problems/1", "problems": described})
            return
        rows = [
            [
                d["name"],
                d["kind"],
                ", ".join(f"{p['name']}={p['default']}" for p in d["parameters"]),
                d["source"],
            ]
            for d in described
        ]
        print_table("problems", ["name", "kind", "parameters", "source"], rows)


def evaluate(
    problem: ProblemName = None,
    set_: Set = None,
    policy: Policies = None,
    parameter: Fixed = None,
    replications: Replications = 200,
    periods: Periods = None,
    seed: Seed = None,
    config: Config = None,
    format_: Format = "table",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Tune policies on a problem and compare them on the same fresh events."""
    with reported(debug):
        require_format(format_)
        chosen = names(policy, ("base_stock", "order_up_to"))
        report = _evaluated(problem, config, set_, chosen, parameter, replications, periods, seed or 0, quiet)
        _print_report(report, format_)


def simulate(
    problem: ProblemName = None,
    set_: Set = None,
    policy: Policies = None,
    parameter: Fixed = None,
    replications: Replications = 20,
    periods: Periods = None,
    seed: Seed = None,
    config: Config = None,
    format_: Format = "table",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Play one policy, or several, on a problem."""
    with reported(debug):
        require_format(format_)
        chosen = names(policy, ("base_stock",))
        report = _evaluated(problem, config, set_, chosen, parameter, replications, periods, seed or 0, quiet)
        _print_report(report, format_)


def _own(found: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in found.items()}


def _problem(name: str | None, config: Path | None, entries: list[str] | None) -> "Problem":
    from basestock.problems import make_problem

    if name is None:
        raise CommandError("--problem is missing; `basestock problems` lists them.", USAGE)
    return make_problem(name, _own(settings(config, entries, "problem")))


def _evaluated(
    name: str | None,
    config: Path | None,
    entries: list[str] | None,
    policies: tuple[str, ...],
    fixed: list[str] | None,
    replications: int,
    periods: int | None,
    seed: int,
    quiet: bool,
) -> "EvaluationReport":
    from basestock.evaluation import evaluate as compare
    from basestock.operations.compiled import keep_compiled
    from basestock.policies import fit, from_parameters

    keep_compiled()
    problem = _problem(name, config, entries)
    given = _given(fixed, policies)
    players = {}
    for policy in policies:
        say(f"{'reading' if policy in given else 'tuning'} {policy}", quiet=quiet)
        known = given.get(policy)
        players[policy] = (
            from_parameters(problem, policy, known) if known else fit(problem, policy, seed=seed).policy
        )
    say(f"comparing on {replications} replications", quiet=quiet)
    return compare(problem, players, replications, seed, periods=periods)


def _given(fixed: list[str] | None, policies: tuple[str, ...]) -> dict[str, dict[str, float]]:
    from basestock.cli.settings import pairs

    given: dict[str, dict[str, float]] = {}
    for key, text in pairs(fixed).items():
        policy, _, parameter = key.rpartition(".")
        owner = policy or (policies[0] if len(policies) == 1 else "")
        try:
            given.setdefault(owner, {})[parameter] = float(text)
        except ValueError as error:
            raise CommandError(f"--parameter {key}={text}: must be a number.", USAGE) from error
    unknown = sorted(set(given) - set(policies))
    if unknown:
        raise CommandError(
            f"--parameter names {unknown}, must be policies of --policy: {', '.join(policies)}.", USAGE
        )
    return given


def _print_report(report: "EvaluationReport", format_: str) -> None:
    if format_ == "json":
        print_document(report.to_dict())
    else:
        print_text(report.summary())
