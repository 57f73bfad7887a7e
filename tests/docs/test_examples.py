"""Every Python block of the README and of the documents runs, and prints what the page says."""

from pathlib import Path

import pytest

from tests.docs.examples import read_examples, run_examples

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "generated" not in page.parts),
]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


EXAMPLES = {page: read_examples(page.read_text(encoding="utf-8")) for page in PAGES}
LONG = ("environments.md", "extending.md", "modeling.md", "tutorial.md")
"""Pages whose examples take a quarter of a minute or more."""
CASES = [
    pytest.param(page, id=_name(page), marks=[pytest.mark.slow] if page.name in LONG else [])
    for page in PAGES
    if EXAMPLES[page]
]
CASES += [
    pytest.param(
        page, id=f"{_name(page)}:{example.line}", marks=pytest.mark.skip(f"not run: {example.not_run}")
    )
    for page in PAGES
    for example in EXAMPLES[page]
    if example.not_run
]


@pytest.mark.parametrize("page", CASES)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for example, printed in run_examples(EXAMPLES[page], page):
        if example.prints is not None:
            assert printed == example.prints, f"{_name(page)}:{example.line}"


@pytest.mark.slow
def test_the_example_of_the_readme_is_short_and_ends_in_a_number() -> None:
    (example,) = EXAMPLES[ROOT / "README.md"]
    assert len(example.source.splitlines()) <= 12
    assert not example.not_run
    assert example.prints is not None
    assert float(example.prints.split()[-1]) > 0
