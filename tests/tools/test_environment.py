"""How the project's own environment is made."""

import sys
import tomllib
from pathlib import Path

import pytest

from tools import environment
from tools.environment import SetupError, group_requirements, is_usable

ROOT = Path(__file__).resolve().parents[2]
TABLES: dict[str, object] = {
    "dependency-groups": {"test": ["pytest"], "dev": [{"include-group": "test"}, "ruff", "pytest"]}
}


def test_a_group_brings_the_groups_it_includes_once() -> None:
    assert group_requirements(TABLES, "dev") == ["pytest", "ruff"]


def test_an_unknown_group_is_named_with_those_that_exist() -> None:
    with pytest.raises(
        SetupError, match=r"'tests' is no dependency group of pyproject.toml; there are: dev, test\."
    ):
        group_requirements(TABLES, "tests")


@pytest.mark.parametrize("group", ["test", "crosscheck", "lint", "docs", "constraints"])
def test_the_groups_that_make_installs_exist(group: str) -> None:
    assert group_requirements(tomllib.loads((ROOT / "pyproject.toml").read_text()), group)


def test_a_missing_or_broken_interpreter_is_not_usable(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert not is_usable(tmp_path / "absent", needs_pip=False)
    assert not is_usable(broken, needs_pip=False)
    assert is_usable(Path(sys.executable), needs_pip=False)


def test_an_interpreter_without_pip_is_usable_only_with_uv(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text('#!/bin/sh\ncase "$2" in *pip*) exit 1;; esac\n')
    bare.chmod(0o755)
    assert is_usable(bare, needs_pip=False)
    assert not is_usable(bare, needs_pip=True)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would be run, in a place where they can leave their stamp."""
    found: list[list[str]] = []
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "make_venv", lambda uv: None)
    monkeypatch.setattr(environment, "_run", found.append)
    return found


@pytest.mark.parametrize("uv", ["/bin/uv", None])
def test_both_installers_obey_the_constraints(uv: str | None, commands: list[list[str]], monkeypatch) -> None:
    monkeypatch.setattr(environment.shutil, "which", lambda name: uv)
    assert environment.main(["lint"]) == 0
    command = commands[0]
    start = [uv, "pip", "install"] if uv else [str(environment.VENV_PYTHON), "-m", "pip", "install"]
    assert command[: len(start)] == start
    where = command.index("--constraint")
    assert command[where : where + 4] == [
        "--constraint",
        str(ROOT / "constraints.txt"),
        "--editable",
        str(ROOT),
    ]
    assert any(name.startswith("ruff") for name in command)


def test_a_package_with_unwanted_dependencies_is_installed_alone(commands: list[list[str]]) -> None:
    assert environment.main(["crosscheck"]) == 0
    together, alone, _ = commands
    assert not any(name.startswith("stockpyl") for name in together)
    assert alone[-2:] == ["--no-deps", "stockpyl==1.0.2"]


def test_a_failed_install_leaves_no_stamp(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "make_venv", lambda uv: None)
    monkeypatch.setattr(environment, "install", lambda uv, arguments: environment._run(["false"]))
    assert environment.main([]) == 1
    assert list(tmp_path.iterdir()) == []
    assert "this command failed, its message stands above: false" in capsys.readouterr().err
