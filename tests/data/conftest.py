"""Folders of files made in a test, and mappings applied to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.feed_case import Reader, reader


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes files into the folder of the test: `item__csv=b"..."`."""

    def make(**files: bytes) -> Path:
        for name, data in files.items():
            (tmp_path / name.replace("__", ".")).write_bytes(data)
        return tmp_path

    return make


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Return a function that writes files and reads them by a mapping."""
    return reader(tmp_path)
