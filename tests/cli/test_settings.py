"""Options from ``--config`` and ``--set``: the command line wins, then --set, then the file."""

from pathlib import Path

import pytest

from basestock.cli import data
from tests.cli.conftest import Run, document


def _currency(run: Run, export: Path, *arguments: object) -> str:
    return document(run("check", export, "--format", "json", *arguments))["currency"]


def test_a_file_gives_options_to_every_command_or_to_one(run: Run, export: Path) -> None:
    Path("all.toml").write_text('currency = "EUR"\n')
    Path("one.toml").write_text('currency = "EUR"\n[check]\ncurrency = "USD"\n[plan]\ncurrency = "GBP"\n')
    assert _currency(run, export) == "XXX"
    assert _currency(run, export, "--config", "all.toml") == "EUR"
    assert _currency(run, export, "--config", "one.toml") == "USD"


def test_the_nearer_word_wins(run: Run, export: Path) -> None:
    Path("c.toml").write_text('[check]\ncurrency = "USD"\n')
    assert _currency(run, export, "--set", "check.currency=CHF", "--config", "c.toml") == "CHF"
    assert _currency(run, export, "--config", "c.toml", "--set", "check.currency=CHF") == "CHF"
    assert _currency(run, export, "--config", "c.toml", "--currency", "JPY") == "JPY"


def test_settings_of_other_commands_are_checked_but_not_used(run: Run, export: Path) -> None:
    assert _currency(run, export, "--set", "plan.currency=CHF") == "XXX"
    result = run("check", export, "--set", "plan.budgt=5")
    assert result.exit_code == 2
    assert "Did you mean 'budget'?" in result.stderr


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("gaps = 3", "--gaps '3' is unknown"),
        ("strict = 7", "strict"),
        ("as_of = 2026-13-01", "readable TOML"),
    ],
)
def test_values_of_a_file_are_checked_like_those_of_the_command_line(
    run: Run, export: Path, setting: str, sentence: str
) -> None:
    Path("c.toml").write_text(f"[check]\n{setting}\n")
    result = run("check", export, "--config", "c.toml")
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_switches_lists_and_days_can_stand_in_a_file(run: Run, export: Path) -> None:
    Path("c.toml").write_text(
        '[check]\nstrict = true\nas_of = 2026-03-03\nrule = ["DEM-006=E", "ITM-003=E"]\nassume-factor = 2\n'
        'format = "json"\n'
    )
    found = document(run("check", export, "--config", "c.toml"))
    assert found["as_of"] == "2026-03-03"


def test_parameters_of_a_problem_come_from_its_section_or_from_words_without_a_dot(run: Run) -> None:
    Path("c.toml").write_text("[problem]\nlead_time = 3\nlost_sale_cost = 9\n")

    def known(*arguments: str) -> float:
        found = document(run("problems", "--problem", "lost_sales", "--format", "json", *arguments))
        return found["problems"][0]["known"]["value"]

    assert known("--config", "c.toml") == 6.53
    assert known("--config", "c.toml", "--set", "lead_time=1") == 5.44
    assert known("--set", "problem.lead_time=1") == 4.04
    assert known() == 4.40


def test_cores_are_limited_before_libraries_ask_for_them(
    run: Run, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 1, 2}, raising=False)
    monkeypatch.setattr("os.sched_setaffinity", lambda _, cores: asked.append(cores), raising=False)
    monkeypatch.setattr(data, "read", lambda *_, **__: (_ for _ in ()).throw(ValueError("seen enough")))
    run("check", export, "--threads", "2")
    assert asked == [[1, 2]]
