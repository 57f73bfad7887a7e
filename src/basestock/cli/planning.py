"""The command plan: an export into priced order lines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from basestock.cli.common import Common, command
from basestock.cli.errors import DATA, GUARDRAIL, USAGE, CommandError, require_known
from basestock.cli.options import Items, Locations, Policies, Reading, Reference, Source, names, pattern
from basestock.cli.output import Answer, give, require_free, show, table
from basestock.cli.reading import read, require_tables, stop_for_data

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset
    from basestock.operations.plan import PlanRun

Written: TypeAlias = "tuple[PlanRun, Path]"
"""A run and its folder."""

SHOWN = 20
"""Lines that a person sees on the terminal; the others are in the run folder."""

_COLUMNS = (
    *("item", "location", "source", "qty", "unit"),
    *("cost", "worth now", "+/-", "return", "out without", "out with"),
)


@command
def plan(
    source: Source,
    reading: Reading,
    common: Common,
    policy: Policies = None,
    reference: Reference = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="MONEY", min=0, help="Money to spend at most.")
    ] = None,
    replications: Annotated[
        int, typer.Option("--replications", metavar="N", min=16, help="Demand paths per line.")
    ] = 128,
    items: Items = None,
    locations: Locations = None,
    count_drafts: Annotated[
        bool, typer.Option("--count-drafts", help="Draft orders count as on order.")
    ] = False,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help="Order by the rule of another system.")
    ] = None,
    horizon: Annotated[
        float | None,
        typer.Option("--horizon", metavar="DAYS", min=1, help="Longest pricing; 4 x (lead time + review)."),
    ] = None,
    include_quarantined: Annotated[
        bool, typer.Option("--include-quarantined", help="Plan held item-locations too, flagged.")
    ] = False,
) -> None:
    """Turn an export into priced order lines, best return first.

    Writes orders.csv, report.html and what explains them into --out (runs/AS-OF-RUN). Of several policies the first
    decides; the run of each other one lies beside it (--out with -POLICY added), for comparison.
    """
    chosen = names(policy, ("marginal",))
    _require_free(common.out, chosen)
    require_policies(common, *chosen, reference or "current")
    _require_preset(preset)
    data = read(source, reading, common)
    require_tables(data, "plan")
    options = {
        "reference": reference or "current",
        "budget": budget,
        "replications": replications,
        "seed": common.seed or 0,
        "items": pattern(items, "--items"),
        "locations": pattern(locations, "--locations"),
        "count_drafts": count_drafts,
        "preset": preset,
        "horizon_days": horizon,
        "include_quarantined": include_quarantined,
    }
    written: list[Written] = []
    for name in chosen:
        run = _planned(data, policy=name, **options)
        common.finished("plan" if name == chosen[0] else f"plan {name}")
        target = _folder(common.out, name, chosen)
        written.append((run, _write(run, data, target, common)))
        common.finished("write" if name == chosen[0] else f"write {name}")
    _show(written, common)
    stop_for_data(data, common, "this plan")
    first = written[0][0]
    if first.guard.stops:
        raise CommandError(
            f"{' '.join(first.guard.stops)} Nothing is released: the proposals wait for a person.", GUARDRAIL
        )


def _require_free(out: Path | None, chosen: tuple[str, ...]) -> None:
    for name in chosen:
        folder = _folder(out, name, chosen)
        if folder is not None:
            require_free(folder, "run.json", "basestock.run/")


def _folder(out: Path | None, policy: str, chosen: tuple[str, ...]) -> Path | None:
    """Return the folder of a policy's run, if one was asked for."""
    return out if out is None or policy == chosen[0] else out.with_name(f"{out.name}-{policy}")


def _show(written: list[Written], common: Common) -> None:
    (run, folder), *_ = written
    common.out = None
    if common.format_ == "csv":
        show((folder / "orders.csv").read_bytes())
    else:
        give(Answer(_document(written), lambda: _text(written), lambda: run.orders), common)


def _planned(data: "Dataset", **options: Any) -> "PlanRun":
    from basestock.operations.plan import NothingToPlanError
    from basestock.operations.plan import plan as plan_data

    try:
        return plan_data(data, **options)
    except NothingToPlanError as error:
        selected = options["items"] or options["locations"]
        raise CommandError(str(error), USAGE if selected else DATA) from error


def _require_preset(name: str | None) -> None:
    from basestock.operations.presets import PRESETS

    if name is not None:
        require_known("preset", name, PRESETS)


def require_policies(common: Common, *chosen: str) -> None:
    """Start the machinery, and refuse a policy that nothing can be planned by.

    Raises
    ------
    CommandError
        Naming the nearest one.
    """
    from basestock.operations.compiled import keep_compiled
    from basestock.operations.deciders import line_policies

    keep_compiled()
    for name in chosen:
        require_known("policy", name, line_policies())
    common.finished("start")


def _write(run: "PlanRun", data: "Dataset", asked: Path | None, common: Common) -> Path:
    from basestock.operations.run_folder import FolderInUseError, default_folder, write_run

    target = asked or default_folder(run.twin.as_of, run.run_id)
    try:
        write_run(run, data, target, command="plan", started=common.started, seconds=_seconds(run, common))
    except FolderInUseError as error:
        raise CommandError(f"--out {error}", USAGE) from error
    common.wrote(target, "run folder")
    return target


def _seconds(run: "PlanRun", common: Common) -> dict[str, float]:
    """Return the duration of what this run came from: the parts that all runs share, and its own."""
    own = common.seconds.get(f"plan {run.settings.policy}", common.seconds["plan"])
    shared = {
        part: value for part, value in common.seconds.items() if part.split()[0] not in ("plan", "write")
    }
    return {**shared, "plan": own}


def _document(written: list[Written]) -> dict[str, Any]:
    (run, folder), *others = written
    return {
        "schema": "basestock.plan/1",
        "run": {
            "id": run.run_id,
            "folder": str(folder),
            "as_of": run.twin.as_of,
            "policy": run.settings.policy,
            "reference": run.settings.reference,
            "preset": run.settings.preset,
            "seed": run.settings.seed,
            "stops": list(run.guard.stops),
        },
        "currency": run.twin.currency,
        "lines": run.orders.to_dicts(),
        "line_cost": _sum(run, "line_cost"),
        "value_now": _sum(run, "value_now"),
        "held": run.twin.not_planned.to_dicts(),
        "exceptions": run.exceptions.to_dicts(),
        "others": [
            {
                "id": other.run_id,
                "folder": str(place),
                "policy": other.settings.policy,
                "num_lines": other.orders.height,
                "line_cost": _sum(other, "line_cost"),
                "value_now": _sum(other, "value_now"),
            }
            for other, place in others
        ],
    }


def _sum(run: "PlanRun", column: str) -> float:
    return round(float(run.orders[column].sum() or 0.0), _digits(run))


def _digits(run: "PlanRun") -> int:
    """Return the decimals of the currency."""
    from basestock.operations.report.numbers import minor_digits

    return minor_digits(run.twin.currency)


def _money(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _text(written: list[Written]) -> str:
    from basestock.operations.report.numbers import currency_name

    (run, folder), *others = written
    money = currency_name(run.twin.currency)
    total, digits = run.orders.height, _digits(run)
    parts: list[str] = []
    if total:
        title = (
            f"The {min(SHOWN, total)} of {total} order lines that return most per unit of money, in {money}:"
        )
        rows = [_row(row, digits) for row in run.orders.head(SHOWN).iter_rows(named=True)]
        parts.append(table(title, _COLUMNS, rows, right=[*_COLUMNS[3:4], *_COLUMNS[5:]]))
    if others:
        parts.append(_compared(written, money))
    cost, value = _sum(run, "line_cost"), _sum(run, "value_now")
    parts.append(
        f"{total} lines for {_money(cost, digits)} {money}, "
        f"worth {_money(value, digits)} more than waiting for the next review.\n"
        f"{run.twin.not_planned.height} item-locations are not planned.\n"
        f"Report: {folder / 'report.html'}"
    )
    return "\n\n".join(parts)


def _compared(written: list[Written], money: str) -> str:
    """Return what each policy would order; the first is the one that decides."""
    columns = ("policy", "lines", "cost", "worth now", "folder")
    rows = [
        (
            run.settings.policy,
            f"{run.orders.height:,}",
            _money(_sum(run, "line_cost"), _digits(run)),
            _money(_sum(run, "value_now"), _digits(run)),
            folder,
        )
        for run, folder in written
    ]
    title = f"{written[0][0].settings.policy} decides; for comparison, in {money}:"
    return table(title, columns, rows, right=columns[1:4])


def _row(row: dict[str, Any], digits: int) -> list[str]:
    return [
        row["item_id"],
        row["location_id"],
        row["source_id"] or "",
        f"{row['qty']:g}" if row["qty"] < 1e6 else f"{row['qty']:.0f}",
        row["base_uom"],
        _money(row["line_cost"], digits),
        _money(row["value_now"], digits),
        _money(1.96 * row["value_se"], digits),
        "" if row["return_per_currency"] is None else f"{row['return_per_currency']:.3f}",
        f"{row['p_stockout_without']:.0%}",
        f"{row['p_stockout_with']:.0%}",
    ]
