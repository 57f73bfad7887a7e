"""The command that learns fronts: front."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError, require_known
from basestock.cli.options import Policies, names
from basestock.cli.output import Answer, show, table
from basestock.cli.problem import InstanceId, Instances, ProblemName
from basestock.cli.settings import given_settings
from basestock.cli.solving import frame_of
from basestock.cli.training import (
    Budget,
    EnvironmentId,
    Learner,
    Resume,
    SettingEntries,
    SettingsFile,
    played_problem,
    teller,
)

if TYPE_CHECKING:
    from basestock.decision import Policy, Problem
    from basestock.learning.pareto import FrontPoint, Measure, Target
    from basestock.learning.results import TrainResult

FRONT_SCHEMA = "basestock.front/1"

FillRates = Annotated[
    str | None,
    typer.Option(
        "--fill-rates", metavar="A,B,C", help="Floors of the fill rate, shares in (0, 1).", show_default=False
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="P:C,...",
        help="Factors of the weights of producer and consumer risk, as 1:1,4:1,1:4; manufacturing_market only.",
        show_default=False,
    ),
]
RiskWeights = Annotated[
    str | None,
    typer.Option(
        "--risk-weights",
        metavar="A,B,C",
        help="Weights of the worst totals beside the mean, in [0, 1]: risk against return.",
        show_default=False,
    ),
]


@command
def front(
    common: Common,
    algorithm: Learner,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    env_id: EnvironmentId = None,
    fill_rates: FillRates = None,
    weights: Weights = None,
    risk_weights: RiskWeights = None,
    policy: Policies = None,
    budget_seconds: Budget = None,
    settings: SettingsFile = None,
    setting: SettingEntries = None,
    resume: Resume = False,
    replications: Annotated[
        int, typer.Option("--replications", metavar="N", min=2, help="Paths that all are judged on.")
    ] = 200,
) -> None:
    """Learn a policy for every target, and say which of them, and of tuned policies, another beats.

    Targets are floors of the fill rate, weights of two risks, or weights of the worst totals. Each policy is begun with
    the one before. All are judged on the same fresh events. --out DIR keeps the runs and a picture.
    """
    from basestock.learning import ALGORITHMS, SettingError
    from basestock.learning.pareto import front_of, learn_front
    from basestock.optimal.players import PLAYERS

    chosen = ALGORITHMS[require_known("algorithm", algorithm, ALGORITHMS)]
    if resume and common.out is None:
        raise CommandError("--resume goes on with runs of a folder, must be with --out. Name it.", USAGE)
    classics = tuple(require_known("policy", name, PLAYERS) for name in names(policy, ()))
    found = played_problem(env_id, problem, instances, id_, common)
    seed = common.seed or 0
    with ExitStack() as stack:
        folder = common.out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            given = given_settings(settings, setting, budget_seconds)
            config = chosen.configured(given)
            targets, measures, periods = _asked(found, config, fill_rates, weights, risk_weights)
            _require_new(folder, targets, resume=resume)

            def ended(name: str, result: "TrainResult") -> None:
                common.finished(f"{name}: {result.updates:,} updates, {result.stopped}")

            results = learn_front(
                *(chosen, targets, given),
                folder=folder,
                seed=seed,
                resume=resume,
                tell=teller(config, seed, common),
                ended=ended,
            )
        except SettingError as error:
            raise CommandError(f"{algorithm}: {error}", USAGE) from None
    policies = {name: result.policy for name, result in results.items()} | _tuned(found, classics, common)
    # Classical policies are tuned on the events of the seed itself.
    points = front_of(found, policies, measures, replications=replications, seed=seed + 1, periods=periods)
    common.finished("judge")
    rows = [_row(point, results, common.out) for point in points]
    document = {
        "schema": FRONT_SCHEMA,
        "id": found.name,
        "algorithm": algorithm,
        "criterion": found.criterion,
        "sense": found.sense,
        "measures": [{"name": each.name, "better": "low" if each.sign > 0 else "high"} for each in measures],
        "points": rows,
    }
    if common.out is not None:
        _draw(common.out, points, f"{found.name}: {algorithm}", found.criterion, common)
    columns = [each.name for each in measures]
    show(Answer(document, lambda: _text(document, columns), lambda: frame_of(rows)).rendered(common.format_))


def _asked(
    problem: "Problem", config: Any, fill_rates: str | None, weights: str | None, risk_weights: str | None
) -> "tuple[list[Target], tuple[Measure, ...], int | None]":
    """Return what is learned for, what policies are compared by, and the periods of a total that have a law.

    Raises
    ------
    CommandError
        If not one of them is given, or a number is none.
    """
    from basestock.learning import pareto
    from basestock.learning.measures import objective_of

    if [fill_rates, weights, risk_weights].count(None) != 2:
        raise CommandError(
            "must be --fill-rates A,B,C, --weights P:C,... or --risk-weights A,B,C, one of them.", USAGE
        )
    if weights is not None:
        pairs = [_numbers("--weights", part, 2) for part in weights.split(",")]
        targets = pareto.weight_targets(problem, [(one, other) for one, other in pairs])
        return targets, pareto.risk_measures(), None
    if fill_rates is not None:
        targets = pareto.fill_rate_targets(problem, _each("--fill-rates", fill_rates))
        return targets, pareto.service_measures(problem), None
    targets = pareto.tail_targets(problem, _each("--risk-weights", str(risk_weights)))
    objective = objective_of(problem, config)
    return targets, pareto.tail_measures(problem, objective.risk_level), objective.window


def _each(option: str, text: str) -> list[float]:
    return [_numbers(option, part, 1)[0] for part in text.split(",")]


def _numbers(option: str, text: str, count: int) -> list[float]:
    try:
        found = [float(part) for part in text.split(":")]
    except ValueError:
        found = []
    if len(found) != count or not all(0 <= each < 1e6 for each in found):
        form = "a number" if count == 1 else "two numbers P:C"
        raise CommandError(f"{option} {text}: must be {form} >= 0 between commas.", USAGE)
    return found


def _require_new(folder: Path, targets: "list[Target]", *, resume: bool) -> None:
    """Refuse to write over a run, unless it is gone on with, or where nothing can be written.

    Raises
    ------
    CommandError
        Naming the folder.
    """
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"--out {folder}: is a file, must be a folder. Choose another place.", USAGE)
    there = [each.name for each in targets if any((folder / each.name).glob("*"))]
    if there and not resume:
        raise CommandError(
            f"--out {folder}: {', '.join(there)} there already, must be a folder without these. Choose another folder, "
            "or go on with them by --resume.",
            USAGE,
        )
    folder.mkdir(parents=True, exist_ok=True)


def _tuned(problem: "Problem", classics: tuple[str, ...], common: Common) -> "dict[str, Policy]":
    """Tune policies for the cost of the problem as it is."""
    from basestock.optimal.players import PLAYERS
    from basestock.policies import fit

    found: dict[str, Policy] = {}
    for name in classics:
        entry = PLAYERS[name]
        computed = entry.compute is not None and entry.box is None
        found[name] = (
            entry.compute(problem)
            if computed and entry.compute is not None
            else fit(problem, entry, seed=common.seed or 0).policy
        )
        common.finished(f"tune {name}")
    return found


def _row(point: "FrontPoint", results: "dict[str, TrainResult]", out: Path | None) -> dict[str, Any]:
    row: dict[str, Any] = {"policy": point.policy}
    for name, value in point.values.items():
        row |= {name: value.mean, f"{name}_half_width": value.half_width}
    learned = results.get(point.policy)
    folder = None if learned is None or out is None else str(out / point.policy)
    seconds = None if learned is None else learned.seconds
    return {**row, "dominated": point.dominated, "seconds": seconds, "policy_dir": folder}


def _draw(out: Path, points: "tuple[FrontPoint, ...]", title: str, criterion: str, common: Common) -> None:
    from basestock.learning.pareto import draw_front

    if draw_front(out / "front.png", points, title, criterion):
        common.wrote(out / "front.png", "picture of the front")


def _text(document: dict[str, Any], measures: list[str]) -> str:
    columns = ["policy"]
    for name in measures:
        columns += [name.replace("_", " "), "+/-"]
    body = [
        [
            row["policy"],
            *(_shown(row[part], name) for name in measures for part in (name, f"{name}_half_width")),
            "yes" if row["dominated"] else "",
        ]
        for row in document["points"]
    ]
    title = f"{document['id']}: {document['algorithm']}, all policies on the same events"
    return table(title, [*columns, "dominated"], body, right=columns[1:])


def _shown(value: float | None, name: str) -> str:
    if value is None:
        return ""
    return f"{value:.3%}" if name == "fill_rate" else f"{value:,.6g}"
