"""The generated pages say everything that the code says."""

import re
from pathlib import Path

import pytest

from basestock.data.codes import catalogue
from basestock.data.tables import OUTPUT_TABLES, TABLES
from basestock.network.schema import SCHEMA
from basestock.policies.registry import REGISTRY
from basestock.problems.registry import FAMILIES
from tools import generate_docs
from tools.generate_docs import PACKAGES, PAGES, modules


def _page(name: str) -> str:
    return "\n\n".join(PAGES[name]())


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("codes", list(catalogue())),
        ("tables", [*TABLES, *OUTPUT_TABLES]),
        ("network", list(SCHEMA)),
        ("policies", list(REGISTRY)),
        ("problems", list(FAMILIES)),
    ],
)
def test_a_page_names_everything_that_is_registered(page: str, words: list[str]) -> None:
    text = _page(page)
    assert [word for word in words if not re.search(rf"\b{re.escape(word)}\b", text)] == []


def test_every_column_of_every_table_has_a_row() -> None:
    rows = [line for line in _page("tables").splitlines() if line.startswith("| `")]
    columns = [column for table in [*TABLES.values(), *OUTPUT_TABLES.values()] for column in table.columns]
    assert [row.split("`")[1] for row in rows] == [column.name for column in columns]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_rows_of_tables_have_as_many_cells_as_their_header(page: str) -> None:
    for block in re.findall(r"(?:^\|.*\n?)+", _page(page), flags=re.MULTILINE):
        cells = [len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()]
        assert len(set(cells)) == 1, block.splitlines()[cells.index(max(cells))]


def test_a_package_lists_itself_first_and_no_private_module() -> None:
    names = list(modules("network"))
    assert names[0] == "basestock.network"
    assert "basestock.network.schema" in names
    assert all("._" not in f".{name}" for package in PACKAGES for name in modules(package))


def test_pages_of_what_is_gone_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone.md").write_text("::: basestock.gone")
    monkeypatch.setattr(generate_docs, "GENERATED", tmp_path)
    monkeypatch.setattr(generate_docs, "PAGES", {"policies": PAGES["policies"]})
    generate_docs.main()
    assert sorted(path.name for path in tmp_path.glob("*.md")) == ["policies.md"]
