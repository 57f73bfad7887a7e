"""Files of an export read as they are, and what was found in them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from basestock.data.containers import Limits
from basestock.data.frames import FeedFrame, SourceInfo
from basestock.data.issues import IssueLog
from basestock.data.mapping import Mapping
from basestock.data.sources import read_source

ITEM = b"item_id,base_uom,unit_cost\nA,EA,1.5\nB,EA,2\n"
DEMAND = b"bucket_start,item_id,qty,qty_kind\n2024-01-01,A,3,sold\n2024-01-02,A,4,sold\n"
SMALL = Limits(max_bytes=200_000, max_ratio=20, grace=10_000)


@dataclass(frozen=True)
class Read:
    feeds: list[FeedFrame]
    info: SourceInfo
    log: IssueLog

    @property
    def codes(self) -> list[str]:
        return self.log.to_frame()["code"].to_list()

    def finding(self, code: str) -> dict[str, object]:
        (only,) = [row for row in self.log.to_frame().iter_rows(named=True) if row["code"] == code]
        return only

    def feed(self, table: str = "item") -> FeedFrame:
        (only,) = [feed for feed in self.feeds if feed.table == table]
        return only

    def status(self, name: str) -> str:
        (only,) = [file.status for file in self.info.files if file.name == name]
        return only


def read(source: Path, *, mapping: Mapping | None = None, limits: Limits | None = None) -> Read:
    log = IssueLog()
    feeds, info = read_source(source, mapping=mapping, log=log, limits=limits or Limits())
    for feed in feeds:
        assert feed.read == feed.frame.height + feed.ignored + feed.folded + feed.bad.height
    return Read(feeds, info, log)


def refused(found: Read, code: str) -> None:
    """The file is refused with one finding, and nothing of it is used."""
    assert found.codes == [code]
    assert found.finding(code)["rule"]
    assert found.finding(code)["remedy"]
    assert found.feeds == []


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in members.items():
            book.writestr(name.replace("__", "."), data)
    return path
