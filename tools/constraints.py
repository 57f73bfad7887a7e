"""Write constraints.txt: one exact version for every package of every extra and group, for all platforms.

Nothing in it names an index, and torch's accelerator packages are left out: they come with the torch build
that the installing machine's own index offers.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OVERRIDES = "torch==2.13.0\n"
ACCELERATORS = re.compile(r"(nvidia-|cuda-|triton)")
LOCAL_LABEL = re.compile(r"(==[0-9][^ ;+]*)\+\S+")


def clean(compiled: str) -> str:
    r"""Drop what only one machine could install.

    Examples
    --------
    >>> print(clean("nvidia-nccl==2.1\ntorch==2.13.0+cpu ; python_version > '3'\ntqdm==4.70.1\n"), end="")
    torch==2.13.0 ; python_version > '3'
    tqdm==4.70.1
    """
    kept = [line for line in compiled.splitlines() if line and not ACCELERATORS.match(line)]
    return "".join(LOCAL_LABEL.sub(r"\1", line) + "\n" for line in kept)


def compile_versions(overrides: Path) -> str:
    """Let uv choose the versions.

    Raises
    ------
    subprocess.CalledProcessError
        When no set of versions satisfies pyproject.toml; uv has said why.
    """
    command = [
        Path(sys.executable).with_name("uv"),
        "pip",
        "compile",
        "pyproject.toml",
        "--quiet",
        "--universal",
    ]
    command += ["--python-version", "3.11", "--all-extras", "--group", "dev", "--override", overrides]
    command += ["--no-header", "--no-annotate", "--upgrade"]
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def main() -> int:
    """Write the file."""
    with tempfile.TemporaryDirectory() as directory:
        overrides = Path(directory) / "overrides.txt"
        overrides.write_text(OVERRIDES)
        try:
            compiled = compile_versions(overrides)
        except subprocess.CalledProcessError as error:
            return error.returncode
    (ROOT / "constraints.txt").write_text(clean(compiled))
    return 0


if __name__ == "__main__":
    sys.exit(main())
