"""The small charts: return per money over the whole list, gain per pack, ledger bars, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from basestock.operations.report.numbers import large_money
from basestock.operations.report.svg import Scale, Tick, line_path, round_ticks

CURVE_LEFT, CURVE_RIGHT, CURVE_TOP, CURVE_BASE = 64.0, 700.0, 16.0, 208.0
PACK_LEFT, PACK_RIGHT, PACK_TOP, PACK_BASE = 40.0, 512.0, 12.0, 110.0
MAX_CURVE_POINTS = 240
MAX_PACKS_DRAWN = 36


@dataclass(frozen=True)
class ReturnCurve:
    """Expected value against money spent, best return first."""

    path: str
    area: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    base: float
    end: tuple[float, float]
    budget: float | None
    budget_label: str
    half_lines: int
    rows: list[tuple[int, float, float, float]]


def return_curve(costs: Sequence[float], values: Sequence[float], budget: float | None) -> ReturnCurve | None:
    """Cumulate cost and value in the order given; None without any cost.

    Parameters
    ----------
    costs, values
        Money per line, best return first.
    budget
        Money that may be spent, if any.
    """
    points, spent, earned = [(0.0, 0.0)], 0.0, 0.0
    for cost, value in zip(costs, values, strict=True):
        spent, earned = spent + cost, earned + value
        points.append((spent, earned))
    if spent <= 0:
        return None
    x_ticks = round_ticks(0.0, max(spent, budget or 0.0) * 1.02, 5)
    y_ticks = round_ticks(min(0.0, *(y for _, y in points)), max(y for _, y in points) * 1.02, 4)
    x_scale = Scale((0.0, x_ticks[-1]), (CURVE_LEFT, CURVE_RIGHT))
    y_scale = Scale((y_ticks[0], y_ticks[-1]), (CURVE_BASE, CURVE_TOP))
    step = max(1, len(points) // MAX_CURVE_POINTS)
    drawn = [(x_scale(x), y_scale(y)) for x, y in [*points[:-1:step], points[-1]]]
    base = y_scale(0.0)
    return ReturnCurve(
        path=line_path(drawn),
        area=line_path([(drawn[0][0], base), *drawn, (drawn[-1][0], base)]) + "Z",
        x_ticks=[
            Tick(x_scale(tick), _axis_label(tick), index % 2 == 1) for index, tick in enumerate(x_ticks)
        ],
        y_ticks=[Tick(y_scale(tick), _axis_label(tick)) for tick in y_ticks],
        base=base,
        end=drawn[-1],
        budget=x_scale(budget) if budget else None,
        budget_label=large_money(budget, "") if budget else "",
        half_lines=next((index for index, (_, y) in enumerate(points) if 2 * y >= earned), len(points) - 1),
        rows=_curve_rows(points),
    )


def _axis_label(value: float) -> str:
    return large_money(value, "").removesuffix(".00")


def _curve_rows(points: Sequence[tuple[float, float]]) -> list[tuple[int, float, float, float]]:
    """Lines, money spent, value and return of the last step, at tenths of the list."""
    num_lines = len(points) - 1
    marks = sorted({max(1, round(num_lines * tenth / 10)) for tenth in range(1, 11)})
    rows: list[tuple[int, float, float, float]] = []
    previous = (0.0, 0.0)
    for mark in marks:
        spent, earned = points[mark]
        step_cost = spent - previous[0]
        rows.append((mark, spent, earned, (earned - previous[1]) / step_cost if step_cost > 0 else 0.0))
        previous = points[mark]
    return rows


@dataclass(frozen=True)
class PackBar:
    """One pack: its bar, its whisker of two standard errors, and whether it is part of the order."""

    number: int
    x: float
    width: float
    y: float
    height: float
    whisker: tuple[float, float] | None
    is_ordered: bool
    label: str


@dataclass(frozen=True)
class PackChart:
    """Gain of the last packs ordered and of the next ones that are not."""

    bars: list[PackBar]
    y_ticks: list[Tick]
    base: float
    num_left_out: int


def pack_chart(packs: Sequence[tuple[int, float, float | None, bool]]) -> PackChart | None:
    """Bars of gain per pack from (number, gain in money, standard error, ordered); None without packs."""
    if not packs:
        return None
    num_after = sum(1 for *_, is_ordered in packs if not is_ordered)
    last = len(packs) - max(0, num_after - 3)
    drawn = packs[max(0, last - MAX_PACKS_DRAWN) : last]
    tops = [gain + 2 * (error or 0.0) for _, gain, error, _ in drawn]
    bottoms = [gain - 2 * (error or 0.0) for _, gain, error, _ in drawn]
    ticks = round_ticks(min(0.0, *bottoms), max(*tops, 0.01, 0.0), 3)
    y_scale = Scale((ticks[0], ticks[-1]), (PACK_BASE, PACK_TOP))
    slot = min((PACK_RIGHT - PACK_LEFT) / len(drawn), 64.0)
    return PackChart(
        bars=[_pack_bar(index, pack, slot, y_scale, len(drawn)) for index, pack in enumerate(drawn)],
        y_ticks=[Tick(y_scale(tick), _axis_label(tick)) for tick in ticks],
        base=y_scale(0.0),
        num_left_out=len(packs) - len(drawn),
    )


def _pack_bar(
    index: int, pack: tuple[int, float, float | None, bool], slot: float, y_scale: Scale, num_drawn: int
) -> PackBar:
    number, gain, error, is_ordered = pack
    top, base = y_scale(max(gain, 0.0)), y_scale(min(gain, 0.0))
    every = -(-num_drawn // 18)
    return PackBar(
        number=number,
        x=round(PACK_LEFT + (index + 0.15) * slot, 1),
        width=round(0.7 * slot, 1),
        y=top,
        height=round(max(base - top, 0.8), 1),
        whisker=(y_scale(gain + 2 * error), y_scale(gain - 2 * error)) if error else None,
        is_ordered=is_ordered,
        label=str(number) if (num_drawn - 1 - index) % every == 0 else "",
    )


@dataclass(frozen=True)
class LedgerBar:
    """Place of one ledger row on the common scale, in percent of the width."""

    x: float
    width: float


def ledger_bars(steps: Sequence[tuple[Decimal, Decimal]]) -> list[LedgerBar]:
    """Bars between (start, end) quantities, all on one scale that holds zero."""
    ends = [float(end) for step in steps for end in step]
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = Scale((low, high), (0.0, 100.0))
    return [
        LedgerBar(
            x=scale(float(min(step))),
            width=round(max(scale(float(max(step))) - scale(float(min(step))), 0.6), 1),
        )
        for step in steps
    ]


@dataclass(frozen=True)
class IntervalMark:
    """One estimate as a dot on its interval, in percent of the width."""

    low: float
    at: float
    high: float


def interval_marks(estimates: Sequence[tuple[float, float]]) -> tuple[list[IntervalMark], float]:
    """Dots and intervals of (mean, half-width) on one scale that holds zero, and the place of zero."""
    ends = [mean + sign * half for mean, half in estimates for sign in (-1, 1)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    scale = Scale((low, high), (3.0, 97.0))
    marks = [IntervalMark(scale(mean - half), scale(mean), scale(mean + half)) for mean, half in estimates]
    return marks, scale(0.0)
