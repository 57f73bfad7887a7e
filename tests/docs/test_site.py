"""The built documents load nothing from another host."""

from pathlib import Path

import pytest

from tools.site import foreign_loads, foreign_loads_of


@pytest.mark.parametrize(
    ("html", "loads"),
    [
        ('<link href="https://fonts.test/a.css" rel="stylesheet">', ["https://fonts.test/a.css"]),
        ('<img alt="" src="//cdn.test/a.png"/>', ["//cdn.test/a.png"]),
        ('<script src="assets/a.js"></script>', []),
        ('<a href="https://doi.org/10.1287/opre.1070.0471">source</a>', []),
    ],
)
def test_only_what_a_browser_loads_by_itself_counts(html: str, loads: list[str]) -> None:
    assert foreign_loads(html) == loads


def test_pages_and_style_sheets_of_a_site_are_read(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page.html").write_text('<script src="http://cdn.test/a.js"></script>')
    (tmp_path / "style.css").write_text(
        '@import "https://fonts.test/b.css"; a { background: url(local.png) }'
    )
    assert list(foreign_loads_of(tmp_path)) == [
        "deep/page.html: loads http://cdn.test/a.js; keep a copy in docs/ or do without it.",
        "style.css: loads https://fonts.test/b.css; keep a copy in docs/ or do without it.",
    ]
