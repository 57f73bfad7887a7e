"""The program of each constraint as text: a change of a coefficient or a row is seen."""

from pathlib import Path

import pytest

from basestock.optimal.programs import network_program
from tests.optimal.programs.networks import NETWORKS, planned

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", NETWORKS)
def test_the_program_is_the_one_on_file(name):
    problem, events = planned(name, 2 if name != "lane_open" else 4)
    text = network_program(problem, events, name=name).model.lp_text()
    assert text == (GOLDEN / f"{name}.lp").read_text(encoding="utf-8")


def test_no_file_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.lp")} == set(NETWORKS)
