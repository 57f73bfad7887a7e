"""Search of the settings of a learner, by Optuna: every trial is a run, judged on the events of selection."""

import contextlib
import dataclasses
import json
import math
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from basestock.decision import Problem
from basestock.learning.registry import Algorithm
from basestock.learning.results import Point
from basestock.learning.settings import SettingError
from basestock.learning.streams import run_key

Method = Literal["tpe", "random", "grid"]
METHODS: tuple[Method, ...] = ("tpe", "random", "grid")

FIRST_TRIALS = 4
"""Trials that are never cut short: those that others are held against."""

TOLD = "basestock"
"""Name under which a study remembers what it searches."""


class SearchError(ValueError):
    """What is to be searched makes no sense, or is not what the study in the storage searched."""


@dataclasses.dataclass(frozen=True)
class Choices:
    """Values that a setting may take.

    Parameters
    ----------
    values
        The values as TOML has them, at least one.
    """

    values: tuple[Any, ...]

    @property
    def labels(self) -> list[str]:
        """The values as JSON: what a study keeps, which knows no lists."""
        return [json.dumps(each) for each in self.values]

    def ask(self, trial: Any, name: str) -> Any:
        """Return the value that a trial takes."""
        return json.loads(trial.suggest_categorical(name, self.labels))


@dataclasses.dataclass(frozen=True)
class Range:
    """A range of numbers that a setting may take.

    Parameters
    ----------
    low, high
        Ends, both included; whole numbers for a setting that is one.
    log
        Whether equal ratios are equally likely, not equal differences.
    """

    low: float
    high: float
    log: bool = False

    def ask(self, trial: Any, name: str) -> Any:
        """Return the value that a trial takes."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(name, self.low, self.high, log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)


Space = Mapping[str, Choices | Range]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of a search.

    Parameters
    ----------
    number
        Its number, from 0 on.
    state
        ``complete``, ``pruned`` (worse than most at the same point of the curve), or ``fail``.
    cost
        Cost on the events of selection in the problem's own sense, money; ``None`` where it failed.
    seconds
        Wall time.
    settings
        What was tried.
    """

    number: int
    state: str
    cost: float | None
    seconds: float
    settings: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Search:
    """A finished search.

    Parameters
    ----------
    best
        Settings of the best complete trial; empty where there is none.
    cost
        What they cost on the events of selection, money.
    trials
        Every trial, those of earlier searches in the same storage too.
    """

    best: Mapping[str, Any]
    cost: float | None
    trials: tuple[Trial, ...]


def default_space(algorithm: Algorithm) -> dict[str, Choices | Range]:
    """Return what is searched where nothing is named: every size of steps, from a tenth to ten times its default.

    Examples
    --------
    >>> from basestock.learning.registry import ALGORITHMS
    >>> default_space(ALGORITHMS["pathwise"])
    {'learning_rate': Range(low=0.002, high=0.2, log=True)}
    """
    ends = "learning_rate", "spread"
    names = [field for field in dataclasses.fields(algorithm.config) if field.name.endswith(ends)]
    return {
        field.name: Range(float(f"{field.default / 10:.12g}"), float(f"{field.default * 10:.12g}"), log=True)
        for field in names
        if isinstance(field.default, float)
    }


def search(
    problem: Problem,
    algorithm: Algorithm,
    space: Space,
    *,
    trials: int,
    fixed: Mapping[str, Any] | None = None,
    method: Method = "tpe",
    storage: Path | None = None,
    prunes: bool = True,
    seed: int = 0,
    tell: Callable[[Trial], None] = lambda trial: None,
) -> Search:
    """Try settings of a learner.

    Parameters
    ----------
    problem, algorithm
        What is learned, and how.
    space
        Settings that vary.
    trials
        Number of trials in all, those counted that the storage holds already.
    fixed
        Settings that all trials share, the time of a run among them.
    method
        Tree-structured Parzen estimator (Bergstra et al. 2011), at random, or every combination of listed values.
    storage
        SQLite file that keeps the trials, so that a search goes on where it stopped; kept in memory if not given.
    prunes
        Whether a run ends early that is worse than the median of the earlier ones at the same point of the curve.
    seed
        Root of the runs: every trial learns from, and is judged on, the same events.
    tell
        Is told every trial of this call.

    Raises
    ------
    SearchError
        If a setting cannot take a value of the space, or the storage holds a search of something else.
    ImportError
        If Optuna is not installed: ``basestock[tune]``.
    """
    try:
        import optuna
    except ImportError as error:
        raise ImportError("search-hyperparameters needs Optuna: install basestock[tune].") from error
    shared = dict(fixed or {})
    _require_possible(algorithm, space, shared, method)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = _study(optuna, f"{problem.name}: {algorithm.name}", storage, prunes=prunes)
    _require_same(study, problem, algorithm, space, shared, seed, storage)
    ended = len(study.get_trials(deepcopy=False, states=_ended(optuna)))
    # A search that goes on must not draw what it has drawn before.
    study.sampler = _sampler(optuna, method, space, seed + ended)

    def run(trial: Any) -> float:
        given = {**shared, **{name: each.ask(trial, name) for name, each in space.items()}}
        seen = 0

        def look(point: Point) -> None:
            nonlocal seen
            seen += 1
            cost = problem.sign * point.values["cost"]
            trial.report(cost if math.isfinite(cost) else math.inf, seen)
            if trial.should_prune():
                raise optuna.TrialPruned

        result = algorithm.train(problem, algorithm.configured(given), key=run_key(seed), tell=look)
        return problem.sign * min(result.selected.values(), key=lambda cost: problem.sign * cost)

    def told(study: Any, trial: Any) -> None:
        del study
        tell(_trial(problem, space, trial))

    if trials > ended:
        study.optimize(run, n_trials=trials - ended, callbacks=[told])
    every = tuple(_trial(problem, space, each) for each in study.get_trials(deepcopy=False))
    complete = [each for each in every if each.state == "complete" and each.cost is not None]
    best = min(complete, key=lambda each: problem.sign * (each.cost or 0.0), default=None)
    return Search({} if best is None else best.settings, best and best.cost, every)


def combinations(space: Space) -> int:
    """Return the number of combinations of listed values."""
    return math.prod(len(each.values) for each in space.values() if isinstance(each, Choices))


def _ended(optuna: Any) -> tuple[Any, ...]:
    return optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED, optuna.trial.TrialState.FAIL


def _study(optuna: Any, name: str, storage: Path | None, *, prunes: bool) -> Any:
    """Return the study of a name, from the storage if it is there."""
    if storage is not None:
        _require_storage(storage)
    median = optuna.pruners.MedianPruner(n_startup_trials=FIRST_TRIALS)
    return optuna.create_study(
        storage=None if storage is None else f"sqlite:///{storage}",
        pruner=median if prunes else optuna.pruners.NopPruner(),
        study_name=name,
        direction="minimize",
        load_if_exists=True,
    )


def _require_storage(file: Path) -> None:
    """Refuse a file that is no database, or that cannot be made one."""
    try:
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        raise SearchError(
            f"{file} cannot be used ({error}), must be the SQLite file of a search, or a new file in a folder that can "
            "be written to. Choose another file."
        ) from None


def _sampler(optuna: Any, method: Method, space: Space, seed: int) -> Any:
    """Return what proposes settings."""
    if method == "grid":
        listed = {name: each.labels for name, each in space.items() if isinstance(each, Choices)}
        return optuna.samplers.GridSampler(listed, seed=seed)
    return {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}[method](seed=seed)


def _require_possible(algorithm: Algorithm, space: Space, fixed: Mapping[str, Any], method: Method) -> None:
    """Refuse a space whose ends or values break the rules of their settings."""
    if not space:
        raise SearchError(
            f"{algorithm.name}: nothing varies, must be at least one setting. Name some that vary."
        )
    for name, each in space.items():
        if name in fixed:
            raise SearchError(f"{name} is fixed and searched, must be one of them. Leave one out.")
        if isinstance(each, Range):
            if method == "grid":
                raise SearchError(f"{name} is a range, must be a list of values in a grid. List the values.")
            if not each.low < each.high or (each.log and each.low <= 0):
                raise SearchError(
                    f"{name} is {each.low:g} to {each.high:g}, must be a range from low to high, both > 0 where it is "
                    "logarithmic. Correct the ends."
                )
        for value in each.values if isinstance(each, Choices) else (each.low, each.high):
            try:
                algorithm.configured({**fixed, name: value})
            except SettingError as error:
                raise SearchError(str(error)) from None


def _require_same(
    study: Any,
    problem: Problem,
    algorithm: Algorithm,
    space: Space,
    fixed: Mapping[str, Any],
    seed: int,
    storage: Path | None,
) -> None:
    """Refuse to go on with a search of something else: its costs could not be compared."""
    mine = {
        "problem": problem.name,
        "parameters": repr(sorted(problem.parameters.items())),
        "algorithm": algorithm.name,
        "space": ", ".join(f"{name} {each}" for name, each in sorted(space.items())),
        "fixed settings": ", ".join(f"{name} {each}" for name, each in sorted(fixed.items())) or "none",
        "seed": seed,
    }
    known = study.user_attrs.get(TOLD)
    if known is None:
        study.set_user_attr(TOLD, mine)
    elif known != mine:
        other = [f"{key} {known.get(key)}" for key, value in mine.items() if known.get(key) != value]
        raise SearchError(
            f"{storage} holds a search with {', '.join(other)}, must be of the same problem, learner, space, fixed "
            "settings and seed. Choose another file, or the settings of then."
        )


def _trial(problem: Problem, space: Space, trial: Any) -> Trial:
    value = trial.value
    if value is None and trial.intermediate_values:
        value = trial.intermediate_values[max(trial.intermediate_values)]
    cost = None if value is None or not math.isfinite(value) else problem.sign * value
    seconds = trial.duration.total_seconds() if trial.duration is not None else 0.0
    settings = {
        name: json.loads(value) if isinstance(space[name], Choices) else value
        for name, value in trial.params.items()
    }
    return Trial(trial.number, trial.state.name.lower(), cost, seconds, settings)
