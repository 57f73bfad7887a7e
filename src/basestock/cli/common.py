"""What every command has: the common options, progress on standard error, one sentence for every error."""

import dataclasses
import datetime
import functools
import inspect
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import typer

from basestock.cli.errors import FAILED, reported, require_known
from basestock.cli.options import (
    FORMATS,
    AsOf,
    Config,
    Currency,
    Debug,
    Format,
    Out,
    Quiet,
    Reading,
    Seed,
    Set,
    Threads,
    reading_options,
)


@dataclasses.dataclass
class Common:
    """The common options of a command, and what it has got done so far.

    Parameters
    ----------
    context
        Context of the parser.
    format_, out, entries, seed, as_of, currency, quiet
        As given; `entries` are those of ``--set``.
    started
        When the command began.
    seconds
        Duration of the parts that are finished.
    written
        What is finished on disk.
    """

    context: Any
    format_: str
    out: Path | None
    entries: list[str] | None
    seed: int | None
    as_of: str | None
    currency: str | None
    quiet: bool
    started: datetime.datetime = dataclasses.field(
        default_factory=lambda: datetime.datetime.now(datetime.UTC)
    )
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    written: list[str] = dataclasses.field(default_factory=list)
    _since: float = dataclasses.field(default_factory=time.perf_counter)

    def say(self, message: str) -> None:
        """Print progress for a person."""
        if not self.quiet:
            typer.echo(message, err=True)

    def finished(self, part: str) -> None:
        """End a part of the work, and say so."""
        now = time.perf_counter()
        self.seconds[part], self._since = now - self._since, now
        self.say(f"{part}: {self.seconds[part]:.1f} s")

    def wrote(self, path: Path, what: str) -> None:
        """Say what lies where."""
        self.written.append(str(path))
        self.say(f"{what}: {path}")


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the common options; its parameter ``common`` carries them.

    Errors become one sentence and an exit code. An interrupt, also by SIGTERM, stops the command with a sentence that
    says what was finished.
    """
    own = _signature(function)
    own.pop("common")
    reads = own.pop("reading", None) is not None

    @functools.wraps(function)
    def run(**values: Any) -> None:
        shared = {name: values.pop(name) for name in _COMMON}
        with reported(shared["debug"]):
            if reads:
                values["reading"] = Reading(**{name: values.pop(name) for name in _READING})
            common = Common(
                values.pop("context"),
                require_known("--format", shared["format_"], FORMATS),
                *(shared[name] for name in ("out", "set_", "seed", "as_of", "currency", "quiet")),
            )
            _use_cores(shared["threads"])
            with _interruptible(common):
                function(**values, common=common)

    read = _signature(reading_options).values() if reads else ()
    parameters = [*own.values(), *read, *_signature(_shared).values()]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _signature(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    found = inspect.signature(function, eval_str=True).parameters
    return {name: each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, each in found.items()}


def _shared(
    context: typer.Context,
    format_: Format = "table",
    out: Out = None,
    config: Config = None,
    set_: Set = None,
    seed: Seed = None,
    as_of: AsOf = None,
    currency: Currency = None,
    threads: Threads = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Declare the common options."""


_READING = list(inspect.signature(reading_options).parameters)
_COMMON = [name for name in inspect.signature(_shared).parameters if name != "context"]


def _use_cores(number: int | None) -> None:
    """Limit the processor cores; libraries ask for them when they are imported, later than this."""
    if number is None or not hasattr(os, "sched_setaffinity"):
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:number])


@contextmanager
def _interruptible(common: Common) -> Generator[None, None, None]:
    """Treat SIGTERM like a keyboard interrupt, and tell what was finished."""
    settable = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _interrupt) if settable else None
    try:
        yield
    except KeyboardInterrupt:
        done = ", ".join(common.seconds) or "nothing"
        written = ", ".join(common.written) or "nothing"
        sentence = f"interrupted. Finished: {done}. Written: {written}; nothing half-written was left behind."
        print(f"basestock: {sentence}", file=sys.stderr)  # noqa: T201 - the command line speaks
        raise SystemExit(FAILED) from None
    finally:
        if settable:
            signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
