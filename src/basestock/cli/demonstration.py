"""The command demo: a sample company from its export to a report."""

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import DATA, GUARDRAIL
from basestock.cli.output import require_free, show, write_file

RECORD = "demo.json"
CURRENCY = "EUR"


@command
def demo(
    common: Common,
    full: Annotated[
        bool, typer.Option("--full", help="Three locations, suppliers, orders, receipts, and some dirt.")
    ] = False,
) -> None:
    """Make a sample company's export, then check, plan and backtest it, and say where the report is.

    Writes export/, run/ and backtest/ into --out (demo-export).
    """
    from basestock.data.demo import write_demo

    seed = 7 if common.seed is None else common.seed
    folder = common.out or Path("demo-export-full" if full else "demo-export")
    _claim(folder, full=full, seed=seed)
    export = folder / "export"
    write_demo(export, full=full, seed=seed)
    common.finished("make the export")
    common.wrote(export, "export")
    for arguments in (
        ["check", str(export)],
        ["plan", str(export), "--out", str(folder / "run")],
        ["backtest", str(export), "--out", str(folder / "backtest")],
    ):
        currency = ["--currency", common.currency or CURRENCY]
        quiet = ["--quiet"] if common.quiet else []
        _step([*arguments, *currency, *quiet], tolerated={0, None, *((DATA, GUARDRAIL) if full else ())})
    show(
        f"\nOpen {folder / 'run' / 'report.html'} in a browser: what to order, why, and what it is worth.\n".encode()
    )


def _claim(folder: Path, *, full: bool, seed: int) -> None:
    """Take a folder for the demo; the same demo is made anew in the same place, anything else is refused."""
    import shutil

    record = json.dumps({"schema": "basestock.demo/1", "full": full, "seed": seed}, indent=2) + "\n"
    require_free(folder, RECORD, "basestock.demo/")
    write_file(folder / RECORD, record.encode())
    for part in ("run", "backtest"):
        shutil.rmtree(folder / part, ignore_errors=True)


def _step(arguments: list[str], *, tolerated: set[int | None]) -> None:
    """Run a command as a user would type it; the demo shows its words."""
    from basestock.cli.app import app

    show(f"\n$ basestock {shlex.join(arguments)}\n".encode())
    try:
        app(arguments, standalone_mode=False)
    except SystemExit as stop:
        if stop.code not in tolerated:
            raise
