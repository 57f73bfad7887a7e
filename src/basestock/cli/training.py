"""The command that learns policies: train."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError, require_known
from basestock.cli.output import Answer, show, table
from basestock.cli.problem import InstanceId, Instances, ProblemName, chosen_problem, named_problem
from basestock.cli.settings import pairs
from basestock.cli.solving import GIB, MaxMemory, MaxSeconds, frame_of

if TYPE_CHECKING:
    from basestock.decision import Problem
    from basestock.evaluation.certificates import Certified
    from basestock.learning import Algorithm, Point, TrainResult

TRAIN_SCHEMA = "basestock.train/1"


def _learners() -> list[str]:
    from basestock.learning import ALGORITHMS

    return list(ALGORITHMS)


Learner = Annotated[
    str,
    typer.Argument(
        metavar="ALGORITHM",
        help="Name of a learner: pathwise, imitation, ppo, a2c, sac, td3, ddpg, dqn, deep_controlled, "
        "fitted_value or tabular.",
        autocompletion=_learners,
        show_default=False,
    ),
]
EnvironmentId = Annotated[
    str | None,
    typer.Option(
        "--env-id", metavar="ID", help="Gymnasium id, as basestock/LostSales-v0.", show_default=False
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget-seconds",
        metavar="S",
        min=1.0,
        help="Time of a run, compiling included; else the learner's own.",
        show_default=False,
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", metavar="N", min=1, help="Number of runs.")]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="TOML file of the learner's settings, as --show-settings prints them.",
        show_default=False,
    ),
]
SettingEntries = Annotated[
    list[str] | None,
    typer.Option(
        "--setting",
        metavar="KEY=VALUE",
        help="A setting of the learner, which wins over the file; repeatable.",
        show_default=False,
    ),
]
ShowSettings = Annotated[
    bool, typer.Option("--show-settings", help="Print the settings as TOML, and learn nothing.")
]
Replications = Annotated[
    int, typer.Option("--replications", metavar="N", min=2, help="Paths where a policy must be simulated.")
]


@command
def train(
    common: Common,
    algorithm: Learner,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    env_id: EnvironmentId = None,
    budget_seconds: Budget = None,
    seeds: Seeds = 1,
    settings: SettingsFile = None,
    setting: SettingEntries = None,
    show_settings: ShowSettings = False,
    replications: Replications = 200,
    max_memory: MaxMemory = 8.0,
    max_seconds: MaxSeconds = 600.0,
) -> None:
    """Learn a policy of a problem, and say how far it is from the best.

    --out DIR keeps every run in a folder of its own, never over another: policy, settings, curve. The optimum or bound
    that gaps are stated against is computed when all runs are finished.
    """
    from basestock.learning import ALGORITHMS, SettingError
    from basestock.learning.folder import as_toml

    require_known("algorithm", algorithm, ALGORITHMS)
    chosen = ALGORITHMS[algorithm]
    try:
        config = chosen.configured(given_settings(settings, setting, budget_seconds))
    except SettingError as error:
        raise CommandError(str(error), USAGE) from None
    if show_settings:
        import dataclasses

        show(as_toml(dataclasses.asdict(config), algorithm).encode())
        return
    first = common.seed or 0
    for seed in range(first, first + seeds):
        _require_new(common.out, seed)
    found = played_problem(env_id, problem, instances, id_, common)
    if common.out is not None:
        # A place that cannot be written to is found before anything is learned.
        _folder(common.out, first).mkdir(parents=True, exist_ok=True)
    results = {seed: _learned(chosen, found, config, seed, common) for seed in range(first, first + seeds)}
    from basestock.evaluation.certificates import certify_problem

    certified = certify_problem(
        found, max_bytes=int(max_memory * GIB), max_seconds=max_seconds, tell=common.say
    )
    common.finished("what is best")
    runs = [_judged(found, certified, seed, result, replications, common) for seed, result in results.items()]
    document = {
        "schema": TRAIN_SCHEMA,
        "id": found.name,
        "algorithm": algorithm,
        "runs": runs,
        "value": certified.value,
        "lower": certified.lower,
        "upper": certified.upper,
        "certificate": certified.certificate,
        "criterion": found.criterion,
        "sense": found.sense,
        "method": certified.method,
    }
    answer = Answer(document, lambda: _text(document), lambda: frame_of(runs))
    show(answer.rendered(common.format_))


def given_settings(
    file: Path | None, entries: list[str] | None, budget_seconds: float | None
) -> dict[str, Any]:
    """Return the settings of a file, of entries, which win, and of the time; values are written as in TOML.

    Raises
    ------
    CommandError
        If the file is none or no TOML.
    """
    given: dict[str, Any] = {}
    if file is not None:
        try:
            given = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise CommandError(f"--settings {file}: {error}; must be a TOML file.", USAGE) from None
    for key, value in pairs(entries, "--setting").items():
        try:
            given[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            given[key] = value
    return given if budget_seconds is None else {**given, "seconds": budget_seconds}


def _require_new(out: Path | None, seed: int) -> None:
    """Refuse to write over a run that took time, or where nothing can be written when it has.

    Raises
    ------
    CommandError
        Naming the folder of the run.
    """
    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise CommandError(f"--out {out}: is a file, must be a folder. Choose another place.", USAGE)
    if any(_folder(out, seed).glob("*")):
        raise CommandError(
            f"--out {out}: {_folder(out, seed).name} is there already, must be a folder without a run of seed {seed}. "
            "Choose another folder, or other seeds with --seed.",
            USAGE,
        )


def _folder(out: Path, seed: int) -> Path:
    return out / f"seed-{seed}"


def played_problem(
    env_id: str | None, name: str | None, instances: Path | None, id_: str | None, common: Common
) -> "Problem":
    """Return the problem of a Gymnasium id, of a name, or of an instance of a file.

    Raises
    ------
    CommandError
        If none or several are named, or what is named is not played.
    """
    found = _named(env_id, name, instances, id_, common)
    if found.kind == "closed_form":
        raise CommandError(
            f"{found.name} is computed, not played: `basestock solve` prints its optimum.", USAGE
        )
    return found


def _named(
    env_id: str | None, name: str | None, instances: Path | None, id_: str | None, common: Common
) -> "Problem":
    if env_id is None:
        if name is None and instances is None and id_ is None:
            raise CommandError(
                "--problem is missing, must be --problem NAME, --instances FILE --id ID, or --env-id ID; "
                "`basestock problems` lists the names.",
                USAGE,
            )
        return chosen_problem(name, instances, id_, common)
    given = {"--problem": name, "--instances": instances, "--id": id_}
    if others := [option for option, value in given.items() if value is not None]:
        raise CommandError(
            f"--env-id {env_id} and {', '.join(others)} both name a problem, must be one of them. Leave the other out.",
            USAGE,
        )
    from basestock.envs import environment_id
    from basestock.problems import FAMILIES

    known = {environment_id(family): family for family in FAMILIES}
    require_known("--env-id", env_id, known)
    return named_problem(known[env_id], common)


def _learned(
    algorithm: "Algorithm", problem: "Problem", config: Any, seed: int, common: Common
) -> "TrainResult":
    from basestock.learning import SettingError, run_key

    try:
        result = algorithm.train(problem, config, key=run_key(seed), tell=_teller(config, seed, common))
    except SettingError as error:
        raise CommandError(f"{algorithm.name}: {error}", USAGE) from None
    common.finished(f"{algorithm.name}, seed {seed}: {result.updates:,} updates, {result.stopped}")
    if common.out is not None:
        # What took time is on disk before it is judged.
        _keep(problem, result, {"seed": seed}, common)
    return result


def _teller(config: Any, seed: int, common: Common) -> "Callable[[Point], None]":
    """Return what prints a point of a curve: cost, and the time that is left."""

    def tell(point: "Point") -> None:
        left = (
            "" if config.updates is not None else f", {max(config.seconds - point.seconds, 0.0):.0f} s left"
        )
        common.say(f"seed {seed}: {point.update:,} updates, cost {point.values['cost']:,.6g}{left}")

    return tell


def _judged(
    problem: "Problem",
    certified: "Certified",
    seed: int,
    result: "TrainResult",
    replications: int,
    common: Common,
) -> dict[str, Any]:
    """Value the policy of a run on events of its own, and keep the run."""
    from basestock.evaluation.certificates import policy_gaps
    from basestock.learning import levels_of, run_key

    (gap,) = policy_gaps(
        problem,
        [],
        certified.reference,
        given={result.algorithm: result.policy},
        optimum=certified.shown,
        replications=replications,
        seed=common.seed or 0,
    )
    facts: dict[str, Any] = {
        "seed": seed,
        "cost": gap.cost,
        "half_width": gap.half_width,
        "gap_percent": gap.gap_percent,
    }
    if levels := levels_of(problem, result.policy, key=run_key(seed)):
        facts["levels"] = levels
    folder = None
    if common.out is not None:
        folder = _keep(problem, result, {**facts, "certificate": certified.certificate}, common)
        common.wrote(folder, f"run of seed {seed}")
    return {
        **facts,
        "seconds": result.seconds,
        "policy_dir": None if folder is None else str(folder),
        "cpu_seconds": result.cpu_seconds,
        "updates": result.updates,
        "stopped": result.stopped,
    }


def _keep(problem: "Problem", result: "TrainResult", facts: dict[str, Any], common: Common) -> Path:
    """Write a run into a folder of its own."""
    from basestock.learning.folder import write_run

    folder = _folder(Path(str(common.out)), facts["seed"])
    write_run(folder, problem, result, facts)
    return folder


def _text(document: dict[str, Any]) -> str:
    columns = ["seed", "cost", "+/-", "gap %", "seconds", "updates", "stopped"]
    body = [
        [
            str(run["seed"]),
            f"{run['cost']:,.7g}",
            f"{run['half_width']:,.2g}" if run["half_width"] else "",
            "" if run["gap_percent"] is None else f"{run['gap_percent']:.4f}",
            f"{run['seconds']:.1f}",
            f"{run['updates']:,}",
            run["stopped"],
        ]
        for run in document["runs"]
    ]
    known = [each for each in (document["value"], document["lower"], document["upper"]) if each is not None]
    best = (
        f"{document['certificate'].replace('_', ' ')} {known[0]:,.7g}" if known else "nothing to compare with"
    )
    costs = table(f"{document['id']}: {document['algorithm']}; {best}", columns, body, right=columns[:6])
    levels = [
        [str(run["seed"]), *_row_of(level)] for run in document["runs"] for level in run.get("levels", ())
    ]
    if not levels:
        return costs
    columns = ["seed", "of", "item", "level", "at the start", "mean", "lowest", "highest"]
    return f"{costs}\n{table('levels that are used, units', columns, levels, right=columns[4:])}"


def _row_of(level: dict[str, Any]) -> list[str]:
    numbers = [f"{level[name]:,.5g}" for name in ("start", "mean", "low", "high")]
    return [level["owner"], level["item"], level["level"].replace("_", " "), *numbers]
