"""What `make requirements` says about claims and tests."""

from pathlib import Path

import pytest

from tools.requirements import Claims, Recorder, problems, read_claims, table

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = Claims(num_requirements={"A": 2, "E": 1}, claimed=("A-01", "E-01"))


def _report(nodeid: str, outcome: str, *ids: str) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid,
        ("", 0, ""),
        {},
        outcome,
        None,
        "call",
        user_properties=[("requirement", name) for name in ids],
    )


def test_a_claim_without_a_test_is_a_problem() -> None:
    assert problems(CLAIMS, {"A-01": {"tests/a": "passed"}}) == [
        "E-01: is claimed, but its tests are missing."
    ]


@pytest.mark.parametrize("outcome", ["failed", "skipped"])
def test_a_claim_whose_test_does_not_pass_is_a_problem(outcome: str) -> None:
    outcomes = {"A-01": {"tests/a": "passed", "tests/b": outcome}, "E-01": {"tests/e": "passed"}}
    assert problems(CLAIMS, outcomes) == [f"A-01: is claimed, but its tests are {outcome}."]


def test_shown_claims_are_no_problem() -> None:
    assert problems(CLAIMS, {"A-01": {"tests/a": "passed"}, "E-01": {"tests/e": "passed"}}) == []


def test_an_id_that_does_not_exist_is_a_problem() -> None:
    claims = Claims(num_requirements={"A": 1}, claimed=("A-09",))
    outcomes = {"A-09": {"tests/a": "passed"}, "B-01": {"tests/b": "passed"}}
    assert problems(claims, outcomes) == [
        "A-09: is claimed, but the mission has no such requirement.",
        "A-09: a test names it, but the mission has no such requirement.",
        "B-01: a test names it, but the mission has no such requirement.",
    ]


def test_the_table_lists_claims_and_tests() -> None:
    assert list(
        table(CLAIMS, {"A-01": {"tests/b": "failed", "tests/a": "passed"}, "A-02": {"tests/c": "passed"}})
    ) == [
        "A-01  failed    claimed",
        "        passed    tests/a",
        "        failed    tests/b",
        "A-02  passed    not claimed",
        "        passed    tests/c",
        "E-01  not run   claimed",
        "1 of 3 requirements shown by a passing test.",
    ]


def test_the_cases_of_one_test_are_one_line() -> None:
    outcomes = {"A-01": {"tests/a::test[1]": "passed", "tests/a::test[x[2]]": "skipped"}}
    assert list(table(CLAIMS, outcomes))[:2] == [
        "A-01  skipped   claimed",
        "        skipped   tests/a::test (2 cases)",
    ]


def test_the_worst_phase_of_a_test_counts() -> None:
    recorder = Recorder()
    for outcome in ["passed", "failed", "passed"]:
        recorder.pytest_runtest_logreport(_report("tests/a", outcome, "A-01", "A-02"))
    assert recorder.outcomes == {"A-01": {"tests/a": "failed"}, "A-02": {"tests/a": "failed"}}


def test_the_claims_of_this_version_can_be_read() -> None:
    claims = read_claims(ROOT / "docs" / "requirements.toml")
    assert sum(claims.num_requirements.values()) == 193
    assert set(claims.claimed) <= set(claims.all_ids())
