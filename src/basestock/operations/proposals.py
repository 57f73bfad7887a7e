"""Order proposals: from the need of a policy to priced, legal, ranked lines with their ledger."""

import dataclasses
import datetime
import hashlib
from decimal import Decimal

import numpy as np

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.candidates import candidate_ladder, order_caps, order_rule
from basestock.operations.final_quantity import FinalQuantity
from basestock.operations.finalize import finalize_quantity, finalize_with_calendar
from basestock.operations.order_rules import Cap, Context
from basestock.operations.plan_settings import PlanSettings
from basestock.operations.pricing import Prices, price_orders, with_price_breaks
from basestock.operations.quantities import quantity
from basestock.operations.snapshot import Snapshot


@dataclasses.dataclass(frozen=True, eq=False)
class PricedLines:
    """Every line with a need, decided and priced.

    Parameters
    ----------
    lines
        Positions in the twin.
    need
        ``[line]`` what the policy asked for, base units.
    final
        The orderable quantity of each.
    prices
        Candidate quantities and their values.
    chosen
        ``[line]`` candidate that was chosen.
    """

    lines: np.ndarray
    need: np.ndarray
    final: list[FinalQuantity]
    prices: Prices
    chosen: np.ndarray


def price_needs(
    twin: Twin,
    snapshot: Snapshot,
    forecast: DemandForecast,
    need: np.ndarray,
    level: np.ndarray,
    settings: PlanSettings,
    decided: list[FinalQuantity] | None = None,
) -> PricedLines:
    """Price and finalize every line whose policy asks for something.

    Parameters
    ----------
    twin, snapshot, forecast
        Lines, today, and the law of demand.
    need
        ``[line]`` base units.
    level
        ``[line]`` level that is followed from the next review on, base units; NaN: what today's need fills up to.
    settings
        Demand paths, seed, horizon.
    decided
        Orders of all lines that another rule has made already: they are priced as they are.

    Returns
    -------
    PricedLines
        Quantities, steps, values.
    """
    asked = np.flatnonzero(need > 5e-4)
    part, wanted, position = twin.take(asked), need[asked], snapshot.position[asked]
    aims = np.where(np.isfinite(level[asked]), level[asked], position + wanted)
    given = None if decided is None else [decided[line] for line in asked]
    sizes = None if given is None else np.array([float(final.qty) for final in given])
    prices = price_orders(
        twin,
        snapshot.compiled,
        asked,
        candidate_ladder(part, wanted, position, sizes),
        aims,
        forecast,
        num_paths=settings.replications,
        seed=settings.seed,
        horizon_days=settings.horizon_days,
    )
    prices = with_price_breaks(part, prices)
    per_day = demand_per_day(part, forecast.protection_mean[asked])
    final = given or [
        finalize_line(part, line, wanted[line], position[line], prices, line, per_day=float(per_day[line]))
        for line in range(part.num_lines)
    ]
    chosen = np.array([_candidate(prices.quantity[row], float(each.qty)) for row, each in enumerate(final)])
    return PricedLines(asked, wanted, final, prices, chosen.astype(int))


def demand_per_day(twin: Twin, protection_mean: np.ndarray) -> np.ndarray:
    """Return ``[line]`` expected demand a day over lead time + review, base units."""
    return protection_mean / ((twin.lead_periods + twin.review_periods) * twin.period_days)


def finalize_line(
    twin: Twin,
    line: int,
    need: float,
    position: float,
    prices: Prices,
    row: int,
    caps: tuple[Cap, ...] = (),
    per_day: float = 0.0,
) -> FinalQuantity:
    """Turn the need of a line into an orderable quantity.

    Parameters
    ----------
    twin, line
        The line.
    need, position
        What the policy asks for, and the inventory position, base units.
    prices, row
        Values of candidate quantities, and the line's row in them.
    caps
        Limits beside those of the line itself.
    per_day
        Demand that a later arrival has to cover, base units a day.
    """
    known, value = prices.quantity[row], prices.value[row]

    def gains(amount: Decimal) -> float:
        return float(np.interp(float(amount), known, value))

    rule = order_rule(twin, line)
    context = Context(
        caps=(*order_caps(twin, line, position), *caps),
        gains=gains,
        price_breaks=tuple(quantity(threshold) for threshold, _ in twin.price_breaks[line]),
        order_date=twin.as_of,
        lead_time_days=quantity(float(twin.lead_days[line])),
    )
    if rule.order_days is None:
        return finalize_quantity(quantity(need), rule, context)
    return finalize_with_calendar(lambda late: quantity(need + late * per_day), rule, context)


def _candidate(quantities: np.ndarray, qty: float) -> int:
    return int(np.argmin(np.abs(quantities - qty)))


def lost_before_arrival(twin: Twin, forecast: DemandForecast) -> np.ndarray:
    """Return ``[line]`` the demand expected to be lost before an order can arrive, base units; 0 where it waits."""
    in_time = np.arange(twin.on_order.shape[1]) < twin.lead_periods[:, None]
    early = twin.available + (twin.on_order * in_time).sum(axis=1)
    short = np.maximum(forecast.before_arrival - early[:, None], 0.0).mean(axis=1)
    return np.where(twin.backordered, 0.0, short)


def ledger_rows(
    twin: Twin,
    snapshot: Snapshot,
    forecast: DemandForecast,
    line: int,
    need: float,
    final: FinalQuantity,
    gone: float = 0.0,
) -> list[tuple[str, Decimal, str]]:
    """Return the rows whose quantities sum exactly to the order: demand, safety, stock, then every step.

    Parameters
    ----------
    twin, snapshot, forecast
        Lines, today, and the law of demand.
    line
        Position in the twin.
    need
        What the policy asked for, base units.
    final
        The orderable quantity.
    gone
        Demand expected to be lost before the order can arrive, where the policy leaves it out, base units.

    Returns
    -------
    list
        (component, base units, note) in order.
    """
    days = twin.lead_days[line], twin.review_days[line]
    per_day = float(forecast.protection_mean[line]) / (
        float(twin.lead_periods[line] + twin.review_periods[line]) * twin.period_days
    )
    lead, review = (quantity(per_day * float(part)) for part in days)
    available, on_order = quantity(float(snapshot.available[line])), quantity(float(snapshot.on_order[line]))
    wanted, lost = quantity(need), quantity(gone)
    safety = wanted - lead - review + available + on_order + lost
    rows = [
        ("demand_lead_time", lead, f"{per_day:.3f} a day for {days[0]:g} days"),
        ("demand_review", review, f"{per_day:.3f} a day for {days[1]:g} days"),
        ("safety", safety, "what the policy adds for uncertainty"),
        ("available", -available, "stock that can be sold"),
        ("on_order", -on_order, "firm open orders"),
    ]
    if lost:
        rows.append(("lost_before_arrival", -lost, "expected to be lost before this order can arrive"))
    return [*rows, *((step.code.lower(), step.delta, step.note) for step in final.steps)]


def proposal_id(run_id: str, twin: Twin, line: int, kind: str = "buy") -> str:
    """Return the id of a proposal: a hash of the run and the keys of the line, so that it is never sent twice."""
    keys = (
        run_id,
        kind,
        twin.item_id[line],
        twin.location_id[line],
        twin.supplier_id[line],
        twin.as_of.isoformat(),
    )
    return hashlib.sha256("\x1f".join(keys).encode()).hexdigest()[:16]


def arrival(twin: Twin, line: int, final: FinalQuantity, normal_score: float) -> datetime.date:
    """Return the day on which an order arrives, at a normal score of its lead time."""
    days = float(twin.lead_days[line]) + normal_score * float(np.nan_to_num(twin.lead_sd_days[line]))
    return (final.order_date or twin.as_of) + datetime.timedelta(days=max(round(days), 0))
