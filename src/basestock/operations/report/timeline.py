"""The chart of an order card: demand with its forecast above, stock with and without the order below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from basestock.operations.report.numbers import UNKNOWN, count, day, percent, quantity
from basestock.operations.report.svg import (
    Point,
    Scale,
    Tick,
    band_path,
    bars_path,
    date_ticks,
    line_path,
    round_ticks,
)

LEFT, RIGHT = 40.0, 512.0
DEMAND_TOP, DEMAND_BASE = 14.0, 124.0
STOCK_TOP, STOCK_BASE = 150.0, 276.0
HEIGHT = 300.0
MAX_TABLE_ROWS = 14
Rows = Sequence[dict[str, Any]]
Series = dict[float | None, list[tuple[date, float]]]


@dataclass(frozen=True)
class Panel:
    """One half of the chart: its horizontal rules, and what is drawn between them, as path data."""

    title: str
    title_y: float
    base: float
    ticks: list[Tick]
    band: str
    line: str
    dashed: str = ""
    bars: str = ""


@dataclass(frozen=True)
class Timeline:
    """Chart of one item-location, and the tables that say the same."""

    demand: Panel | None
    stock: Panel | None
    shaded: list[tuple[float, float]]
    dates: list[Tick]
    today: float
    today_label: str
    arrival: float | None
    arrival_label: str
    summary: str
    history_rows: list[tuple[str, str, str]]
    future_rows: list[tuple[str, str, str, str, str]]
    band_label: str
    table_note: str
    top: float
    height: float


@dataclass(frozen=True)
class _Facts:
    """The frames of one item-location, sorted by day, in one unit per history bucket."""

    history: list[tuple[date, float | None, float | None]]
    bucket_days: int
    forecast: Series
    forecast_days: int
    with_order: Series
    without_order: Series


def timeline(
    history: Rows, forecast: Rows, projection: Rows, *, as_of: date, arrival: date | None, unit: str
) -> Timeline | None:
    """Draw the chart of one item-location; None when there is nothing to draw.

    Parameters
    ----------
    history, forecast, projection
        Rows of the frames of that name, of this item-location alone, in `unit`.
    as_of
        The day of the stock snapshot.
    arrival
        The median day of arrival of the line, if known.
    unit
        The item's unit of measure.
    """
    facts = _collect(history, forecast, projection)
    days_known = _known_days(facts)
    if not days_known:
        return None
    start, end = min(*days_known, as_of), max(*days_known, as_of)
    x_scale = Scale((start.toordinal(), end.toordinal()), (LEFT, RIGHT))
    demand, stock = _demand_panel(facts, x_scale, unit), _stock_panel(facts, x_scale, unit)
    top = 0.0 if demand else STOCK_TOP - 24
    height = HEIGHT - top if stock else DEMAND_BASE + 24
    shows_arrival = stock is not None and arrival is not None and start <= arrival <= end
    return Timeline(
        demand=demand,
        stock=stock,
        shaded=_stockout_spans(facts, x_scale),
        dates=[
            Tick(x_scale(tick.toordinal()), day(tick, near=as_of))
            for tick in date_ticks(start, end, 5)
            if x_scale(tick.toordinal()) < RIGHT - 16
        ],
        today=x_scale(as_of.toordinal()),
        today_label=day(as_of, near=as_of),
        arrival=x_scale(arrival.toordinal()) if shows_arrival and arrival else None,
        arrival_label=f"arrives {day(arrival, near=as_of)}" if shows_arrival else "",
        summary=_summary(facts, unit),
        history_rows=_history_rows(facts, as_of),
        future_rows=_future_rows(facts, as_of),
        band_label=_band_label(facts.with_order or facts.forecast),
        table_note=_table_note(facts),
        top=top,
        height=height,
    )


def bucket_name(bucket_days: int) -> str:
    """The word for a bucket of so many days."""
    if 28 <= bucket_days <= 31:
        return "month"
    return {1: "day", 7: "week"}.get(bucket_days, f"{bucket_days} days")


def _collect(history: Rows, forecast: Rows, projection: Rows) -> _Facts:
    buckets = sorted(
        (row["bucket_start"], row["qty"], row["in_stock_fraction"]) for row in history if row["bucket_start"]
    )
    bucket_days = _spacing([bucket[0] for bucket in buckets])
    forecast_series = _series(forecast, "value")
    forecast_days = _spacing(sorted({row["date"] for row in forecast if row["date"]}))
    if not buckets:
        bucket_days = forecast_days
    # Daily forecasts beside weekly history are drawn per week, so that heights can be compared.
    scale = bucket_days / forecast_days
    return _Facts(
        history=_recent(buckets, bucket_days, _future_days(forecast, projection)),
        bucket_days=bucket_days,
        forecast={
            level: [(at, value * scale) for at, value in points] for level, points in forecast_series.items()
        },
        forecast_days=forecast_days,
        with_order=_series([row for row in projection if row["scenario"] == "with"], "on_hand"),
        without_order=_series([row for row in projection if row["scenario"] == "without"], "on_hand"),
    )


def _spacing(days: Sequence[date]) -> int:
    gaps = Counter((later - earlier).days for earlier, later in pairwise(days))
    gaps.pop(0, None)
    return min(gaps, key=lambda gap: (-gaps[gap], gap)) if gaps else 1


def _future_days(forecast: Rows, projection: Rows) -> int:
    days = [row["date"] for row in (*forecast, *projection) if row["date"]]
    return (max(days) - min(days)).days if days else 0


def _recent(
    buckets: list[tuple[date, float | None, float | None]], bucket_days: int, future_days: int
) -> list[tuple[date, float | None, float | None]]:
    num_shown = max(60 if bucket_days == 1 else 26, 3 * future_days // (2 * bucket_days))
    return buckets[-min(num_shown, 200) :]


def _series(rows: Rows, column: str) -> Series:
    series: Series = {}
    for row in rows:
        if row["date"] is not None and row[column] is not None:
            series.setdefault(row["quantile"], []).append((row["date"], row[column]))
    return {level: sorted(points) for level, points in series.items()}


def _levels(series: Series) -> tuple[float | None, float | None, float | None]:
    """Lowest, middle and highest level of a fan; the mean stands in for a fan without quantiles."""
    known = sorted(level for level in series if level is not None)
    if not known:
        return None, None, None
    return known[0], min(known, key=lambda level: (abs(level - 0.5), level)), known[-1]


def _band_label(series: Series) -> str:
    low, _, high = _levels(series)
    if low is None or high is None or low == high:
        return ""
    return f"P{low * 100:g} to P{high * 100:g}"


def _known_days(facts: _Facts) -> list[date]:
    days = [bucket[0] for bucket in facts.history]
    days += [bucket[0] + timedelta(days=facts.bucket_days) for bucket in facts.history[-1:]]
    fans = (facts.forecast, facts.with_order, facts.without_order)
    ends = [max(at for at, _ in points) for points in facts.forecast.values()]
    days += [end + timedelta(days=facts.forecast_days) for end in ends]
    return days + [at for series in fans for points in series.values() for at, _ in points]


def _stockout_spans(facts: _Facts, x_scale: Scale) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    for start, _, in_stock in facts.history:
        if in_stock is None or in_stock >= 1:
            continue
        left, right = x_scale(start.toordinal()), x_scale(start.toordinal() + facts.bucket_days)
        if spans and abs(spans[-1][0] + spans[-1][1] - left) < 0.15:
            left = spans.pop()[0]
        spans.append((left, round(right - left, 1)))
    return spans


def _fan(series: Series, x_scale: Scale, y_scale: Scale, shift: float) -> tuple[str, str]:
    """Path data of the band between the outer levels, and of the middle line."""

    def points(level: float | None) -> list[Point]:
        return [(x_scale(at.toordinal() + shift), y_scale(value)) for at, value in series.get(level, [])]

    low, middle, high = _levels(series)
    return (band_path(points(low), points(high)) if low != high else "", line_path(points(middle)))


def _y_scale(values: Sequence[float], base: float, top: float) -> tuple[Scale, list[Tick]]:
    ticks = round_ticks(min(0.0, *values), max(1.0, *values), 3)
    scale = Scale((ticks[0], ticks[-1]), (base, top))
    return scale, [Tick(scale(value), quantity(value)) for value in ticks]


def _demand_panel(facts: _Facts, x_scale: Scale, unit: str) -> Panel | None:
    values = [qty for _, qty, _ in facts.history if qty is not None]
    values += [value for points in facts.forecast.values() for _, value in points]
    if not values:
        return None
    y_scale, ticks = _y_scale([*values, 0.0], DEMAND_BASE, DEMAND_TOP)
    band, line = _fan(facts.forecast, x_scale, y_scale, facts.forecast_days / 2)
    width = x_scale(x_scale.domain[0] + facts.bucket_days) - LEFT
    bars = [(x_scale(at.toordinal()), y_scale(qty)) for at, qty, _ in facts.history if qty is not None]
    return Panel(
        title=f"Demand, {unit} per {bucket_name(facts.bucket_days)}",
        title_y=DEMAND_TOP - 4,
        base=y_scale(0.0),
        ticks=ticks,
        band=band,
        line=line,
        bars=bars_path(bars, y_scale(0.0), round(max(width * 0.8, 0.6), 1)),
    )


def _stock_panel(facts: _Facts, x_scale: Scale, unit: str) -> Panel | None:
    fans = (facts.with_order, facts.without_order)
    values = [value for series in fans for points in series.values() for _, value in points]
    if not values:
        return None
    y_scale, ticks = _y_scale([*values, 0.0], STOCK_BASE, STOCK_TOP)
    band, line = _fan(facts.with_order, x_scale, y_scale, 0.0)
    _, dashed = _fan(facts.without_order, x_scale, y_scale, 0.0)
    return Panel(
        title=f"Stock on hand, {unit}",
        title_y=STOCK_TOP - 6,
        base=y_scale(0.0),
        ticks=ticks,
        band=band,
        line=line,
        dashed=dashed,
    )


def _first_empty(series: Series) -> date | None:
    _, middle, _ = _levels(series)
    return next((at for at, value in series.get(middle, []) if value < 0.5), None)


def _summary(facts: _Facts, unit: str) -> str:
    parts: list[str] = []
    if facts.history:
        num_empty = sum(1 for *_, in_stock in facts.history if in_stock is not None and in_stock < 1)
        name = bucket_name(facts.bucket_days)
        total = quantity(sum(qty or 0 for _, qty, _ in facts.history))
        parts.append(f"Demand over {len(facts.history)} buckets of one {name}: {total} {unit}")
        parts.append(f"{count(num_empty, 'bucket')} with a stockout")
    for label, series in (("with", facts.with_order), ("without", facts.without_order)):
        empty = _first_empty(series)
        when = f"runs out on {day(empty)}" if empty else "does not run out in the period shown"
        parts += [f"median stock {label} the order {when}"] if series else []
    return "; ".join(parts) + "."


def _table_step(num_points: int, bucket_days: int) -> int:
    """Points per table row: one where the table stays short, whole weeks of days otherwise."""
    step = max(1, -(-num_points // MAX_TABLE_ROWS))
    return -(-step // 7) * 7 if bucket_days == 1 and step > 1 else step


def _history_rows(facts: _Facts, as_of: date) -> list[tuple[str, str, str]]:
    """Sums over runs of buckets, newest last: demand, and the buckets with a stockout."""
    step = _table_step(len(facts.history), facts.bucket_days)
    rows: list[tuple[str, str, str]] = []
    for index in range(0, len(facts.history), step):
        group = facts.history[index : index + step]
        known = [qty for _, qty, _ in group if qty is not None]
        stock = [in_stock for *_, in_stock in group if in_stock is not None]
        share = percent(sum(stock) / len(stock)) if stock else UNKNOWN
        rows.append((day(group[0][0], near=as_of), quantity(sum(known)) if known else UNKNOWN, share))
    return rows


def _future_rows(facts: _Facts, as_of: date) -> list[tuple[str, str, str, str, str]]:
    def middle(series: Series) -> dict[date, float]:
        return dict(series.get(_levels(series)[1], []))

    low, _, high = _levels(facts.with_order)
    columns = [
        middle(facts.forecast),
        middle(facts.without_order),
        middle(facts.with_order),
        dict(facts.with_order.get(low, [])),
        dict(facts.with_order.get(high, [])),
    ]
    days_known = sorted({at for column in columns for at in column})
    rows: list[tuple[str, str, str, str, str]] = []
    for at in days_known[:: _table_step(len(days_known), _spacing(days_known))]:
        cells = [quantity(_rounded(column.get(at))) for column in columns]
        band = f"{cells[3]} to {cells[4]}" if low != high else UNKNOWN
        rows.append((day(at, near=as_of), cells[0], cells[1], cells[2], band))
    return rows


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _table_note(facts: _Facts) -> str:
    step = _table_step(len(facts.history), facts.bucket_days)
    name = bucket_name(facts.bucket_days)
    return f"each row is the sum of {step} buckets of one {name}" if step > 1 else f"one row per {name}"
