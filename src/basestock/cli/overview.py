"""What ``basestock --help`` prints: every command in one line, without importing any."""

GROUPS: dict[str, dict[str, str]] = {
    "Plan": {
        "demo": "make a sample company's export, then check, plan and backtest it",
        "load": "read an export and keep the checked tables",
        "check": "list what is wrong with an export, most money first",
        "plan": "turn an export into priced order lines, with a report",
        "backtest": "replay the end of the history under several policies",
    },
    "Laboratory": {
        "problems": "list the problems, their parameters and published values",
        "simulate": "play policies on a problem",
        "evaluate": "tune policies on a problem and compare them on fresh events",
        "crosscheck": "replay recorded trajectories of other packages",
        "solve": "find the exact optimum of a problem, or a proven bound",
        "tune": "find the best parameters of policies",
        "bound": "prove a bound on the optimum of a problem",
        "certify": "compare policies with the optimum of every instance of a file",
        "train": "learn a policy of a problem, and say how far it is from the best",
        "front": "learn a policy for every target, and say which another beats",
        "search-hyperparameters": "try settings of a learner, and keep the best",
        "network": "optimize the plan of an authored network (network optimize FILE.toml)",
        "sampling-plan": "find the acceptance sampling plan that keeps two risks",
    },
    "Help": {
        "template": "write an example workbook to fill in",
        "schema": "print the tables as JSON Schema",
        "doctor": "print facts about this installation",
    },
}
"""Commands by group, in the order in which they are listed, each with its line."""

_FRAME = """\
Usage: basestock COMMAND [OPTIONS]

From an ERP export to provably good replenishment orders.

{groups}

Options:
  -h, --help            this page
  --version             the version
  --install-completion  complete commands and options in this shell from now on
  --show-completion     print the lines that do so

`basestock COMMAND --help` explains a command. Nothing is ever sent anywhere.
"""


def overview() -> str:
    """Return the page."""
    parts: list[str] = []
    width = max(len(name) for commands in GROUPS.values() for name in commands) + 2
    for group, commands in GROUPS.items():
        lines = [f"  {name:<{width}}{line}" for name, line in commands.items()]
        parts.append("\n".join([f"{group}:", *lines]))
    return _FRAME.format(groups="\n\n".join(parts))
