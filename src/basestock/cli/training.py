"""The command that learns policies: train."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.combining import (
    Curriculum,
    Shaped,
    Together,
    in_stages,
    keep_ensemble,
    require_combined,
    with_potential,
)
from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError, require_known
from basestock.cli.output import Answer, show
from basestock.cli.problem import InstanceId, Instances, ProblemName, chosen_problem, named_problem
from basestock.cli.settings import given_settings, pairs
from basestock.cli.solving import GIB, MaxMemory, MaxSeconds, frame_of
from basestock.cli.training_text import text_of

if TYPE_CHECKING:
    from basestock.decision import Problem
    from basestock.evaluation.certificates import Certified
    from basestock.learning import Algorithm, Point, TrainResult
    from basestock.learning.checkpoints import Checkpoint

TRAIN_SCHEMA = "basestock.train/1"


def _learners() -> list[str]:
    from basestock.learning import ALGORITHMS

    return [*ALGORITHMS, "auto"]


Learner = Annotated[
    str,
    typer.Argument(
        metavar="ALGORITHM",
        help="Name of a learner: pathwise, evolution, imitation, ppo, a2c, sac, td3, ddpg, dqn, deep_controlled, "
        "fitted_value or tabular; auto for the one that suits the problem.",
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
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with runs in --out that were interrupted, or with a larger budget; finished ones are left.",
    ),
]
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
Randomize = Annotated[
    list[str] | None,
    typer.Option(
        "--randomize",
        metavar="NAME=LOW:HIGH",
        help="Learn on paths that each draw what multiplies their demand: level, trend, amplitude, length, phase, "
        "shock, shock_period; judged on the problem as it is. Repeatable.",
        show_default=False,
    ),
]
ShowSettings = Annotated[
    bool, typer.Option("--show-settings", help="Print the settings as TOML, and learn nothing.")
]
Replications = Annotated[
    int | None,
    typer.Option(
        "--replications",
        metavar="N",
        min=2,
        help="Paths where a policy must be simulated; as many as its gap needs if not given.",
    ),
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
    randomize: Randomize = None,
    curriculum: Curriculum = 1,
    shaped: Shaped = False,
    ensemble: Together = False,
    show_settings: ShowSettings = False,
    resume: Resume = False,
    replications: Replications = None,
    max_memory: MaxMemory = 8.0,
    max_seconds: MaxSeconds = 600.0,
) -> None:
    """Learn a policy of a problem, and say how far it is from the best.

    --out DIR keeps every run in a folder of its own, never over another: policy, settings, curve, and a checkpoint that
    --resume goes on from; report.html shows all. The best value, or a bound, is computed when all runs are finished.
    """
    from basestock.learning import ALGORITHMS, AUTO, SettingError, suited
    from basestock.learning.folder import as_toml

    require_known("algorithm", algorithm, [*ALGORITHMS, AUTO])
    if algorithm == AUTO:
        given = played_problem(env_id, problem, instances, id_, common)
        algorithm, why = suited(_randomized(given, randomize)[0])
        common.say(f"{AUTO}: {algorithm}; {why}")
    chosen = ALGORITHMS[algorithm]
    try:
        config = chosen.configured(given_settings(settings, setting, budget_seconds))
    except SettingError as error:
        raise CommandError(str(error), USAGE) from None
    if show_settings:
        show(as_toml(dataclasses.asdict(config), algorithm).encode())
        return
    first = common.seed or 0
    require_combined(common, curriculum, ensemble=ensemble, resume=resume, ranges=bool(randomize))
    for seed in (numbers := range(first, first + seeds)):
        _require_new(common.out, seed, resume=resume)
    found = played_problem(env_id, problem, instances, id_, common)
    learned, found = _randomized(found, randomize)
    learned = with_potential(learned) if shaped else learned
    if common.out is not None:
        # A place that cannot be written to is found before anything is learned.
        _folder(common.out, first).mkdir(parents=True, exist_ok=True)
    runs = [_Run.of(chosen, learned, config, seed, common.out, resume=resume) for seed in numbers]
    results = [_learned(run, common, curriculum) for run in runs]
    if ensemble and common.out is not None:
        keep_ensemble(common.out, found, results, common)
    from basestock.evaluation.certificates import certify_problem

    certified = certify_problem(
        found, max_bytes=int(max_memory * GIB), max_seconds=max_seconds, tell=common.say
    )
    common.finished("what is best")
    rows = [
        _judged(run, result, found, certified, replications, common)
        for run, result in zip(runs, results, strict=True)
    ]
    document = _document(found, algorithm, certified, rows)
    if seeds > 1:
        document["convergence"] = _convergence(learned, results, replications, first + 1)
    _write_report(document, found, results, common)
    answer = Answer(document, lambda: text_of(document), lambda: frame_of(rows))
    show(answer.rendered(common.format_))


def _document(
    problem: "Problem", algorithm: str, certified: "Certified", rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what is printed as JSON: the runs, and what is known of the best value."""
    return {
        "schema": TRAIN_SCHEMA,
        "id": problem.name,
        "algorithm": algorithm,
        "runs": rows,
        "value": certified.value,
        "lower": certified.lower,
        "upper": certified.upper,
        "certificate": certified.certificate,
        "criterion": problem.criterion,
        "sense": problem.sense,
        "method": certified.method,
    }


def _write_report(
    document: dict[str, Any], problem: "Problem", results: "list[TrainResult]", common: Common
) -> None:
    """Write runs, curves and settings as a page, where anything is kept."""
    if common.out is None:
        return
    from basestock.learning.folder import as_toml, curves_of
    from basestock.operations.report import render_learned

    known = (document[name] for name in ("value", "lower", "upper"))
    best = next((each for each in known if each is not None), None)
    curves = [curves_of(problem, result, best) for result in results]
    page = render_learned(document, curves, as_toml(results[0].config, results[0].algorithm))
    path = common.out / "report.html"
    path.write_text(page, encoding="utf-8")
    common.wrote(path, "report")


def _convergence(
    problem: "Problem", results: "list[TrainResult]", replications: int | None, seed: int
) -> dict[str, Any]:
    """Return whether several seeds have converged, by the figures of their policies on fresh events."""
    from basestock.evaluation.certificates import FEW
    from basestock.learning.convergence import convergence_of

    return dataclasses.asdict(convergence_of(problem, results, replications=replications or FEW, seed=seed))


def _randomized(problem: "Problem", entries: list[str] | None) -> "tuple[Problem, Problem]":
    """Return what is learned on, and what is judged on: both show past demand where demand is randomized.

    Raises
    ------
    CommandError
        If a range is none.
    """
    if not entries:
        return problem, problem
    from basestock.learning.randomization import hidden_demand, randomized, watching
    from basestock.uncertainty import DriverError

    try:
        hidden = hidden_demand(pairs(entries, "--randomize"))
    except DriverError as error:
        raise CommandError(f"--randomize: {error}", USAGE) from None
    return randomized(problem, hidden), watching(problem)


def _require_new(out: Path | None, seed: int, *, resume: bool) -> None:
    """Refuse to write over a run that took time, unless it is gone on with, or where nothing can be written.

    Raises
    ------
    CommandError
        Naming the folder of the run.
    """
    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise CommandError(f"--out {out}: is a file, must be a folder. Choose another place.", USAGE)
    if not resume and any(_folder(out, seed).glob("*")):
        raise CommandError(
            f"--out {out}: {_folder(out, seed).name} is there already, must be a folder without a run of seed {seed}. "
            "Choose another folder, other seeds with --seed, or go on with it by --resume.",
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


@dataclasses.dataclass(frozen=True)
class _Run:
    """One run that is asked for, and what there is of it.

    Parameters
    ----------
    algorithm, problem, config, seed
        What is asked for.
    made
        What makes it this run.
    folder
        Where it is kept.
    checkpoint
        What it goes on from.
    ended, judged
        Its result if it has finished, and whether that has been judged.
    """

    algorithm: "Algorithm"
    problem: "Problem"
    config: Any
    seed: int
    made: dict[str, Any]
    folder: Path | None
    checkpoint: "Checkpoint"
    ended: "TrainResult | None"
    judged: bool

    @classmethod
    def of(
        cls,
        algorithm: "Algorithm",
        problem: "Problem",
        config: Any,
        seed: int,
        out: Path | None,
        *,
        resume: bool,
    ) -> "_Run":
        """Return a run; refuses to go on with another one, or with a damaged one, before anything is learned."""
        from basestock.learning import run_key
        from basestock.learning.checkpoints import CHECKPOINT, Checkpoint, identity
        from basestock.learning.folder import finished_run

        folder = None if out is None else _folder(out, seed)
        made = identity(problem, algorithm.name, config, run_key(seed))
        checkpoint = Checkpoint(None if folder is None else folder / CHECKPOINT, resumes=resume)
        found = finished_run(folder, problem, config, made) if resume and folder is not None else None
        if found is None:
            checkpoint.read(made)
        ended, judged = found or (None, False)
        return cls(algorithm, problem, config, seed, made, folder, checkpoint, ended, judged)

    def keep(self, result: "TrainResult", facts: dict[str, Any]) -> None:
        """Write the run into its folder."""
        from basestock.learning.folder import write_run

        if self.folder is not None and not self.judged:
            write_run(self.folder, self.problem, result, self.made, facts)


def _learned(run: _Run, common: Common, stages: int) -> "TrainResult":
    from basestock.learning import SettingError, run_key

    if run.ended is not None:
        common.say(f"seed {run.seed}: finished before, {run.ended.updates:,} updates, {run.ended.stopped}")
        return run.ended
    train, tell = run.algorithm.train, teller(run.config, run.seed, common)
    try:
        if stages > 1:
            result = in_stages(run.algorithm.name, run.problem, run.config, run.seed, stages, tell)
        else:
            result = train(
                run.problem, run.config, key=run_key(run.seed), tell=tell, checkpoint=run.checkpoint
            )
    except SettingError as error:
        raise CommandError(f"{run.algorithm.name}: {error}", USAGE) from None
    common.finished(f"{run.algorithm.name}, seed {run.seed}: {result.updates:,} updates, {result.stopped}")
    # What took time is on disk before it is judged.
    run.keep(result, {"seed": run.seed})
    return result


def teller(config: Any, seed: int, common: Common) -> "Callable[[Point], None]":
    """Return what prints a point of a curve: cost, change, service where it has a floor, and the time that is left.

    Parameters
    ----------
    config
        Settings of the learner.
    seed
        Of the run.
    common
        Options of the command.
    """

    def left(point: "Point") -> str:
        if config.updates is None:
            return f", {max(config.seconds - point.seconds, 0.0):.0f} s left"
        if not 0 < point.update < config.updates:
            return ""
        return f", about {point.seconds / point.update * (config.updates - point.update):.0f} s left"

    def tell(point: "Point") -> None:
        change = point.values.get("change_percent")
        than = "" if change is None else f" ({change:+.2f} % against the beginning)"
        rate = point.values.get("fill_rate")
        served = "" if rate is None else f", fill rate {rate:.2%}"
        cost = f"cost {point.values['cost']:,.6g}{than}"
        common.say(f"seed {seed}: {point.update:,} updates, {cost}{served}{left(point)}")

    return tell


def _judged(
    run: _Run,
    result: "TrainResult",
    problem: "Problem",
    certified: "Certified",
    replications: int | None,
    common: Common,
) -> dict[str, Any]:
    """Value the policy of a run on events of its own, and keep the run."""
    from basestock.evaluation.certificates import FEW, policy_gaps
    from basestock.learning import levels_of, run_key
    from basestock.learning.measures import measures_of, objective_of

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
        "seed": run.seed,
        "cost": gap.cost,
        "half_width": gap.half_width,
        "gap_percent": gap.gap_percent,
        "controllable_gap_percent": gap.controllable_gap_percent,
    }
    objective = objective_of(problem, run.config)
    # On the events that costs are stated on.
    events = (common.seed or 0) + 1
    for name, found in measures_of(
        problem, result.policy, objective, replications=replications or FEW, seed=events
    ).items():
        facts |= {name: found.mean, f"{name}_half_width": found.half_width}
    if levels := levels_of(problem, result.policy, key=run_key(run.seed)):
        facts["levels"] = levels
    run.keep(result, {**facts, "certificate": certified.certificate, "reference": certified.reference})
    if run.folder is not None:
        common.wrote(run.folder, f"run of seed {run.seed}")
    return {
        **facts,
        "seconds": result.seconds,
        "policy_dir": None if run.folder is None else str(run.folder),
        "cpu_seconds": result.cpu_seconds,
        "updates": result.updates,
        "stopped": result.stopped,
    }
