"""Put into the README what `make demo` prints, shortened, and the picture of its report: `python -m tools.readme`."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "images" / "report.png"
BLOCK = re.compile(r"(?<=`make demo` prints, shortened:\n\n```text\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)

NUM_LINES = 8
"""Lines of a step that are shown before the rest is left out."""

KEPT = 5
"""Lines at the end of a step that are shown again."""

WIDTH = 110
"""A longer line is cut."""


def run_demo(folder: Path) -> str:
    """Run the demo in a folder, and return what it prints on standard output."""
    program = str(Path(sys.executable).with_name("basestock"))
    done = subprocess.run([program, "demo"], cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def shortened(output: str) -> str:
    r"""Return each step of the demo with its middle left out and its long lines cut.

    Examples
    --------
    >>> print(shortened("$ basestock check x\n" + "".join(f"line {n}\n" for n in range(20))))
    $ basestock check x
    line 0
    line 1
    line 2
    line 3
    line 4
    line 5
    line 6
    ...
    line 15
    line 16
    line 17
    line 18
    line 19
    """
    steps = [step for step in re.split(r"^(?=\$ )", output.strip(), flags=re.MULTILINE) if step]
    return "\n\n".join(_shortened_step(step.rstrip().splitlines()) for step in steps)


def _shortened_step(lines: list[str]) -> str:
    if len(lines) > NUM_LINES + KEPT + 1:
        lines = [*lines[:NUM_LINES], "...", *lines[-KEPT:]]
    cut = [line if len(line) <= WIDTH else f"{line[: WIDTH - 4].rstrip()} ..." for line in lines]
    return "\n".join(cut)


def shown(readme: str) -> str:
    """Return the block of the README that says what the demo prints."""
    found = BLOCK.search(readme)
    return found[0].rstrip("\n") if found else ""


def take_picture(report: Path) -> None:
    """Photograph the first screen of a report."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(report.as_uri())
        page.screenshot(path=PICTURE)
        browser.close()


def main() -> None:
    """Run, write, photograph."""
    with tempfile.TemporaryDirectory() as name:
        text = shortened(run_demo(Path(name)))
        README.write_text(
            BLOCK.sub(lambda _: text + "\n", README.read_text(encoding="utf-8")), encoding="utf-8"
        )
        take_picture(Path(name) / "demo-export" / "run" / "report.html")


if __name__ == "__main__":
    main()
