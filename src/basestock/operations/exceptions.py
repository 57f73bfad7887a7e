"""What a person should look at first: ranked by the money lost if ignored until the next review."""

import dataclasses
import datetime
import hashlib

import numpy as np
import polars as pl

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.lines import holding_per_period
from basestock.operations.pricing import order_value
from basestock.operations.proposals import PricedLines
from basestock.operations.selection import Selection
from basestock.operations.snapshot import Snapshot

COLUMNS = {
    "exception_id": pl.String,
    "type": pl.String,
    "object": pl.String,
    "money_at_risk": pl.Float64,
    "act_by": pl.Date,
    "recommended_action": pl.String,
    "root_cause_id": pl.String,
    "state": pl.String,
}

EXCESS_DAYS = 90.0
"""Days of demand beyond the protection interval above which stock counts as excess."""


MINIMUM_DAYS = 180.0
"""Days of demand that a minimum may cover before it is worth talking about."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One exception before it has an id."""

    kind: str
    subject: str
    money: float
    act_by: datetime.date
    action: str
    cause: str


def find_exceptions(
    twin: Twin,
    snapshot: Snapshot,
    forecast: DemandForecast,
    priced: PricedLines,
    funded: tuple[float, Selection] | None = None,
) -> pl.DataFrame:
    """List the exceptions of a run, most money first.

    Parameters
    ----------
    twin, snapshot, forecast, priced
        Lines, today, law of demand, and what was decided.
    funded
        Budget and what it funds, if there is one.

    Returns
    -------
    polars.DataFrame
        Columns of the output table ``exception``.
    """
    found = [
        *_stockouts(twin, priced),
        *_conflicts(twin, priced),
        *_excess(twin, snapshot, forecast),
        *_supplier_minimum(twin, priced),
        *_long_minimum(twin, forecast, priced),
        *_budget(twin, priced, funded),
        *_held(twin),
    ]
    ranked = sorted(found, key=lambda finding: (-finding.money, finding.kind, finding.subject))
    rows = [
        {
            "exception_id": hashlib.sha256(
                f"{finding.kind}\x1f{finding.subject}\x1f{twin.as_of}".encode()
            ).hexdigest()[:12],
            "type": finding.kind,
            "object": finding.subject,
            "money_at_risk": round(finding.money, 2),
            "act_by": finding.act_by,
            "recommended_action": finding.action,
            "root_cause_id": finding.cause,
            "state": "open",
        }
        for finding in ranked
    ]
    return pl.DataFrame(rows, schema=COLUMNS)


def _name(twin: Twin, line: int) -> str:
    return f"item={twin.item_id[line]}, location={twin.location_id[line]}"


def _stockouts(twin: Twin, priced: PricedLines) -> list[Finding]:
    """A stockout is likely even with the order of today: it cannot arrive in time."""
    found: list[Finding] = []
    for row, line in enumerate(priced.lines):
        risk = float(priced.prices.p_stockout[row, priced.chosen[row]])
        value = float(priced.prices.value[row, priced.chosen[row]])
        if risk < 0.25:
            continue
        action = f"order today and expedite: {risk:.0%} chance of a stockout before the next order can arrive"
        found.append(
            Finding(
                "projected_stockout",
                _name(twin, int(line)),
                max(value, 0.0),
                twin.as_of,
                action,
                f"supply:{twin.supplier_id[line]}",
            )
        )
    return found


def _conflicts(twin: Twin, priced: PricedLines) -> list[Finding]:
    found: list[Finding] = []
    for row, line in enumerate(priced.lines):
        if not priced.final[row].conflicts:
            continue
        best = float(priced.prices.value[row].max())
        conflict = priced.final[row].conflicts[0]
        found.append(
            Finding(
                "guardrail",
                _name(twin, int(line)),
                max(best, 0.0),
                twin.as_of,
                conflict.message,
                conflict.cause,
            )
        )
    return found


def _excess(twin: Twin, snapshot: Snapshot, forecast: DemandForecast) -> list[Finding]:
    """Stock beyond the 95 % quantile of the protection interval and 90 days: what holding it costs until it is sold."""
    per_period = np.maximum(forecast.mean.mean(axis=1), 0.0)
    ample = forecast.protection_quantile(0.95) + per_period * EXCESS_DAYS / twin.period_days
    surplus = np.maximum(snapshot.position - ample, 0.0)
    money = surplus * holding_per_period(twin) * twin.review_periods
    found: list[Finding] = []
    for line in np.flatnonzero((surplus > 0) & (money > 0)):
        tied = surplus[line] * np.nan_to_num(twin.unit_cost[line])
        amount = f"{surplus[line]:.0f} {twin.base_uom[line]} worth {tied:.2f} {twin.currency}"
        action = f"reduce: {amount} more than 90 days of demand need"
        act_by = twin.as_of + datetime.timedelta(days=int(twin.review_days[line]))
        found.append(
            Finding(
                "excess",
                _name(twin, int(line)),
                float(money[line]),
                act_by,
                action,
                f"excess:{twin.category[line]}",
            )
        )
    return found


def _supplier_minimum(twin: Twin, priced: PricedLines) -> list[Finding]:
    """Orders to a supplier that together stay below what it accepts: one finding a supplier."""
    totals: dict[str, tuple[float, float, float]] = {}
    for row, line in enumerate(priced.lines):
        least, qty = float(twin.supplier_minimum[line]), float(priced.final[row].qty)
        if np.isfinite(least) and qty > 0:
            cost, value, _ = totals.get(twin.supplier_id[line], (0.0, 0.0, 0.0))
            cost += float(np.nan_to_num(order_value(twin, int(line), qty)))
            value += float(priced.prices.value[row, priced.chosen[row]])
            totals[twin.supplier_id[line]] = cost, value, least
    return [
        Finding(
            "guardrail",
            f"supplier={name}",
            max(value, 0.0),
            twin.as_of,
            f"add {least - cost:,.2f} {twin.currency} to the order or wait: its lines are {cost:,.2f}, the supplier "
            f"accepts orders from {least:,.2f} {twin.currency} on",
            f"supply:{name}",
        )
        for name, (cost, value, least) in sorted(totals.items())
        if cost < least
    ]


def _long_minimum(twin: Twin, forecast: DemandForecast, priced: PricedLines) -> list[Finding]:
    """A minimum that covers more than 180 days of demand (SRC-009): what holding the residue costs."""
    per_day = np.maximum(forecast.mean.mean(axis=1), 0.0) / twin.period_days
    found: list[Finding] = []
    for row, line in enumerate(priced.lines):
        least = float(np.nan_to_num(twin.order_minimum[line] * twin.factor[line]))
        rate = float(per_day[line])
        if not priced.final[row].qty > 0 or not least > MINIMUM_DAYS * rate:
            continue
        days = f"{least / rate:.0f} days" if rate > 0 else "no demand"
        residue = max(float(priced.final[row].qty) - float(priced.need[row]), 0.0)
        money = residue * float(
            holding_per_period(twin.take(np.array([line])))[0] * twin.review_periods[line]
        )
        action = f"agree on a smaller minimum: {least:g} {twin.base_uom[line]} cover {days}"
        cause = f"supply:{twin.supplier_id[line]}"
        found.append(
            Finding("minimum_over_180_days", _name(twin, int(line)), money, twin.as_of, action, cause)
        )
    return found


def _budget(twin: Twin, priced: PricedLines, funded: tuple[float, Selection] | None) -> list[Finding]:
    """What the budget leaves out, as one finding."""
    if funded is None:
        return []
    budget, selection = funded
    wanted = float(np.maximum(priced.prices.value.max(axis=1, initial=0.0), 0.0).sum())
    left = max(wanted - selection.gain, 0.0)
    if left <= 0.0:
        return []
    action = (
        f"raise the budget or accept: {budget:,.2f} {twin.currency} fund {selection.gain:,.2f} of {wanted:,.2f} "
        f"{twin.currency} of value; no choice within it gains more than {selection.gap:,.2f} more"
    )
    return [Finding("budget", "run", left, twin.as_of, action, "budget")]


def _held(twin: Twin) -> list[Finding]:
    """Held lines by cause: one finding for each combination of codes."""
    if twin.not_planned.is_empty():
        return []
    groups = twin.not_planned.group_by("codes", maintain_order=True).agg(
        pl.len().alias("count"), pl.col("reason").first()
    )
    return [
        Finding(
            "data_error",
            f"{row['count']} item-locations: {row['codes'] or 'not planned'}",
            0.0,
            twin.as_of,
            str(row["reason"]),
            f"data:{row['codes']}",
        )
        for row in groups.sort("codes").iter_rows(named=True)
    ]
