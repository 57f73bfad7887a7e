"""The command that searches settings of learners: search-hyperparameters."""

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import USAGE, CommandError, require_known
from basestock.cli.output import Answer, show, table
from basestock.cli.problem import InstanceId, Instances, ProblemName
from basestock.cli.settings import given_settings, pairs
from basestock.cli.solving import frame_of
from basestock.cli.training import (
    Budget,
    EnvironmentId,
    Learner,
    SettingEntries,
    SettingsFile,
    played_problem,
)

if TYPE_CHECKING:
    from basestock.learning.search import Choices, Range

SEARCH_SCHEMA = "basestock.search-hyperparameters/1"

Entries = Annotated[
    list[str] | None,
    typer.Option(
        "--search",
        metavar="KEY=VALUES",
        help="A setting that varies: LOW:HIGH, LOW:HIGH:log, or a list A,B,C; repeatable. Else its learning rates.",
        show_default=False,
    ),
]
Trials = Annotated[
    int, typer.Option("--trials", metavar="N", min=1, help="Trials in all, those of the storage counted.")
]
MethodName = Annotated[str, typer.Option("--method", metavar="NAME", help="tpe, random or grid.")]
Storage = Annotated[
    Path | None,
    typer.Option(
        "--storage",
        metavar="FILE",
        help="SQLite file that keeps the trials: the search goes on where it stopped.",
        show_default=False,
    ),
]
Prunes = Annotated[
    bool, typer.Option("--prune/--no-prune", help="Whether trials end early that are worse than the median.")
]


@command
def search_hyperparameters(
    common: Common,
    algorithm: Learner,
    problem: ProblemName = None,
    instances: Instances = None,
    id_: InstanceId = None,
    env_id: EnvironmentId = None,
    search: Entries = None,
    trials: Trials = 20,
    method: MethodName = "tpe",
    budget_seconds: Budget = None,
    settings: SettingsFile = None,
    setting: SettingEntries = None,
    storage: Storage = None,
    prune: Prunes = True,
) -> None:
    """Search settings of a learner: each trial is a run, judged on the events of selection.

    The optimum plays no part. --out FILE writes the best settings as TOML for `basestock train --settings FILE`.
    """
    from basestock.learning import ALGORITHMS, SettingError
    from basestock.learning import search as searching
    from basestock.learning.folder import as_toml

    chosen = ALGORITHMS[require_known("algorithm", algorithm, ALGORITHMS)]
    require_known("--method", method, searching.METHODS)
    space = {key: _values(key, text) for key, text in pairs(search, "--search").items()}
    space = space or searching.default_space(chosen)
    if method == "grid":
        trials = min(trials, searching.combinations(space))
    found = played_problem(env_id, problem, instances, id_, common)
    try:
        fixed = given_settings(settings, setting, budget_seconds)
        result = searching.search(
            *(found, chosen, space),
            trials=trials,
            fixed=fixed,
            method=method,  # type: ignore[arg-type]
            storage=storage,
            prunes=prune,
            seed=common.seed or 0,
            tell=lambda trial: common.say(_told(trial)),
        )
        best = dataclasses.asdict(chosen.configured({**fixed, **result.best}))
    except (searching.SearchError, SettingError, ImportError) as error:
        raise CommandError(str(error), USAGE) from None
    if common.out is not None:
        common.out.parent.mkdir(parents=True, exist_ok=True)
        common.out.write_text(as_toml(best, algorithm), encoding="utf-8")
        common.wrote(common.out, "best settings")
    rows: list[dict[str, Any]] = [
        {**dataclasses.asdict(each), "settings": dict(each.settings)} for each in result.trials
    ]
    document = {
        "schema": SEARCH_SCHEMA,
        "id": found.name,
        "algorithm": algorithm,
        "method": method,
        "criterion": found.criterion,
        "sense": found.sense,
        "best": {"cost": result.cost, "settings": best},
        "trials": rows,
    }
    flat = [{**{k: v for k, v in row.items() if k != "settings"}, **row["settings"]} for row in rows]
    answer = Answer(document, lambda: _text(document, list(space)), lambda: frame_of(flat))
    show(answer.rendered(common.format_))


def _values(name: str, text: str) -> "Choices | Range":
    """Return what a setting may take.

    Raises
    ------
    CommandError
        If the text is neither a range nor a list.
    """
    from basestock.learning.search import Choices, Range

    parts = [part.strip() for part in text.split(":")]
    try:
        if len(parts) == 1:
            return Choices(tuple(tomllib.loads(f"value = [{text}]")["value"]))
        low, high = (tomllib.loads(f"value = {part}")["value"] for part in parts[:2])
        if all(isinstance(each, int | float) for each in (low, high)) and parts[2:] in ([], ["log"]):
            return Range(low, high, log=bool(parts[2:]))
    except tomllib.TOMLDecodeError:
        pass
    raise CommandError(
        f"--search {name}={text}: must be LOW:HIGH, LOW:HIGH:log, or a list A,B,C as TOML writes values "
        '(true, 0.1, "text", [32, 32]).',
        USAGE,
    )


def _told(trial: Any) -> str:
    cost = "no cost" if trial.cost is None else f"cost {trial.cost:,.6g}"
    tried = ", ".join(f"{name} {_number(value)}" for name, value in trial.settings.items())
    return f"trial {trial.number}: {tried}: {cost}, {trial.state}, {trial.seconds:.1f} s"


def _text(document: dict[str, Any], names: list[str]) -> str:
    best = document["best"]["cost"]
    ranked = sorted(document["trials"], key=lambda row: math.inf if row["cost"] is None else row["cost"])
    body = [
        [
            str(row["number"]),
            row["state"],
            "" if row["cost"] is None else f"{row['cost']:,.6g}",
            f"{row['seconds']:.1f}",
            *(_number(row["settings"].get(name, "")) for name in names),
        ]
        for row in ranked
    ]
    told = "no trial was completed" if best is None else f"best {best:,.6g} on the events of selection"
    columns = ["trial", "state", "cost", "seconds", *names]
    title = f"{document['id']}: {document['algorithm']}; {told}"
    return table(title, columns, body, right=["trial", "cost", "seconds"])


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
