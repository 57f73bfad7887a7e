"""The commands: thin, with everything heavy imported when a command runs."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import basestock
from basestock.cli import (
    backtesting,
    certifying,
    crosscheck,
    data,
    demonstration,
    doctor,
    fronts,
    laboratory,
    planning,
    programs,
    sampling,
    searching,
    solving,
    training,
)
from basestock.cli.overview import overview


class _Overview(TyperGroup):
    """The group of all commands; its help is the page that is there before any parser is imported."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(overview())


app = typer.Typer(
    name="basestock",
    cls=_Overview,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for name, function in {
    "demo": demonstration.demo,
    "load": data.load,
    "check": data.check,
    "plan": planning.plan,
    "backtest": backtesting.backtest,
    "problems": laboratory.problems,
    "simulate": laboratory.simulate,
    "evaluate": laboratory.evaluate,
    "crosscheck": crosscheck.crosscheck,
    "solve": solving.solve,
    "tune": solving.tune,
    "bound": solving.bound,
    "certify": certifying.certify,
    "train": training.train,
    "front": fronts.front,
    "search-hyperparameters": searching.search_hyperparameters,
    "sampling-plan": sampling.sampling_plan,
    "template": data.template,
    "doctor": doctor.doctor,
}.items():
    app.command(name)(function)
app.add_typer(data.schema, name="schema")
app.add_typer(programs.network, name="network")


def _print_version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"basestock {basestock.__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="The version.")
    ] = False,
) -> None:
    """From an ERP export to provably good replenishment orders."""
