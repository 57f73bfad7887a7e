"""Make `.venv` with basestock and the named dependency groups: `python -m tools.environment test crosscheck`.

Runs on a bare Python 3.11 or newer; uses uv when it is there, else pip, whichever version the venv has
(older ones know nothing of dependency groups, so the names are read from pyproject.toml here).
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"


class SetupError(Exception):
    """The environment cannot be made; the message says what is missing."""


def group_requirements(pyproject: dict[str, Any], group: str) -> list[str]:
    """Return the requirements of a dependency group, included groups resolved.

    Examples
    --------
    >>> tables = {"dependency-groups": {"test": ["pytest"], "dev": [{"include-group": "test"}, "ruff"]}}
    >>> group_requirements(tables, "dev")
    ['pytest', 'ruff']
    """
    groups = pyproject["dependency-groups"]
    if group not in groups:
        raise SetupError(
            f"{group!r} is no dependency group of pyproject.toml; there are: {', '.join(sorted(groups))}."
        )
    names: list[str] = []
    for entry in groups[group]:
        more = [entry] if isinstance(entry, str) else group_requirements(pyproject, entry["include-group"])
        names += [name for name in more if name not in names]
    return names


def requirements_alone(pyproject: dict[str, Any], group: str) -> list[str]:
    """Return what a group installs without the dependencies that it asks for; the group lists those it needs.

    Examples
    --------
    >>> tables = {"tool": {"environment": {"without-dependencies": {"crosscheck": ["stockpyl"]}}}}
    >>> requirements_alone(tables, "crosscheck"), requirements_alone(tables, "test")
    (['stockpyl'], [])
    """
    return pyproject["tool"]["environment"]["without-dependencies"].get(group, [])


def is_usable(python: Path, *, needs_pip: bool) -> bool:
    """Tell whether an interpreter runs, is new enough, and has pip where that is wanted."""
    if not python.exists():
        return False
    check = f"import sys{', pip' if needs_pip else ''}; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0


def make_venv(uv: str | None) -> None:
    """Make `.venv` unless a working one is there; uv puts pip into it too, for the day when uv is gone."""
    if is_usable(VENV_PYTHON, needs_pip=uv is None):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if uv:
        _run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV)])
    elif subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False).returncode != 0:
        _make_venv_without_ensurepip()


def _make_venv_without_ensurepip() -> None:
    """Debian splits `venv` in two packages; a system pip can fill in for the missing half."""
    shutil.rmtree(VENV, ignore_errors=True)
    _run([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    pip = [sys.executable, "-m", "pip", "--python", str(VENV_PYTHON), "install", "--quiet", "pip"]
    if subprocess.run(pip, check=False).returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetupError(
            "Python has neither ensurepip nor pip: install python3-venv (Debian) or uv, then repeat."
        )


def install(uv: str | None, arguments: list[str]) -> None:
    """Install into `.venv` by uv or pip, compiled: a first start that compiles a library takes seconds."""
    by_uv = [uv or "", "pip", "install", "--compile-bytecode", "--python", str(VENV_PYTHON)]
    by_pip = [str(VENV_PYTHON), "-m", "pip", "install"]
    _run([*(by_uv if uv else by_pip), "--quiet", *arguments])


def _run(command: list[str]) -> None:
    if subprocess.run(command, check=False, cwd=ROOT).returncode != 0:
        raise SetupError(f"this command failed, its message stands above: {' '.join(command)}")


def main(groups: list[str]) -> int:
    """Make the environment with these groups and leave a stamp for make beside it."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    uv = shutil.which("uv")
    try:
        requirements = [name for group in groups for name in group_requirements(pyproject, group)]
        alone = [name for group in groups for name in requirements_alone(pyproject, group)]
        make_venv(uv)
        install(uv, ["--constraint", str(ROOT / "constraints.txt"), "--editable", str(ROOT), *requirements])
        if alone:
            install(uv, ["--no-deps", *alone])
        _run([str(VENV_PYTHON), "-m", "compileall", "-q", str(ROOT / "src")])
    except SetupError as error:
        print(f"environment: {error}", file=sys.stderr)
        return 1
    stamps = VENV / "stamps"
    stamps.mkdir(exist_ok=True)
    (stamps / "-".join(["base", *groups])).touch()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
