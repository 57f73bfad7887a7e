"""Failures as exit codes: 1 failed, 2 usage, 3 data, 4 guardrail, 5 gate."""

import difflib
import os
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager

FAILED, USAGE, DATA, GUARDRAIL, GATE = 1, 2, 3, 4, 5


class CommandError(Exception):
    """A failure with a sentence for the user and an exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        """Keep the message and the exit code."""
        super().__init__(message)
        self.code = code


def require_known(kind: str, name: str, known: Iterable[str]) -> str:
    """Return a name, or refuse it with the nearest known one.

    Raises
    ------
    CommandError
        If the name is not known.

    Examples
    --------
    >>> require_known("policy", "marginal", ["current", "marginal"])
    'marginal'
    """
    names = list(known)
    return require_near(kind, name, names, f"one of {', '.join(names)}")


def require_near(kind: str, name: str, names: list[str], where: str) -> str:
    """Return a name, or refuse it with the nearest known one and where all of them are listed.

    Raises
    ------
    CommandError
        If the name is not known.
    """
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise CommandError(f"{kind} {name!r} is unknown, must be {where}.{hint}", USAGE)


@contextmanager
def reported(debug: bool) -> Generator[None, None, None]:
    """Turn errors into one sentence on standard error and an exit code; ``--debug`` shows the traceback."""
    try:
        yield
    except BrokenPipeError:
        # Whoever read the output has left: there is nobody to tell, and flushing at exit would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(FAILED) from None
    except CommandError as error:
        _stop(str(error), error.code, debug)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        why = (error.strerror or str(error)).rstrip(".")
        _stop(f"{place}{why}. Choose another place with --out, or correct this one.", FAILED, debug)
    except Exception as error:
        if _deliberate(error):
            # The text of a KeyError is its message in quotes; others may say more than their first argument.
            _stop(str(error.args[0] if isinstance(error, KeyError) else error), USAGE, debug)
        kind = type(error).__name__
        _stop(f"this should not happen ({kind}: {error}); --debug shows where it did", FAILED, debug)


def _deliberate(error: Exception) -> bool:
    """Tell whether an error is a sentence that this package wrote for the user."""
    if not isinstance(error, ValueError | LookupError) or not error.args:
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    return module.startswith("basestock") and " " in str(error.args[0])


def _stop(message: str, code: int, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()
    print(f"basestock: {message}", file=sys.stderr)  # noqa: T201 - the command line speaks
    raise SystemExit(code)
