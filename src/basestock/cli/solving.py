"""Commands about what is best for one problem: solve, tune, bound."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError, require_known
from basestock.cli.options import Policies, names
from basestock.cli.output import Answer, give, show, table
from basestock.cli.problem import InstanceId, Instances, ProblemName, chosen_problem

if TYPE_CHECKING:
    import polars as pl

    from basestock.decision import Policy, Problem
    from basestock.evaluation.certificates import Certified
    from basestock.policies.saved import SavedPolicy

MaxMemory = Annotated[
    float, typer.Option("--max-memory", metavar="GIB", min=0.001, help="Memory for exact tables, GiB.")
]
MaxSeconds = Annotated[
    float,
    typer.Option(
        "--max-seconds", metavar="S", min=0.1, help="Time for the exact optimum or the bound, seconds."
    ),
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
        **proof_of(certified),
    }
    if common.out is not None:
        _keep_policy(certified, found, common)
    show(
        Answer(document, lambda: _solved_text(document), lambda: frame_of([document])).rendered(
            common.format_
        )
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


def proof_of(certified: "Certified") -> dict[str, Any]:
    """Return why a value holds: the box, the edge, the classes, the tail."""
    optimum = certified.optimum
    if optimum is None:
        return {}
    return {
        "box": {
            "max_order": optimum.box.max_order.tolist(),
            "max_position": [each for each in optimum.box.max_position.tolist() if 0 < each < float("inf")],
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
    max_seconds: Annotated[
        float, typer.Option("--max-seconds", metavar="S", min=0.1, help="Time for each search, seconds.")
    ] = 600.0,
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
        tuned = fit(
            found, PLAYERS[name], seed=common.seed or 0, replications=replications, max_seconds=max_seconds
        )
        common.finished(f"tune {name}{'' if tuned.complete else ': out of time, the best so far'}")
        rows.append(
            {
                "policy": name,
                "parameters": _parameters(found, tuned.policy),
                "cost": tuned.cost.mean,
                "half_width": tuned.cost.half_width,
                "candidates": tuned.num_candidates,
                "complete": tuned.complete,
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
    show(Answer(document, lambda: _tuned_text(document), lambda: frame_of(rows)).rendered(common.format_))


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
    give(Answer(document, text, lambda: frame_of(rows)), common)


def frame_of(rows: list[dict[str, Any]]) -> "pl.DataFrame":
    """Return documents as a frame, what is nested as text."""
    import polars as pl

    plain = [
        {name: str(value) if isinstance(value, dict | list) else value for name, value in row.items()}
        for row in rows
    ]
    return pl.DataFrame(plain, infer_schema_length=None)
