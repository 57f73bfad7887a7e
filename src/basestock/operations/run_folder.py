"""A run as a folder: written beside its place and moved there whole, so that no half-written run exists."""

import datetime
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

import basestock
from basestock.data.dataset import Dataset
from basestock.data.escape import escaped
from basestock.operations.plan import PlanRun
from basestock.operations.report import render_report, view_from_frames

COUNTERFACTUAL = {
    "proposal_id": pl.String,
    "alternative": pl.String,
    "qty": pl.Float64,
    "value_delta": pl.Float64,
    "value_se": pl.Float64,
    "note": pl.String,
}


class FolderInUseError(OSError):
    """A folder holds another run."""


@contextmanager
def whole_folder(target: Path, run_id: str) -> Generator[Path, None, None]:
    """Give a folder to write into that becomes the target when everything is written, and vanishes if anything fails.

    Parameters
    ----------
    target
        Where the run shall lie; must not exist, be empty, or hold the same run.
    run_id
        Identity of the run.

    Raises
    ------
    FolderInUseError
        If the target holds anything else.
    """
    if target.exists() and not _replaceable(target, run_id):
        raise FolderInUseError(
            f"{target} is not empty and holds another run; choose another folder or remove it."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
        folder.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        folder.replace(target)
    finally:
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)


def _replaceable(target: Path, run_id: str) -> bool:
    if not target.is_dir():
        return False
    if not any(target.iterdir()):
        return True
    try:
        return bool(json.loads((target / "run.json").read_text(encoding="utf-8")).get("run_id") == run_id)
    except (OSError, ValueError):
        return False


def default_folder(subject: object, run_id: str) -> Path:
    """Return ``runs/<subject>-<first 8 of the run hash>``; the subject of a plan is its day."""
    return Path("runs") / f"{subject}-{run_id[:8]}"


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as CSV with plain decimals, ISO dates, and text escaped against spreadsheet formulas."""
    floats = [name for name, kind in frame.schema.items() if kind == pl.Float64]
    plain = pl.DataFrame([_plain(frame[name]) for name in floats])
    escaped(frame.drop(floats)).hstack(plain).select(frame.columns).write_csv(path)


def _plain(column: pl.Series) -> pl.Series:
    """Return numbers as plain decimals of at most six places; unknown stays empty."""
    known = column.fill_nan(None).to_list()
    texts = [None if value is None else f"{value:.6f}".rstrip("0").rstrip(".") for value in known]
    return pl.Series(column.name, ["0" if text == "-0" else text for text in texts], dtype=pl.String)


def write_run(
    run: PlanRun,
    dataset: Dataset,
    target: Path,
    *,
    command: str,
    started: datetime.datetime,
    seconds: Mapping[str, float],
) -> Path:
    """Write the run folder: tables, report, and what the run was made of.

    Parameters
    ----------
    run, dataset
        The run and the data it was made from.
    target
        Where it shall lie.
    command
        What was asked.
    started, seconds
        When the command began, and the duration of its parts before this one, seconds; with the environment the
        only content that differs between equal runs.

    Returns
    -------
    Path
        The folder.
    """
    since = time.perf_counter()
    with whole_folder(target, run.run_id) as folder:
        tables = {
            "orders": run.orders,
            "ledger": run.ledger,
            "marginal": run.marginal,
            "counterfactual": pl.DataFrame(schema=COUNTERFACTUAL),
            "exceptions": run.exceptions,
            "issues": dataset.issues,
            "kpi": run.kpi,
        }
        for name, frame in tables.items():
            write_csv(frame, folder / f"{name}.csv")
        run.projection.write_parquet(folder / "projection.parquet", compression="zstd")
        (folder / "report.html").write_text(report_html(run, dataset), encoding="utf-8")
        timings = {
            "started_at": started.astimezone(datetime.UTC).isoformat(timespec="milliseconds"),
            "seconds": {
                name: round(value, 3)
                for name, value in (*seconds.items(), ("write", time.perf_counter() - since))
            },
            "environment": _environment(),
        }
        record = {**_record(run, command), "timings": timings}
        (folder / "run.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return target


def _record(run: PlanRun, command: str) -> dict[str, Any]:
    return {
        "schema": "basestock.run/1",
        "run_id": run.run_id,
        "as_of": run.twin.as_of.isoformat(),
        "currency": run.twin.currency,
        "inputs_sha": run.inputs_sha,
        "config_sha": run.config_sha,
        "policy_sha": run.policy_sha,
        "policy": run.settings.policy,
        "reference": run.settings.reference,
        "budget": run.settings.budget,
        "replications": run.settings.replications,
        "seed": run.settings.seed,
        "code_version": basestock.__version__,
        "preset": run.settings.preset,
        "horizon_days": run.settings.horizon_days,
        "stops": list(run.guard.stops),
        "notices": list(run.guard.notices),
        "command": command,
    }


def _environment() -> dict[str, str]:
    import jax
    import numpy

    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "jax": jax.__version__,
        "numpy": numpy.__version__,
        "polars": pl.__version__,
    }


def report_html(run: PlanRun, dataset: Dataset) -> str:
    """Render the report of a run."""
    check = dataset.check()
    return render_report(
        view_from_frames(
            meta={
                "as_of": run.twin.as_of,
                "currency": run.twin.currency,
                "run_id": run.run_id,
                "policy": run.settings.policy,
                "reference": run.settings.reference,
                "seed": run.settings.seed,
                "budget": run.settings.budget,
                "code_version": basestock.__version__,
                "assumptions": _sentences(dataset),
                "warnings": [*run.guard.stops, *_warnings(dataset), *run.guard.notices],
                "hashes": {
                    "inputs_sha": run.inputs_sha,
                    "config_sha": run.config_sha,
                    "policy_sha": run.policy_sha,
                },
                "run_folder": default_folder(run.twin.as_of, run.run_id).name,
                "tables": check.to_dict()["tables"],
            },
            orders=run.orders,
            ledger=run.ledger,
            marginal=run.marginal,
            exceptions=run.exceptions,
            issues=dataset.issues,
            kpi=run.kpi,
            projection=run.projection,
            history=run.history,
            forecast=run.forecast,
            not_planned=run.twin.not_planned,
            coverage=_coverage(check.to_dict()["coverage"]["features"]),
        )
    )


def _sentences(dataset: Dataset) -> list[str]:
    rows = dataset.assumptions.iter_rows(named=True)
    return [f"{row['what']}: {row['value']} ({row['effect']})" for row in rows]


def _warnings(dataset: Dataset) -> list[str]:
    if "purchase_order" in dataset.tables:
        return []
    return ["No open orders are known: an order already on its way would be proposed again."]


def _coverage(features: list[dict[str, Any]]) -> pl.DataFrame:
    """Turn the coverage matrix into the frame of the report: what is on, and the file that would switch on the rest."""
    rows = [
        {
            "feature": each["unlocks"],
            "enabled": each["on"],
            "needs": each["table"],
            "missing": "" if each["on"] else each["table"],
        }
        for each in features
    ]
    schema = {"feature": pl.String, "enabled": pl.Boolean, "needs": pl.String, "missing": pl.String}
    return pl.DataFrame(rows, schema=schema)
