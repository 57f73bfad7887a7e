"""What an order is worth: every candidate quantity played on the twin against ordering nothing, on the same demand."""

import dataclasses
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from basestock.data.twin import Twin
from basestock.forecasting import DemandForecast
from basestock.operations.line_chunks import Shape, chunks, cut_chunk, padded_rows, shapes
from basestock.operations.line_play import Played, play_chunk
from basestock.operations.lines import CompiledLines

CANDIDATES = 12
"""Quantities priced per line, nothing included."""

MAX_THREADS = 8
MAX_HORIZON = 512
"""Longest pricing, model periods."""


@dataclasses.dataclass(frozen=True, eq=False)
class Prices:
    """Values of candidate orders, per line.

    Parameters
    ----------
    quantity
        ``[line, candidate]`` increasing, first 0, base units.
    value, value_se
        ``[line, candidate]`` expected money saved against ordering nothing before the next review, and its standard
        error.
    gain, gain_se
        ``[line, candidate]`` money of this candidate over the one before, and its standard error; 0 for the first.
    p_stockout
        ``[line, candidate]`` share of paths with unserved demand before the next order can arrive.
    short
        ``[line, candidate]`` expected units short before the next order can arrive.
    agreed
        ``[line]`` share of paths on which all candidates have come to the same stock and open orders at the end.
    """

    quantity: np.ndarray
    value: np.ndarray
    value_se: np.ndarray
    gain: np.ndarray
    gain_se: np.ndarray
    p_stockout: np.ndarray
    short: np.ndarray
    agreed: np.ndarray


def price_orders(
    twin: Twin,
    compiled: CompiledLines,
    asked: np.ndarray,
    quantities: np.ndarray,
    level: np.ndarray,
    forecast: DemandForecast,
    *,
    num_paths: int,
    seed: int,
    horizon_days: float | None = None,
) -> Prices:
    """Price candidate orders of every line.

    Parameters
    ----------
    twin, compiled
        All lines.
    asked
        Positions of the lines to price.
    quantities
        ``[line, candidate]`` increasing, the first 0, base units.
    level
        ``[line]`` order-up-to level that is followed from the next review on, base units.
    forecast
        Law of demand of all lines; every candidate of a line meets the same paths.
    num_paths, seed
        Demand paths per line, and their root.
    horizon_days
        Longest pricing, days, but never less than lead time + review; only 4 x that if ``None``.

    Returns
    -------
    Prices
        Values, gains, stockout probabilities.

    Notes
    -----
    Money is the ledger's: holding, lost margin and goodwill, waiting, order cost. Purchases at cost cancel against
    stock at cost, so that a unit bought now rather than later costs its holding only. A line is played until its
    candidates agree on 99.9 % of the paths, at most 4 x (lead time + review).
    """
    part = twin.take(asked)
    protection, limit = part.lead_periods + part.review_periods, pricing_limit(part, horizon_days)
    blank = np.zeros_like(quantities, dtype=np.float64)
    names = ("value", "value_se", "gain", "gain_se", "p_stockout", "short")
    tables = {name: blank.copy() for name in names}
    prices = Prices(quantity=quantities, agreed=np.zeros(len(asked)), **tables)

    def price(job: tuple[Shape, np.ndarray]) -> None:
        shape, rows = job
        paths = draw_paths(forecast, asked[rows], shape, num_paths, seed)
        chunk = cut_chunk(compiled, asked[rows], shape)
        played = play_chunk(chunk, shape, quantities[rows], level[rows], paths, protection[rows], limit[rows])
        _enter(prices, rows, played)

    _each(price, list(chunks(shapes(part, limit))))
    return prices


def _each(price: Callable[[tuple[Shape, np.ndarray]], None], jobs: list[tuple[Shape, np.ndarray]]) -> None:
    """Do every job, several at a time: a chunk keeps one core busy and writes to its own lines only."""
    first = {shape: at for at, (shape, _) in reversed(list(enumerate(jobs)))}
    # The first chunk of a shape compiles its programs, which the others then share.
    for at in sorted(first.values()):
        price(jobs[at])
    others = [job for at, job in enumerate(jobs) if first[job[0]] != at]
    with ThreadPoolExecutor(num_threads()) as pool:
        for _ in pool.map(price, others):
            pass


def num_threads() -> int:
    """Return how many chunks are played at a time: one for each processor that this process may use, at most eight."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MAX_THREADS)


def pricing_limit(twin: Twin, horizon_days: float | None = None) -> np.ndarray:
    """Return ``[line]`` the longest pricing, periods: 4 x (lead time + review), less if a horizon says so."""
    protection = np.maximum(twin.lead_periods + twin.review_periods, 1)
    longest = np.minimum(4 * protection, MAX_HORIZON)
    if horizon_days is None:
        return longest
    return np.minimum(longest, np.maximum(protection, int(np.ceil(horizon_days / twin.period_days))))


def draw_paths(
    forecast: DemandForecast, lines: np.ndarray, shape: Shape, num_paths: int, seed: int
) -> np.ndarray:
    """Draw ``[path, line, period]`` demand of some lines; a line's paths are its own whatever is drawn beside it."""
    drawn = min(shape.periods, forecast.horizon)
    # Whole chunks are drawn, so that one compiled program serves the last one too.
    part = forecast.take(padded_rows(lines, shape.lines))
    part = dataclasses.replace(part, mean=part.mean[:, :drawn])
    paths = part.sample_paths(num_paths, seed=seed)[:, : len(lines)]
    return np.pad(paths, ((0, 0), (0, 0), (0, shape.periods - drawn)))


def _enter(prices: Prices, lines: np.ndarray, played: Played) -> None:
    """Turn the paths of some lines into means and standard errors."""
    saved = played.cost[:, :1] - played.cost
    steps = np.diff(saved, axis=1, prepend=saved[:, :1])
    root = np.sqrt(saved.shape[2])
    prices.value[lines], prices.value_se[lines] = saved.mean(2), saved.std(2, ddof=1) / root
    prices.gain[lines], prices.gain_se[lines] = steps.mean(2), steps.std(2, ddof=1) / root
    prices.p_stockout[lines] = (played.short > 0).mean(2)
    prices.short[lines], prices.agreed[lines] = played.short.mean(2), played.agreed


def with_price_breaks(twin: Twin, prices: Prices) -> Prices:
    """Add what better purchase prices save to the value of the quantities that reach them."""
    if not any(twin.price_breaks):
        return prices
    saved = np.array(
        [
            [quantity * saving_per_unit(twin, line, float(quantity)) for quantity in quantities]
            for line, quantities in enumerate(prices.quantity)
        ]
    )
    steps = np.diff(saved, axis=1, prepend=0.0)
    return dataclasses.replace(prices, value=prices.value + saved, gain=prices.gain + steps)


def saving_per_unit(twin: Twin, line: int, quantity: float) -> float:
    """Return the usual cost minus the price paid for an order of a quantity, money per base unit."""
    reached = [price for threshold, price in twin.price_breaks[line] if threshold <= quantity + 1e-9]
    cost = float(twin.unit_cost[line])
    return cost - reached[-1] if reached and np.isfinite(cost) else 0.0


def order_value(twin: Twin, line: int, quantity: float) -> float:
    """Return what an order costs to buy, money; NaN where the cost is unknown."""
    return quantity * (float(twin.unit_cost[line]) - saving_per_unit(twin, line, quantity))
