"""What the README shows of the demo is what the demo prints."""

import re
from pathlib import Path

import pytest

from tools.readme import BLOCK, README, run_demo, shortened, shown


def test_long_lines_are_cut_and_long_steps_lose_their_middle() -> None:
    output = (
        "\n$ basestock check x\n"
        + "\n".join(str(n) for n in range(30))
        + "\n\n$ basestock plan x\n"
        + "a" * 200
    )
    first, second = shortened(output).split("\n\n")
    assert first.splitlines() == ["$ basestock check x", *"0123456", "...", "25", "26", "27", "28", "29"]
    assert second.splitlines()[1].endswith("a ...")
    assert len(second.splitlines()[1]) == 110


def test_the_readme_has_the_block() -> None:
    text = shown(README.read_text(encoding="utf-8"))
    assert text.startswith("$ basestock check demo-export/export")
    assert text.endswith("and what it is worth.")


def test_a_readme_without_the_block_shows_nothing() -> None:
    assert shown("# basestock") == ""
    assert BLOCK.sub("x", "`make demo` prints, shortened:\n\n```text\nold\n```\n").endswith("```text\nx```\n")


def _form(block: str) -> list[str]:
    """The lines without their numbers, which differ a little between machines, and without the places they take."""
    lines = [re.sub(r"\b[A-Z]+-\d+\b", "ID", line.removesuffix(" ...")) for line in block.splitlines()]
    return [" ".join(re.sub(r"-?\d[\d,.]*", "#", line).split())[:60] for line in lines]


def test_numbers_are_no_part_of_the_form() -> None:
    assert _form("SCR-0007  MAIN  175 EA 1,623.00") == _form("BRK-0012 MAIN 20 EA   9.5 ...")
    assert _form("worth 3 more") != _form("worth 3 less")


@pytest.mark.slow
def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    assert _form(shown(README.read_text(encoding="utf-8"))) == _form(shortened(run_demo(tmp_path)))
