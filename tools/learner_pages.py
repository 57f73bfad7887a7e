"""Pages of learners: what each does, its settings with their defaults, and what was measured."""

import dataclasses
import inspect
import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from griffe import Docstring, DocstringSectionAdmonition, DocstringSectionParameters, Parser

from basestock.learning.registry import ALGORITHMS, Algorithm
from tools.docstring_roles import without_roles
from tools.learners import CURVES, PICTURES, TINY
from tools.markdown import markdown_table


def learner_page(name: str) -> Iterator[str]:
    """Yield the page of a learner."""
    learner = ALGORITHMS[name]
    meaning = learner.meaning
    yield f"# `{name}`"
    yield f"{meaning[0].upper()}{meaning[1:]}. [How learners are run and judged](../../learning.md)"
    yield from _notes(learner)
    yield "## Settings"
    yield f"`--setting NAME=VALUE` of `basestock train {name}`; `--show-settings` prints them as TOML."
    yield "\n".join(markdown_table(["setting", "default", "meaning"], settings_of(learner)))
    yield "## Measured"
    yield from _measured(name)


def _notes(learner: Algorithm) -> Iterator[str]:
    """Yield what the function says of itself beyond its first line."""
    for section in _sections(learner.train.__doc__):
        if isinstance(section, DocstringSectionAdmonition) and section.title == "Notes":
            yield section.value.contents


def settings_of(learner: Algorithm) -> Iterator[list[str]]:
    """Yield a row a setting: its name, default and meaning."""
    meanings = _meanings(learner.config)
    for field in dataclasses.fields(learner.config):
        default = "not set" if field.default is None else f"`{field.default!r}`"
        yield [f"`{field.name}`", default, meanings.get(field.name, "")]


def _meanings(config: type[Any]) -> dict[str, str]:
    """Return what the fields of a dataclass mean, those of its bases included."""
    found: dict[str, str] = {}
    for each in reversed(config.__mro__):
        for section in _sections(each.__dict__.get("__doc__")):
            if isinstance(section, DocstringSectionParameters):
                for parameter in section.value:
                    names = parameter.name.split(", ")
                    found |= dict.fromkeys(names, " ".join(parameter.description.split()))
    return found


def _sections(text: str | None) -> list[Any]:
    plain = without_roles(inspect.cleandoc(text or ""))
    return list(Docstring(plain).parse(Parser.numpy, warnings=False))


def _measured(name: str) -> Iterator[str]:
    """Yield the curves and the table of a learner, or that nothing was measured."""
    records = CURVES.read(name)
    if not records or not (PICTURES / f"{name}.svg").exists():
        yield "Nothing was measured yet."
        return
    yield f"![gap along the runs](../../images/learners/{name}.svg)"
    any_of = next(iter(records.values()))["found"]
    cores = "one core" if any_of["cores"] == 1 else f"{any_of['cores']} cores"
    yield (
        "Gap to the exact optimum along the runs, on the events of selection: the best so far, median (line) and range "
        f"of {len(any_of['runs'])} seeds of {any_of['seconds']:g} s with default settings on {cores}. "
        "The first seed compiles what the others use. At the end policies are evaluated exactly:"
    )
    header = ["problem", "median gap %", "worst gap %", "updates", "CPU s"]
    rows = (_row(label, records[label]["found"]) for label in TINY if label in records)
    yield "\n".join(markdown_table(header, rows))
    commands = [f"$ {records[label]['found']['command']}" for label in TINY if label in records]
    yield "\n".join(["```console", *commands, "```"])


def _row(label: str, found: Mapping[str, Any]) -> list[str]:
    runs = found["runs"]
    gaps = [run["gap_percent"] for run in runs]
    return [
        label,
        f"{statistics.median(gaps):.3f}",
        f"{max(gaps):.3f}",
        _range([run["updates"] for run in runs]),
        _range([round(run["cpu_seconds"]) for run in runs]),
    ]


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
