"""What train prints of its runs."""

from typing import Any

from basestock.cli.output import table

MEASURED = {"fill_rate": "fill rate", "tail": "worst totals", "mean": "mean of totals"}
"""Columns of what runs are learned for beside expected cost."""


def text_of(document: dict[str, Any]) -> str:
    """Return the tables of runs, whether they have converged, and levels that are used."""
    measured = [name for name in MEASURED if any(name in run for run in document["runs"])]
    apart = any(run["controllable_gap_percent"] is not None for run in document["runs"])
    columns = ["seed", "cost", "+/-", "gap %", *(["of controllable %"] if apart else [])]
    columns += [part for name in measured for part in (MEASURED[name], "+/- ")]
    columns += ["seconds", "updates", "stopped"]
    body = [
        [
            str(run["seed"]),
            f"{run['cost']:,.7g}",
            f"{run['half_width']:,.2g}" if run["half_width"] else "",
            _percent(run["gap_percent"]),
            *([_percent(run["controllable_gap_percent"])] if apart else []),
            *(part for name in measured for part in _measured(run, name)),
            f"{run['seconds']:.1f}",
            f"{run['updates']:,}",
            run["stopped"],
        ]
        for run in document["runs"]
    ]
    known = [each for each in (document["value"], document["lower"], document["upper"]) if each is not None]
    best = (
        f"{document['certificate'].replace('_', ' ')} {known[0]:,.7g}" if known else "nothing to compare with"
    )
    costs = table(f"{document['id']}: {document['algorithm']}; {best}", columns, body, right=columns[:-1])
    if judged := document.get("convergence"):
        costs += f"\n{_converged(judged)}"
    levels = [
        [str(run["seed"]), *_row_of(level)] for run in document["runs"] for level in run.get("levels", ())
    ]
    if not levels:
        return costs
    columns = ["seed", "of", "item", "level", "at the start", "mean", "lowest", "highest"]
    return f"{costs}\n{table('levels that are used, units', columns, levels, right=columns[4:])}"


def _converged(judged: dict[str, Any]) -> str:
    """Return what the seeds say of convergence, a line."""
    drifts = ", ".join(f"{each:.2f}" for each in judged["drift_percent"])
    spreads = ", ".join(f"{name} {each:.2f} %" for name, each in judged["spread_percent"].items())
    told = f"{judged['verdict']}; cost moved by {drifts} % at the end; range over seeds: {spreads}"
    for name in ("entropy", "policy_change"):
        if judged[name]:
            ends = ", ".join(f"{begun:.3g} to {last:.3g}" for begun, last in judged[name])
            told += f"; {name.replace('_', ' ')}: {ends}"
    return told


def _percent(gap: float | None) -> str:
    return "" if gap is None else f"{gap:.4f}"


def _measured(run: dict[str, Any], name: str) -> list[str]:
    """Return a measure with its half-width, as shares or as money."""
    mean, width = run[name], run[f"{name}_half_width"]
    if mean is None:
        return ["", ""]
    if name == "fill_rate":
        return [f"{mean:.3%}", "" if width is None else f"{width:.2%}"]
    return [f"{mean:,.7g}", "" if width is None else f"{width:,.2g}"]


def _row_of(level: dict[str, Any]) -> list[str]:
    numbers = [f"{level[name]:,.5g}" for name in ("start", "mean", "low", "high")]
    return [level["owner"], level["item"], level["level"].replace("_", " "), *numbers]
