"""From a checked dataset to a run: forecast, decide, finalize, price, rank, explain."""

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

import basestock
from basestock.data.calibration import calibrate
from basestock.data.dataset import Dataset
from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.budget import fund
from basestock.operations.deciders import make_decider, reference_rule
from basestock.operations.exceptions import find_exceptions
from basestock.operations.exit_check import block_illegal
from basestock.operations.guardrails import Guard, guard_run
from basestock.operations.order_frame import orders_frame
from basestock.operations.plan_frames import (
    forecast_frame,
    history_frame,
    kpi_frame,
    ledger_frame,
    marginal_frame,
    projection_frame,
    rank,
)
from basestock.operations.plan_settings import PlanSettings, content_sha
from basestock.operations.preset_orders import preset_orders
from basestock.operations.pricing import compile_pricing
from basestock.operations.proposals import PricedLines, lost_before_arrival, price_needs, proposal_id
from basestock.operations.snapshot import Snapshot, ask, take_snapshot
from basestock.operations.twin_forecast import forecast_lines

NUM_CARDS = 200
"""Lines that get a projection and a full card."""


class NothingToPlanError(ValueError):
    """No item-location is left to plan."""


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
    guard
        What the guardrails of the whole run say.
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
    guard: Guard = dataclasses.field(default_factory=Guard)


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
    policy = settings.preset or settings.policy
    policy_sha = content_sha({"policy": policy, "version": basestock.__version__})
    run_id = content_sha({"inputs": inputs_sha, "config": settings.sha(), "policy": policy_sha})[:16]
    forecast, snapshot = _foreseen(twin, settings)
    priced, level = _decide(twin, settings, forecast, snapshot)
    funded = None
    if settings.budget is not None:
        priced, selection = fund(twin, snapshot, priced, settings.budget)
        funded = settings.budget, selection
    priced = block_illegal(twin, snapshot, priced)
    ids = [proposal_id(run_id, twin, int(line)) for line in priced.lines]
    identity = (run_id, policy_sha, inputs_sha)
    reference = _reference(twin, settings, forecast, snapshot)
    orders = rank(orders_frame(twin, snapshot, forecast, priced, ids, identity, settings, reference))
    shown = orders.head(NUM_CARDS)
    marginal = settings.preset is None and settings.policy == "marginal"
    gone = lost_before_arrival(twin, forecast) if marginal else np.zeros(twin.num_lines)
    ordered = pl.col("proposal_id").is_in(orders["proposal_id"].implode())
    return PlanRun(
        run_id,
        inputs_sha,
        settings.sha(),
        policy_sha,
        settings,
        twin,
        orders,
        ledger_frame(twin, snapshot, forecast, priced, ids, gone).filter(ordered),
        marginal_frame(twin, priced, ids).filter(ordered),
        find_exceptions(twin, snapshot, forecast, priced, funded),
        kpi_frame(twin, snapshot, orders, priced, funded),
        projection_frame(twin, forecast, level, snapshot, shown, settings),
        history_frame(twin, shown),
        forecast_frame(twin, forecast, shown),
    )


def _foreseen(twin: Twin, settings: PlanSettings) -> tuple[DemandForecast, Snapshot]:
    """Forecast the lines; beside it, today's state and the programs that price it are compiled."""
    forecasted = threading.Event()

    def today() -> Snapshot:
        snapshot = take_snapshot(twin)
        compile_pricing(twin, snapshot.compiled, settings.replications, forecasted)
        return snapshot

    with ThreadPoolExecutor(1) as beside:
        snapshot = beside.submit(today)
        try:
            forecast = forecast_lines(twin, seed=settings.seed)
        finally:
            forecasted.set()
        return forecast, snapshot.result()


def _decide(
    twin: Twin, settings: PlanSettings, forecast: DemandForecast, snapshot: Snapshot
) -> tuple[PricedLines, np.ndarray]:
    """Return the priced orders, and ``[line]`` the level that is followed from the next review on, base units."""
    arrays = snapshot.compiled.arrays
    decider = make_decider(settings.policy, twin, forecast, arrays, seed=settings.seed)
    if settings.preset is None:
        need = ask(decider.proposes, twin, snapshot.compiled)
        return price_needs(twin, snapshot, forecast, need, decider.level, settings), decider.level
    share = twin.lead_periods / np.maximum(twin.lead_periods + twin.review_periods, 1)
    orders = preset_orders(settings.preset, twin, snapshot.position, forecast.protection_mean * share)
    need = np.array([float(order.need) for order in orders])
    return price_needs(twin, snapshot, forecast, need, decider.level, settings, orders), decider.level


def _reference(
    twin: Twin, settings: PlanSettings, forecast: DemandForecast, snapshot: Snapshot
) -> np.ndarray:
    """Return ``[line]`` what the reference rule orders today, base units."""
    if settings.reference == "current":
        return reference_rule(twin, forecast).need(snapshot.position)
    compiled = snapshot.compiled
    rule = make_decider(settings.reference, twin, forecast, compiled.arrays, seed=settings.seed)
    return ask(rule.executes, twin, compiled)


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
    preset: str | None = None,
    horizon_days: float | None = None,
    include_quarantined: bool = False,
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
    preset
        Another system whose order quantities are taken instead of ours; the policy still says what follows later.
    horizon_days
        Longest pricing of a line, days; 4 x (lead time + review) if not given.
    include_quarantined
        Whether lines held by findings are planned as far as their data go; they keep the codes as flags.

    Returns
    -------
    PlanRun
        Output tables, the same for the same arguments.
    """
    settings = PlanSettings(policy, reference, budget, replications, seed, preset, horizon_days)
    chosen = {
        "items": items,
        "locations": locations,
        "count_drafts": count_drafts,
        "include_quarantined": include_quarantined,
    }
    twin = calibrate(
        data,
        items=items,
        locations=locations,
        count_drafts=count_drafts,
        include_quarantined=include_quarantined,
    )
    if twin.num_lines == 0:
        raise NothingToPlanError(
            f"none of {data.pairs.height} item-locations can be planned; {twin.not_planned.height} are left out for "
            "what `basestock check` says. Correct the data, or ask for other items and locations."
        )
    assumed = assume_stock(twin, seed) if data.info.assume.get("inventory") == "reference" else twin
    inputs = content_sha({"inputs": data.inputs_sha, "selection": content_sha(chosen)})
    run = plan_lines(assumed, settings, inputs)
    guard = guard_run(data.tables, data.as_of, run.orders, data.review_days, twin.currency)
    return dataclasses.replace(run, guard=guard)


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
