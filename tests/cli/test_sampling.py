"""sampling-plan: documents, sentences and exit codes."""

import pytest

from tests.cli.conftest import Run, document

RISKS = ("--aql", "0.02", "--ltpd", "0.1", "--alpha", "0.05", "--beta", "0.1")


@pytest.mark.requirement("A-35")
def test_the_smallest_plan_with_its_curve(run: Run) -> None:
    result = run("sampling-plan", *RISKS, "--lot-size", "300", "--format", "json")
    found = document(result)
    assert found["schema"] == "basestock.sampling_plan/1"
    assert found["producer_risk"] <= 0.05
    assert found["consumer_risk"] <= 0.10
    assert found["plan"]["second_sample_size"] is None
    curve = [each["acceptance"] for each in found["curve"]]
    assert curve[0] == 1
    assert curve == sorted(curve, reverse=True)


def test_a_double_plan_in_words(run: Run) -> None:
    result = run("sampling-plan", *RISKS, "--double")
    assert result.exit_code == 0
    assert "otherwise draw" in result.stdout


def test_the_cheapest_plan_says_what_a_lot_costs(run: Run) -> None:
    costs = (
        "--inspection-cost",
        "1",
        "--defective-cost",
        "30",
        "--rejection-cost",
        "100",
        "--bad-lots",
        "0.2",
    )
    found = document(run("sampling-plan", *RISKS, "--lot-size", "300", *costs, "--format", "json"))
    assert found["expected_cost"] > found["plan"]["sample_size"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--aql", "0.2", "--ltpd", "0.1"), "must be 0 <= AQL < LTPD <= 1"),
        ((*RISKS, "--lot-size", "5"), "Allow more risk or larger samples"),
        ((*RISKS, "--inspection-cost", "1"), "add it"),
        ((*RISKS, "--bad-lots", "0.1"), "--inspection-cost"),
        ((*RISKS, "--lot-size", "300", "--inspection-cost", "1", "--bad-lots", "2"), "from 0 to 1"),
        ((*RISKS, "--lot-size", "300", "--inspection-cost", "-1"), "inspection is -1"),
    ],
)
def test_what_cannot_be_answered_is_told(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    result = run("sampling-plan", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
