"""The first page: what it says, and what it does not import."""

import subprocess
import sys

import pytest

from basestock.cli.overview import GROUPS, overview
from tests.cli.conftest import Run

COMMANDS = [name for group in GROUPS.values() for name in group]


def _imported_by(*arguments: str) -> tuple[str, set[str]]:
    """Standard output of a command, and the top-level packages that it imported."""
    program = (
        f"import sys; sys.argv = ['basestock', *{arguments!r}]\n"
        "from basestock.cli import main\n"
        "try:\n    main()\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout, {name.split(".")[0] for name in done.stderr.split()}


def test_help_imports_no_library_at_all() -> None:
    text, imported = _imported_by("--help")
    assert text == overview()
    assert imported.isdisjoint(("jax", "polars", "numpy", "scipy", "pydantic", "rich", "typer", "click"))


def test_help_of_a_command_imports_neither_jax_nor_polars() -> None:
    text, imported = _imported_by("plan", "--help")
    assert "--budget" in text
    assert imported.isdisjoint(("jax", "polars", "numpy", "scipy", "rich"))


def test_the_page_is_the_same_from_the_parser_of_arguments(run: Run) -> None:
    assert run("--help").stdout == overview()


def test_the_page_lists_every_command_and_no_other() -> None:
    from basestock.cli.app import app

    registered = {each.name for each in app.registered_commands} | {
        each.name for each in app.registered_groups
    }
    assert set(COMMANDS) == registered


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("schema", "network")])
def test_every_command_has_the_common_options(run: Run, command: str) -> None:
    text = run(command, "--help").stdout
    for option in (
        "format",
        "out",
        "config",
        "set",
        "seed",
        "as-of",
        "currency",
        "threads",
        "quiet",
        "debug",
    ):
        assert f"--{option}" in text


def test_no_argument_is_a_question_for_help(run: Run) -> None:
    result = run()
    assert result.exit_code in (0, 2)
    assert "Usage: basestock" in result.output


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout == "basestock 0.1.0\n"
    module = [sys.executable, "-m", "basestock", "--version"]
    assert subprocess.run(module, capture_output=True, text=True, check=True).stdout == "basestock 0.1.0\n"


def test_a_shell_can_complete_commands_and_formats() -> None:
    def completed(line: str) -> str:
        words = len(line.split()) - (not line.endswith(" "))
        environment = {"_BASESTOCK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(words)}
        program = "import sys; sys.argv = ['basestock']\nfrom basestock.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment
        )
        return done.stdout

    assert completed("basestock pl").split() == ["plan"]
    assert completed("basestock check x --format ").split() == ["table", "json", "csv", "parquet"]
