"""Every code of the catalogue has a fixture, and every code that is used is in the catalogue."""

import importlib
import re
from pathlib import Path

import pytest

from basestock.data.codes import catalogue
from basestock.data.tables import TABLES

HERE = Path(__file__).parent
MODULES = [
    importlib.import_module(f"tests.data.{path.stem}") for path in sorted(HERE.glob("test_rules_*.py"))
]
CODE = re.compile(r"\b[A-Z]{3}-\d{3}\b")
ROOT = Path(__file__).resolve().parents[2]
READING = ("FIL", "SCH")
"""Families of reading: their fixtures are in the tests of the readers."""


def _sources() -> str:
    folder = ROOT / "src" / "basestock" / "data"
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")))


def _tests() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted(Path(__file__).parent.glob("test_*.py"))
        if path != Path(__file__)
    )


@pytest.mark.parametrize("code", [code for code in catalogue() if not code.startswith((*READING, "RUN"))])
def test_a_rule_has_a_rejecting_and_an_accepting_fixture(code: str) -> None:
    assert code in {case.code for module in MODULES for case in module.CASES}


@pytest.mark.parametrize("code", [code for code in catalogue() if code.startswith((*READING, "RUN"))])
def test_a_finding_of_reading_or_of_the_run_is_tested(code: str) -> None:
    assert code in _tests()


def test_codes_in_the_program_are_in_the_catalogue() -> None:
    used = set(CODE.findall(_sources())) - {"ISO-461"}
    families = {code[:3] for code in catalogue()}
    assert {code for code in used if code[:3] in families} - set(catalogue()) <= UNIMPLEMENTED


UNIMPLEMENTED = frozenset(("INV-007", "IDN-004"))
"""Codes that comments name without raising them."""


def test_codes_of_the_schema_are_in_the_catalogue() -> None:
    named = {column.code for table in TABLES.values() for column in table.columns if column.code}
    assert named <= set(catalogue())
