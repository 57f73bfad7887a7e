"""The command that replays recorded trajectories of other packages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import GATE, USAGE, CommandError
from basestock.cli.output import Answer, give, table

if TYPE_CHECKING:
    import polars as pl

    from basestock.problems.or_gym.golden import Compared

Golden = Annotated[
    Path,
    typer.Option("--golden", metavar="FILE", help="JSON file of recorded trajectories.", show_default=False),
]


@command
def crosscheck(common: Common, golden: Golden) -> None:
    """Replay trajectories recorded from other packages, and compare period by period.

    Every case names its environment, its configuration, the demand and the orders; the same transition that every
    other command uses plays them in double precision. The command ends with code 5 if a case does not agree, and with
    code 2 if all that is wrong is that cases cannot be replayed.
    """
    from basestock.operations.compiled import keep_compiled
    from basestock.problems.or_gym.golden import compare, read_golden

    cases = read_golden(golden)
    keep_compiled()
    found = [compare(case, number) for number, case in enumerate(cases, start=1)]
    common.finished("replay")
    give(Answer(_document(found), lambda: _text(found), lambda: _frame(found)), common)
    failed = [each for each in found if not each.ok]
    if failed:
        told = " ".join(f"{each.id}: {each.reason}" for each in failed)
        differ = any(each.replayed for each in failed)
        what = "do not agree" if differ else "cannot be replayed"
        raise CommandError(f"{len(failed)} of {len(found)} cases {what}. {told}", GATE if differ else USAGE)


def _document(found: "list[Compared]") -> dict[str, Any]:
    cases = [{"id": each.id, "max_abs_difference": each.max_abs_difference, "ok": each.ok} for each in found]
    return {"schema": "basestock.crosscheck/1", "cases": cases}


def _text(found: "list[Compared]") -> str:
    rows = [
        [
            each.id,
            "-" if each.max_abs_difference is None else f"{each.max_abs_difference:.3g}",
            "agrees" if each.ok else each.reason,
        ]
        for each in found
    ]
    agreeing = sum(each.ok for each in found)
    title = f"{agreeing} of {len(found)} recorded trajectories agree"
    return table(title, ["case", "largest difference", "result"], rows, right=["largest difference"])


def _frame(found: "list[Compared]") -> "pl.DataFrame":
    import polars as pl

    schema = {"id": pl.String, "max_abs_difference": pl.Float64, "ok": pl.Boolean}
    return pl.DataFrame(_document(found)["cases"], schema=schema)
