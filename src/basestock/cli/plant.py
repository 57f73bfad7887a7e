"""Commands about data: demo, load, check, plan, backtest, template, schema, doctor."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from basestock.cli.errors import DATA, USAGE, CommandError, reported
from basestock.cli.output import empty_folder, print_document, print_table, print_text, require_format, say
from basestock.cli.settings import (
    AsOf,
    Assume,
    Config,
    Currency,
    Debug,
    Format,
    Gaps,
    Map,
    Out,
    Policies,
    Quiet,
    Seed,
    Set,
    Since,
    Source,
    day,
    names,
    settings,
)

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset
    from basestock.operations.plan import PlanRun

Strict = Annotated[bool, typer.Option("--strict", help="Warnings stop too.")]
Rule = Annotated[list[str] | None, typer.Option("--rule", help="CODE=E raises the severity of a finding.")]
Reference = Annotated[str, typer.Option("--reference", help="Policy to compare with.")]

schema = typer.Typer(help="The canonical tables as JSON Schema.", no_args_is_help=True, rich_markup_mode=None)


def _load(
    source: Path,
    map_: str | None,
    gaps: str | None,
    assume_factor: float | None,
    since: str | None,
    as_of: str | None,
    currency: str | None,
    rules: list[str] | None = None,
) -> "Dataset":
    from basestock.cli.settings import pairs
    from basestock.data.dataset import load as read

    if not source.exists():
        raise CommandError(
            f"{source}: there is no such file or folder; give an export folder, zip or XLSX.", USAGE
        )
    return read(
        source,
        map=map_,
        gaps=_gaps(gaps),
        assume_factor=assume_factor,
        since=day(since, "--since"),
        as_of=day(as_of, "--as-of"),
        currency=currency,
        rules=pairs(rules) or None,
    )


def _gaps(text: str | None) -> Literal["zero", "closed", "missing"] | None:
    if text in (None, "zero", "closed", "missing"):
        return text
    raise CommandError(f"--gaps is {text!r}, must be zero, closed or missing.", USAGE)


def load(
    source: Source,
    map_: Map = None,
    gaps: Gaps = None,
    assume_factor: Assume = None,
    since: Since = None,
    as_of: AsOf = None,
    currency: Currency = None,
    rule: Rule = None,
    out: Out = None,
    format_: Format = "table",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Read an export, check it, and write the canonical dataset."""
    with reported(debug):
        require_format(format_)
        target = empty_folder(out or Path("dataset"))
        data = _load(source, map_, gaps, assume_factor, since, as_of, currency, rule)
        data.write(target)
        report = data.check()
        if format_ == "json":
            print_document({**report.to_dict(), "dataset": str(target)})
        else:
            print_text(report.summary())
        say(f"dataset written to {target}", quiet=quiet)
        if report.exit_code:
            raise SystemExit(report.exit_code)


def check(
    source: Source,
    map_: Map = None,
    gaps: Gaps = None,
    assume_factor: Assume = None,
    since: Since = None,
    as_of: AsOf = None,
    currency: Currency = None,
    strict: Strict = False,
    rule: Rule = None,
    out: Out = None,
    format_: Format = "table",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """List everything that is wrong with an export, and what it would unlock."""
    with reported(debug):
        require_format(format_)
        data = _load(source, map_, gaps, assume_factor, since, as_of, currency, rule)
        report = data.check()
        if format_ == "json":
            print_document(report.to_dict())
        else:
            print_text(report.summary())
        if out is not None:
            from basestock.operations.run_folder import write_csv

            write_csv(data.issues, out)
            say(f"{data.issues.height} findings written to {out}", quiet=quiet)
        stopped = (
            strict and data.issues.filter(data.issues["severity"].is_in(["error", "warning"])).height > 0
        )
        if report.exit_code or stopped:
            raise SystemExit(report.exit_code or DATA)


def plan(
    source: Source,
    map_: Map = None,
    gaps: Gaps = None,
    assume_factor: Assume = None,
    since: Since = None,
    as_of: AsOf = None,
    currency: Currency = None,
    rule: Rule = None,
    policy: Annotated[str | None, typer.Option("--policy", help="Deciding policy (marginal).")] = None,
    reference: Reference = "current",
    budget: Annotated[float | None, typer.Option("--budget", min=0, help="Money to spend at most.")] = None,
    replications: Annotated[int, typer.Option("--replications", min=16, help="Demand paths per line.")] = 128,
    items: Annotated[str | None, typer.Option("--items", help="Regular expression of items.")] = None,
    locations: Annotated[
        str | None, typer.Option("--locations", help="Regular expression of locations.")
    ] = None,
    count_drafts: Annotated[
        bool, typer.Option("--count-drafts", help="Draft orders count as on order.")
    ] = False,
    seed: Seed = None,
    config: Config = None,
    set_: Set = None,
    out: Out = None,
    format_: Format = "table",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Turn an export into priced order lines, and write the run folder with its report."""
    with reported(debug):
        require_format(format_, ("table", "json", "csv"))
        chosen = settings(config, set_, "plan")
        clock = _Clock()
        data = _load(source, map_, gaps, assume_factor, since, as_of, currency, rule)
        clock.mark("load", quiet)
        from basestock.operations.compiled import keep_compiled
        from basestock.operations.plan import plan as plan_data
        from basestock.operations.run_folder import default_folder, write_run

        keep_compiled()
        run = plan_data(
            data,
            policy=policy or str(chosen.get("policy", "marginal")),
            reference=reference,
            budget=budget if budget is not None else _number(chosen.get("budget")),
            replications=replications,
            seed=seed if seed is not None else int(chosen.get("seed", 0)),
            items=items,
            locations=locations,
            count_drafts=count_drafts,
        )
        clock.mark("plan", quiet)
        target = write_run(run, data, out or default_folder(run), command="plan", timings=clock.seconds)
        clock.mark("write", quiet)
        _print_plan(run, target, format_)
        code = data.check().exit_code
        if code:
            say(
                "the data did not pass its checks: this plan is for a first look, not for release",
                quiet=False,
            )
            raise SystemExit(code)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


class _Clock:
    """Seconds by part, said as they pass."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def mark(self, part: str, quiet: bool) -> None:
        """End a part."""
        now = time.perf_counter()
        self.seconds[part] = now - self.start
        self.start = now
        say(f"{part}: {self.seconds[part]:.1f} s", quiet=quiet)


def _print_plan(run: "PlanRun", target: Path, format_: str) -> None:
    orders = run.orders
    if format_ == "csv":
        print_text((target / "orders.csv").read_text(encoding="utf-8").rstrip("\n"))
        return
    value = float(orders["value_now"].sum()) if orders.height else 0.0
    if format_ == "json":
        print_document(
            {
                "schema": "basestock.plan/1",
                "run": {
                    "id": run.run_id,
                    "folder": str(target),
                    "as_of": run.twin.as_of,
                    "policy": run.settings.policy,
                },
                "lines": orders.to_dicts(),
                "line_cost": float(orders["line_cost"].sum() or 0.0),
                "value_now": round(value, 2),
                "currency": run.twin.currency,
                "held": run.twin.not_planned.to_dicts(),
                "exceptions": run.exceptions.to_dicts(),
            }
        )
        return
    money = run.twin.currency if run.twin.currency != "XXX" else "units of money"
    columns = [
        "item",
        "location",
        "source",
        "qty",
        "unit",
        f"cost {money}",
        "worth now",
        "+/-",
        "return",
        "out without",
        "out with",
    ]
    rows = [
        [
            row["item_id"],
            row["location_id"],
            row["source_id"],
            f"{row['qty']:g}",
            row["base_uom"],
            "" if row["line_cost"] is None else f"{row['line_cost']:,.2f}",
            f"{row['value_now']:,.2f}",
            f"{1.96 * row['value_se']:,.2f}",
            "" if row["return_per_currency"] is None else f"{row['return_per_currency']:.3f}",
            f"{row['p_stockout_without']:.0%}",
            f"{row['p_stockout_with']:.0%}",
        ]
        for row in orders.head(20).iter_rows(named=True)
    ]
    print_table(
        f"the {min(20, orders.height)} of {orders.height} order lines that earn most per {money}",
        columns,
        rows,
        right=columns[3:],
    )
    total = float(orders["line_cost"].sum() or 0.0)
    print_text(
        f"\n{orders.height} lines for {total:,.2f} {money}, worth {value:,.2f} more than waiting for the next review."
    )
    print_text(
        f"{run.twin.not_planned.height} item-locations are not planned. Report: {target / 'report.html'}"
    )


def backtest(
    source: Source,
    map_: Map = None,
    gaps: Gaps = None,
    assume_factor: Assume = None,
    since: Since = None,
    as_of: AsOf = None,
    currency: Currency = None,
    rule: Rule = None,
    policy: Policies = None,
    reference: Reference = "current",
    folds: Annotated[int, typer.Option("--folds", min=1, help="Windows replayed from a fresh start.")] = 1,
    horizon: Annotated[float | None, typer.Option("--horizon", min=1, help="Days replayed in all.")] = None,
    items: Annotated[str | None, typer.Option("--items", help="Regular expression of items.")] = None,
    locations: Annotated[
        str | None, typer.Option("--locations", help="Regular expression of locations.")
    ] = None,
    seed: Seed = None,
    config: Config = None,
    set_: Set = None,
    out: Out = None,
    format_: Format = "table",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Replay the last part of history under several policies, and say which saves money."""
    with reported(debug):
        require_format(format_)
        chosen = settings(config, set_, "backtest")
        target = None if out is None else empty_folder(out)
        data = _load(source, map_, gaps, assume_factor, since, as_of, currency, rule)
        say(f"loaded {source}", quiet=quiet)
        from basestock.operations.backtest import backtest as backtest_data
        from basestock.operations.backtest import write_backtest
        from basestock.operations.compiled import keep_compiled

        keep_compiled()
        document = backtest_data(
            data,
            names(policy, (str(chosen.get("policy", "marginal")),)),
            reference=reference,
            folds=folds,
            horizon_days=horizon,
            seed=seed if seed is not None else int(chosen.get("seed", 0)),
            items=items,
            locations=locations,
        )
        if target is not None:
            write_backtest(document, target)
            say(f"report: {target / 'report.html'}", quiet=quiet)
        if format_ == "json":
            print_document(document)
        else:
            _print_backtest(document)


def _print_backtest(document: dict[str, Any]) -> None:
    show = lambda e: "" if e["mean"] is None else f"{e['mean']:,.2f} +/- {e['half_width'] or 0:,.2f}"  # noqa: E731
    shown = ("saving", "fill_rate_value", "average_inventory_value", "stockout_periods", "order_lines")
    rows = [
        [row["policy"], show(row["total"]), *(show(row["kpis"][kpi]) for kpi in shown)]
        for row in document["policies"]
    ]
    window = document["window"]
    print_table(
        f"{window['start']} to {window['end']}, {document['lines']} lines", ["policy", "cost", *shown], rows
    )
    verdict = document["verdict"]
    print_text(
        f"\n{verdict['policy']} against {verdict['reference']}: {verdict['outcome']} ({verdict['rule']})."
    )
    print_text(document["leakage"])


def demo(
    full: Annotated[
        bool, typer.Option("--full", help="Locations, suppliers, orders, receipts, and some dirt.")
    ] = False,
    out: Out = None,
    seed: Seed = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Generate a realistic company's export, check it, plan it, backtest it, and say where the report is."""
    with reported(debug):
        from basestock.data.demo import write_demo

        folder = empty_folder(out or Path("demo-export"))
        export = folder / "export"
        write_demo(export, full=full, seed=7 if seed is None else seed)
        say(f"export written to {export}", quiet=quiet)
        currency = "EUR"
        _step(["check", str(export), "--currency", currency], tolerated=DATA if full else 0)
        _step(
            ["plan", str(export), "--currency", currency, "--out", str(folder / "run")],
            tolerated=DATA if full else 0,
        )
        _step(
            ["backtest", str(export), "--currency", currency, "--out", str(folder / "backtest")],
            tolerated=DATA if full else 0,
        )
        print_text(f"\nOpen {folder / 'run' / 'report.html'} in a browser.")


def _step(arguments: list[str], *, tolerated: int) -> None:
    """Run a command as a user would type it; the demo shows its words."""
    from basestock.cli.app import app

    print_text(f"\n$ basestock {' '.join(arguments)}")
    sys.stdout.flush()
    try:
        app(arguments, standalone_mode=False)
    except SystemExit as stop:
        if stop.code not in (0, None, tolerated):
            raise


def template(out: Out = None, debug: Debug = False) -> None:
    """Write the example workbook."""
    with reported(debug):
        from basestock.data.template import write_template

        path = out or Path("basestock-template.xlsx")
        if path.exists():
            raise CommandError(f"{path} exists; choose another name with --out, or remove it.", USAGE)
        write_template(path)
        say(f"template written to {path}")


@schema.command("export")
def export_schema(
    table: Annotated[str | None, typer.Argument(help="One table; all if not given.")] = None,
    out: Out = None,
    debug: Debug = False,
) -> None:
    """Print the JSON Schema of the canonical tables."""
    with reported(debug):
        from basestock.data.tables import TABLES, schema_json

        if table is not None and table not in TABLES:
            raise CommandError(f"table {table!r} is unknown, must be one of {', '.join(TABLES)}.", USAGE)
        chosen = [table] if table else list(TABLES)
        document = {"schema": "basestock.tables/1", "tables": {name: schema_json(name) for name in chosen}}
        if out is None:
            print_document(document)
        else:
            out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def doctor(format_: Format = "table", debug: Debug = False) -> None:
    """Print facts about this installation."""
    with reported(debug):
        import importlib.metadata
        import os
        import platform

        import basestock

        packages = ("jax", "jaxlib", "equinox", "numpy", "scipy", "polars", "highspy")
        facts: dict[str, Any] = {
            "basestock": basestock.__version__,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
            **{name: importlib.metadata.version(name) for name in packages},
            "network": "nothing is ever sent anywhere",
        }
        if require_format(format_) == "json":
            print_document({"schema": "basestock.doctor/1", **facts})
        else:
            print_table("basestock", ["what", "value"], [[key, value] for key, value in facts.items()])
