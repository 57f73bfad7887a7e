"""Make `.venv` with basestock and the named dependency groups: `python -m tools.environment test crosscheck`.

Runs on a bare Python 3.11 or newer; uses uv when it is there, else pip, whichever version the venv has
(older ones know nothing of dependency groups, so the names are read from pyproject.toml here).
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"


class SetupError(Exception):
    """The environment cannot be made; the message says what is missing."""


def group_requirements(pyproject: dict[str, object], group: str) -> list[str]:
    """Return the requirements of a dependency group, included groups resolved.

    Examples
    --------
    >>> tables = {"dependency-groups": {"test": ["pytest"], "dev": [{"include-group": "test"}, "ruff"]}}
    >>> group_requirements(tables, "dev")
    ['pytest', 'ruff']
    """
    groups = pyproject.get("dependency-groups")
    if not isinstance(groups, dict) or group not in groups:
        known = ", ".join(sorted(groups)) if isinstance(groups, dict) else "none"
        raise SetupError(f"{group!r} is no dependency group of pyproject.toml; there are: {known}.")
    names: list[str] = []
    for entry in groups[group]:
        more = [entry] if isinstance(entry, str) else group_requirements(pyproject, entry["include-group"])
        names += [name for name in more if name not in names]
    return names


def is_usable(python: Path) -> bool:
    """Tell whether an interpreter runs and is new enough."""
    if not python.exists():
        return False
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0


def make_venv(uv: str | None) -> None:
    """Make `.venv` unless a working one is there."""
    if is_usable(VENV_PYTHON):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
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


def install(uv: str | None, requirements: list[str]) -> None:
    """Install basestock, editable, and the requirements at the versions of constraints.txt."""
    wanted = ["--constraint", str(ROOT / "constraints.txt"), "--editable", str(ROOT), *requirements]
    if uv:
        _run([uv, "pip", "install", "--quiet", "--python", str(VENV_PYTHON), *wanted])
    else:
        _run([str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])


def _run(command: list[str]) -> None:
    if subprocess.run(command, check=False, cwd=ROOT).returncode != 0:
        raise SetupError(f"this command failed, its message stands above: {' '.join(command)}")


def main(groups: list[str]) -> int:
    """Make the environment with these groups and leave a stamp for make beside it."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    uv = shutil.which("uv")
    try:
        requirements = [name for group in groups for name in group_requirements(pyproject, group)]
        make_venv(uv)
        install(uv, requirements)
    except SetupError as error:
        print(f"environment: {error}", file=sys.stderr)
        return 1
    stamps = VENV / "stamps"
    stamps.mkdir(exist_ok=True)
    (stamps / "-".join(["base", *groups])).touch()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
