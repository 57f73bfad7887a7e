"""Failures as exit codes: 1 failed, 2 usage, 3 data, 4 guardrail, 5 gate."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

FAILED, USAGE, DATA, GUARDRAIL, GATE = 1, 2, 3, 4, 5


class CommandError(Exception):
    """A failure with a sentence for the user and an exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        """Keep the message and the exit code."""
        super().__init__(message)
        self.code = code


@contextmanager
def reported(debug: bool) -> Generator[None, None, None]:
    """Turn errors into one sentence on standard error and an exit code; ``--debug`` shows the traceback."""
    try:
        yield
    except CommandError as error:
        _stop(str(error), error.code, debug)
    except KeyboardInterrupt:
        _stop("interrupted; nothing half-written was left behind", FAILED, False)
    except (ValueError, KeyError) as error:
        _stop(str(error.args[0]) if error.args else str(error), USAGE, debug)
    except OSError as error:
        _stop(f"{error.filename or ''}: {error.strerror or error}", FAILED, debug)


def _stop(message: str, code: int, debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()
    print(f"basestock: {message}", file=sys.stderr)  # noqa: T201 - the command line speaks
    raise SystemExit(code)
