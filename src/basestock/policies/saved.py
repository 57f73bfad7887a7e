"""Policies on disk: arrays with a manifest and their hashes, never code."""

import dataclasses
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

SCHEMA = "basestock.policy/1"

DAMAGES = (OSError, KeyError, TypeError, ValueError, AttributeError, EOFError, RuntimeError)
"""What reading a damaged archive, manifest or array raises."""


class SavedPolicyError(ValueError):
    """A file holds no policy, or another one than its manifest says."""


@dataclasses.dataclass(frozen=True, eq=False)
class SavedPolicy:
    """What a file of a policy holds.

    Parameters
    ----------
    name
        Registered name, or ``optimal``.
    problem
        Name or id of the problem that it was made for.
    facts
        What else is known of it: parameters of its form, how it was found, its value.
    arrays
        Its numbers by name.
    """

    name: str
    problem: str
    facts: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    def write(self, path: Path, *, packed: bool = True) -> None:
        """Write the file whole or not at all.

        Parameters
        ----------
        path
            The file.
        packed
            Whether it is made small, which takes many times longer than writing.
        """
        parts: dict[str, bytes] = {}
        for name, array in sorted(self.arrays.items()):
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            parts[name] = buffer.getvalue()
        manifest = {
            "schema": SCHEMA,
            "name": self.name,
            "problem": self.problem,
            "facts": dict(self.facts),
            "arrays": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
        }
        whole = io.BytesIO()
        kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        with zipfile.ZipFile(whole, "w", kind) as archive:
            archive.writestr(_entry("manifest.json", kind), json.dumps(manifest, indent=2, sort_keys=True))
            for name, content in parts.items():
                archive.writestr(_entry(f"{name}.npy", kind), content)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".part")
        temporary.write_bytes(whole.getvalue())
        temporary.replace(path)


def _entry(name: str, kind: int) -> zipfile.ZipInfo:
    """Return an entry with a fixed time, so that equal policies make equal files."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = kind
    return entry


def read_policy(path: Path) -> SavedPolicy:
    """Read the file of a policy.

    Raises
    ------
    SavedPolicyError
        If it cannot be read, has another schema, or an array differs from its hash.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            contents = {name: archive.read(f"{name}.npy") for name in manifest["arrays"]}
        if manifest["schema"] != SCHEMA:
            raise SavedPolicyError(
                f"{path}: its schema is {manifest['schema']!r}, must be {SCHEMA!r}. Save it anew."
            )
        wrong = [
            name
            for name, digest in manifest["arrays"].items()
            if hashlib.sha256(contents[name]).hexdigest() != digest
        ]
        if wrong:
            raise SavedPolicyError(
                f"{path}: {', '.join(wrong)} differ from their hashes, must be as they were saved. Restore the file."
            )
        arrays = {
            name: np.load(io.BytesIO(content), allow_pickle=False) for name, content in contents.items()
        }
        return SavedPolicy(manifest["name"], manifest["problem"], manifest["facts"], arrays)
    except SavedPolicyError:
        raise
    except (*DAMAGES, zipfile.BadZipFile, zlib.error) as error:
        raise SavedPolicyError(
            f"{path}: {error}; must be a file that `basestock solve --out` or `basestock tune --out` wrote."
        ) from error
