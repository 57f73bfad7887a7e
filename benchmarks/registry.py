"""What a benchmark is, and which there are."""

import dataclasses
import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One number that a benchmark found.

    Parameters
    ----------
    what
        What was measured, in words.
    value
        The number: the median over repeats where there are repeats.
    unit
        Its unit; ``ratio`` for a quotient of two things measured side by side.
    least, most
        Smallest and largest of the repeats; equal to the value for what is counted once.
    limit
        Largest value wanted; None where nothing is promised.
    """

    what: str
    value: float
    unit: str
    least: float
    most: float
    limit: float | None = None

    @classmethod
    def counted(cls, what: str, value: float, unit: str, limit: float | None = None) -> "Measurement":
        """Return a number without noise."""
        return cls(what, value, unit, value, value, limit)

    @property
    def ok(self) -> bool:
        """Whether the limit is kept."""
        return self.limit is None or self.value <= self.limit


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """A thing whose speed is watched.

    Parameters
    ----------
    name
        Name on the command line, that of its module.
    about
        One line: what is measured, and against what.
    run
        Measures.
    quick
        Whether `make bench` runs it.
    """

    name: str
    about: str
    run: Callable[[], Iterable[Measurement]]
    quick: bool = True


class UnknownBenchmarkError(ValueError):
    """No benchmark has this name."""


def find() -> dict[str, Benchmark]:
    """Return every benchmark beside this file, by name."""
    found: dict[str, Benchmark] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("_"):
            benchmark = getattr(importlib.import_module(f"benchmarks.{module.name}"), "BENCHMARK", None)
            if isinstance(benchmark, Benchmark):
                found[benchmark.name] = benchmark
    return found


def choose(names: Iterable[str], known: Mapping[str, Benchmark]) -> list[Benchmark]:
    """Return the named benchmarks, or the quick ones when none is named.

    Raises
    ------
    UnknownBenchmarkError
        With the nearest name.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}."
        raise UnknownBenchmarkError(f"no benchmark is named {unknown[0]!r}; {hint}")
    return [known[name] for name in names] or [known[name] for name in sorted(known) if known[name].quick]
