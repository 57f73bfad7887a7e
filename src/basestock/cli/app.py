"""The commands: thin, with everything heavy imported when a command runs."""

import typer

from basestock.cli import laboratory, plant

app = typer.Typer(
    name="basestock",
    help="From an ERP export to provably good replenishment orders.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    plant.demo,
    plant.load,
    plant.check,
    plant.plan,
    plant.backtest,
    plant.template,
    plant.doctor,
):
    app.command()(command)
for command in (laboratory.simulate, laboratory.evaluate, laboratory.problems):
    app.command()(command)
app.add_typer(plant.schema, name="schema")
