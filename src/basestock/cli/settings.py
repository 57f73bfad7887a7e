"""Defaults from ``--config FILE.toml`` and ``--set command.option=value``, for every option of every command."""

import datetime
import inspect
import tomllib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from basestock.cli.errors import USAGE, CommandError, require_known

PROBLEM = "problem"
"""Section of a file, and prefix of an entry, that holds parameters of a problem."""

_FILE, _ENTRIES = "basestock.config", "basestock.set"


def pairs(entries: list[str] | None, option: str = "--set") -> dict[str, str]:
    """Split ``key=value`` entries.

    Raises
    ------
    CommandError
        Naming every entry without ``=``.

    Examples
    --------
    >>> pairs(["lead_time = 2"])
    {'lead_time': '2'}
    """
    wrong = [entry for entry in entries or [] if "=" not in entry]
    if wrong:
        raise CommandError(f"{option} {', '.join(wrong)}: must be key=value.", USAGE)
    return {key.strip(): value.strip() for key, value in (entry.split("=", 1) for entry in entries or [])}


def _use_file(context: Any, path: Path | None) -> Path | None:
    if path is not None:
        with _as_usage_error():
            context.meta[_FILE] = _from_file(path, context)
            _renew(context)
    return path


def _use_entries(context: Any, entries: list[str] | None) -> list[str] | None:
    with _as_usage_error():
        found: dict[str, Any] = {}
        for key, value in pairs(entries).items():
            section, dot, name = key.rpartition(".")
            if dot and section != PROBLEM:
                _file_under(found, context, "--set", section, name, value)
        context.meta[_ENTRIES] = found
        _renew(context)
    return entries


def _as_callback(use: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a function in the form in which Typer hands over its context: by the annotation of a parameter."""

    def callback(context: Any, value: Any) -> Any:
        return use(context, value)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [
        inspect.Parameter("context", kind, annotation=typer.Context),
        inspect.Parameter("value", kind, annotation=Any),
    ]
    callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    callback.__annotations__ = {each.name: each.annotation for each in parameters}
    return callback


take_file = _as_callback(_use_file)
"""Uses the tables of ``--config`` as defaults; called before the other options are read."""

take_entries = _as_callback(_use_entries)
"""Uses the dotted entries of ``--set`` as defaults that win over the file; called before the other options are read."""


def problem_parameters(context: Any, entries: list[str] | None) -> dict[str, str]:
    """Return the parameters of a problem: the file's section, overruled by entries without a dot."""
    given = dict(context.meta.get(_FILE, {}).get(PROBLEM, {}))
    for key, value in pairs(entries).items():
        section, dot, name = key.rpartition(".")
        if not dot or section == PROBLEM:
            given[name] = value
    return given


def refuse_parameters(entries: list[str] | None, command: str) -> None:
    """Refuse entries without a dot where there is no problem that they could be parameters of.

    Raises
    ------
    CommandError
        Naming the entry and how it may have been meant.
    """
    for key in pairs(entries):
        if "." not in key:
            raise CommandError(
                f"--set {key}: must name a command and its option, as in {command}.{key}.", USAGE
            )


def _renew(context: Any) -> None:
    command = str(context.info_name)
    own: dict[str, Any] = {}
    for source in (_FILE, _ENTRIES):
        tables = context.meta.get(source, {})
        own |= tables.get("", {}) | tables.get(command, {})
    context.default_map = own


def _from_file(path: Path, context: Any) -> dict[str, dict[str, Any]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"--config {path}: {error}; must be a readable TOML file.", USAGE) from error
    found: dict[str, Any] = {}
    for key, value in content.items():
        if key == PROBLEM and isinstance(value, Mapping):
            found[PROBLEM] = {name: str(_plain(each)) for name, each in value.items()}
        elif isinstance(value, Mapping):
            for name, each in value.items():
                _file_under(found, context, f"--config {path}", key, name, each)
        else:
            _file_under(found, context, f"--config {path}", "", key, value)
    return found


def _file_under(
    found: dict[str, Any], context: Any, where: str, section: str, name: str, value: object
) -> None:
    """Put a setting under its command, or under "" for every command that has the option."""
    option = name.replace("-", "_")
    known = _options(context)
    if section:
        require_known(f"{where}: command", section, [*known, PROBLEM])
    allowed = known[section] if section else sorted({each for options in known.values() for each in options})
    require_known(f"{where}: option", option, allowed)
    found.setdefault(section, {})[_parameter(option)] = _plain(value)


def _options(context: Any) -> dict[str, list[str]]:
    """Return the options that can be set, by command."""
    group = context.parent.command if context.parent else None
    commands: Mapping[str, Any] = getattr(group, "commands", None) or {
        str(context.info_name): context.command
    }
    hidden = {"config", "set", "help"}
    return {
        name: sorted({_spelled(each) for each in command.params if _spelled(each) not in hidden})
        for name, command in commands.items()
    }


def _spelled(parameter: Any) -> str:
    """Return an option as a person writes it: ``format``, not the name that Python needs."""
    return str(parameter.name).rstrip("_")


def _parameter(option: str) -> str:
    return f"{option}_" if option in ("format", "map") else option


def _plain(value: object) -> Any:
    """Return a value as text, as it would stand on the command line, so that it is checked like there."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


@contextmanager
def _as_usage_error() -> Generator[None, None, None]:
    """Show a refusal as the parser of arguments shows its own."""
    try:
        yield
    except CommandError as error:
        typer.echo(f"basestock: {error}", err=True)
        raise typer.Exit(error.code) from error


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
