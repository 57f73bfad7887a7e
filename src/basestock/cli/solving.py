"""Commands about what is best: solve, tune, bound, certify."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError, require_known
from basestock.cli.options import Policies, names
from basestock.cli.output import Answer, give, keep, show, table
from basestock.cli.problem import InstanceId, Instances, ProblemName, chosen_instances, chosen_problem

if TYPE_CHECKING:
    import polars as pl

    from basestock.decision import Policy, Problem
    from basestock.evaluation.certificates import Certified, PolicyGap
    from basestock.policies.saved import SavedPolicy
    from basestock.problems.instances import Instance

MaxMemory = Annotated[
    float, typer.Option("--max-memory", metavar="GIB", min=0.001, help="Memory for exact tables, GiB.")
]
MaxSeconds = Annotated[
    float, typer.Option("--max-seconds", metavar="S", min=0.1, help="Time for an exact optimum, seconds.")
]
GIB = 2**30


@command
def solve(
    common: Common,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    criterion: Annotated[
        str | None,
        typer.Option(
            "--criterion", metavar="NAME", help="Criterion, if not the problem's own.", show_default=False
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="value_iteration, policy_iteration or modified_policy_iteration, if not chosen by size.",
            show_default=False,
        ),
    ] = None,
    max_memory: MaxMemory = 8.0,
    max_seconds: MaxSeconds = 1800.0,
) -> None:
    """Find the exact optimum of a problem, or a proven bound where it is out of reach.

    --out FILE saves the optimal policy.
    """
    from basestock.evaluation.certificates import SOLVE_SCHEMA, certify_problem
    from basestock.optimal.mdp import METHODS

    if method is not None:
        require_known("--method", method, METHODS)
    found = _judged(chosen_problem(problem, instances, id_, common), criterion)
    certified = certify_problem(
        found,
        method=method,  # type: ignore[arg-type]
        max_bytes=int(max_memory * GIB),
        max_seconds=max_seconds,
        tell=common.say,
    )
    document = {
        "schema": SOLVE_SCHEMA,
        "id": found.name,
        "value": certified.value,
        "lower": certified.lower,
        "upper": certified.upper,
        "certificate": certified.certificate,
        "criterion": found.criterion,
        "states": certified.states,
        "seconds": certified.seconds,
        "policy": _policy_facts(certified, found),
        "half_width": certified.half_width,
        "method": certified.method,
        **_proof(certified),
    }
    if common.out is not None:
        _keep_policy(certified, found, common)
    show(
        Answer(document, lambda: _solved_text(document), lambda: _frame([document])).rendered(common.format_)
    )


def _judged(problem: "Problem", criterion: str | None) -> "Problem":
    """Return the problem under another criterion."""
    if criterion is None or criterion == problem.criterion:
        return problem
    known = ("average_cost_per_period", "discounted_cost", "finite_horizon_total_cost")
    require_known("--criterion", criterion, known)
    if problem.kind != "periodic" or problem.sense == "max":
        told = "is computed or earns a profit, and has its own criterion; leave --criterion out"
        raise CommandError(f"{problem.name} {told}.", USAGE)
    if criterion == "discounted_cost" and problem.discount == 1:
        raise CommandError(f"--criterion {criterion}: {problem.name} has discount 1, must be below 1.", USAGE)
    discount = 1.0 if criterion == "average_cost_per_period" else problem.discount
    return dataclasses.replace(problem, criterion=criterion, discount=discount, known=None)  # type: ignore[arg-type]


def _policy_facts(certified: "Certified", problem: "Problem") -> dict[str, Any] | None:
    """Return what is known of the optimal policy in a few words."""
    if certified.decision is not None:
        return {"name": "closed_form", **{name: _plain(each) for name, each in certified.decision.items()}}
    if certified.optimum is None:
        return None
    from basestock.optimal.mdp import NotSeenError

    try:
        certified.optimum.policy(problem)
    except NotSeenError as error:
        return {"name": "table", "why_not_playable": str(error)}
    return {"name": "optimal", "states": certified.states}


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


def _proof(certified: "Certified") -> dict[str, Any]:
    """Return why a value holds: the box, the edge, the classes, the tail."""
    optimum = certified.optimum
    if optimum is None:
        return {}
    return {
        "box": {
            "max_order": optimum.box.max_order.tolist(),
            "max_position": [each for each in optimum.box.max_position.tolist() if each],
            "min_position": [each for each in optimum.box.min_position.tolist() if abs(each) < float("inf")],
            "reason": optimum.reason,
            "widenings": optimum.widenings,
        },
        "boundary_share": optimum.boundary_share,
        "recurrent_classes": optimum.num_classes,
        "tail": optimum.tail,
        "components": len(optimum.solved),
        "symmetry": optimum.symmetry,
    }


def _keep_policy(certified: "Certified", problem: "Problem", common: Common) -> None:
    """Save the optimal policy; a closed form is saved as what it says."""
    from basestock.optimal.mdp.lookup import saved_optimal
    from basestock.policies.saved import SavedPolicy

    path = Path(str(common.out))
    facts = {"value": certified.value, "certificate": certified.certificate, "method": certified.method}
    if certified.optimum is not None:
        saved = saved_optimal(certified.optimum.policy(problem), problem, facts)
    elif certified.decision is not None:
        decision = {name: _plain(each) for name, each in certified.decision.items()}
        saved = SavedPolicy("closed_form", problem.name, {**facts, "decision": decision}, {})
    else:
        raise CommandError(
            f"{problem.name} was not solved, so there is no policy to save; drop --out.", USAGE
        )
    saved.write(path)
    common.wrote(path, "policy")


def _solved_text(document: dict[str, Any]) -> str:
    value = document["value"]
    head = "no optimum" if value is None else f"{value:,.7g}"
    ends = [each for each in (document["lower"], document["upper"]) if each is not None]
    bounds = ", ".join(f"{each:,.7g}" for each in ends)
    rows = [
        ["value", head],
        ["bounds", bounds or "none"],
        ["certificate", document["certificate"].replace("_", " ")],
        ["criterion", document["criterion"].replace("_", " ")],
        ["states", "" if document["states"] is None else f"{document['states']:,}"],
        ["seconds", f"{document['seconds']:.2f}"],
        ["how", document["method"]],
    ]
    return table(document["id"], ["what", "found"], rows)


@command
def tune(
    common: Common,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    policy: Policies = None,
    replications: Annotated[
        int, typer.Option("--replications", metavar="N", min=2, help="Replications of the search.")
    ] = 32,
) -> None:
    """Find the best parameters of policies under common random numbers, and their cost on fresh events.

    --out FILE saves the tuned policy (the first of several).
    """
    found = chosen_problem(problem, instances, id_, common)
    if found.kind == "closed_form":
        raise CommandError(
            f"{found.name} is computed, not played; `basestock solve` prints its optimum.", USAGE
        )
    from basestock.optimal.players import PLAYERS
    from basestock.policies import fit

    rows: list[dict[str, Any]] = []
    for name in names(policy, ("base_stock",)):
        require_known("policy", name, PLAYERS)
        tuned = fit(found, PLAYERS[name], seed=common.seed or 0, replications=replications)
        common.finished(f"tune {name}")
        rows.append(
            {
                "policy": name,
                "parameters": _parameters(found, tuned.policy),
                "cost": tuned.cost.mean,
                "half_width": tuned.cost.half_width,
                "candidates": tuned.num_candidates,
                "at_edge": list(tuned.at_edge),
            }
        )
        if common.out is not None and len(rows) == 1:
            _tuned(found, tuned).write(common.out)
            common.wrote(common.out, "policy")
    document = {
        "schema": "basestock.tune/1",
        "id": found.name,
        "criterion": found.criterion,
        "policies": rows,
    }
    show(Answer(document, lambda: _tuned_text(document), lambda: _frame(rows)).rendered(common.format_))


def _parameters(problem: "Problem", policy: "Policy") -> dict[str, Any]:
    from basestock.evaluation.report import policy_parameters

    return policy_parameters(problem, policy)


def _tuned(problem: "Problem", tuned: Any) -> "SavedPolicy":
    from basestock.policies.saved import SavedPolicy

    facts = {"cost": tuned.cost.mean, "half_width": tuned.cost.half_width}
    return SavedPolicy(tuned.name, problem.name, facts, dict(tuned.coordinates))


def _tuned_text(document: dict[str, Any]) -> str:
    rows = [
        [
            each["policy"],
            f"{each['cost']:,.5g} +/- {each['half_width']:,.2g}",
            ", ".join(f"{name} {_short(value)}" for name, value in each["parameters"].items()),
        ]
        for each in document["policies"]
    ]
    return table(f"{document['id']}: tuned", ["policy", "cost", "parameters"], rows)


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) < 60 else f"{text[:57]}..."


@command
def bound(
    common: Common,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    max_memory: MaxMemory = 8.0,
    max_seconds: MaxSeconds = 600.0,
) -> None:
    """Prove a bound on the optimum of a problem, without solving the problem itself."""
    from basestock.optimal.bounds import all_bounds

    found = chosen_problem(problem, instances, id_, common)
    bounds = all_bounds(
        found,
        max_bytes=int(max_memory * GIB),
        max_seconds=max_seconds,
        seed=common.seed or 0,
        tell=common.say,
    )
    if not bounds:
        raise CommandError(
            f"{found.name}: no bound applies to it; `basestock solve` may know its optimum.", USAGE
        )
    rows = [dataclasses.asdict(each) for each in bounds]
    best = rows[0]
    document = {
        "schema": "basestock.bound/1",
        "id": found.name,
        "value": best["value"],
        "interval": [best["value"] - best["half_width"], best["value"] + best["half_width"]],
        "half_width": best["half_width"],
        "method": best["method"],
        "criterion": found.criterion,
        "sense": found.sense,
        "bounds": rows,
    }
    shown = [[f"{each['value']:,.6g}", f"{each['half_width']:,.2g}", each["method"]] for each in rows]
    columns = ["bound", "+/-", "method"]
    text = lambda: table(f"{found.name}: proven bounds", columns, shown, right=columns[:2])  # noqa: E731
    give(Answer(document, text, lambda: _frame(rows)), common)


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
    max_seconds: MaxSeconds = 600.0,
    replications: Annotated[
        int, typer.Option("--replications", metavar="N", min=2, help="Where a policy must be simulated.")
    ] = 200,
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

    document = {"schema": CERTIFY_SCHEMA, "instances": rows}
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


@dataclasses.dataclass(frozen=True)
class _Asked:
    """What is asked of every instance: policies, and what its optimum and its simulations may take."""

    policies: tuple[str, ...]
    folder: Path | None
    max_bytes: int
    max_seconds: float
    replications: int


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
        "policies": [dataclasses.asdict(each) for each in gaps],
        "criterion": problem.criterion,
        "sense": problem.sense,
        "states": certified.states,
        "half_width": certified.half_width,
        "method": certified.method,
        **_proof(certified),
    }


def _published(record: "Instance") -> float | None:
    found = record.record.get("published")
    return found.get("value") if isinstance(found, dict) else None


def _given_policies(
    problem: "Problem", certified: "Certified", chosen: tuple[str, ...], folder: Path | None
) -> "dict[str, Policy]":
    """Return the optimal policy, if asked for, and the saved policies of this problem."""
    found: dict[str, Policy] = {}
    if "optimal" in chosen and certified.optimum is not None:
        found["optimal"] = certified.optimum.policy(problem)
    if folder is not None:
        from basestock.evaluation.certificates import saved_policies

        found |= saved_policies(folder, problem)
    return found


def _certified_text(rows: list[dict[str, Any]]) -> str:
    columns = ["instance", "published", "value", "certificate", "seconds", "policy", "cost", "+/-", "gap %"]
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
                "" if each["gap_percent"] is None else f"{each['gap_percent']:.3f}",
            ]
            for each in row["policies"]
        ] or [["", "", "", row.get("error", "")]]
        body += [(head if number == 0 else [""] * 5) + line for number, line in enumerate(lines)]
    return table("Certificates", columns, body, right=[*columns[1:3], "seconds", "cost", "+/-", "gap %"])


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
        }
        for row in rows
        for each in (row["policies"] or [{}])
    ]
    return _frame(flat)


def _frame(rows: list[dict[str, Any]]) -> "pl.DataFrame":
    import polars as pl

    plain = [
        {name: str(value) if isinstance(value, dict | list) else value for name, value in row.items()}
        for row in rows
    ]
    return pl.DataFrame(plain, infer_schema_length=None)
