"""Policies on disk: what is written is read, damage is told, nothing is ever unpickled."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basestock.policies.saved import SCHEMA, SavedPolicy, SavedPolicyError, read_policy

SAVED = SavedPolicy(
    "order_up_to",
    "lost_sales/mine",
    {"cost": 4.25, "half_width": 0.5},
    {"reorder_point": np.array([[3.0]]), "order_up_to_level": np.array([[9.0]], dtype=np.float32)},
)


def _entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def _changed(path: Path, **changes: Any) -> Path:
    """Write the file anew with other entries in its manifest."""
    SAVED.write(path)
    entries = _entries(path)
    manifest = json.loads(entries["manifest.json"]) | changes
    _write(path, entries | {"manifest.json": json.dumps(manifest).encode()})
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "one.policy"
    SAVED.write(path)
    found = read_policy(path)
    assert (found.name, found.problem, dict(found.facts)) == (SAVED.name, SAVED.problem, dict(SAVED.facts))
    assert set(found.arrays) == set(SAVED.arrays)
    for name, array in SAVED.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
    assert [each.name for each in path.parent.iterdir()] == ["one.policy"]


def test_equal_policies_make_equal_files(tmp_path: Path) -> None:
    again = SavedPolicy(
        SAVED.name,
        SAVED.problem,
        dict(reversed(SAVED.facts.items())),
        dict(reversed([*SAVED.arrays.items()])),
    )
    SAVED.write(tmp_path / "one")
    again.write(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_array_that_differs_from_its_hash_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one"
    SAVED.write(path)
    buffer = io.BytesIO()
    np.save(buffer, np.array([[4.0]]))
    _write(path, _entries(path) | {"reorder_point.npy": buffer.getvalue()})
    with pytest.raises(SavedPolicyError, match=r"reorder_point differ from their hashes.*Restore the file"):
        read_policy(path)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SavedPolicyError, match=f"its schema is 'other/9', must be '{SCHEMA}'"):
        read_policy(_changed(tmp_path / "one", schema="other/9"))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"not a policy", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94."],
    ids=["empty", "cut off", "text", "pickle"],
)
def test_what_is_no_policy_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "one"
    path.write_bytes(content)
    with pytest.raises(SavedPolicyError, match=r"one: .*must be a file that `basestock solve --out`"):
        read_policy(path)


@pytest.mark.parametrize("missing", ["manifest.json", "reorder_point.npy"])
def test_a_file_without_one_of_its_parts_is_refused(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "one"
    SAVED.write(path)
    _write(path, {name: content for name, content in _entries(path).items() if name != missing})
    with pytest.raises(SavedPolicyError, match="must be a file that"):
        read_policy(path)


@pytest.mark.parametrize("field", ["name", "problem", "facts", "arrays"])
def test_a_manifest_without_an_entry_is_refused(tmp_path: Path, field: str) -> None:
    path = tmp_path / "one"
    SAVED.write(path)
    entries = _entries(path)
    manifest = {key: value for key, value in json.loads(entries["manifest.json"]).items() if key != field}
    _write(path, entries | {"manifest.json": json.dumps(manifest).encode()})
    with pytest.raises(SavedPolicyError, match="must be a file that"):
        read_policy(path)


@pytest.mark.parametrize("manifest", [[], "policy", None, {"schema": SCHEMA, "arrays": 3}])
def test_a_manifest_of_another_kind_is_refused(tmp_path: Path, manifest: object) -> None:
    path = tmp_path / "one"
    SAVED.write(path)
    _write(path, _entries(path) | {"manifest.json": json.dumps(manifest).encode()})
    with pytest.raises(SavedPolicyError, match="must be a file that"):
        read_policy(path)


def test_a_pickled_array_is_never_loaded(tmp_path: Path) -> None:
    import hashlib

    class Planted:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    buffer = io.BytesIO()
    np.save(buffer, np.array([Planted()], dtype=object), allow_pickle=True)
    content = buffer.getvalue()
    path = _changed(tmp_path / "one", arrays={"planted": hashlib.sha256(content).hexdigest()})
    _write(path, _entries(path) | {"planted.npy": content})
    with pytest.raises(SavedPolicyError, match="must be a file that"):
        read_policy(path)
    assert not (tmp_path / "ran").exists()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SavedPolicyError, match="No such file"):
        read_policy(tmp_path / "none")
