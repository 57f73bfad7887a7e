"""A backtest as a folder: its document, its report, and what happened to every line in every bucket."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import basestock
from basestock.evaluation.report import EvaluationReport, pooled
from basestock.operations.backtest import PlayedWindow
from basestock.operations.plan_settings import content_sha

TERM = "term."
"""Beginning of the columns of traces that are money; the others are base units."""


FLOWS = ("ordered", "demand", "sales", "lost", "newly_backordered", "backorders_filled")
"""Quantities that a trace has, summed over the places of a problem whose items share one unit."""


def backtest_identity(inputs_sha: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a backtest was made from: hashes of the inputs and of what was asked, version, and their hash.

    Parameters
    ----------
    inputs_sha
        Hash of the inputs.
    asked
        Everything that can change the document.
    """
    made_from = {
        "inputs_sha": inputs_sha,
        "config_sha": content_sha(asked),
        "code_version": basestock.__version__,
    }
    return {"id": content_sha(made_from)[:16], **made_from}


def traces_frame(backtest: PlayedWindow) -> pl.DataFrame:
    """Return one row per policy, bucket and line.

    Parameters
    ----------
    backtest
        The replayed window.

    Returns
    -------
    polars.DataFrame
        policy, bucket_start, item_id, location_id; ordered, demand, sales, lost, newly_backordered,
        backorders_filled, closing in base units; ``term.NAME`` in money, unsigned as in the ledger.
    """
    twin, (first, last) = backtest.twin, backtest.window
    num_periods, num_lines = last - first, twin.num_lines
    parts: list[pl.DataFrame] = []
    for policy, played in backtest.played.items():
        keys = {
            "policy": np.full(num_periods * num_lines, policy),
            "bucket_start": np.repeat(np.array(twin.dates[first:last], dtype="datetime64[D]"), num_lines),
            "item_id": np.tile(np.array(twin.item_id), num_periods),
            "location_id": np.tile(np.array(twin.location_id), num_periods),
        }
        money = {TERM + name: table for name, table in played.money.items()}
        parts.append(
            pl.DataFrame({**keys, **{name: table.ravel() for name, table in (played.flows | money).items()}})
        )
    return pl.concat(parts, how="diagonal")


def replication_traces(report: EvaluationReport) -> pl.DataFrame:
    """Return one row per policy and replication of a problem.

    Parameters
    ----------
    report
        Result of :func:`basestock.evaluation.evaluate`.

    Returns
    -------
    polars.DataFrame
        policy, replication, total by the problem's criterion in money; the quantities of the counted periods in
        units; ``term.NAME`` in money of the counted periods, unsigned as in the ledger.
    """
    parts: list[pl.DataFrame] = []
    for policy, played in report.played.items():
        whole = pooled(played)
        flows = {name: whole.units(name) for name in FLOWS if whole.common_unit and name in whole.totals}
        money = {TERM + name: values for name, values in whole.money.items()}
        keys = {"policy": np.full(len(played.totals), policy), "replication": np.arange(len(played.totals))}
        parts.append(pl.DataFrame({**keys, "total": played.totals, **flows, **money}))
    return pl.concat(parts, how="diagonal")


def write_backtest(document: Mapping[str, Any], traces: pl.DataFrame, target: Path) -> None:
    """Write ``report.json``, ``report.html`` and ``traces.parquet``, all of them or nothing.

    Parameters
    ----------
    document
        The ``backtest`` document.
    traces
        Result of :func:`traces_frame`, or of :func:`replication_traces` for a problem.
    target
        New or empty folder.
    """
    from basestock.operations.report import render_backtest
    from basestock.operations.run_folder import whole_folder

    with whole_folder(target, "") as folder:
        (folder / "report.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        (folder / "report.html").write_text(render_backtest(document), encoding="utf-8")
        traces.write_parquet(folder / "traces.parquet", compression="zstd")
