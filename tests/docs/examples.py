"""The Python blocks of a page, and how a reader would run them: one after the other, in one namespace."""

import contextlib
import dataclasses
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>[^>]+?) -->\s*\Z")
PRINTS = re.compile(r"<!-- prints -->\s*\Z")


@dataclasses.dataclass
class Example:
    """A block of Python on a page.

    Parameters
    ----------
    line
        Line of its first statement, from 1.
    source
        What is run.
    not_run
        Why it is not run; empty for one that is.
    prints
        What it must print; None when the page does not say.
    """

    line: int
    source: str
    not_run: str = ""
    prints: str | None = None


def read_examples(page: str) -> list[Example]:
    """Return the Python blocks of a page, in order, each with the output that the page shows below it."""
    examples: list[Example] = []
    end = 0
    for fence in FENCE.finditer(page):
        before, body = page[end : fence.start()], _dedent(fence["body"], fence["indent"])
        end = fence.end()
        if fence["language"] == "python":
            reason = NOT_RUN.search(before)
            line = page.count("\n", 0, fence.start("body")) + 1
            examples.append(Example(line, body, reason["reason"] if reason else ""))
        elif PRINTS.search(before) and examples:
            examples[-1].prints = body
    return examples


def _dedent(body: str, indent: str) -> str:
    return "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))


def run_examples(examples: list[Example], path: Path) -> Iterator[tuple[Example, str]]:
    """Run the blocks of a page in one namespace; yield each with what it printed."""
    namespace: dict[str, Any] = {"__name__": "__example__"}
    for example in examples:
        if not example.not_run:
            # Empty lines in front make a traceback point at the line of the page.
            code = compile("\n" * (example.line - 1) + example.source, str(path), "exec")
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(code, namespace)
            yield example, printed.getvalue()
