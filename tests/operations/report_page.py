"""What the tests of the report read from a document."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "input", "br", "path", "rect", "circle"}


class Page(HTMLParser):
    """Ids, links, inline scripts and styles of a document, and tags that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.raw: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.misnested: list[str] = []
        self.tiles: dict[str, str] = {}
        self.text: list[str] = []
        self._tile = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in values.items()]
        if "id" in values:
            self.ids[values["id"]] += 1
        self._tile = values.get("data-tile", self._tile)
        if tag == "data" and self._tile:
            self.tiles[self._tile] = values["value"]
            self._tile = ""
        if tag in ("script", "style"):
            self.raw.append((tag, values.get("type", ""), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            tag, kind, text = self.raw[-1]
            self.raw[-1] = (tag, kind, text + data)
        else:
            self.text.append(data)

    def attribute(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def payload(page: Page) -> dict[str, Any]:
    """The data embedded for the script."""
    return json.loads(next(text for _, kind, text in page.raw if kind == "application/json"))
