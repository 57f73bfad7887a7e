"""``python -m experiments [NAME] [--replications N] [--seeds N] [--budget-seconds S] [--figures DIR]``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.registry import Options, UnknownExperimentError, choose, find

USAGE = 2


def main(arguments: Sequence[str]) -> int:
    """Run an experiment and print its report; list them without a name."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments", description="Published experiments, run again."
    )
    parser.add_argument("name", nargs="?", help="experiment; all are listed without one")
    parser.add_argument("--replications", type=int, default=Options.replications, help="episodes of judging")
    parser.add_argument("--seeds", type=int, default=Options.seeds, help="training seeds of a learner")
    parser.add_argument(
        "--budget-seconds", type=float, default=Options.budget_seconds, help="time of a training run"
    )
    parser.add_argument("--seed", type=int, default=Options.seed, help="root of the events of judging")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="draw its figures here (basestock[plot])")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--out", type=Path, help="write the report here too")
    told = parser.parse_args(arguments)
    if told.name is None:
        for each in find().values():
            print(f"{each.name:8}{each.about}")
        return 0
    for option, least in (("replications", 2), ("seeds", 1), ("budget_seconds", 1.0)):
        if getattr(told, option) < least:
            parser.error(f"--{option.replace('_', '-')} is {getattr(told, option)}, must be at least {least}")
    try:
        experiment = choose(told.name)
    except UnknownExperimentError as error:
        print(error, file=sys.stderr)
        return USAGE
    report = experiment.run(
        Options(told.replications, told.seeds, told.budget_seconds, told.seed, told.figures)
    )
    shown = (
        json.dumps(report.to_dict(), indent=2, default=str) + "\n" if told.format == "json" else report.text()
    )
    if told.out is not None:
        told.out.write_text(shown, encoding="utf-8")
    print(shown, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
