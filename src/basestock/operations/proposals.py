"""Order proposals: from the need of a policy to priced, legal, ranked lines with their ledger."""

import dataclasses
import datetime
import hashlib
from decimal import Decimal

import numpy as np

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.candidates import candidate_ladder, order_caps, order_rule
from basestock.operations.deciders import Decider
from basestock.operations.final_quantity import FinalQuantity
from basestock.operations.finalize import finalize_quantity
from basestock.operations.order_rules import Cap, Context
from basestock.operations.pricing import Prices, horizon_groups, price_orders
from basestock.operations.quantities import quantity
from basestock.operations.snapshot import Snapshot

MAX_HORIZON = 512
"""Longest horizon of a pricing, model periods."""


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
    decider: Decider,
    *,
    num_paths: int,
    seed: int,
) -> PricedLines:
    """Price and finalize every line whose policy asks for something.

    Parameters
    ----------
    twin, snapshot, forecast
        Lines, today, and the law of demand.
    need
        ``[line]`` base units.
    decider
        The policy; its level is followed from the next review on.
    num_paths
        Demand paths per line.
    seed
        Root of the paths.

    Returns
    -------
    PricedLines
        Quantities, steps, values.
    """
    asked = np.flatnonzero(need > 5e-4)
    part, wanted = twin.take(asked), need[asked]
    position = snapshot.position[asked]
    level = np.where(np.isfinite(decider.level[asked]), decider.level[asked], position + wanted)
    ladder = candidate_ladder(part, wanted, position)
    prices = _price_by_horizon(part, ladder.quantities, level, forecast, asked, num_paths, seed)
    final = [
        finalize_line(part, line, wanted[line], position[line], prices, line)
        for line in range(part.num_lines)
    ]
    chosen = np.array(
        [_candidate(prices.quantity[line], float(final[line].qty)) for line in range(part.num_lines)],
        dtype=int,
    )
    return PricedLines(asked, wanted, final, prices, chosen)


def _price_by_horizon(
    twin: Twin,
    quantities: np.ndarray,
    level: np.ndarray,
    forecast: DemandForecast,
    asked: np.ndarray,
    num_paths: int,
    seed: int,
) -> Prices:
    if not twin.num_lines:
        empty = np.zeros((0, quantities.shape[1]))
        return Prices(empty, empty, empty, empty, empty, empty, np.zeros(0))
    groups = horizon_groups(twin.lead_periods + twin.review_periods, min(MAX_HORIZON, forecast.mean.shape[1]))
    parts: list[tuple[np.ndarray, Prices]] = []
    for horizon, lines in groups.items():
        paths = forecast.take(asked[lines]).sample_paths(num_paths, seed=seed)[:, :, :horizon]
        parts.append((lines, price_orders(twin.take(lines), quantities[lines], level[lines], paths)))
    order = np.argsort(np.concatenate([lines for lines, _ in parts]), kind="stable")
    return Prices(
        *(
            np.concatenate([getattr(prices, field.name) for _, prices in parts])[order]
            for field in dataclasses.fields(Prices)
        )
    )


def finalize_line(
    twin: Twin, line: int, need: float, position: float, prices: Prices, row: int, caps: tuple[Cap, ...] = ()
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
    """
    known, value = prices.quantity[row], prices.value[row]

    def gains(amount: Decimal) -> float:
        return float(np.interp(float(amount), known, value))

    context = Context(
        caps=(*order_caps(twin, line, position), *caps),
        gains=gains,
        order_date=twin.as_of,
        lead_time_days=quantity(float(twin.lead_days[line])),
    )
    return finalize_quantity(quantity(need), order_rule(twin, line), context)


def _candidate(quantities: np.ndarray, qty: float) -> int:
    return int(np.argmin(np.abs(quantities - qty)))


def ledger_rows(
    twin: Twin, snapshot: Snapshot, forecast: DemandForecast, line: int, need: float, final: FinalQuantity
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
    wanted = quantity(need)
    safety = wanted - lead - review + available + on_order
    rows = [
        ("demand_lead_time", lead, f"{per_day:.3f} a day for {days[0]:g} days"),
        ("demand_review", review, f"{per_day:.3f} a day for {days[1]:g} days"),
        ("safety", safety, "what the policy adds for uncertainty"),
        ("available", -available, "stock that can be sold"),
        ("on_order", -on_order, "firm open orders"),
    ]
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


def arrival(twin: Twin, line: int, quantile_score: float) -> datetime.date:
    """Return the day an order of today arrives with the given normal score of its lead time."""
    days = float(twin.lead_days[line]) + quantile_score * float(np.nan_to_num(twin.lead_sd_days[line]))
    return twin.as_of + datetime.timedelta(days=max(round(days), 0))
