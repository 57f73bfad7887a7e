"""What the README shows of the demo is what the demo prints."""

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


@pytest.mark.slow
def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    assert shown(README.read_text(encoding="utf-8")) == shortened(run_demo(tmp_path))
