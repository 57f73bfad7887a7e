"""Commands run in this process, on a tiny export."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from basestock.cli.app import app
from tests.cli.export import write_export

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def run() -> Run:
    """Run ``basestock`` with arguments, and return exit code, standard output, standard error."""

    def invoke(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        return result

    return invoke


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("export") / "tiny")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # The session has one folder of compiled programs; a command would set its own.
    monkeypatch.setattr("basestock.operations.compiled.keep_compiled", lambda: None)
    monkeypatch.setenv("BASESTOCK_CACHE", os.environ["JAX_COMPILATION_CACHE_DIR"])


def document(result: Result) -> dict[str, Any]:
    """The one JSON document of standard output."""
    assert result.stdout, result.stderr
    return json.loads(result.stdout)
