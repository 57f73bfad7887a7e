"""What an experiment is, and which there are."""

import dataclasses
import difflib
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

from experiments.report import Report


@dataclasses.dataclass(frozen=True)
class Options:
    """How much an experiment may take.

    Parameters
    ----------
    replications
        Episodes that every policy is judged on, the same for all.
    seeds
        Training seeds of every learner.
    budget_seconds
        Wall time of a training run, compiling included.
    seed
        Root of the events of judging; tuning and training use others.
    figures
        Folder for figures, where an experiment has some; none are drawn if not given.
    """

    replications: int = 500
    seeds: int = 5
    budget_seconds: float = 60.0
    seed: int = 1
    figures: Path | None = None


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A published experiment.

    Parameters
    ----------
    name
        Name on the command line.
    about
        One line: what is compared.
    source
        Where the published numbers stand.
    run
        Plays it.
    """

    name: str
    about: str
    source: str
    run: Callable[[Options], Report]


class UnknownExperimentError(ValueError):
    """No experiment has this name."""


def find() -> dict[str, Experiment]:
    """Return every experiment beside this file, by name."""
    found: dict[str, Experiment] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            experiment = getattr(importlib.import_module(f"experiments.{module.name}"), "EXPERIMENT", None)
            if isinstance(experiment, Experiment):
                found[experiment.name] = experiment
    return found


def choose(name: str) -> Experiment:
    """Return an experiment by name.

    Raises
    ------
    UnknownExperimentError
        With the nearest name.
    """
    known = find()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}."
    raise UnknownExperimentError(f"no experiment is named {name!r}; {hint}")
