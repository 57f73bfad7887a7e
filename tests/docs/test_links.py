"""What a page links to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def _missing(page: Path) -> list[str]:
    """Links of a page to files that are neither kept nor generated."""
    targets = [page.parent / link for link in LINK.findall(page.read_text(encoding="utf-8"))]
    return [str(target) for target in targets if not target.exists() and "generated" not in target.parts]


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if "generated" not in page.parts],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    assert _missing(page) == []


def test_a_link_to_nowhere_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [a site](https://doi.org/10) [part](#part) ![gone](images/gone.png)")
    assert _missing(page) == [str(tmp_path / "images" / "gone.png")]
