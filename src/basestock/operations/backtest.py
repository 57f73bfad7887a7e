"""The backtest: the last part of history replayed under several policies, with intervals and a verdict."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from basestock.data.calibration import calibrate
from basestock.data.dataset import Dataset
from basestock.data.twin import Twin
from basestock.operations.replay import Replayed, replay

SCHEMA = "basestock.backtest/1"
RESAMPLES = 500
USUAL_SHARE, LARGEST_SHARE = 5, 3
"""The window is the last fifth of the history, and never more than the last third unless somebody asks for it."""

MAX_BUCKETS = 100_000
FEWEST_KNOWN = 2
"""Known buckets before the window without which a line is not replayed: nothing could be learned from fewer."""

SPENT = ("holding", "backorder", "fixed_order")
"""Terms that lower the profit; lost margin was never earned."""
NO_LEAKAGE = (
    "Forecasts and parameters were made from the buckets before each refit alone; every policy met the same demand, "
    "lead times, reviews and order sizes, and started with the same stock."
)
RULE = "better or worse only if the 95 % interval of the paired saving excludes 0"


class WindowError(ValueError):
    """The window of a backtest is too short to say anything."""


@dataclasses.dataclass(frozen=True)
class BacktestSettings:
    """What a backtest may vary.

    Parameters
    ----------
    policies
        Names; the reference is added if it is missing.
    reference
        Policy that the others are compared with.
    folds
        Windows, each replayed from a fresh start; together they are the last fifth of the history.
    horizon_days
        Length of all windows together, days; the last fifth if ``None``.
    refits
        Times per window that forecasts are made anew.
    seed
        Root of random numbers.
    """

    policies: tuple[str, ...] = ("marginal",)
    reference: str = "current"
    folds: int = 1
    horizon_days: float | None = None
    refits: int = 4
    seed: int = 0

    @property
    def names(self) -> list[str]:
        """All policies, the reference last if it was not named."""
        return list(dict.fromkeys((*self.policies, self.reference)))


@dataclasses.dataclass(frozen=True, eq=False)
class PlayedWindow:
    """The end of a history, replayed.

    Parameters
    ----------
    twin
        The lines whose window is long enough.
    settings
        Policies, window, folds.
    played
        What came of each policy, folds one after the other.
    window
        First bucket, and the first one after it.
    excluded
        Lines that cannot be replayed: (item_id, location_id, reason).
    """

    twin: Twin
    settings: BacktestSettings
    played: Mapping[str, Replayed]
    window: tuple[int, int]
    excluded: Sequence[Mapping[str, str]]

    def document(self) -> dict[str, Any]:
        """Return the ``backtest`` document."""
        return _document(self.twin, self.settings, self.played, self.window, self.excluded)


def run_backtest(twin: Twin, settings: BacktestSettings) -> dict[str, Any]:
    """Replay the end of the history under every policy, and return the ``backtest`` document.

    See :func:`play_window`.
    """
    return play_window(twin, settings).document()


def play_window(twin: Twin, settings: BacktestSettings) -> PlayedWindow:
    """Replay the end of the history under every policy.

    Parameters
    ----------
    twin
        Calibrated lines.
    settings
        Policies, window, folds.

    Returns
    -------
    PlayedWindow
        Every period of every line under every policy.

    Raises
    ------
    WindowError
        If no line has a window of at least 3 x (lead time + review).
    """
    window = _window(twin, settings)
    cuts = np.linspace(window[0], window[1], settings.folds + 1).round().astype(int)
    length = int(np.diff(cuts).min())
    reasons = _why_not(twin, length, int(cuts[0]))
    if all(reasons):
        raise WindowError(_refusal(twin, length))
    part = twin.take(np.array([line for line, reason in enumerate(reasons) if not reason]))
    excluded = [
        {"item_id": item, "location_id": location, "reason": reason}
        for item, location, reason in zip(twin.item_id, twin.location_id, reasons, strict=True)
        if reason
    ]
    runs = [
        replay(part, settings.names, first=a, last=b, refits=settings.refits, seed=settings.seed)
        for a, b in pairwise(cuts.tolist())
    ]
    played = {name: _join([run[name] for run in runs]) for name in settings.names}
    return PlayedWindow(part, settings, played, (int(window[0]), int(window[1])), excluded)


def _window(twin: Twin, settings: BacktestSettings) -> tuple[int, int]:
    """Return the first bucket of the window and the one after its last.

    Where no line could be replayed in the last fifth of a short history, the window is as long as the quickest lines
    need, as long as two thirds of the history are left to learn from.
    """
    count = len(twin.dates)
    if settings.horizon_days is not None:
        return max(count - round(settings.horizon_days / twin.period_days), 0), count
    length = count // USUAL_SHARE
    needed = settings.folds * _shortest(twin)
    return count - (needed if length < needed <= count // LARGEST_SHARE else length), count


def _length_told(twin: Twin, settings: BacktestSettings, periods: int) -> str:
    """Say why the window is as long as it is."""
    if settings.horizon_days is not None:
        return f"the last {settings.horizon_days:g} days, as asked for"
    usual = len(twin.dates) // USUAL_SHARE
    if periods == usual:
        return "the last fifth of the history"
    windows = "" if settings.folds == 1 else f"{settings.folds} windows of "
    return (
        f"longer than the last fifth of the history, {usual} buckets, in which no line could be replayed: "
        f"the quickest needs {windows}3 x (lead time + review) = {_shortest(twin)} buckets"
    )


def _shortest(twin: Twin) -> int:
    """Return 3 x (lead time + review) of the quickest line, buckets."""
    return 3 * int((twin.lead_periods + twin.review_periods).min(initial=MAX_BUCKETS))


def _why_not(twin: Twin, length: int, first: int) -> list[str]:
    """Say of each line why it cannot be replayed; an empty text where it can."""
    shortest = 3 * (twin.lead_periods + twin.review_periods)
    past = np.isfinite(twin.history[:, :first]).sum(axis=1)
    return [
        f"3 x (lead time + review) is {least} buckets, a window has {length}"
        if least > length
        else f"{known} known buckets before {twin.dates[first].isoformat()}, must be at least {FEWEST_KNOWN}"
        if known < FEWEST_KNOWN
        else ""
        for least, known in zip(shortest.tolist(), past.tolist(), strict=True)
    ]


def _refusal(twin: Twin, length: int) -> str:
    shortest = _shortest(twin) if twin.num_lines else 0
    return (
        f"backtest: no line can be replayed. A window has {length} buckets, must have at least "
        f"3 x (lead time + review) = {shortest}, after at least {FEWEST_KNOWN} known buckets. Use fewer folds, a "
        f"longer history, or --horizon {math.ceil(shortest * twin.period_days)}."
    )


def _join(parts: list[Replayed]) -> Replayed:
    stack = lambda tables: {name: np.concatenate([t[name] for t in tables]) for name in tables[0]}  # noqa: E731
    return Replayed(stack([p.money for p in parts]), parts[0].signs, stack([p.flows for p in parts]))


@dataclasses.dataclass(frozen=True, eq=False)
class _Blocks:
    """Sums per (block of time, location) and the resamples of both."""

    week: np.ndarray
    place: np.ndarray
    weights: np.ndarray

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return ``[1 + resample]`` totals of ``[period, line]`` values: as observed first, then resampled."""
        table = np.zeros((self.week.max() + 1, self.place.max() + 1))
        np.add.at(table, (self.week[:, None], self.place[None, :]), values)
        return np.concatenate([[table.sum()], (self.weights * table[None]).sum((1, 2))])


def _blocks(twin: Twin, periods: int) -> _Blocks:
    """Blocks of a week (of four buckets where buckets are longer), clustered by location."""
    size = max(round(7 / twin.period_days), 1)
    week = np.arange(periods) // size
    names = sorted(set(twin.location_id))
    place = np.array([names.index(name) for name in twin.location_id])
    draw = np.random.default_rng(20)
    weeks = draw.multinomial(week.max() + 1, np.full(week.max() + 1, 1 / (week.max() + 1)), RESAMPLES)
    places = np.ones((RESAMPLES, len(names)))
    if len(names) > 1:
        places = draw.multinomial(len(names), np.full(len(names), 1 / len(names)), RESAMPLES)
    return _Blocks(week, place, weeks[:, :, None] * places[:, None, :])


def _estimate(samples: np.ndarray, n: int) -> dict[str, Any]:
    """Return the JSON form: observed value and half the width of the 95 % bootstrap interval."""
    if not np.isfinite(samples[0]):
        return {"mean": None, "half_width": None, "n": n, "reason": "no_demand"}
    low, high = np.quantile(samples[1:][np.isfinite(samples[1:])], [0.025, 0.975])
    return {"mean": round(float(samples[0]), 6), "half_width": round(float(high - low) / 2, 6), "n": n}


def _document(
    twin: Twin,
    settings: BacktestSettings,
    played: Mapping[str, Replayed],
    window: tuple[int, int],
    excluded: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    periods = window[1] - window[0]
    blocks = _blocks(twin, periods)
    count = int(blocks.week.max()) + 1
    years = periods * twin.period_days / 365.0
    totals = {name: _total(blocks, run) for name, run in played.items()}
    rows = [
        {
            "policy": name,
            "total": _estimate(totals[name], count),
            "terms": {term: _estimate(blocks.sums(money), count) for term, money in run.money.items()},
            "kpis": _kpis(twin, blocks, run, totals[settings.reference] - totals[name], years, count),
            "versus": {
                other: _estimate(totals[name] - totals[other], count) for other in played if other != name
            },
        }
        for name, run in played.items()
    ]
    return {
        "schema": SCHEMA,
        "window": {
            "length": _length_told(twin, settings, periods),
            "start": twin.dates[window[0]].isoformat(),
            "end": twin.dates[window[1] - 1].isoformat(),
            "periods": periods,
            "period_days": twin.period_days,
            "history_periods": len(twin.dates),
        },
        "folds": settings.folds,
        "reference": settings.reference,
        "currency": twin.currency,
        "lines": twin.num_lines,
        "lines_excluded": len(excluded),
        "excluded": [dict(line) for line in excluded],
        "leakage": NO_LEAKAGE,
        "policies": rows,
        "verdict": _verdict(settings, totals, count),
    }


def _total(blocks: _Blocks, run: Replayed) -> np.ndarray:
    """Return the cost of the window by the ledger, money."""
    return np.asarray(sum(run.signs[name] * blocks.sums(money) for name, money in run.money.items()))


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)


def _kpis(
    twin: Twin, blocks: _Blocks, run: Replayed, saved: np.ndarray, years: float, n: int
) -> dict[str, Any]:
    flows, cost = run.flows, np.nan_to_num(twin.unit_cost)
    price = np.where(np.isfinite(twin.unit_price), twin.unit_price, cost)
    periods = flows["demand"].shape[0]
    served, wanted = blocks.sums(flows["sales"] * price), blocks.sums(flows["demand"] * price)
    stock = blocks.sums(flows["closing"] * cost) / periods
    handed = flows["sales"] + flows["backorders_filled"]
    sold = blocks.sums(handed * cost)
    margin = blocks.sums(handed * (price - cost))
    goodwill = blocks.sums(
        flows["lost"] * np.maximum(np.nan_to_num(twin.stockout_cost) - np.maximum(price - cost, 0), 0)
    )
    spent = sum((blocks.sums(run.money[name]) for name in SPENT if name in run.money), goodwill)
    values = {
        "saving": saved,
        "saving_per_year": saved / years,
        "fill_rate_value": _ratio(served, wanted),
        "average_inventory_value": stock,
        "turnover": _ratio(sold / years, stock),
        "stockout_periods": blocks.sums((flows["closing"] <= 0).astype(float)),
        "shortage_periods": blocks.sums((flows["lost"] + flows["newly_backordered"] > 0).astype(float)),
        "order_lines": blocks.sums((flows["ordered"] > 0).astype(float)),
    }
    if np.isfinite(twin.unit_price).all():
        values |= {
            "revenue": blocks.sums(handed * price),
            "gross_margin": margin,
            "profit": margin - spent,
        }
    return {name: _estimate(samples, n) for name, samples in values.items()}


def _verdict(settings: BacktestSettings, totals: Mapping[str, np.ndarray], n: int) -> dict[str, Any]:
    policy = settings.policies[0]
    saving = _estimate(totals[settings.reference] - totals[policy], n)
    low, high = saving["mean"] - saving["half_width"], saving["mean"] + saving["half_width"]
    outcome = "better" if low > 0 else "worse" if high < 0 else "no difference shown"
    return {
        "policy": policy,
        "reference": settings.reference,
        "outcome": outcome,
        "saving": saving,
        "rule": RULE,
    }


def backtest(
    data: Dataset,
    policies: Sequence[str] = ("marginal",),
    *,
    reference: str = "current",
    folds: int = 1,
    horizon_days: float | None = None,
    seed: int = 0,
    items: str | None = None,
    locations: str | None = None,
) -> dict[str, Any]:
    """Replay the end of a dataset's history under several policies; see :func:`run_backtest`.

    Parameters
    ----------
    data
        Dataset of :func:`basestock.load`.
    policies, reference
        Names; the first is judged against the reference.
    folds, horizon_days
        Windows, and their length together, days; the last fifth of the history if not given.
    seed
        Root of random numbers.
    items, locations
        Regular expressions; only matching lines are replayed.

    Returns
    -------
    dict
        The ``backtest`` document.
    """
    settings = BacktestSettings(tuple(policies), reference, folds, horizon_days, seed=seed)
    return run_backtest(calibrate(data, items=items, locations=locations), settings)
