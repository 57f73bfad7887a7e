"""The page of a learner's runs: what it shows, and that nothing foreign gets in."""

from typing import Any

import pytest

from basestock.operations.report import render_learned
from basestock.operations.report.learned import number
from tests.operations.report_page import Page


def document(**changes: Any) -> dict[str, Any]:
    """What ``train`` prints of two runs."""
    run = {"cost": 3.2, "half_width": 0.0, "gap_percent": 1.25, "seconds": 60.0, "policy_dir": "runs/seed-0"}
    rest = {
        "controllable_gap_percent": None,
        "cpu_seconds": 80.0,
        "updates": 1200,
        "stopped": "the time was used up",
    }
    found = {
        "id": "lost_sales/mine",
        "algorithm": "ppo",
        "runs": [{"seed": seed, **run, **rest} for seed in (0, 1)],
        "value": 3.16,
        "lower": 3.16,
        "upper": 3.16,
        "certificate": "exact",
        "criterion": "average_cost_per_period",
        "method": "dynamic programming",
    }
    return found | changes


def curves() -> list[dict[str, list[tuple[float, float]]]]:
    first = {"gap %": [(1.0, 20.0), (30.0, 5.0), (60.0, 1.25)], "entropy": [(2.0, 1.4), (60.0, 0.3)]}
    return [first, {"gap %": [(1.0, 25.0), (60.0, 1.25)]}]


def test_runs_curves_and_settings_are_shown() -> None:
    page = render_learned(document(), curves(), "# basestock train ppo\nseconds = 60.0\n")
    assert Page(page).misnested == []
    for text in (
        "ppo on lost_sales/mine",
        "exact <b>3.16</b>",
        "1,200",
        "the time was used up",
        "seconds = 60.0",
    ):
        assert text in page
    assert page.count('class="plot wide"') == 2
    # A line for each run that has the number.
    assert page.count('<path class="median"') == 3
    # What no run has is no column.
    assert "Controllable gap" not in page and "Gap %" in page


def test_without_a_reference_it_says_so() -> None:
    unknown = dict.fromkeys(("value", "lower", "upper"))
    page = render_learned(document(**unknown, certificate="none"), curves(), "")
    assert "no optimum and no bound to compare with" in page


def test_nothing_foreign_gets_in() -> None:
    page = render_learned(document(id="<script>x</script>"), curves(), "</pre><script>y</script>")
    assert "<script>x" not in page and "<script>y" not in page


@pytest.mark.parametrize(("value", "told"), [(0.0004321, "0.0004321"), (None, ""), (1e7, "1e+07")])
def test_numbers_in_six_digits(value: float | None, told: str) -> None:
    assert number(value) == told
