"""The file of exact versions."""

import re
import tomllib
from pathlib import Path

import pytest

from tools.constraints import clean

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "constraints.txt").read_text().splitlines()


def test_what_only_one_machine_could_install_is_left_out() -> None:
    lines = [
        "cuda-toolkit==13.0",
        "nvidia-nccl-cu13==2.1 ; sys_platform == 'linux'",
        "torch==2.13.0+cpu",
        "triton==3.4",
    ]
    assert clean("\n".join(lines)) == "torch==2.13.0\n"


def test_every_line_is_one_exact_version() -> None:
    assert [line for line in LINES if not re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*( ; .+)?", line)] == []


def test_no_line_is_only_for_one_accelerator() -> None:
    assert [line for line in LINES if line.startswith(("nvidia-", "cuda-", "triton"))] == []


def _declared() -> list[str]:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = [name for names in tables["project"]["optional-dependencies"].values() for name in names]
    groups = [
        name
        for group, names in tables["dependency-groups"].items()
        for name in names
        if isinstance(name, str) and group != "constraints"
    ]
    return sorted(
        {
            re.split(r"[\[<>=]", name)[0].lower()
            for name in tables["project"]["dependencies"] + extras + groups
        }
    )


@pytest.mark.parametrize("name", _declared())
def test_every_declared_dependency_has_its_version(name: str) -> None:
    assert any(line.startswith(f"{name}==") for line in LINES)
