"""How benchmarks are found, measured and printed; no test looks at how fast anything is."""

import json
import subprocess
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks import steps
from benchmarks.measure import child_cpu_seconds, cpu_seconds, in_turns, ratio, summary
from benchmarks.registry import Benchmark, Measurement, UnknownBenchmarkError, choose, find


def _benchmark(name: str, *, quick: bool = True, value: float = 1.0) -> Benchmark:
    return Benchmark(
        name, "for a test", lambda: [Measurement.counted("it", value, "s", limit=2.0)], quick=quick
    )


KNOWN = {name: _benchmark(name, quick=name != "slow") for name in ["startup", "simulator", "slow"]}


def test_each_module_with_a_benchmark_is_found_under_its_own_name() -> None:
    assert "startup" in find()
    assert all(benchmark.about for benchmark in find().values())


def test_without_names_the_quick_ones_are_chosen() -> None:
    assert [benchmark.name for benchmark in choose([], KNOWN)] == ["simulator", "startup"]


def test_named_ones_are_chosen_in_the_order_given() -> None:
    assert [benchmark.name for benchmark in choose(["slow", "startup"], KNOWN)] == ["slow", "startup"]


def test_an_unknown_name_meets_the_nearest() -> None:
    with pytest.raises(
        UnknownBenchmarkError, match="no benchmark is named 'startpu'; did you mean 'startup'"
    ):
        choose(["startpu"], KNOWN)


def test_turns_alternate_and_the_first_is_thrown_away() -> None:
    order: list[str] = []

    def timed(name: str) -> float:
        order.append(name)
        return float(len(order))

    times = in_turns({"a": lambda: timed("a"), "b": lambda: timed("b")}, repeats=2)
    assert order == ["a", "b"] * 3
    assert times == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_the_median_stands_between_the_least_and_the_most() -> None:
    assert summary("x", [3.0, 1.0, 9.0], "s") == Measurement("x", 3.0, "s", 1.0, 9.0)


def test_a_ratio_is_formed_turn_by_turn() -> None:
    assert ratio("x", [2.0, 8.0, 3.0], [1.0, 2.0, 1.0]) == Measurement("x", 3.0, "ratio", 2.0, 4.0)


def test_processor_time_of_calls_and_commands_is_counted() -> None:
    assert cpu_seconds(lambda: sum(range(200_000))) > 0
    assert child_cpu_seconds([sys.executable, "-c", "sum(range(200_000))"]) > 0


def test_a_command_that_fails_is_not_a_fast_one() -> None:
    with pytest.raises(Exception, match="returned non-zero exit status 3"):
        child_cpu_seconds([sys.executable, "-c", "raise SystemExit(3)"])


def test_results_are_one_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find", lambda: KNOWN)
    assert command.main(["startup", "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["schema"] == {"name": "benchmarks", "version": 1}
    (benchmark,) = printed["benchmarks"]
    assert benchmark["name"] == "startup"
    assert benchmark["measurements"] == [
        {"what": "it", "value": 1.0, "unit": "s", "least": 1.0, "most": 1.0, "limit": 2.0, "ok": True}
    ]


@pytest.mark.parametrize(
    ("value", "flags", "status"), [(3.0, [], 0), (3.0, ["--gate"], 5), (1.0, ["--gate"], 0)]
)
def test_only_a_gate_turns_a_missed_limit_into_a_failure(
    value: float,
    flags: list[str],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "find", lambda: {"x": _benchmark("x", value=value)})
    assert command.main(flags) == status
    assert ("NOT KEPT" in capsys.readouterr().out) == (value > 2.0)


def test_a_wrong_name_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find", lambda: KNOWN)
    assert command.main(["fast"]) == 2
    assert "there are: simulator, slow, startup" in capsys.readouterr().err


@pytest.mark.requirement("C-22")
def test_steps_a_second_are_told_of_every_device_that_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {"cpu": 20_000.0, "cuda": 500_000.0}

    def alone(module: str, *, environment: dict[str, str]) -> dict[str, list[float]]:
        if (platform := environment["JAX_PLATFORMS"]) not in there:
            raise subprocess.CalledProcessError(1, module)
        return {"rate": [there[platform]]}

    monkeypatch.setattr(steps, "alone", alone)
    found = [each.value for each in steps.measure()]
    assert found == [20_000.0, pytest.approx(5e6 / 2e4 / 3600), 500_000.0, pytest.approx(5e6 / 5e5 / 3600)]
    del there["cuda"]
    assert len(list(steps.measure())) == 2
    assert "no graphics processor here" in capsys.readouterr().err
