"""Folders, archives and single files: their members as bytes, checked before anybody looks inside."""

from __future__ import annotations

import gzip
import hashlib
import io
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar, runtime_checkable

from basestock.data.csv_scan import FileFault
from basestock.data.issues import IssueLog

Result = TypeVar("Result")

_STEP = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY = (
    (b"PK\x03\x04", "an archive or workbook"),
    (b"PK\x05\x06", "an archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"PAR1", "Parquet"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (_OLE, "an old office document"),
    (b"SQLite format 3\x00", "a database"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"7z\xbc\xaf", "an archive"),
    (b"Rar!", "an archive"),
    (b"#!", "a script"),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<?php", b"<script", b"<head", b"<body", b"<meta")
_PICKLE = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb")


@runtime_checkable
class Readable(Protocol):
    """Anything that gives bytes step by step."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...


class SourceError(ValueError):
    """The source does not exist or is no folder, archive or file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a source may hold.

    Parameters
    ----------
    max_bytes : int
        Bytes of one expanded file.
    max_ratio : float
        Expanded bytes per compressed byte once `grace` bytes are out.
    grace : int
        Bytes that may expand at any ratio.
    max_rows : int
        Rows of one file.
    """

    max_bytes: int = 20_000_000_000
    max_ratio: float = 250.0
    grace: int = 64 << 20
    max_rows: int = 500_000_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Loaded:
    """Bytes of a member, expanded, and the hash of its stored bytes."""

    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a source.

    Parameters
    ----------
    name : str
        Path relative to the source, with forward slashes.
    stored : callable
        Returns the stored bytes or a fault.
    """

    name: str
    stored: Callable[[], bytes | FileFault]

    @property
    def base(self) -> str:
        """Return the name without folders."""
        return PurePosixPath(self.name).name

    @property
    def stem(self) -> str:
        """Return the base name without the endings of its format."""
        return _without_endings(self.base)

    @property
    def kind(self) -> str:
        """Return ``csv``, ``parquet``, ``workbook`` or ``other`` by the name."""
        name = self.base.lower().removesuffix(".gz")
        if name.endswith(_WORKBOOKS):
            return "workbook"
        ending = PurePosixPath(name).suffix
        return {".csv": "csv", ".parquet": "parquet"}.get(ending, "other")

    def load(self, limits: Limits = DEFAULT_LIMITS) -> Loaded | FileFault:
        """Return the expanded bytes; faults are FIL-001, FIL-003, FIL-006, FIL-022."""
        stored = self.stored()
        if isinstance(stored, FileFault):
            return stored
        data = stored
        if self.base.lower().endswith(".gz"):
            expanded = gunzip(stored, limits)
            if isinstance(expanded, FileFault):
                return expanded
            data = expanded
        return magic_fault(self.kind, data) or Loaded(data, hashlib.sha256(stored).hexdigest())


def _without_endings(name: str) -> str:
    path = PurePosixPath(name.removesuffix(".gz"))
    return (
        path.stem if path.suffix.lower() in (".csv", ".parquet", ".txt", ".tsv", *_WORKBOOKS) else path.name
    )


def guarded(action: Callable[[], Result | FileFault], code: str, rule: str) -> Result | FileFault:
    """Return what `action` returns, or a fault: damaged bytes raise errors of every kind, panics included.

    Parameters
    ----------
    action : callable
        Reads bytes that nobody vouches for.
    code, rule : str
        Code and rule of the fault.
    """
    try:
        return action()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        words = " ".join(str(error).split())[:200]
        return FileFault(code, f"{rule}: {words}" if words else rule)


def expand(stream: Readable, stored_size: int, limits: Limits) -> bytes | FileFault:
    """Read a decompressing stream step by step and stop at the limits (FIL-001)."""
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(_STEP):
        pieces.append(piece)
        size += len(piece)
        ratio = size / max(stored_size, 1)
        if size > limits.max_bytes or (size > limits.grace and ratio > limits.max_ratio):
            return FileFault(
                "FIL-001",
                f"the expanded size must stay within {limits.max_bytes} bytes and a ratio of "
                f"{limits.max_ratio:g}; stopped after {size} bytes at ratio {ratio:.0f}",
            )
    return b"".join(pieces)


def gunzip(stored: bytes, limits: Limits) -> bytes | FileFault:
    """Expand gzip data; a missing end or wrong checksum is FIL-003."""
    if not stored.startswith(b"\x1f\x8b"):
        return FileFault("FIL-022", "a file named .gz must hold gzip data")

    def read() -> bytes | FileFault:
        with gzip.GzipFile(fileobj=io.BytesIO(stored)) as stream:
            return expand(stream, len(stored), limits)

    return guarded(read, "FIL-003", "a compressed file must be complete")


def magic_fault(kind: str, data: bytes) -> FileFault | None:
    """Return FIL-022 when the first bytes contradict the name."""
    start = data[:512]
    if kind == "parquet":
        if not start.startswith(b"PAR1"):
            return FileFault("FIL-022", "a file named .parquet must begin with the bytes PAR1")
        whole = data.endswith(b"PAR1") and len(data) >= 12
        return None if whole else FileFault("FIL-003", "a Parquet file must end with the bytes PAR1")
    if kind == "workbook":
        return None
    found = next((name for magic, name in _BINARY if start.startswith(magic)), "")
    if start.startswith(_PICKLE):
        found = "a pickled program object"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        found = "markup"
    return FileFault("FIL-022", f"a text file must hold text; this is {found}") if found else None


def open_source(source: Path, log: IssueLog, limits: Limits = DEFAULT_LIMITS) -> list[Member]:
    """Return the files of a folder, an archive or a single file, sorted by name.

    Parameters
    ----------
    source : Path
        Folder, zip, workbook, CSV or Parquet file.
    log : IssueLog
        Gets FIL-002, FIL-003 and FIL-022 of an archive that is refused.
    limits : Limits
        How much a file may hold.

    Raises
    ------
    SourceError
        If there is no such file or folder.
    """
    if source.is_dir():
        files = [path for path in source.iterdir() if path.is_file() and not path.name.startswith(".")]
        return [_file(path, limits) for path in sorted(files, key=lambda path: path.name)]
    if not source.is_file():
        raise SourceError(
            f"`{source}` does not exist; give a folder, a zip, a workbook, a CSV or Parquet file"
        )
    if source.suffix.lower() == ".zip":
        return _archive(source, log, limits)
    return [_file(source, limits)]


def _file(path: Path, limits: Limits) -> Member:
    return Member(path.name, partial(_stored, path, limits))


def _stored(path: Path, limits: Limits) -> bytes | FileFault:
    try:
        before = _state(path)
        if path.stat().st_size > limits.max_bytes:
            return FileFault("FIL-006", f"a file must have at most {limits.max_bytes} bytes")
        data = path.read_bytes()
        return data if _state(path) == before and len(data) == before[0] else _moved(path)
    except OSError as error:
        return FileFault("FIL-003", f"the file must be readable: {error.strerror}")


def _state(path: Path) -> tuple[int, int, int]:
    """Return size, time of the last change, and number of a file."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _moved(path: Path) -> FileFault:
    rule = "a file must stay as it is while it is read; its size or its time of change moved"
    return FileFault("FIL-023", rule, value=path.name)


def _archive(source: Path, log: IssueLog, limits: Limits) -> list[Member]:
    """Return the members of a zip; one bad member refuses the archive."""
    state = _state(source)
    with source.open("rb") as stream:
        known = stream.read(2) == b"PK"
    if not known:
        log.add("FIL-022", file=source.name, rule="a file named .zip must hold an archive")
        return []
    found = guarded(partial(_directory, source), "FIL-003", "an archive must be complete")
    if isinstance(found, FileFault):
        log.add(found.code, file=source.name, rule=found.rule)
        return []
    infos = [info for info in found if not info.is_dir()]
    seen: set[str] = set()
    faulty = False
    for info in infos:
        problem = _name_problem(info, seen)
        seen.add(info.filename)
        if problem:
            faulty = True
            log.add("FIL-002", file=source.name, value=info.filename, rule=f"a member must {problem}")
    if faulty:
        return []
    kept = [info for info in infos if not _junk(info.filename)]
    members = [Member(info.filename, partial(_unzip, source, info, limits, state)) for info in kept]
    return sorted(members, key=lambda member: member.name)


def _directory(source: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(source) as archive:
        return archive.infolist()


def _junk(name: str) -> bool:
    """Return True for what packing programs add."""
    return any(part == "__MACOSX" or part.startswith(".") for part in PurePosixPath(name).parts)


def _name_problem(info: zipfile.ZipInfo, seen: set[str]) -> str:
    """Return what a member of an archive would have to be, or nothing."""
    name = info.orig_filename
    if "\x00" in name or "\\" in name or name.startswith("/") or name[1:2] == ":":
        return "have a plain relative name"
    if ".." in PurePosixPath(name).parts:
        return "have a plain relative name"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "be a file, not a link"
    if name in seen:
        return "have a name of its own"
    if info.flag_bits & 0x1:
        return "be readable without a password"
    if PurePosixPath(name).suffix.lower() in (".zip", ".tar", ".7z", ".rar", ".tgz"):
        return "be no archive itself"
    return ""


def _unzip(
    source: Path, info: zipfile.ZipInfo, limits: Limits, state: tuple[int, int, int]
) -> bytes | FileFault:
    def read() -> bytes | FileFault:
        with zipfile.ZipFile(source) as archive, archive.open(info) as stream:
            return expand(stream, info.compress_size, limits)

    found = guarded(read, "FIL-003", "a compressed file must be complete")
    return found if source.exists() and _state(source) == state else _moved(source)
