"""From a checked dataset to a run: forecast, decide, finalize, price, rank, explain."""

import dataclasses

import numpy as np
import polars as pl

import basestock
from basestock.data.calibration import calibrate
from basestock.data.dataset import Dataset
from basestock.data.twin import Twin
from basestock.operations.budget import fund
from basestock.operations.deciders import make_decider, reference_rule
from basestock.operations.exceptions import find_exceptions
from basestock.operations.plan_frames import (
    forecast_frame,
    history_frame,
    kpi_frame,
    ledger_frame,
    marginal_frame,
    orders_frame,
    projection_frame,
    rank,
)
from basestock.operations.plan_settings import PlanSettings, content_sha
from basestock.operations.proposals import price_needs, proposal_id
from basestock.operations.snapshot import ask, take_snapshot
from basestock.operations.twin_forecast import forecast_lines

NUM_CARDS = 200
"""Lines that get a projection and a full card."""


@dataclasses.dataclass(frozen=True, eq=False)
class PlanRun:
    """Everything a run produced.

    Parameters
    ----------
    run_id, inputs_sha, config_sha, policy_sha
        Identity of the run and of what it was made from.
    settings, twin
        What was asked, of what.
    orders, ledger, marginal, exceptions, kpi, projection, history, forecast
        Output tables.
    """

    run_id: str
    inputs_sha: str
    config_sha: str
    policy_sha: str
    settings: PlanSettings
    twin: Twin
    orders: pl.DataFrame
    ledger: pl.DataFrame
    marginal: pl.DataFrame
    exceptions: pl.DataFrame
    kpi: pl.DataFrame
    projection: pl.DataFrame
    history: pl.DataFrame
    forecast: pl.DataFrame


def plan_lines(twin: Twin, settings: PlanSettings, inputs_sha: str) -> PlanRun:
    """Plan every line of a twin.

    Parameters
    ----------
    twin
        Calibrated lines.
    settings
        Policy, budget, paths, seed.
    inputs_sha
        Hash of the inputs, part of the run's identity.

    Returns
    -------
    PlanRun
        Output tables, byte for byte the same for the same inputs and settings.
    """
    policy_sha = content_sha({"policy": settings.policy, "version": basestock.__version__})
    run_id = content_sha({"inputs": inputs_sha, "config": settings.sha(), "policy": policy_sha})[:16]
    forecast = forecast_lines(twin, seed=settings.seed)
    snapshot = take_snapshot(twin)
    decider = make_decider(settings.policy, twin, forecast, seed=settings.seed)
    need = ask(decider.proposes, twin, snapshot.state)
    priced = price_needs(
        twin, snapshot, forecast, need, decider, num_paths=settings.replications, seed=settings.seed
    )
    if settings.budget is not None:
        priced, _ = fund(twin, snapshot, priced, settings.budget)
    ids = [proposal_id(run_id, twin, int(line)) for line in priced.lines]
    marginal = marginal_frame(twin, priced, ids)
    orders = orders_frame(twin, snapshot, forecast, priced, ids, (run_id, policy_sha, inputs_sha), settings)
    orders = rank(orders)
    shown = orders.head(NUM_CARDS)
    return PlanRun(
        run_id,
        inputs_sha,
        settings.sha(),
        policy_sha,
        settings,
        twin,
        orders,
        ledger_frame(twin, snapshot, forecast, priced, ids).filter(
            pl.col("proposal_id").is_in(orders["proposal_id"].to_list())
        ),
        marginal.filter(pl.col("proposal_id").is_in(orders["proposal_id"].to_list())),
        find_exceptions(twin, snapshot, forecast, priced),
        kpi_frame(twin, snapshot, orders, priced),
        projection_frame(twin, forecast, priced, decider, snapshot, shown, settings),
        history_frame(twin, shown),
        forecast_frame(twin, forecast, shown),
    )


def plan(
    data: Dataset,
    *,
    policy: str = "marginal",
    reference: str = "current",
    budget: float | None = None,
    replications: int = 128,
    seed: int = 0,
    items: str | None = None,
    locations: str | None = None,
    count_drafts: bool = False,
) -> PlanRun:
    """Turn a checked dataset into priced order lines: forecast, decide, finalize, price, rank.

    Parameters
    ----------
    data
        Dataset of :func:`basestock.load`.
    policy, reference
        Names of the deciding policy and of the rule shown beside it.
    budget
        Money to spend at most.
    replications
        Demand paths per line.
    seed
        Root of all random numbers.
    items, locations
        Regular expressions; only matching lines are planned.
    count_drafts
        Whether draft orders count as on order.

    Returns
    -------
    PlanRun
        Output tables, the same for the same arguments.
    """
    settings = PlanSettings(policy, reference, budget, replications, seed)
    twin = calibrate(data, items=items, locations=locations, count_drafts=count_drafts)
    assumed = assume_stock(twin, seed) if data.info.assume.get("inventory") == "reference" else twin
    selection = content_sha({"items": items, "locations": locations, "count_drafts": count_drafts})
    return plan_lines(assumed, settings, content_sha({"inputs": data.inputs_sha, "selection": selection}))


def assume_stock(twin: Twin, seed: int) -> Twin:
    """Start every line at the level its reference rule aims at, for exports without stock."""
    rule = reference_rule(twin, forecast_lines(twin, seed=seed))
    level = np.where(
        np.isfinite(rule.order_up_to_level),
        rule.order_up_to_level,
        rule.reorder_point + np.nan_to_num(rule.order_quantity),
    )
    level = np.maximum(np.where(twin.whole_units, np.round(level), level), 0.0)
    return dataclasses.replace(twin, on_hand=level, available=level)
