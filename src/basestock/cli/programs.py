"""The command that plans or designs a network by a program."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import FAILED, CommandError
from basestock.cli.output import Answer, give, table

if TYPE_CHECKING:
    import polars as pl

network = typer.Typer(
    help="Programs of a network.", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)

NetworkFile = Annotated[
    Path, typer.Argument(metavar="FILE.toml", help="A network, and what to plan in its table [program].")
]
KeptProgram = Annotated[
    Path | None,
    typer.Option("--lp", metavar="FILE", help="Keep the program in the LP format.", show_default=False),
]


@network.callback()
def programs() -> None:
    """Programs of a network."""


@network.command("optimize")
@command
def optimize(common: Common, file: NetworkFile, lp: KeptProgram = None) -> None:
    """Find the cheapest plan or design of a network, and prove it.

    The file holds a network as `basestock` saves it, and a table [program] with periods, costs, demand, and what may be
    opened. A plan is played through the simulator once, and its cost there is printed beside the objective.
    """
    from basestock.operations.compiled import keep_compiled
    from basestock.optimal.programs import InfeasibleError
    from basestock.optimal.programs.optimize import network_optimization

    keep_compiled()
    try:
        found = network_optimization(file, lp=lp).to_dict()
    except InfeasibleError as error:
        raise CommandError(str(error), FAILED) from error
    common.finished("program")
    give(Answer(found, lambda: _text(found), lambda: _frame(found)), common)


def _text(found: dict[str, Any]) -> str:
    head = [
        f"{found['id']}: {found['task']}, {found['status']}, certificate {found['certificate']}",
        f"objective {found['objective']:.6g}, bound {found['bound']:.6g}, gap {found['gap']:.2%} (units of currency)",
    ]
    if found["replayed"] is not None:
        head.append(f"played in the simulator: {found['replayed']:.6g}")
    if found["opened"]:
        head.append(f"open: {', '.join(found['opened'])}")
    parts = ["\n".join(head)]
    columns = ["period", "kind", "where", "item", "quantity", "unit"]
    rows = [[row[name] for name in columns] for row in _rows(found)]
    if rows:
        parts.append(table("", columns, rows, right=["period", "quantity"]))
    return "\n\n".join(parts)


def _rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is done, or what flows in a period, in the same columns."""
    flows = [{"period": None, "kind": "flow", **flow} for flow in found["flows"]]
    rows = [*found["plan"], *flows]
    return [
        {
            "period": row["period"],
            "kind": row["kind"],
            "where": row.get("lane") or row.get("start") or row.get("overtime"),
            "item": row.get("item"),
            "quantity": row["quantity"],
            "unit": row["unit"],
        }
        for row in rows
    ]


def _frame(found: dict[str, Any]) -> "pl.DataFrame":
    import polars as pl

    schema = {
        "period": pl.Int64, "kind": pl.String, "where": pl.String, "item": pl.String, "quantity": pl.Float64,
        "unit": pl.String,
    }  # fmt: skip
    return pl.DataFrame(_rows(found), schema=schema)
