"""Print, per requirement of the mission, the tests that show it and their outcome: `make requirements`.

`docs/requirements.toml` lists what this version claims. A claimed requirement without a test, or with one
that does not pass, makes the command fail.
"""

import argparse
import dataclasses
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLAIMS = ROOT / "docs" / "requirements.toml"
WORST_FIRST = ("failed", "skipped", "not run", "passed")


@dataclasses.dataclass(frozen=True)
class Claims:
    """How many requirements each system has, and which of them this version claims."""

    num_requirements: dict[str, int]
    claimed: tuple[str, ...]

    def all_ids(self) -> Iterator[str]:
        """Yield every requirement id, in order."""
        for system, number in self.num_requirements.items():
            for index in range(1, number + 1):
                yield f"{system}-{index:02d}"


class Recorder:
    """A pytest plugin that keeps the outcome of each test by requirement, also when workers run them."""

    def __init__(self) -> None:
        self.outcomes: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst outcome of setup, call and teardown."""
        for name, value in report.user_properties:
            if name == "requirement":
                tests = self.outcomes.setdefault(str(value), {})
                seen = tests.get(report.nodeid, "passed")
                tests[report.nodeid] = worst([seen, report.outcome])


def worst(outcomes: list[str]) -> str:
    """Return the least good of some outcomes.

    Examples
    --------
    >>> worst(["passed", "skipped"])
    'skipped'
    """
    return min(outcomes, key=WORST_FIRST.index, default="not run")


def read_claims(path: Path) -> Claims:
    """Read the file of claims."""
    tables = tomllib.loads(path.read_text())
    return Claims(num_requirements=tables["num_requirements"], claimed=tuple(tables["claimed"]))


def problems(claims: Claims, outcomes: dict[str, dict[str, str]]) -> list[str]:
    """Return a sentence for each claim that no passing test supports, and for each id that does not exist."""
    known = set(claims.all_ids())
    found = [
        f"{name}: is claimed, but the mission has no such requirement."
        for name in claims.claimed
        if name not in known
    ]
    found += [
        f"{name}: a test names it, but the mission has no such requirement."
        for name in sorted(set(outcomes) - known)
    ]
    for name in claims.claimed:
        outcome = worst(list(outcomes.get(name, {}).values()))
        if outcome != "passed":
            found.append(
                f"{name}: is claimed, but its tests are {outcome if name in outcomes else 'missing'}."
            )
    return found


def table(claims: Claims, outcomes: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield a line for each requirement that is claimed or tested, and one for each of its tests."""
    for name in claims.all_ids():
        tests = outcomes.get(name, {})
        if tests or name in claims.claimed:
            mark = "claimed" if name in claims.claimed else "not claimed"
            yield f"{name}  {worst(list(tests.values())):8}  {mark}"
            yield from _test_lines(tests)
    shown = [name for name, tests in outcomes.items() if worst(list(tests.values())) == "passed"]
    yield f"{len(shown)} of {sum(claims.num_requirements.values())} requirements shown by a passing test."


def _test_lines(tests: dict[str, str]) -> Iterator[str]:
    """Yield a line for each test function, the cases of one together."""
    cases: dict[str, list[str]] = {}
    for test, outcome in sorted(tests.items()):
        cases.setdefault(test.split("[")[0], []).append(outcome)
    for function, outcomes in cases.items():
        number = f" ({len(outcomes)} cases)" if len(outcomes) > 1 else ""
        yield f"        {worst(outcomes):8}  {function}{number}"


def run_tests(*, with_slow: bool) -> dict[str, dict[str, str]]:
    """Run the tests that carry a requirement and return their outcomes."""
    recorder = Recorder()
    chosen = "requirement" if with_slow else "requirement and not slow"
    pytest.main(
        ["-n", "2", "-q", "--no-header", "--tb=no", "-m", chosen, str(ROOT / "tests")], plugins=[recorder]
    )
    return recorder.outcomes


def main(arguments: list[str]) -> int:
    """Run, print, and fail when a claim is not shown."""
    parser = argparse.ArgumentParser(prog="python -m tools.requirements", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="leave the slow tests out")
    outcomes = run_tests(with_slow=not parser.parse_args(arguments).fast)
    claims = read_claims(CLAIMS)
    print(*table(claims, outcomes), sep="\n")
    found = problems(claims, outcomes)
    print(*found, sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
