"""A mapping applied to small files, with the balance of every feed checked on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from basestock.data.cells import parse_feed_column
from basestock.data.frames import FeedFrame, SourceInfo
from basestock.data.issues import IssueLog
from basestock.data.mapping import parse_mapping
from basestock.data.sources import read_source
from basestock.data.tables import TABLES

HEAD = '[[table.demand_history]]\nfrom = "L.csv"\n'
ONE = 'item_id = "Item", qty = {const = 1}, qty_kind = {const = "sold"}'
KIND = 'bucket_start = {const = 2024-01-01}, item_id = "Item", qty = {const = 1}, qty_kind = {from = "K", map = "kind"}'
REST = 'bucket_start = {const = 2024-01-01}, item_id = "Item", qty_kind = {const = "sold"}'


@dataclass(frozen=True)
class Read:
    feeds: list[FeedFrame]
    info: SourceInfo
    log: IssueLog

    @property
    def codes(self) -> list[str]:
        return self.log.to_frame()["code"].to_list()

    @property
    def rules(self) -> str:
        return " ".join(self.log.to_frame()["rule"])

    @property
    def feed(self) -> FeedFrame:
        (only,) = self.feeds
        return only

    def column(self, name: str) -> list[object]:
        return self.feed.frame[name].to_list()


Reader = Callable[..., Read]


def reader(folder: Path) -> Reader:
    """Return a function that writes files into a folder and reads them by a mapping."""

    def run(text: str, since: date | None = None, **files: str) -> Read:
        for name, data in files.items():
            (folder / name.replace("__", ".")).write_text(data, encoding="utf-8")
        log = IssueLog()
        mapping = parse_mapping(text, log, file="m.toml")
        assert log.to_frame().rows() == []
        feeds, info = read_source(folder, mapping=mapping, log=log, since=since)
        for feed in feeds:
            balanced(feed)
        return Read(feeds, info, log)

    return run


def balanced(feed: FeedFrame) -> None:
    """Rows and quantities are all accounted for."""
    assert feed.read == feed.frame.height + feed.ignored + feed.folded + feed.bad.height
    for name, total in feed.sums.items():
        parsed = parse_feed_column(feed, TABLES[feed.table][name])
        kept = float(parsed.values.sum() or 0)
        assert total.read == pytest.approx(kept + total.ignored + total.folded + total.bad)


def demand(columns: str, **rest: str) -> str:
    """Return a mapping with one feed of demand from `L.csv`."""
    steps = "\n".join(f"{key} = {value}" for key, value in rest.items())
    return f"{HEAD}{steps}\ncolumns = {{{columns}}}\n"


def quantity(value: str) -> str:
    return demand(f"{REST}, qty = {value}")


def parsed(found: Read, name: str = "qty") -> list[object]:
    result = parse_feed_column(found.feed, TABLES[found.feed.table][name])
    assert result.verdict is None
    return result.values.to_list()


def codes_of(found: Read, name: str = "qty") -> list[str | None]:
    return parse_feed_column(found.feed, TABLES[found.feed.table][name]).codes.to_list()
