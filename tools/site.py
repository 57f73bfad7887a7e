"""Build the documents into site/ and make sure that reading them asks no other host for anything."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from tools import generate_docs

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"

LOADED = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
    "embed": "src",
}
"""Elements that a browser loads without being asked, and the attribute that names what."""

FOREIGN_IN_CSS = re.compile(r"""(?:url\(|@import\s)\s*["']?((?:https?:)?//[^"')\s]+)""")


class _Loads(HTMLParser):
    """Collects the addresses on other hosts that a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, "")) or ""
        if address.startswith(("http:", "https:", "//")):
            self.foreign.append(address)


def foreign_loads(html: str) -> list[str]:
    """Return the addresses on other hosts that a page loads; links to follow do not count.

    Examples
    --------
    >>> foreign_loads('<a href="https://doi.org/10"></a><script src="//cdn.test/a.js"></script>')
    ['//cdn.test/a.js']
    """
    parser = _Loads()
    parser.feed(html)
    return parser.foreign


def foreign_loads_of(site: Path) -> Iterator[str]:
    """Yield a sentence for each load from another host in the pages and style sheets of a site."""
    for page in sorted(site.rglob("*.html")):
        for address in foreign_loads(page.read_text(encoding="utf-8")):
            yield f"{page.relative_to(site)}: loads {address}; keep a copy in docs/ or do without it."
    for sheet in sorted(site.rglob("*.css")):
        for address in FOREIGN_IN_CSS.findall(sheet.read_text(encoding="utf-8")):
            yield f"{sheet.relative_to(site)}: loads {address}; keep a copy in docs/ or do without it."


def main() -> int:
    """Generate, build, check."""
    generate_docs.main()
    shutil.rmtree(SITE, ignore_errors=True)
    zensical = str(Path(sys.executable).with_name("zensical"))
    built = subprocess.run([zensical, "build", "--clean", "--strict"], cwd=ROOT, check=False)
    found = list(foreign_loads_of(SITE))
    print(*found, sep="\n", file=sys.stderr)
    return built.returncode or int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
