"""Small parts that every chart is made of: scales, round ticks, paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

Point = tuple[float, float]


@dataclass(frozen=True)
class Scale:
    """A linear map from a value to a coordinate; an empty domain maps to its middle."""

    domain: tuple[float, float]
    extent: tuple[float, float]

    def __call__(self, value: float) -> float:
        """Coordinate of a value, to a tenth of a unit, so that equal numbers give equal bytes."""
        low, high = self.domain
        share = 0.5 if high == low else (value - low) / (high - low)
        return round(self.extent[0] + share * (self.extent[1] - self.extent[0]), 1)


@dataclass(frozen=True)
class Tick:
    """A place on an axis with its label; a minor one is dropped on narrow screens."""

    at: float
    label: str
    is_minor: bool = False


def round_ticks(low: float, high: float, num_wanted: int = 4) -> list[float]:
    """Round values that cover [low, high]: steps of 1, 2, 2.5 or 5 times a power of ten.

    >>> round_ticks(0, 87)
    [0.0, 25.0, 50.0, 75.0, 100.0]
    """
    if high <= low:
        high = low + 1.0
    rough = (high - low) / num_wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def date_ticks(start: date, end: date, num_wanted: int = 7) -> list[date]:
    """Mondays or firsts of months between two days, at most about `num_wanted` of them."""
    span = (end - start).days
    if span <= 8 * num_wanted:
        step = max(1, math.ceil(span / 7 / num_wanted))
        monday = start + timedelta(days=-start.weekday() % 7)
        return [
            day for index in range(0, span + 1, 7 * step) if (day := monday + timedelta(days=index)) <= end
        ]
    step = max(1, math.ceil(span / 30.4 / num_wanted))
    months = range(start.year * 12 + start.month, end.year * 12 + end.month)
    return [date(month // 12, month % 12 + 1, 1) for month in months if month % step == 0]


def number(value: float) -> str:
    """A coordinate in the fewest characters.

    >>> number(12.0), number(0.5)
    ('12', '0.5')
    """
    return f"{value:.1f}".removesuffix(".0")


def line_path(points: Sequence[Point]) -> str:
    """Path data of a line through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) if points else ""


def band_path(lower: Sequence[Point], upper: Sequence[Point]) -> str:
    """Path data of the closed area between two lines."""
    return line_path([*upper, *reversed(lower)]) + "Z" if lower and upper else ""


def bars_path(bars: Sequence[Point], base: float, width: float) -> str:
    """Path data of bars of one width that stand on a base line; points are left edge and top."""
    return "".join(
        f"M{number(x)} {number(base)}V{number(y)}h{number(width)}V{number(base)}Z"
        for x, y in bars
        if y != base
    )
