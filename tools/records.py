"""What was computed for pages, a line an instance: certificates, bounds, printed policies, curves, learned policies.

Computing everything takes hours, so lines are added one by one and stay in the repository. Each says when and with
which source it was computed; a line is removed to compute it anew.
"""

import dataclasses
import datetime
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]

Kind = Literal["certificates", "printed", "bounds", "curves", "learned"]


@dataclasses.dataclass(frozen=True)
class Records:
    """Lines of a kind of record.

    Parameters
    ----------
    kind
        What is recorded.
    folder
        Where the lines lie, in a file for each family.
    """

    kind: Kind
    folder: Path = ROOT / "benchmarks" / "records"

    def file(self, family: str) -> Path:
        """Return the file of a family."""
        return self.folder / self.kind / f"{family}.jsonl"

    def read(self, family: str) -> dict[str, dict[str, Any]]:
        """Return the lines of a family by instance."""
        file = self.file(family)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return {line["id"]: line for line in map(json.loads, lines)}

    def add(self, family: str, instance: str, found: Any) -> None:
        """Add a line."""
        line = {
            "id": instance,
            "computed": datetime.date.today().isoformat(),
            "source": source(),
            "found": found,
        }
        file = self.file(family)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Return every line."""
        for file in sorted((self.folder / self.kind).glob("*.jsonl")):
            yield from self.read(file.stem).values()


def source() -> str:
    """Return the name that git gives to the content of ``src``, and whether files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    changed = git("status", "--porcelain", "--", "src").strip()
    return git("rev-parse", "--short=10", "HEAD:src").strip() + (" with changes" if changed else "")
